"""What live and declared state of one object differ in, line by line; what the API server writes by itself is told apart.

Declared is what the object would be after applying what is declared (`predictedLiveState`), live what it is
(`normalizedLiveState`): the two that Argo CD compares, ResourceDiff of
https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from app.drift.merge import BOTH, DECLARED, LIVE, Line, Merge

CONTEXT = 3  # lines that are shown around what differs
LEAST = 4  # equal lines that are worth folding
# What the API server, its controllers and kubectl write into an object; nobody declares it.
WRITTEN = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
COPIES = ("kubectl.kubernetes.io/last-applied-configuration", "argocd.argoproj.io/last-applied-configuration")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines `start` up to `end` of a list of lines; `differs`: it is to be shown, else it is the same on both sides."""

    start: int
    end: int
    differs: bool


@dataclass(frozen=True, slots=True)
class Diff:
    """`lines` are the manifest, `server` what the API server writes, numbered on; `written` names the fields of it."""

    lines: tuple[Line, ...]
    server: tuple[Line, ...]
    written: tuple[str, ...]

    @property
    def declared(self) -> int:
        """Lines that are declared and not live."""
        return sum(line.sign == DECLARED for line in self.lines)

    @property
    def live(self) -> int:
        return sum(line.sign == LIVE for line in self.lines)

    @property
    def hidden(self) -> int:
        """Lines that differ in what is not shown."""
        return sum(line.hidden for line in self.lines)


def diff(declared: Mapping[str, Any] | None, live: Mapping[str, Any] | None, differing: Set[str] = frozenset()) -> Diff:
    """None: it is not there. `differing`: paths (`spec.replicas`) that are known to differ, also where their values are hidden."""
    merge = Merge(differing)
    (bare, written), (bare_live, written_live) = _parted(declared), _parted(live)
    merge.documents(bare, bare_live)
    many = len(merge.lines)
    merge.documents(written or None, written_live or None)
    return Diff(tuple(merge.lines[:many]), tuple(merge.lines[many:]), tuple(_names(written, written_live)))


def stretches(lines: Sequence[Line], context: int = CONTEXT) -> list[Stretch]:
    """All of `lines`, parted into what differs with so many lines around it, and what is the same."""
    out: list[Stretch] = []
    for n in (n for n, line in enumerate(lines) if line.sign != BOTH):
        start, end = max(0, n - context), min(len(lines), n + context + 1)
        before = out[-1].end if out else 0
        if out and start - before < LEAST:
            out[-1] = Stretch(out[-1].start, end, differs=True)
            continue
        if start - before < LEAST:
            start = before
        if start > before:
            out.append(Stretch(before, start, differs=False))
        out.append(Stretch(start, end, differs=True))
    rest = out[-1].end if out else 0
    if out and 0 < len(lines) - rest < LEAST:
        out[-1] = Stretch(out[-1].start, len(lines), differs=True)
    elif rest < len(lines):
        out.append(Stretch(rest, len(lines), differs=False))
    return out


def _parted(document: Mapping[str, Any] | None) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """(what may be declared, what the API server writes)."""
    if document is None:
        return None, {}
    bare, server = dict(document), dict[str, Any]()
    meta = document.get("metadata")
    if isinstance(meta, dict):
        ours, theirs = {k: v for k, v in meta.items() if k not in WRITTEN}, {k: v for k, v in meta.items() if k in WRITTEN}
        notes = meta.get("annotations")
        if isinstance(notes, dict) and any(key in notes for key in COPIES):
            theirs["annotations"] = {key: notes[key] for key in COPIES if key in notes}
            ours["annotations"] = {key: value for key, value in notes.items() if key not in COPIES}
            if not ours["annotations"]:
                del ours["annotations"]
        bare["metadata"] = ours
        if theirs:
            server["metadata"] = theirs
    if "status" in bare:
        server["status"] = bare.pop("status")
    return bare, server


def _names(*documents: Mapping[str, Any]) -> list[str]:
    metas = [document.get("metadata", {}) for document in documents]
    found = [f"metadata.{key}" for key in WRITTEN if any(key in meta for meta in metas)]
    found += [f"metadata.annotations[{key}]" for key in COPIES if any(key in meta.get("annotations", {}) for meta in metas)]
    return [*found, "status"] if any("status" in document for document in documents) else found
