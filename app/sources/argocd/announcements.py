"""Argo CD's Kubernetes events: who asked for what, what began and what ended.

They are the only place that names the person behind every operation, and they live an hour by default. Forms of the
messages: Argo CD's audit log, https://argo-cd.readthedocs.io/en/stable/operator-manual/security/#logging.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.canonical import plain
from app.sources.argocd import wire
from app.sources.argocd.names import instant

STARTED, COMPLETED = "OperationStarted", "OperationCompleted"
ASKED = re.compile(
    r"(?s)(?P<user>.*?) initiated (?P<what>rollback to (?P<rollback>\d+)|(?P<partial>partial )?sync (?P<local>locally)?.*)"
)
AUTOMATED = re.compile(r"Initiated automated sync to '(?P<revisions>[^']*)'")
ENDED = re.compile(
    r"(?s)(?P<partial>Partial s|S)ync operation to (?P<revisions>\S*(?:, \S+)*) (?P<how>succeeded|failed)(?:: (?P<message>.*))?"
)
CHANGED = re.compile(r"Updated (?P<of>sync|health) status: (?P<old>\S*) -> (?P<new>\S*)")
TERMINATED = re.compile(r"(?s)(?P<user>.*) terminated running operation")
SPEC = re.compile(r"(?s)(?P<user>.*) updated application spec")
NOBODY = "Unknown user"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One Kubernetes event about an application. `user` is "" when it names nobody (the controller's own)."""

    uid: str
    at: datetime
    order: tuple[int, int]
    reason: str
    message: str
    user: str = ""
    automated: bool = False
    partial: bool | None = None
    local: bool = False
    rollback: int | None = None
    revisions: tuple[str, ...] = ()
    succeeded: bool | None = None
    error: str = ""
    sync: tuple[str, str] | None = None  # old and new status


@dataclass(frozen=True, slots=True)
class Episode:
    """One operation as it was announced: its start, its end, or both."""

    started: Announcement | None
    completed: Announcement | None
    doubtful: bool = False  # an end that followed a start it does not fit: whose it is cannot be said

    @property
    def partial(self) -> bool | None:
        return self.completed.partial if self.completed else self.started.partial if self.started else None

    @property
    def revisions(self) -> tuple[str, ...]:
        """What it went to, where the announcements say so; the end of a multi-source one names none."""
        return (self.completed.revisions if self.completed else ()) or (self.started.revisions if self.started else ())


def announcement(event: wire.KubernetesEvent) -> Announcement | None:
    """None for an event without a time or an id: it can be neither placed nor counted."""
    at = instant(event.last_timestamp) or instant(event.event_time) or instant(event.first_timestamp)
    if at is None or not event.metadata.uid:
        return None
    reason, message = plain(event.reason, 100), plain(event.message, 4000)
    said = _said(reason, message, (event.metadata.annotations or {}).get("user", ""))
    return Announcement(plain(event.metadata.uid, 100), at, _order(event, at), reason, message, **said)  # type: ignore[arg-type]


def _said(reason: str, message: str, user: str) -> dict[str, object]:
    if reason == STARTED and (found := AUTOMATED.match(message)):
        return {"automated": True, "revisions": _commits(found["revisions"])}
    if reason == STARTED and (found := ASKED.fullmatch(message)):
        return {
            "user": _user(found["user"], user, message),
            "partial": bool(found["partial"]) if found["rollback"] is None else False,
            "local": bool(found["local"]),
            "rollback": int(found["rollback"]) if found["rollback"] and len(found["rollback"]) < 16 else None,
            "revisions": tuple(re.findall(r"\(([0-9a-f]{40,64})\)", found["what"])),
        }
    if reason == COMPLETED and (found := ENDED.fullmatch(message)):
        return {
            "partial": found["partial"] == "Partial s",
            "revisions": _commits(found["revisions"]),
            "succeeded": found["how"] == "succeeded",
            "error": found["message"] or "",
        }
    if found := CHANGED.fullmatch(message):
        return {"sync": (found["old"], found["new"])} if found["of"] == "sync" else {}
    return {"user": _user(user, user, message)} if user else {}


def _user(said: str, annotated: str, message: str) -> str:
    """The annotation where the message starts with it, else what the message says. Nobody is the empty text."""
    name = annotated if annotated and message.startswith(f"{annotated} ") else said
    return "" if name == NOBODY else plain(name, 300)


def _commits(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _order(event: wire.KubernetesEvent, at: datetime) -> tuple[int, int]:
    """Where it stands: the resource version where it is a number, else the nanoseconds that its name ends with."""
    version = event.metadata.resource_version or ""
    if version.isascii() and version.isdigit() and len(version) < 19:
        return (0, int(version))
    tail = event.metadata.name.rpartition(".")[2]
    if re.fullmatch(r"[0-9a-f]{16}", tail):
        return (1, int(tail, 16))
    return (1, int(at.timestamp() * 1e9))


def episodes(said: Sequence[Announcement]) -> list[Episode]:
    """Starts and ends, paired in order. An application runs one operation at a time, so an end closes the last start."""
    out: list[Episode] = []
    open_: Announcement | None = None
    for one in sorted(said, key=lambda a: a.order):
        if one.reason == STARTED and (one.automated or one.user or one.revisions or "initiated" in one.message):
            if open_:
                out.append(Episode(open_, None))
            open_ = one
        elif one.reason == COMPLETED and one.succeeded is not None:
            if open_ and not _fits(open_, one):
                out += [Episode(open_, None), Episode(None, one, doubtful=True)]
            else:
                out.append(Episode(open_, one))
            open_ = None
    return [*out, Episode(open_, None)] if open_ else out


def _fits(start: Announcement, end: Announcement) -> bool:
    """An end of another revision, or of a partial operation, is not surely this start's end."""
    if start.partial is not None and start.partial != end.partial:
        return False
    return not (start.revisions and end.revisions and set(start.revisions).isdisjoint(end.revisions))
