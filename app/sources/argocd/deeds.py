"""An operation as we know it, however we know it: from its own record, from the history, or from announcements."""

from collections.abc import Sequence
from datetime import UTC, datetime
from posixpath import commonpath, dirname
from typing import Any

import msgspec

from app.canonical import plain
from app.sources.argocd import wire
from app.sources.argocd.names import instant, repository, revisions_of, sources_of, stamp
from app.sources.argocd.terms import OVER, ROLLING_SYNC, RUNNING, SUCCEEDED

MESSAGE = 2000  # characters of a message that an event carries; the observation has the rest
AUTOMATION = "automation"
ROLLING = f"user:{ROLLING_SYNC}"


class Target(msgspec.Struct, omit_defaults=True, frozen=True):
    """One source of an application at one revision."""

    repository: str | None = None
    path: str = ""
    target_revision: str = ""
    chart: str = ""
    revision: str = ""
    registry: str = ""  # where a chart or an OCI artifact comes from, which is no Git repository
    ref: str = ""  # by which other sources name its files: it deploys nothing itself


class Try(msgspec.Struct, omit_defaults=True):
    """A failed attempt of an operation that goes on."""

    number: int
    end: str
    message: str = ""
    resources: list[dict[str, str]] = []
    revisions: list[str] = []


class Deed(msgspec.Struct, omit_defaults=True):
    """`started` is the operation's identity within its application. Times are ISO texts, so that memory is plain JSON.

    `wears`: whom the record names, which is not proof; `asked`: whom the `operation` field named while it was
    requested ("" when it named nobody, None when it was never seen). `own`: what the record names is not what the operation
    before left there. `told_*`: what events have said already.
    """

    started: str
    finished: str | None = None
    phase: str = RUNNING
    over: bool = False
    targets: list[Target] = []
    wears: str = ""
    asked: str | None = None
    own: bool = False
    partial: bool = False
    shape: dict[str, Any] = {}
    message: str = ""
    resources: list[dict[str, str]] = []
    retry_count: int = 0
    history_id: int | None = None
    how: str = "observed"
    kind: str = ""
    kind_by: str = ""  # how that is known: announcement, record, history or silence
    back_to: int | None = None  # of a rollback: the history entry it went back to
    told_start: bool = False
    told_end: bool = False
    told_phase: str = ""  # a phase that is new to us, told
    proven: bool = False  # the evidence of who began it is in: nothing more is waited for
    by: list[str] = []  # name, kind and reason of its initiator, once proven
    waited: bool = False
    tries: list[Try] = []  # failed attempts that were seen and not told
    told_attempts: int = 0  # failed attempts that were told
    told_waits: str = ""  # what it waited for when that was told last
    told_dry: str = ""  # what was told of the dry commit behind it
    sight: list[str] = []  # digest and time of the frame of the live stream that showed it last; empty where a reading did

    @property
    def start(self) -> datetime:
        return instant(self.started) or datetime.min.replace(tzinfo=UTC)

    @property
    def end(self) -> datetime | None:
        return instant(self.finished)

    @property
    def revisions(self) -> list[str]:
        return [t.revision for t in self.targets if t.revision]


def named(by: wire.InitiatedBy | None) -> str:
    """`automation`, `user:<name>`, or "" when nobody is named, or both: Argo CD writes one of them, so two operations left that."""
    if by is None or (by.automated and by.username and by.username != ROLLING_SYNC):
        return ""
    if by.automated and not by.username:
        return AUTOMATION
    return f"user:{plain(by.username, 300)}" if by.username else ""


def targets(sources: Sequence[wire.Source], revisions: Sequence[str]) -> list[Target]:
    """Each source with its revision, in order; a revision without a source stands alone."""
    out = []
    for i in range(max(len(sources), len(revisions))):
        one = sources[i] if i < len(sources) else wire.Source()
        repo = None if one.chart else repository(one.repo_url)
        elsewhere = one.chart or (one.repo_url or "").startswith("oci://")
        out.append(
            Target(
                repository=repo,
                path=plain(one.path, 500) or (_used(one.ref, sources) if one.ref else ""),
                target_revision=plain(one.target_revision, 200),
                chart=plain(one.chart, 200),
                revision=revisions[i] if i < len(revisions) else "",
                registry=plain(one.repo_url, 500) if elsewhere else "",
                ref=plain(one.ref, 100),
            )
        )
    return out


def _used(ref: str, sources: Sequence[wire.Source]) -> str:
    """The file that other sources read of one that only lends its files, or the directory that holds all; "" for its top."""
    named = [file for one in sources for file in (one.helm.value_files if one.helm else None) or []]
    files = [plain(file[len(ref) + 2 :], 500).strip("/") for file in named if file.startswith(f"${ref}/")]
    if not files or any(".." in file.split("/") or "*" in file for file in files):
        return ""
    return files[0] if len(files) == 1 else commonpath([dirname(file) for file in files])


def from_state(app: wire.Application) -> Deed | None:
    """The operation in the application's one slot. None when there is none, or when it has no start."""
    state = app.status.operation_state if app.status else None
    start = instant(state.started_at) if state else None
    if state is None or start is None:
        return None
    operation = state.operation or wire.Operation()
    sync, result = operation.sync or wire.Sync(), state.sync_result
    end, phase = instant(state.finished_at), plain(state.phase, 100) or RUNNING
    over = phase in OVER
    revisions = revisions_of(result) or revisions_of(sync)
    message, resources = plain(state.message, MESSAGE), _results(app, result) or [resource(one) for one in sync.resources or []]
    between = end is not None and not over and state.retry_count
    return Deed(
        started=stamp(start),
        finished=stamp(end) if over and end else None,
        phase=phase,
        over=over,
        targets=targets(sources_of(result) or sources_of(sync) or sources_of(app.spec), revisions),
        wears=named(operation.initiated_by),
        asked=_asked(app, over),
        partial=bool(sync.resources),
        shape=_shape(operation, result),
        message=message,
        resources=resources,
        retry_count=state.retry_count or 0,
        tries=[Try(state.retry_count, stamp(end), message, resources, revisions)] if end and between and state.retry_count else [],
    )


def _asked(app: wire.Application, over: bool) -> str | None:
    return named(app.operation.initiated_by) if app.operation and not over else None


def _results(app: wire.Application, result: wire.SyncResult | None) -> list[dict[str, str]]:
    """What became of each resource, in the order in which they were applied, with the wave that the application tells."""
    listed = (app.status.resources if app.status else None) or []
    told = any(
        one.sync_wave is not None for one in listed
    )  # then a wave that is left out is 0; of what is not listed it is not known
    waves = {_place(one): one.sync_wave or 0 for one in listed if told}
    return [resource(one) | _applied(one, waves.get(_place(one))) for one in (result.resources if result else None) or []]


def _place(one: wire.Item) -> tuple[str, ...]:
    return (one.group or "", one.kind or "", one.namespace or "", one.name or "")


def _applied(one: wire.Item, wave: int | None) -> dict[str, str]:
    """`hook_phase` of what is no hook says only that it was applied: an ordinary resource ends as Running."""
    out = {"phase": one.sync_phase, "hook": one.hook_type, "hook_phase": one.hook_phase if one.hook_type else None}
    out |= {"wave": str(wave) if wave is not None else None, "images": " ".join(one.images or [])}
    return {key: plain(value, 500) for key, value in out.items() if value}


def _shape(operation: wire.Operation, result: wire.SyncResult | None) -> dict[str, Any]:
    """What classification needs of the request; absent keys are false."""
    sync = operation.sync or wire.Sync()
    strategy = sync.sync_strategy or wire.Strategy()
    statuses = {one.status for one in (result.resources if result else None) or []}
    found: dict[str, Any] = {
        "dry_run": bool(sync.dry_run),
        "local": bool(sync.manifests),
        "apply": strategy.apply is not None and strategy.hook is None,
        "pinned": bool(sync.revision or sync.revisions),
        "pruned": statuses == {"Pruned"},
        "options": [plain(one, 100) for one in sync.sync_options or []],
        "force": bool((strategy.apply or {}).get("force") or (strategy.hook or {}).get("force")),
        "prune": bool(sync.prune),
        "heals": sync.auto_heal_attempts_count or 0,
        "rolling": bool(operation.initiated_by and operation.initiated_by.username == ROLLING_SYNC),
    }
    return {key: value for key, value in found.items() if value}


def resource(one: wire.Item) -> dict[str, str]:
    """A resource as facts carry it: kind and name always, the rest where it is there."""
    out = {"kind": plain(one.kind, 200), "name": plain(one.name, 300)}
    more = {"namespace": one.namespace, "group": one.group, "status": one.status, "message": one.message}
    return out | {key: plain(value, MESSAGE) for key, value in more.items() if value}


def from_history(entry: wire.History) -> Deed | None:
    """A full, successful operation that the history kept. None when the entry has no time at all."""
    start, end = instant(entry.deploy_started_at), instant(entry.deployed_at)
    begun = start or end
    if begun is None:
        return None
    rolling = bool(entry.initiated_by and entry.initiated_by.username == ROLLING_SYNC)
    return Deed(
        started=stamp(begun),
        finished=stamp(end) if end else None,
        phase=SUCCEEDED,
        over=True,
        targets=targets(sources_of(entry), revisions_of(entry)),
        wears=named(entry.initiated_by),
        shape=({} if revisions_of(entry) else {"local": True}) | ({"rolling": True} if rolling else {}),
        history_id=entry.id,
        how="reconstructed",
    )
