"""The throughline of one change in a list: seven columns, one line, breaks where evidence is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.web.views import marks

COLUMNS = ("pr", "plan", "policy", "approval", "apply", "sync", "health")
LINE = ("solid", "failed", "exception", "unknown", "pending", "stopped", "gap")


@dataclass(frozen=True, slots=True)
class Step:
    step: str
    state: str
    name: str
    word: str = ""
    detail: str = ""
    classes: str = ""
    drawn: bool = False  # a mark stands here
    quiet: bool = False  # nothing to say: not needed
    cap_end: bool = False  # the line that comes from the left ends here
    cap_start: bool = False  # the line to the right begins here


@dataclass(frozen=True, slots=True)
class Chain:
    label: str
    steps: tuple[Step, ...]
    wide: bool = False  # eight columns: drift beside a sync
    damaged: bool = False  # something in the record could not be read


def chain_of(cells: object, label: str) -> Chain:
    """`cells` is the stored list of `{step, mark, word, detail}`. Total: what cannot be read is drawn as unknown and said."""
    found, damaged = _readable(cells)
    columns = list(COLUMNS)
    if "drift" in found:
        if found.get("sync", {}).get("mark", "skip") == "skip":
            columns[columns.index("sync")] = "drift"
        else:
            columns.insert(columns.index("health"), "drift")
    ordered = [(name, found.get(name, {"mark": "skip"})) for name in columns]
    return Chain(label, tuple(_steps(ordered)), len(columns) > len(COLUMNS), damaged)


def _readable(cells: object) -> tuple[dict[str, Mapping[str, Any]], bool]:
    if not isinstance(cells, Sequence) or isinstance(cells, str):
        return {}, True
    good = {str(c["step"]): c for c in cells if isinstance(c, Mapping) and str(c.get("step")) in marks.STEPS}
    return good, len(good) < len(cells)


def _steps(ordered: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Step]:
    kinds = [str(cell.get("mark")) if str(cell.get("mark")) in (*LINE, "skip") else "unknown" for _, cell in ordered]
    held = [i for i, kind in enumerate(kinds) if kind != "skip"]
    first, last = (held[0], held[-1]) if held else (0, -1)
    steps = [
        _step(name, cell, kinds, i, first, last) if first <= i <= last else _nothing(name) for i, (name, cell) in enumerate(ordered)
    ]
    return _dashes(steps, kinds)


def _nothing(name: str) -> Step:
    return Step(name, "skip", marks.STEPS[name], classes=" step--none", quiet=True)


def _step(name: str, cell: Mapping[str, Any], kinds: Sequence[str], i: int, first: int, last: int) -> Step:
    kind, title = kinds[i], marks.STEPS[name]
    end = " step--last" if i == last else ""
    if kind == "skip":
        return Step(name, kind, title, classes=" step--through", quiet=True)
    word, detail = str(cell.get("word") or "no word for it"), str(cell.get("detail") or "")
    if kind == "gap":
        return Step(
            name,
            kind,
            title,
            word,
            detail,
            classes=f"{end} step--gap is-{gap_tone(cell)}",
            cap_end=i > first and kinds[i - 1] != "gap",
            cap_start=i < last and kinds[i + 1] != "gap",
        )
    tone = marks.tone(kind)
    classes = end + (" step--stop" if kind == "stopped" and i == last else "") + (" step--ahead" if kind == "pending" else "")
    return Step(name, marks.state(kind), title, word, detail, classes + (f" is-{tone}" if tone != "ok" else ""), drawn=True)


def gap_tone(cell: Mapping[str, Any]) -> str:
    """Red where it did not happen, amber where that was accepted, violet where it cannot be known."""
    said = str(cell.get("missing") or cell.get("tone") or "")
    if said in ("unobserved", "indeterminate", "unknown"):
        return "indeterminate"
    if said in ("exception", "accepted"):
        return "exception"
    unseen = ("not observed", "not seen", "unknown", "cannot be known", "unobserved", "not read")
    return "indeterminate" if not said and any(text in str(cell.get("word")).lower() for text in unseen) else "fail"


def _dashes(steps: list[Step], kinds: Sequence[str]) -> list[Step]:
    """From the last thing done to the first still to come the line is dashed, through steps that are not needed too."""
    for i, kind in enumerate(kinds):
        if kind != "pending":
            continue
        before = i - 1
        while before >= 0 and kinds[before] == "skip":
            steps[before] = replace(steps[before], classes=steps[before].classes + " step--ahead")
            before -= 1
        if before >= 0 and kinds[before] not in ("pending", "gap"):
            steps[before] = replace(steps[before], classes=steps[before].classes + " step--ahead-next")
    return steps
