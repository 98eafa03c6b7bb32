"""One change as it is stored: the row of the list, its JSON, its chain, its story, the terms that find it. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from app.changes.chain import Cell, chain
from app.changes.item import commits, item, repositories
from app.changes.story import story
from app.changes.syncs import in_short
from app.changes.terms import gap_names, sources, terms
from app.changes.told import counts, distinct, iso, name_of, one_line
from app.domain.actor import Role
from app.domain.change import Change, Run
from app.domain.finding import Verdict
from app.domain.policy import PolicyResult


@dataclass(frozen=True, slots=True)
class Document:
    """`row` has every column of `changes` (with chain, item, story and digest in it); `terms` are (key, value) pairs."""

    row: dict[str, Any]
    terms: list[tuple[str, str]]

    @property
    def item(self) -> dict[str, Any]:
        return dict(self.row["item"])

    @property
    def chain(self) -> list[Cell]:
        return list(self.row["chain"])

    @property
    def story(self) -> list[dict[str, Any]]:
        return list(self.row["story"])

    @property
    def digest(self) -> str:
        return str(self.row["digest"])


def document(change: Change) -> Document:
    """The stored form of a change: the same change gives the same document, byte for byte."""
    cells = chain(change)
    found = [(key, storable(value)) for key, value in terms(change, cells)]
    row = {
        "id": change.id,
        "number": change.number,
        "root": change.root,
        "title": one_line(change.title),
        "environment": change.environment.name,
        "class": change.environment.cls,
        "state": change.state,
        "verdict": str(change.verdict),
        "opened_at": change.opened_at,
        "finished_at": change.finished_at,
        "at": change.at,
        **{name: one_line(text) for name, text in _texts(change, cells).items()},
        "passed": sum(finding.verdict is Verdict.PASS for finding in change.findings),
        "failed": sum(finding.verdict is Verdict.FAIL for finding in change.findings),
        "chain": cells,
        "item": item(change),
        "story": story(change),
    }
    row = {name: storable(value) for name, value in row.items()}
    return Document({**row, "digest": _digest([row, found])}, found)


def _texts(change: Change, cells: list[Cell]) -> dict[str, str]:
    """The columns of text: what the list and the CSV show. Several values are parted by `; `."""
    runs, operations = change.runs, change.operations
    places = [operation.application for operation in operations] + [drift.application for drift in change.drifts]
    act = change.workspace_act
    workspaces = [run.workspace for run in runs] + [drift.workspace for drift in change.drifts] + [act.workspace if act else None]
    return {
        "repositories": _joined(repositories(change)),
        "pull_requests": _joined(f"{pr.repository}#{pr.number}" for pr in change.pull_requests),
        "commits": _joined(commits(change)),
        "authors": _joined(p.person or p.name for p in change.people if p.role is Role.AUTHOR),
        "approvers": _joined(p.person or p.name for p in change.people if p.role is Role.APPROVER),
        "people": _joined(p.person or p.name for p in change.people),
        "workspaces": _joined(workspaces),
        "runs": _joined(run.id for run in runs),
        "policy": _joined(_policy(result) for run in runs for result in run.policy),
        "applies": _joined(_apply(run) for run in runs if run.acted_at),
        "applications": _joined([*places, *(root.application for root in (change.history_gap, change.altered_record) if root)]),
        "syncs": _joined(in_short(operation) for operation in operations),
        "gaps": _joined(gap_names(change, cells)),
        "because": _joined(
            f"{f.control}: {f.because}" for f in change.findings if f.verdict is change.verdict and f.verdict in _NEED_A_REASON
        ),
        "sources": _joined(sources(change)),
    }


_NEED_A_REASON = (Verdict.FAIL, Verdict.EXCEPTION, Verdict.INDETERMINATE)


def _joined(texts: Iterable[str | None]) -> str:
    return "; ".join(distinct(texts))


def _policy(result: PolicyResult) -> str:
    who = f", overridden by {name_of(result.overridden_by) or 'somebody unknown'}" if result.overridden_at else ""
    return f"{result.policy} {result.verdict}" + (f" ({result.level}{who})" if result.level else who)


def _apply(run: Run) -> str:
    said = counts(run.apply).replace("−", "-") or "counts unknown"
    return f"{run.id} {iso(run.acted_at)} {said}" + ("" if run.applied_at else f" {run.apply_status or run.status}")


def storable(value: Any) -> Any:
    """Without NUL and lone surrogates, which the database cannot hold: they are shown as U+FFFD."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        return "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, dict):
        return {key: storable(one) for key, one in value.items()}
    return [storable(one) for one in value] if isinstance(value, list) else value


def _digest(value: Any) -> str:
    return "sha256:" + hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)).hexdigest()
