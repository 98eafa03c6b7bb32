"""What the reads of changes and events answer with: frozen rows, pages, counts."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from app.search.fields import folded

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Newest first, whichever way it was reached. `older` and `newer` are cursors, None where nothing follows."""

    items: tuple[Row, ...]
    older: str | None = None
    newer: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One line of the list of changes. `chain` is as app/changes/chain.py makes it; texts join several values with `; `."""

    id: UUID
    number: int
    title: str
    environment: str
    cls: str
    state: str
    verdict: str
    opened_at: datetime
    finished_at: datetime | None
    at: datetime
    authors: str
    people: str
    repositories: str
    workspaces: str
    applications: str
    because: str
    gaps: str
    sources: str
    passed: int
    failed: int
    chain: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class WholeChange:
    """One change with everything that is known of it. `item` is its JSON, `story` its moments in order."""

    row: ChangeRow
    root: str
    item: dict[str, Any]
    story: list[dict[str, Any]]
    digest: str


@dataclass(frozen=True, slots=True)
class ChangeOf:
    """The change an event belongs to."""

    id: UUID
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of the list of events. `leaf_hash` is hex, None if the ledger lost the leaf; `observation` names the raw payload."""

    seq: int
    id: UUID
    source: str
    kind: str
    type: str
    step: str
    status: str
    known: bool
    how: str
    subject_type: str
    subject_id: str
    subject_name: str
    subject_url: str | None
    actor_name: str | None
    actor_id: str | None
    actor_kind: str | None
    occurred_at: datetime
    observed_at: datetime
    recorded_at: datetime
    repository: str | None
    pull_request: int | None
    workspace: str | None
    run: str | None
    application: str | None
    commits: tuple[str, ...]
    leaf_hash: str | None
    observation: str | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Changes from `start` up to `end`, by verdict; a verdict that is not there has none."""

    start: datetime
    end: datetime
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class FacetValue:
    """`key` and `value` make the search term, `label` is the spelling to show."""

    key: str
    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The values found most, and how many `more` there are."""

    name: str
    values: tuple[FacetValue, ...]
    more: int


EVENT_COLUMNS = tuple(field.name for field in fields(EventRow) if field.name != "leaf_hash")


def even_edges(start: datetime, end: datetime, bins: int) -> list[datetime]:
    """The edges of `bins` equal bins from `start` to `end`."""
    return [start + (end - start) * place / bins for place in range(bins + 1)]


def spelling(key: str, value: str, item: Mapping[str, Any], applications: str, sources: str) -> str:
    """How a change's own document spells a term's value; the value itself where it does not."""
    match key:
        case "env":
            spelled = [item["environment"]]
        case "class":
            spelled = [item["class"]]
        case "author":
            spelled = [name for person in item["people"] for name in (person["person"], person["name"])]
        case "workspace":
            spelled = [run["workspace"] for run in item["runs"]] + [(item.get("workspace_change") or {}).get("workspace")]
        case "app":
            spelled = applications.split("; ")
        case "policy":
            spelled = [policy["policy"] for policy in item["policy"]]
        case "source":
            spelled = sources.split("; ")
        case _:
            spelled = []
    return next((text for text in spelled if text and folded(text) == value), value)
