"""The controls' texts, for the pages that show why a change was judged so."""

from app.controls.catalogue import CONTROLS


def rule_texts() -> dict[str, str]:
    """Each control's rule and what it serves, by the control's id."""
    return {control.id: _text(control.rule, [f"{c.framework} {c.clause}" for c in control.frameworks]) for control in CONTROLS}


def control_titles() -> dict[str, str]:
    """Each control's title, by its id."""
    return {control.id: control.title for control in CONTROLS}


def _text(rule: str, serves: list[str]) -> str:
    return f"{rule.rstrip('.')}." + (f" Serves {', '.join(serves)}." if serves else "")
