"""What was done to a Terraform workspace outside of its runs."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting and what it became, as text; None where it was not set. `flag`: it is one that is on or off."""

    name: str
    before: str | None
    after: str | None
    flag: bool = False


@dataclass(frozen=True, slots=True)
class WorkspaceAct:
    """Its settings were changed, it was locked, unlocked, made, taken away or seen again; or a state was made by no run.

    `kind` is the event's status (changed, locked, unlocked, created, unavailable, deleted, returned), or `state`. It happened after
    `after`, where that is known, and not later than `before`; `at` is where it stands in time. `actor` is unknown where the server
    does not tell who did it.
    """

    key: str
    source: str
    id: str
    workspace: str
    project: str | None
    kind: str
    at: datetime
    after: datetime | None
    before: datetime | None
    settings: tuple[Setting, ...] = ()
    actor: Actor | None = None
    because: str = ""
    repository: str | None = None
    serial: int | None = None
    url: str | None = None
