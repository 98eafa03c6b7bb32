"""What is remembered of one application between passes: plain JSON, small, and enough to never tell a thing twice."""

from typing import Any

import msgspec

from app.sources.argocd.deeds import Deed


class Entry(msgspec.Struct, omit_defaults=True):
    """A history entry: `print` tells whether it was rewritten; revisions in the order of the sources."""

    print: str
    at: str = ""
    revisions: list[str] = []
    source: str = ""  # digest of its sources
    by: str = ""  # whom it names


class Owed(msgspec.Struct, omit_defaults=True):
    """A commit whose author and message Argo CD did not tell when it was asked."""

    sha: str
    repository: str | None = None
    index: int | None = None
    history_id: int | None = None
    tries: int = 0


class Counted(msgspec.Struct, array_like=True):
    """Argo CD's own count of its operations at a look at which nothing was untold, and how many were told until then."""

    at: str
    epoch: str
    total: int
    told: int


class OpenDrift(msgspec.Struct, omit_defaults=True):
    onset: str
    onset_after: str | None = None
    onset_before: str = ""
    resources: list[dict[str, str]] = []
    revision: str = ""


class Secrets(msgspec.Struct, omit_defaults=True):
    """What was last told of its external secrets. `mark` of what was deployed when they were looked at, at `at`."""

    mark: str = ""
    at: str = ""
    print: str = ""
    refreshed: str = ""  # of the times of refreshes
    told: str = ""  # when
    because: str = ""  # why they could not be looked at, where that was told since


class Blind(msgspec.Struct, omit_defaults=True):
    """An open time in which what it shows does not tell whether it is as declared."""

    why: str
    because: str
    since_before: str
    since_after: str | None = None
    conditions: list[dict[str, str]] = []


class Memory(msgspec.Struct, omit_defaults=True):
    """`seen` is what the list last showed of it; `read` when it was last read whole; `heard` the last announcement's order."""

    uid: str
    name: str
    namespace: str = ""
    project: str = ""
    created: str = ""
    deleting: str | None = None
    deleter: str = ""
    seen: list[str] = []
    read: str = ""
    unsettled: bool = False
    deeds: list[Deed] = []
    ended: int = 0  # operations that ended and were told, and those that were declared lost by number
    counted: Counted | None = None
    last_id: int | None = None
    history: dict[str, Entry] = {}
    stood: list[int] = []  # ids that the history held when it was last read
    pending: list[str] = []  # time and generation of the look before an operation whose announcement may still come
    generation: int | None = None  # writes to the object until then
    heard: list[int] = []
    announced: list[int] = []  # the order of the last announcement that was told
    starts: bool = False
    sync: str = ""
    health: str = ""
    judged: str = ""  # the last operation whose health afterwards was told
    synced: list[str] = []  # digest of source, last history id, then the revisions at which it last compared equal
    drift: OpenDrift | None = None
    waited: bool = False  # a status that looked like drift was looked at again once
    owed: list[Owed] = []
    differ: str = ""  # mark of what was told to differ last; "" before anything was, and while nothing can be
    differs: list[list[str]] = []  # what that was: group, kind, namespace and name of each
    looked: str = ""  # when it was last read whole and found so
    hesitated: bool = False  # what its announcements contradict was looked at again once
    blind: Blind | None = None
    doubted: str = ""  # when its comparison was first found too old
    spec: str = ""
    facts: dict[str, Any] = {}
    keeps: dict[str, int] = {}  # seconds for which Argo CD keeps its announcements and its history
    compared: str = ""  # mark of what differed when it was last looked at; of what could not be
    uncompared: str = ""
    unlike: bool = False  # when it last compared equal, it was not compared with the sources that are deployed
    asked: str = ""  # when what differs was asked for last
    content: str = ""  # of what was told of it then
    states: dict[str, list[str]] = {}  # object → digests of its target and live state then
    marks: list[str] = []  # of what was told to differ, each once
    secrets: Secrets | None = None
    owner: str = ""  # the ApplicationSet that made it
    managed: list[str] = []  # digest of the objects it was told to manage last, and the name of that look
    pairs: dict[str, list[str]] = {}  # hydrated commit → the dry commits that it was seen to be hydrated from, as they came
    referred: dict[str, str] = {}  # hydrated commit → the dry commit that it names itself
    hydrated: list[str] = []  # marks of hydrations that were told
    destination: str | None = None
    repository: str | None = None


MARKS = 50  # from then on every telling has its time


def telling(memory: Memory, mark: str, at: str) -> str:
    """The name of a telling: by what it tells, so that a memory that was lost tells nothing anew; with its time where it tells
    again what was told before."""
    if mark in memory.marks or len(memory.marks) >= MARKS:
        return f"{mark}/{at}"
    memory.marks.append(mark)
    return mark


def load(value: Any) -> Memory | None:
    """None for nothing, or for what an older version wrote and this one cannot read: the application is then met anew."""
    if value is None:
        return None
    try:
        return msgspec.convert(value, Memory)
    except msgspec.ValidationError:
        return None


def dump(memory: Memory) -> dict[str, Any]:
    """Plain JSON."""
    out: dict[str, Any] = msgspec.to_builtins(memory)
    return out
