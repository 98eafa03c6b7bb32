"""What speaks for and against each cause: facts of one open object, as plain values. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.drift import FieldChange, Writer

SLACK = timedelta(seconds=2)
# The names that Argo CD's own syncs write under; `argocd` where its programs are one binary, as seen on v3.5.1.
SYNCS = frozenset(("argocd-controller", "argocd-application-controller", "argocd"))
# Programs with a person, or a pipeline, in front of them. argocd-server is the portal of Argo CD: edits and actions, never syncs.
OF_PEOPLE = re.compile(
    r"(?i)(?:kubectl|helm|argocd-server|oc|k9s|lens|openlens|node-fetch|mozilla|dashboard|headlamp|rancher|terraform|hashicorp"
    r"|pulumi|ansible|openapi-generator|python|curl|postman|go-http-client)(?:[^a-z].*)?"
)
SCALER = "kube-controller-manager"


@dataclass(frozen=True, slots=True)
class Synced:
    """A sync that brought the compared revision to some objects only: it failed, or was asked for some."""

    at: datetime
    named: bool  # it failed on this very object
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """None is "not known". `changes` None: its fields were never read. `behind`: what it was compared with is not deployed.
    `owners`: manager, operation and subresource of those that own what differs, where that is told so exactly.

    `moved`: the compared, or the deployed, revision was another at the look that first saw it differ. `virgin`: nothing of the
    application was ever deployed, as far as is known. `went_back`: what is deployed came by a rollback, which ended then. `syncs`:
    successful syncs of it after which it still differed. `acts`: what somebody was announced to have done to it.
    """

    difference: str | None = None  # missing · extra · modified
    changes: Sequence[FieldChange] | None = None
    writers: Sequence[Writer] = ()
    owners: Sequence[tuple[str, str, str]] = ()
    onset_after: datetime | None = None
    target_changed: bool | None = None
    live_changed: bool | None = None
    behind: bool | None = None
    moved: bool | None = None
    virgin: bool = False
    went_back: datetime | None = None
    syncs: int = 0
    failed: Synced | None = None
    selective: Synced | None = None
    acts: Sequence[str] = ()

    @property
    def read(self) -> bool:
        """Its fields, or that there are none, were read."""
        return self.changes is not None

    @property
    def by_argo(self) -> bool | None:
        """Argo CD's syncs wrote it at least once."""
        return any(one.manager in SYNCS for one in self.writers) if self.writers else None

    @property
    def foreign(self) -> tuple[Writer, ...]:
        """Programs other than Argo CD's syncs that own a field that differs."""
        if self.owners:
            mine = tuple(one for one in self.writers if (one.manager, one.operation, one.subresource or "") in self.owners)
        else:
            names = {name for one in self.changes or () for name in one.by}
            mine = tuple(one for one in self.writers if one.manager in names)
        return tuple(one for one in mine if one.manager not in SYNCS)

    def late(self, one: Writer) -> bool:
        """It wrote after the object was last seen as declared, as far as is known."""
        return one.at is None or self.onset_after is None or one.at > self.onset_after - SLACK

    @property
    def ownerless(self) -> bool:
        """Some field that differs has no owner: whoever removed it left no trace in it."""
        return any(not one.by for one in self.changes or ())


def of_people(manager: str) -> bool:
    return manager not in SYNCS and OF_PEOPLE.fullmatch(manager) is not None


def is_controller(one: Writer) -> bool:
    return one.manager not in SYNCS and not of_people(one.manager)


def wrote(one: Writer) -> str:
    """`kubectl-edit wrote to it (Update, scale) at 2026-…Z`."""
    how = ", ".join(part for part in (one.operation, one.subresource or "") if part)
    return f"{one.manager} wrote to it" + (f" ({how})" if how else "") + (f" at {one.at:%Y-%m-%dT%H:%M:%SZ}" if one.at else "")
