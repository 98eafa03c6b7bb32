"""HCP Terraform's audit trail: who did what, also where a run's own events name nobody. Terraform Enterprise has none.

https://developer.hashicorp.com/terraform/cloud-docs/api-docs/audit-trails: plain JSON, kept for 14 days, open to an organization
token or an audit-trail token only. Entries carry what was changed; of that only names, ids and comments are kept.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.canonical import JSON, plain, stable_id
from app.domain.actor import Actor, ActorKind, automation, unknown
from app.domain.event import Event, Keys, Step
from app.domain.ref import Ref
from app.errors import Forbidden, Missing, NotUnderstood, SourceError, Unauthorized
from app.sources.contract import Connection, Observation, Page, Probe, Stream, Task
from app.sources.tfe.acts import person
from app.sources.tfe.client import Client
from app.sources.tfe.strip import observe
from app.sources.tfe.wire import Document, Resource, identity, moment

STREAM = Stream("audit", every=timedelta(minutes=5), forgets_after=timedelta(days=14))
OVERLAP = timedelta(minutes=5)  # an entry may come late; what was told before is told once
OVERRIDES = ("policy_check", "policy_evaluation", "task_stage", "tf_policy_evaluation")
STEPS = {
    ("run", "apply"): Step.CONFIRMED,
    ("run", "confirm"): Step.CONFIRMED,
    ("run", "discard"): Step.STOPPED,
    ("run", "cancel"): Step.STOPPED,
    ("run", "force_cancel"): Step.STOPPED,
    **{(kind, action): Step.OVERRIDDEN for kind in OVERRIDES for action in ("override", "overridden")},
}


def declared(connection: Connection) -> bool:
    """Whether there may be a trail: a token for it is named, or the server is HashiCorp's own."""
    host = urlsplit(connection.url).hostname or ""
    return bool(connection.audit_token) or host == "app.terraform.io" or host.endswith(".terraform.io")


def reader(connection: Connection) -> Connection:
    """The connection that reads the trail: with its own token, where one is named."""
    return replace(connection, token=connection.audit_token or connection.token)


def pages(trail: Client, client: Client, connection: Connection, task: Task) -> Iterator[Page]:
    """A page for each page of the trail. `trail` holds the token for it, `client` the one that reads everything else.

    Without a token of its own it is only tried: a server that refuses it has no trail for us, until everything is read again.
    Memory: `since` the newest entry's time; `near` ids of the entries within the overlap; `absent` when it was refused.
    """
    if task.memory.get("absent") and not task.everything:
        return
    try:
        yield from _Trail(trail, client, connection, task).pages()
    except (Unauthorized, Forbidden, Missing) as error:
        if connection.audit_token:
            raise
        yield Page(remember={"absent": {"at": task.now.isoformat(), "because": plain(str(error), 300)}})


def probed(trail: Client, connection: Connection, found: Probe, now: datetime) -> Probe:
    """What `check` says of the trail. That it cannot be read is a problem where a token was named for it."""
    able, problems = True, list(found.problems)
    try:
        trail.audit_trail(1, now - OVERLAP)
        if connection.audit_token:
            problems += _powers(trail)
    except SourceError as error:
        able = False
        problems += [f"the audit trail: {error}"] if connection.audit_token else []
    return replace(found, capabilities={**found.capabilities, "audit_trail": able}, problems=tuple(problems))


def _powers(trail: Client) -> list[str]:
    """An audit-trail token has no account; that of an organization can do far more than read its trail."""
    try:
        account = trail.account().data
    except (Unauthorized, Forbidden, Missing, NotUnderstood):
        return []
    name = account[0].attributes.get("username") if account else None
    if isinstance(name, str) and name.startswith("api-org"):
        return ["audit_token is an organization token, which can change variables; use an audit-trail token"]
    return []


@dataclass
class _Trail:
    trail: Client
    client: Client
    connection: Connection
    task: Task
    people: dict[str, Resource] = field(default_factory=dict)

    def pages(self) -> Iterator[Page]:
        since = moment(self.task.memory.get("since"))
        told = set(self.task.memory.get("near") or ())
        met: dict[str, datetime] = {}
        page: int | None = 1
        before: set[str] = set()
        while page:
            asked = since - OVERLAP if since and not self.task.everything else None
            entries, following = self.trail.audit_trail(page, asked)
            ids = {str(entry.get("id")) for entry in entries}
            if ids and ids == before:
                raise NotUnderstood(f"page {page} of the audit trail repeats the page before it", "the entries that follow")
            before = ids
            yield self._page(entries, told, met)
            page = following if following and following > page and entries else None
        newest = max([*met.values(), *([since] if since else [])], default=None)
        if newest:
            near = sorted(key for key, at in met.items() if at >= newest - OVERLAP)
            yield Page(remember={"since": newest.isoformat(), "near": near, "absent": None})

    def _page(self, entries: Sequence[Mapping[str, Any]], told: set[str], met: dict[str, datetime]) -> Page:
        observations: list[Observation] = []
        events: list[Event] = []
        odd: list[tuple[str, str]] = []
        for entry in entries:
            key, at = identity(entry.get("id")), moment(entry.get("timestamp"))
            if not key or at is None:
                odd.append(("audit", "an entry without an id or a time"))
                continue
            if key not in met and key not in told:
                event, seen = self._event(key, at, entry)
                events.append(event)
                observations.append(seen)
            met[key] = at
        return Page(observations=observations, events=events, unknown=odd, seen=len(entries))

    def _event(self, key: str, at: datetime, entry: Mapping[str, Any]) -> tuple[Event, Observation]:
        resource, auth = _mapping(entry.get("resource")), _mapping(entry.get("auth"))
        kind, action = (plain(_string(resource.get(name)), 100) for name in ("type", "action"))
        meta = _meta(resource.get("meta"))
        of = {"type": kind, "id": plain(_string(resource.get("id")), 128)}
        kept = {"id": key, "timestamp": at.isoformat(), "auth": dict(auth), "resource": {**of, "action": action, "meta": meta}}
        seen = observe(f"audit/{key}", f"{self.connection.url.rstrip('/')}/api/v2/organization/audit-trail", kept, self.task.now)
        run = self._run(kind, action, of["id"], meta)
        actor = self._actor(auth, meta)
        event = Event(
            id=stable_id(self.connection.name, "audit", key, action),
            source=self.connection.name,
            kind="tfe",
            type="audit",
            step=STEPS.get((kind, action), Step.NOTED),
            status=action or "unnamed",
            ref=Ref("audit", key, f"{kind} {of['id']} {action}".strip(), self.connection.url),
            occurred_at=at,
            observed_at=self.task.now,
            actor=actor,
            keys=Keys(run=run, workspace=_named(meta, "workspace") if run else None),
            facts={"resource": of, "meta": meta, "service": actor.kind is ActorKind.SERVICE},
            observation=seen.digest,
        )
        return event, seen

    def _run(self, kind: str, action: str, key: str, meta: Mapping[str, Any]) -> str | None:
        """The run an entry is about: its own id, what it says of it, else what it is a part of says."""
        told = key if kind == "run" else _mapping(meta.get("run")).get("id")
        if found := identity(told):
            return found
        if (kind, action) not in STEPS or not identity(key):
            return None
        ask = {"policy_check": self.client.policy_check, "task_stage": self.client.task_stage}.get(kind)
        document = self._asked(ask, key) if ask else None
        return document.data[0].one("run") if document and document.data else None

    def _actor(self, auth: Mapping[str, Any], meta: Mapping[str, Any]) -> Actor:
        """An account that somebody else acted as is not who did it."""
        key, name = identity(auth.get("accessor_id")), plain(_string(auth.get("description")), 200)
        other = plain(_string(auth.get("impersonator_id")), 128)
        if other:
            return Actor("", ActorKind.UNKNOWN, other, f"{other} acted as {name or key}")
        if auth.get("type") == "System":
            acting = identity(meta.get("actor"))
            return self._account(acting, "") if acting and acting.startswith("user-") else automation("Terraform")
        return self._account(key, name) if key else unknown("the audit trail names no account")

    def _account(self, key: str, name: str) -> Actor:
        """Whether an account is a person's the trail does not tell; the account itself does."""
        if key not in self.people:
            document = self._asked(self.client.user, key)
            self.people[key] = document.data[0] if document and document.data else Resource(key, "users", {})
        found = person(key, self.people)
        because = "whether it is a person’s account is not told"
        return replace(found, name=name or found.name) if found.name else Actor(name, ActorKind.UNKNOWN, key, because)

    def _asked(self, ask: Callable[[str], Document | None], key: str) -> Document | None:
        try:
            return ask(key)
        except (NotUnderstood, Forbidden, Missing):
            return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _meta(value: object) -> dict[str, JSON]:
    """Of what an entry carries: the comment, and which run, workspace and account it is about. Values of variables are not kept."""
    meta = _mapping(value)
    payload = _mapping(meta.get("payload"))
    out: dict[str, JSON] = {}
    for name in ("run", "workspace"):
        of = _mapping(meta.get(name)) or _mapping(payload.get(name))
        told = {part: plain(_string(of.get(part)), 200) for part in ("id", "name") if _string(of.get(part))}
        told |= {
            part: plain(_string(meta[f"{name}.{part}"]), 200) for part in ("id", "name") if _string(meta.get(f"{name}.{part}"))
        }
        if told:
            out[name] = dict(told)
    if comment := plain(_string(meta.get("comment")) or _string(payload.get("comment")), 4000):
        out["comment"] = comment
    who = meta.get("actor", payload.get("actor"))
    who = _mapping(who).get("id") if isinstance(who, Mapping) else who
    if isinstance(who, str):
        out["actor"] = plain(who, 200)
    return out


def _named(meta: Mapping[str, Any], of: str) -> str | None:
    return _string(_mapping(meta.get(of)).get("name")) or None
