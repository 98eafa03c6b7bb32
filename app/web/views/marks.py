"""Words with shapes: verdicts and the steps of the chain. Total: a value that is new to us is said to be unknown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Badge:
    """`tone` is a class of static/parts.css (`is-<tone>`), `shape` a symbol of the sprite, `word` always stands beside it."""

    tone: str
    shape: str
    word: str


VERDICTS: dict[str, Badge] = {
    "fail": Badge("fail", "v-fail", "fail"),
    "exception": Badge("exception", "v-exception", "exception"),
    "indeterminate": Badge("indeterminate", "v-indeterminate", "indeterminate"),
    "pass": Badge("pass", "v-pass", "pass"),
    "not_applicable": Badge("na", "v-na", "not applicable"),
}

ABOVE = ("pass", "not_applicable")  # of the line in the density figure
BELOW = ("fail", "exception", "indeterminate")

STEPS: dict[str, str] = {
    "pr": "Pull request",
    "plan": "Plan",
    "policy": "Policy",
    "approval": "Approval",
    "apply": "Apply",
    "sync": "Sync",
    "health": "Health",
    "drift": "Drift",
    "note": "Note",
}

STATES = ("solid", "failed", "exception", "unknown", "pending")
TONES = {"failed": "fail", "exception": "exception", "unknown": "indeterminate"}


def verdict(value: object) -> Badge:
    """Anything that is not one of the five is indeterminate, and says what it was."""
    known = VERDICTS.get(str(value))
    return known or Badge("indeterminate", "v-indeterminate", f"unknown verdict {str(value)[:40]!r}")


def step(value: object) -> str:
    return str(value) if str(value) in STEPS else "note"


def state(value: object) -> str:
    """How the inside of a mark is drawn; `stopped` is a mark with a bar behind it, so its inside is solid."""
    text = str(value)
    return text if text in STATES else "solid" if text == "stopped" else "unknown"


def tone(value: object) -> str:
    """The class suffix of a mark's words; "ok" is ink."""
    return TONES.get(str(value), "ok")
