"""An application of Argo CD as it stands now: where it deploys to, and which objects it manages."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.ref import Resource


@dataclass(frozen=True, slots=True)
class Application:
    """`objects` None: it was never told which it manages. `gone`: it was deleted."""

    key: str
    source: str
    uid: str
    application: str
    project: str | None
    destination: str | None
    url: str | None
    since: datetime
    gone: bool = False
    auto_sync: bool | None = None
    objects: tuple[Resource, ...] | None = None
    objects_at: datetime | None = None
