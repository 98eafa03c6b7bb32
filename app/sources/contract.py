"""What a source is: it names its streams, and reads one of them from where it stopped, page by page.

A source knows nothing of databases, ledgers or schedules. `ingest` gives it a task, takes each page it yields, and saves
that page whole (observations, events, memory) before it asks for the next. A source may be stopped after any page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from app.domain.event import Event


@dataclass(frozen=True, slots=True)
class Connection:
    """One configured source. `token` is the secret itself: it goes into a header and nowhere else."""

    name: str
    kind: str
    url: str
    token: str = field(default="", repr=False)
    organization: str | None = None
    repositories: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    ca_file: str | None = None
    timeout: float = 30.0  # seconds for one answer
    max_bytes: int = 64 * 1024 * 1024  # the largest answer read
    per_second: float = 20.0  # requests a second at most
    poll_every: float | None = None  # seconds; overrides the streams' own pace
    metrics_urls: tuple[str, ...] = ()  # Prometheus endpoints of Argo CD's application controllers
    metrics_token: str = field(default="", repr=False)  # for them, beside the token
    stream: bool = True  # hold Argo CD's stream of applications, where it answers
    plan_json: bool = True  # which resources a Terraform plan changes: names, never values
    policy_log: bool = False  # the levels of Sentinel policies that passed, from the check's text log
    audit_token: str = field(default="", repr=False)  # of HCP Terraform's audit trail, beside the token
    apply_log: bool = False  # what became of each, from the apply's structured log
    backfill_from: int | None = None  # the first year whose Terraform runs are read; None: as far back as there are workspaces
    backfill_share: float = 0.5  # of the server's limits, for reading years back
    in_cluster: str | None = None  # how the cluster that Argo CD itself runs in is called; each instance has its own
    reconciliation: float = 180.0  # seconds between Argo CD's comparisons with Git; 0: it makes none without a reason
    state_metadata: bool = False  # which states of a Terraform workspace no run made: from their metadata, never their content


@dataclass(frozen=True, slots=True)
class Stream:
    """`every`: how often it is due. `catches_up`: the source's own list covers the time we were away.

    `forgets_after`: how long the source itself keeps what this stream reads; None when it never forgets.
    """

    name: str
    every: timedelta
    catches_up: bool = True
    forgets_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """A question one source has for the Git host: what lies between two revisions, and what of it touches `path`.

    `base` None asks only which pull requests `head` came from. `repository` is `owner/name`.
    """

    repository: str
    head: str
    base: str | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """A raw answer as it came, secrets already stripped. `subject` names what it is of (`run/run-abc`)."""

    subject: str
    url: str
    body: bytes
    digest: str
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """`memory` is what earlier passes of this stream remembered; `everything` asks for a full reconciliation."""

    stream: str
    now: datetime
    memory: Mapping[str, Any] = field(default_factory=dict)
    wants: Sequence[Want] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Saved in one transaction. `remember` maps memory keys to new values, None to forget one.

    Two keys of any stream are shown on the page Sources: `server`, a flat mapping of words to true, false or a text: what this
    server and this token were found to be able to (`token`: "read-only", or "can write: …"); and `progress`, how far a reading of
    years has come (`tfe.backfill`).
    """

    observations: Sequence[Observation] = ()
    events: Sequence[Event] = ()
    remember: Mapping[str, Any] = field(default_factory=dict)
    wants: Sequence[Want] = ()  # new questions for the Git host
    settled: Sequence[Want] = ()  # questions this page answers
    unknown: Sequence[tuple[str, str]] = ()  # (field, value) pairs that are new to us
    seen: int = 0  # things looked at, new or not
    again: datetime | None = None  # the pass read only what news named: the stream is due by then, and is not read whole


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a live stream told, saved in one transaction: `streams` are due now, `about` says it in words; the rest as in `Page`.

    Without anything it says that the line is alive.
    """

    streams: Sequence[str] = ()
    about: str = ""
    observations: Sequence[Observation] = ()
    remember: Mapping[str, Any] = field(default_factory=dict)
    unknown: Sequence[tuple[str, str]] = ()


class Watch(Protocol):
    """One connection to a live stream. Iterated in one thread it gives an empty `News` once it stands, and then news as they come;
    it raises SourceError when it ends. `close`, from any thread, ends it at once and quietly."""

    def __iter__(self) -> Iterator[News]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Probe:
    """What `check` prints. `problems` are lines for a person; empty means all is well.

    `capabilities`: words to true, false or a text, as the memory key `server` of `Page`; `check` prints these, and no others.
    """

    version: str = ""
    clock_offset: timedelta | None = None  # theirs minus ours
    read_only: bool | None = None  # None: the source cannot tell
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = ()
    state: str = ""  # the name of the failure, where a part could not be read (`SourceError.state`)


class Source(Protocol):
    """Built by `registry.connect`. Methods raise only `SourceError`."""

    connection: Connection

    @property
    def requests(self) -> int:
        """Requests sent since it was built."""
        ...

    @property
    def clock_offset(self) -> timedelta | None:
        """The server's clock minus ours, from the last answer's Date header; None before the first."""
        ...

    def streams(self) -> Sequence[Stream]: ...

    def probe(self, now: datetime) -> Probe: ...

    def fetch(self, task: Task) -> Iterator[Page]: ...

    def close(self) -> None: ...


@runtime_checkable
class Watched(Protocol):
    """A source that can be watched. `watched`: the stream whose memory a watch is told, and adds to; None: its settings say no."""

    @property
    def watched(self) -> str | None: ...

    def watch(self, memory: Mapping[str, Any]) -> Watch: ...
