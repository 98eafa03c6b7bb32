"""The terms that find a change: (key, value) pairs, values folded as search folds what people type."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.changes.item import commits, repositories
from app.changes.syncs import words
from app.domain.actor import Person, Role
from app.domain.change import AlteredRecord, Change, Drift, HistoryGap, Missing, Operation, PullRequest, Push, Run
from app.domain.finding import Verdict
from app.domain.resource import ResourceChange
from app.search.fields import folded
from app.search.resources import above


def terms(change: Change, chain: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Each pair once, sorted. The keys are those of app/search/fields.py."""
    found = [*_where(change), *_who(change.people), *_what(change), *_stands(change, chain)]
    found += [("account", str(account)) for met in change.accounts for account in met.accounts]
    return sorted({(key, folded(value)) for key, value in found if value})


def _where(change: Change) -> Iterator[tuple[str, str | None]]:
    for environment in change.environments or (change.environment,):
        yield "env", environment.name
        yield "class", environment.cls
    places: list[Operation | Drift | HistoryGap | AlteredRecord] = [
        *change.operations,
        *change.drifts,
        *(root for root in (change.history_gap, change.altered_record) if root),
    ]
    for place in places:
        cluster, _, namespace = (place.destination or "").rpartition("/")
        yield from (("app", place.application), ("project", place.project), ("cluster", cluster), ("namespace", namespace))
    for run in change.runs:
        yield from (("workspace", run.workspace), ("project", run.project))
    for drift in change.drifts:
        yield "workspace", drift.workspace
    if act := change.workspace_act:
        yield from (("workspace", act.workspace), ("project", act.project))
    yield from (("repo", name) for name in repositories(change))
    touched: tuple[Operation | Drift, ...] = (*change.operations, *change.drifts)
    for thing in touched:
        for resource in thing.resources:
            whole = f"{resource.kind}/{resource.name}"
            yield from (("resource", name) for name in (whole, *above(whole)))
    for run in change.runs:
        for planned in (*(run.resources or ()), *(run.resource_drift or ())):
            yield from (("resource", name) for name in _named(planned))


def _named(resource: ResourceChange) -> Iterator[str]:
    """A Terraform resource by its address, whole and within its module, and by each name above it: its type, its modules."""
    for place in {resource.address, resource.local, resource.previous_address or resource.address}:
        yield place
        yield from above(place)


def _who(people: Iterable[Person]) -> Iterator[tuple[str, str | None]]:
    for person in people:
        for name in (person.name, person.person):
            yield "actor", name
            if person.role in (Role.AUTHOR, Role.APPROVER):
                yield str(person.role), name
        yield "actor", person.id


def _what(change: Change) -> Iterator[tuple[str, str | None]]:
    for pr in change.pull_requests:
        yield from (("pr", f"{pr.repository}#{pr.number}"), ("pr", str(pr.number)))
    yield from (("commit", sha) for sha in commits(change))
    for run in change.runs:
        yield "run", run.id
        yield from (("policy", result.policy) for result in run.policy)
    yield from (("sync", word) for operation in change.operations for word in words(operation))
    yield from (("drift", drift.id) for drift in change.drifts)
    yield from (("source", source) for source in sources(change))


def sources(change: Change) -> list[str]:
    """Every source that told something of it, sorted."""
    named: list[PullRequest | Run | Operation | Drift | Push] = [
        *change.pull_requests,
        *change.runs,
        *change.operations,
        *change.drifts,
        *([change.push] if change.push else []),
    ]
    return sorted(({moment.source for moment in change.story} | {thing.source for thing in named}) - {"portal"})


def _stands(change: Change, chain: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str | None]]:
    verdict = str(change.verdict).replace("_", "-")
    yield from (("verdict", verdict), ("is", change.state.replace(" ", "-")))
    for finding in change.findings:
        if finding.verdict is not Verdict.NOT_APPLICABLE:
            yield "control", f"{finding.control}/{finding.verdict}"
    missing = gap_names(change, chain)
    yield from (("gap", name) for name in missing)
    yield "is", "incomplete" if missing else "complete"
    if change.drifts:
        yield "is", "drifted"
    if change.needs or any(one.before for one in change.late):
        yield "is", "out-of-order"


def gap_names(change: Change, chain: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is missing for good, in the words of the list's gaps and of the record's; what is still to come is no gap."""
    words = [str(cell["word"]) for cell in chain if cell["mark"] == "gap"]
    words += [gap.what for gap in change.gaps if gap.missing is not Missing.PENDING]
    return list(dict.fromkeys(words))
