"""Change → findings. Pure: one rule per file, each with its text, the clauses it serves and the verdicts it can give."""

from app.controls.catalogue import CONTROLS, control, judge_all
from app.controls.contract import Control

__all__ = ["CONTROLS", "Control", "control", "judge_all"]
