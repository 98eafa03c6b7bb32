"""The events of one run as they are told: what was read of it, who saw it, and one event after the other. Pure.

Raises NotUnderstood only for a run without a readable `created-at`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.canonical import JSON, fit, plain, stable_id
from app.domain.actor import Actor
from app.domain.event import Event, How, Keys, Step
from app.domain.ref import Ref
from app.errors import NotUnderstood
from app.sources.tfe import wire
from app.sources.tfe.contents import Contents
from app.sources.tfe.policy_log import Logged
from app.sources.tfe.terms import EVALUATION, status_of
from app.sources.tfe.wire import Resource, moment, moments, read


@dataclass(frozen=True, slots=True)
class Seen:
    """Who saw it, where and when. `workspace` is its name, or its id while the name is not known."""

    source: str
    url: str
    organization: str
    workspace: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A policy evaluation. `outcomes` are the attributes of its policy-set outcomes, None when not readable."""

    resource: Resource
    outcomes: Sequence[Mapping[str, Any]] | None
    stage: Resource | None = None  # the task stage it is part of
    system: str = EVALUATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that was read of one run. `logs`: by policy check, what its text log names; None where it was wanted and not there."""

    run: Resource
    plan: Resource | None = None
    apply: Resource | None = None
    configuration: Resource | None = None
    ingress: Resource | None = None
    users: Mapping[str, Resource] = field(default_factory=dict)
    run_events: Sequence[Resource] = ()
    comments: Mapping[str, Resource] = field(default_factory=dict)
    checks: Sequence[Resource] = ()
    checks_told: bool = True  # False: the server would not say whether a policy was checked
    logs: Mapping[str, Sequence[Logged] | None] = field(default_factory=dict)
    evaluations: Sequence[Evaluation] = ()
    stages: Sequence[Resource] = ()
    tasks: Sequence[Resource] = ()
    cost: Resource | None = None
    digests: Mapping[str, str] = field(default_factory=dict)  # what → digest of the observation it came in
    contents: Contents | None = None  # what the plan and the apply hold by resource, read in this pass


@dataclass
class Story:
    """The events of one run as they are told, and the words that were new to us."""

    sheet: Sheet
    seen: Seen
    events: list[Event] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run = self.read(wire.RunAttributes, self.sheet.run, "runs")
        self.ingress = self.read(wire.IngressAttributes, self.sheet.ingress, "ingress-attributes")
        self.configuration = self.read(wire.ConfigurationAttributes, self.sheet.configuration, "configuration-versions")
        created = moment(self.run.created_at)
        if created is None:
            raise NotUnderstood(f"{self.sheet.run.id} has no readable created-at", "an RFC 3339 time")
        self.created = created
        self.times = {status_of(key): at for key, at in self.stamps(self.run.status_timestamps, "runs").items()}
        self.latest = max([created, *self.times.values()])
        self.lacking = self._lacking()
        self.keys = Keys(
            repository=plain(self.ingress.identifier, 300) or None,
            pull_request=_number(self.ingress.pull_request_number) if self.ingress.is_pull_request is not False else None,
            commits=(plain(self.ingress.commit_sha, 128),) if self.ingress.commit_sha else (),
            workspace=self.seen.workspace,
            run=self.sheet.run.id,
        )
        parts = (self.seen.organization, "workspaces", self.seen.workspace, "runs", self.sheet.run.id)
        self.url = f"{self.seen.url.rstrip('/')}/app/" + "/".join(quote(part, safe="") for part in parts)

    def _lacking(self) -> str:
        """What the run's events had to be told without: once it can be read they are told again, under their proper ids."""
        configured = self.sheet.configuration or not self.sheet.run.one("configuration-version")
        return ("" if self.sheet.checks_told else "/policy not told") + ("" if configured else "/configuration not told")

    def read(self, kind: type[wire.T], resource: Resource | None, name: str) -> wire.T:
        found, wrong = read(kind, resource.attributes if resource else {})
        self.unknown += [(f"{name}.{key}", "wrong type") for key in wrong]
        return found

    def stamps(self, stamps: Mapping[str, Any] | None, of: str) -> dict[str, datetime]:
        good, bad = moments(stamps)
        self.unknown += [(f"{of}.status-timestamps.{plain(key, 60)}", plain(value, 64)) for key, value in bad]
        return good

    def tell(
        self,
        kind: str,
        key: str,
        status: str,
        step: Step,
        at: datetime,
        *,
        part: str = "",
        actor: Actor | None = None,
        known: bool = True,
        how: How = How.OBSERVED,
        facts: Mapping[str, JSON] | None = None,
        of: str = "run",
    ) -> None:
        status = plain(status, 100)
        if not known:
            self.unknown.append((f"{kind}.status", status))
        self.events.append(
            Event(
                id=stable_id(self.seen.source, kind, key, part or status),
                source=self.seen.source,
                kind="tfe",
                type=kind,
                step=step,
                status=status,
                ref=Ref(kind, key, f"{self.seen.workspace} {key}", self.url),
                occurred_at=at,
                observed_at=self.seen.at,
                actor=actor,
                known=known,
                how=how,
                keys=self.keys,
                facts=fit(facts or {}),
                observation=self.sheet.digests.get(of),
            )
        )


def _number(value: object) -> int | None:
    """A pull request's number, which some servers write as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    return value if type(value) is int and 0 < value < 2**53 else None
