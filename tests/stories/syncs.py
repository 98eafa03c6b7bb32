"""One small application for each kind and outcome of an operation: what is done to it, in parts with a poll after each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.demo.fakes.argocd_state import ArgocdState
from app.demo.fakes.argocd_types import ApplicationState, HookState

from tests.stories.bank import GIT, REPO

SECONDS = timedelta(seconds=1)
APPLY = "one or more objects failed to apply, reason: "
TASKS = "one or more synchronization tasks are not valid"
DONE = "one or more synchronization tasks completed unsuccessfully, reason: "
MANY = 5000


@dataclass
class Plot:
    """An application, and the moment its part begins."""

    state: ArgocdState
    app: ApplicationState
    at: datetime
    repository: str

    def after(self, seconds: float) -> datetime:
        return self.at + seconds * SECONDS

    def push(self, revision: str, seconds: float = -5) -> None:
        self.state.push(self.repository, revision, self.after(seconds), paths=[self.app.sources[0].path])


Part = Callable[[Plot], Any]


@dataclass(frozen=True)
class Tale:
    """`parts`: what happens; the operation that is looked at begins with the last, `seconds` after its beginning.

    `json`: what its entry in the item holds; `verdicts`, `words` (on the change's page) and `never` (not there).
    """

    parts: tuple[Part, ...]
    json: dict[str, Any]
    words: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
    title: str = ""
    seconds: float = 0
    first: bool = True  # it was synced by alice before
    settings: dict[str, Any] = field(default_factory=dict)
    shared: bool = False  # its manifests are in the repository that the Git host tells of


def sha(name: str) -> str:
    return (name.encode().hex() + "0" * 40)[:40]


def url(name: str, tale: Tale) -> str:
    return f"{GIT}/{REPO}.git" if tale.shared else f"{GIT}/bank/{name}.git"


# ---- the parts


def automated(p: Plot) -> None:
    p.push(sha("two"))
    p.state.sync(p.app, p.at)


def rolled_back(p: Plot) -> None:
    p.state.rollback(p.app, p.at, "bob", 0)


def forgotten(p: Plot) -> None:
    rolled_back(p)
    p.app.announcements.clear()


def advanced(p: Plot) -> None:
    p.push(sha("two"))
    p.state.sync(p.app, p.at, "alice")


def edited(*names: str) -> Part:
    def part(p: Plot) -> None:
        for n, name in enumerate(names):
            p.state.edit(p.app, name, p.after(-9 + n))
        p.state.heal(p.app, p.at)

    return part


def retried(p: Plot) -> None:
    """Two failed attempts, seen while it waits for the third."""
    p.push(sha("two"))
    p.state.begin(p.app, p.at)
    p.state.retrying(p.app, p.after(2), f'{APPLY}namespaces "settlements" not found', p.after(12))
    p.state.attempt(p.app)
    p.state.retrying(p.app, p.after(14), f'{APPLY}namespaces "settlements" not found', p.after(34))


def again(phase: str, message: str = "successfully synced (all tasks run)") -> Part:
    def part(p: Plot) -> None:
        p.state.attempt(p.app)
        p.state.finish(p.app, p.after(3), phase, message)

    return part


def displaced(p: Plot) -> None:
    """A newer, good commit comes, and waits for its turn."""
    p.push(sha("three"))
    try:
        p.state.begin(p.app, p.after(-4))
    except ValueError:
        p.state.attempt(p.app)
        p.state.finish(p.app, p.after(-2), "Failed", f'{APPLY}namespaces "settlements" not found')
        p.state.sync(p.app, p.at)
        return
    raise AssertionError("a second operation began while one was retried")


def terminated(p: Plot) -> None:
    p.state.begin(p.app, p.at, "alice")
    p.state.terminate(p.app, p.after(5), "bob")


def ended_by_nobody(p: Plot) -> None:
    p.state.begin(p.app, p.at, "alice")
    p.state.finish(p.app, p.after(5), "Failed", "Operation terminated")


def injected(p: Plot) -> None:
    p.state.inject(p.app, p.at)
    p.state.finish(p.app, p.after(2))


def by_hand(**more: Any) -> Part:
    def part(p: Plot) -> None:
        p.state.begin(p.app, p.at, "carol", **more)
        p.state.finish(p.app, p.after(2))

    return part


def failing(message: str, phase: str = "Failed", failed: list[str] | None = None) -> Part:
    return lambda p: p.state.sync(p.app, p.at, "carol", phase=phase, message=message, failed=failed)


def hooked(p: Plot) -> None:
    p.app.hooks = [HookState("migrate", "PreSync", 1), HookState("prepare", "PreSync"), HookState("smoke", "PostSync")]
    for n, one in enumerate(p.app.resources):
        one.wave = n or None
    p.app.images = ["registry.bank.example/api:1.4"]


def in_waves(p: Plot) -> None:
    hooked(p)
    p.state.sync(p.app, p.at, "carol")


def hook_failed(p: Plot) -> None:
    hooked(p)
    p.app.hooks.append(HookState("alert", "SyncFail"))
    p.state.sync(p.app, p.at, "carol", phase="Failed", message=f"{DONE}Job has reached the limit", failed=["migrate"])


def by_product(p: Plot) -> None:
    """A hand edit, and before anything else a new commit: one full sync deploys the one and undoes the other."""
    p.state.edit(p.app, p.app.name, p.after(-60))


def swept(p: Plot) -> None:
    automated(p)


def hole(p: Plot) -> None:
    """argo-cd #27875: a new commit that is deployed through the self-heal branch."""
    p.push(sha("two"))
    p.state.begin(p.app, p.at, resources=[p.app.name], heals=1)
    p.state.finish(p.app, p.after(1))


def at_once(p: Plot) -> None:
    still = timedelta()
    p.state.sync(p.app, p.at, "bob", duration=still, dry_run=True)
    p.state.selective(p.app, p.at, "carol", [p.app.name], duration=still)


def blocked(p: Plot) -> None:
    p.state.begin(p.app, p.at, "carol")
    p.state.progress(p.app, "Sync operation blocked by sync window")


def nothing(p: Plot) -> None:
    """Automation is held back by a window: it leaves nothing but OutOfSync that lasts."""
    p.app.window_closed = True
    p.push(sha("two"))


def emptied(p: Plot) -> None:
    p.state.begin(p.app, p.at, "carol", prune=True)
    p.state.finish(p.app, p.after(2), pruned=[p.app.name])


UNKNOWN = {"initiator": None, "initiator_kind": "unknown"}
OURS = {"initiator": None, "automated": True}

TALES: dict[str, Tale] = {
    "automated": Tale(
        (automated,), {"kind": "automated", "kind_by": "announcement", "history_id": 1, **OURS},
        ("Automated sync of automated", "Argo CD began it by itself, as its announcement says", "Argo CD itself", "entry 1"),
        verdicts={"DEPL-3": "pass", "DEPL-4": "pass"},
    ),
    "manual": Tale(
        (lambda p: p.state.sync(p.app, p.at, "carol"),), {"kind": "manual", "initiator": "carol", "automated": False},
        ("Manual sync of manual", "Begun by carol"), verdicts={"DEPL-4": "pass"},
    ),
    "selective": Tale(
        (lambda p: p.state.selective(p.app, p.at, "carol", ["selective"]),),
        {"kind": "selective", "partial": True, "history_id": None},
        ("Selective sync", "no entry: a partial sync leaves none", "1 resource in the order of execution"),
        verdicts={"DEPL-3": "fail"},
    ),
    "prune-only": Tale(
        (lambda p: p.state.selective(p.app, p.at, "carol", ["prune-only"], pruned=["prune-only"]),),
        {"kind": "prune", "kind_by": "record"}, ("Prune of prune-only", "pruned"), verdicts={"DEPL-3": "fail"},
    ),
    "pruning": Tale(
        (emptied,), {"kind": "prune", "also": ["pruning"], "initiator": "carol"},
        ("what Git no longer declares was to be deleted",), verdicts={"DEPL-3": "fail"},
    ),
    "rollback": Tale(
        (advanced, rolled_back), {"kind": "rollback", "kind_by": "announcement", "back_to": 0, "initiator": "bob", "history_id": 2},
        ("back to history entry 0, as its announcement says", "Begun by bob"), title="Rollback of rollback to ",
    ),
    "rollback-by-shape": Tale(
        (advanced, forgotten), {"kind": "rollback", "kind_by": "record", "back_to": 0, **UNKNOWN},
        ("back to history entry 0, by its shape", "pinned to what an older entry had deployed", "Begun by not known:"),
        never=("Begun by bob",), verdicts={"DEPL-4": "indeterminate"},
    ),
    "local": Tale(
        (lambda p: p.state.local(p.app, p.at, "carol"),),
        {"kind": "local", "kind_by": "announcement", "revisions": [], "initiator": "carol"},
        ("Sync of local from outside Git", "no commit holds them", "no revision: it came from no commit"),
        title="local synced from manifests outside Git", verdicts={"AUTH-1": "fail", "DEPL-1": "fail", "DEPL-3": "fail"},
    ),
    "dry-run": Tale(
        (lambda p: p.state.sync(p.app, p.at, "carol", dry_run=True),), {"kind": "dry-run", "history_id": None},
        ("only tried: nothing was changed", "no entry: a dry run leaves none"), title="Dry run of dry-run: nothing was changed",
        verdicts={"AUTH-1": "not_applicable", "DEPL-1": "not_applicable", "DEPL-3": "not_applicable", "DEPL-5": "not_applicable"},
    ),
    "healed": Tale(
        (edited("healed"),), {"kind": "self-heal", "partial": True, "heal_attempt": 1, "history_id": None, **OURS},
        ("Self-heal of healed", "put named resources back", "attempt 1"),
    ),
    "healed-twice": Tale(
        (edited("healed-twice-config", "healed-twice"),), {"kind": "self-heal", "partial": True},
        ("2 resources in the order of execution", "healed-twice-config"),
    ),
    "healed-early": Tale(
        (edited(),), {"kind": "self-heal", "initiator": None}, ("Self-heal of healed-early",),
        verdicts={"SHADOW-4": "indeterminate"},
    ),
    "retried-well": Tale(
        (retried, again("Succeeded")), {"phase": "Succeeded", "retry_count": 2, "also": ["retry"], "failures": []},
        ("2 attempts failed before", "the namespace settlements does not exist in the cluster"), seconds=-600,
    ),
    "retried-badly": Tale(
        (retried, again("Failed", f'{APPLY}namespaces "settlements" not found')),
        {"phase": "Failed", "retry_count": 2, "message": f'{APPLY}namespaces "settlements" not found (retried 2 times).'},
        ("Why it failed", "2 attempts failed before", "namespaces &#34;settlements&#34; not found"), seconds=-600,
    ),
    "retrying": Tale(
        (retried,), {"phase": "Running", "finished_at": None, "retry_count": 2},
        ("Running, between attempts", "2 attempts failed before; 1 of them was not seen"),
    ),
    "displaced": Tale(
        (retried, displaced), {"kind": "automated", "phase": "Succeeded", "revision": sha("three"), "retry_count": 0},
        ("Automated sync of displaced",),
    ),
    "terminated": Tale(
        (terminated,), {"phase": "Failed", "terminated": True, "terminated_by": "bob", "initiator": "alice"},
        ("terminated by bob", "Begun by alice", "somebody ended it"),
    ),
    "ended": Tale(
        (ended_by_nobody,), {"terminated": True, "terminated_by": None, "initiator": "alice"},
        ("by whom is not known: only an announcement names who ended an operation",),
    ),
    "injected": Tale(
        (injected,), {"kind": "injected", "kind_by": "silence", "automated": False, **UNKNOWN},
        ("Operation on injected, put in past the API", "announcements reach from before it to its end, and none began it"),
        never=("Begun by alice",), verdicts={"DEPL-3": "indeterminate", "DEPL-4": "fail"},
    ),
    "rolled-out": Tale(
        (lambda p: p.state.rolling_sync(p.app, p.at),), {"kind": "applicationset", "initiator": None},
        ("Sync of rolled-out by its ApplicationSet", "a step of an ApplicationSet’s rolling sync"),
    ),
    "forced": Tale(
        (by_hand(force=True),), {"kind": "manual", "also": ["force"]}, ("are deleted and made anew",), verdicts={"DEPL-3": "fail"},
    ),
    "replaced": Tale(
        (by_hand(options=["Replace=true", "CreateNamespace=true"]),),
        {"also": ["replace"], "options": ["Replace=true", "CreateNamespace=true"]},
        ("Replace=true: replaced instead of applied", "CreateNamespace=true: a missing namespace is made"),
        verdicts={"DEPL-3": "fail"},
    ),
    "in-waves": Tale(
        (in_waves,), {"phase": "Succeeded"}, ("PreSync hook", "PostSync hook", "5 resources in the order of execution", "Wave"),
    ),
    "hook-failed": Tale(
        (hook_failed,), {"phase": "Failed"}, ("SyncFail hook", "Job has reached the limit"), verdicts={"DEPL-5": "fail"},
    ),
    "no-namespace": Tale(
        (failing(f'{APPLY}namespaces "settlements" not found'),), {"phase": "Failed"},
        ("the namespace settlements does not exist in the cluster", "no entry: only successes have one"),
    ),
    "no-kind": Tale(
        (failing(f'{TASKS}: ExternalSecret.external-secrets.io "" not found', failed=["no-kind"]),), {"phase": "Failed"},
        ("the cluster does not know the kind ExternalSecret of external-secrets.io",),
    ),
    "bad-name": Tale(
        (failing(f'{DONE}ConfigMap "No_Good" is invalid: metadata.name: Invalid value', failed=["bad-name-config"]),),
        {"phase": "Failed"}, ("ConfigMap No_Good is not valid: metadata.name: Invalid value",),
        verdicts={"DEPL-5": "fail"},  # the Deployment beside it was written
    ),
    "api-error": Tale(
        (failing(f'{APPLY}error when patching "/dev/shm/1234": Patch "https://10.0.0.1:443/api": i/o timeout'),),
        {"phase": "Failed"}, ("a server could not be reached", "error when patching"),
    ),
    "not-rendered": Tale(
        (failing("ComparisonError: Failed to load target state: failed to generate manifest", "Error"),),
        {"phase": "Error", "resources": []}, ("its manifests could not be made from Git: failed to generate manifest",),
    ),
    "not-permitted": Tale(
        (failing("namespace kube-system is not permitted in project 'payments'", "Error"),), {"phase": "Error"},
        ("the project payments does not permit kube-system",),
    ),
    "by-product": Tale(
        (by_product, swept), {"kind": "automated", "partial": False, "history_id": 1}, ("Automated sync of by-product",),
    ),
    "hole": Tale(
        (hole,), {"kind": "automated", "partial": True, "history_id": None, "revision": sha("two")},
        ("a deployment that the history does not hold",),
    ),
    "unkept": Tale(
        (automated,), {"kind": "automated", "history_id": None}, ("no entry was seen",), settings={"revision_history_limit": 0},
    ),
    "at-once": Tale((at_once,), {"kind": "selective", "initiator": "carol"}, ("Selective sync",)),
    "blocked": Tale((blocked,), {"phase": "Running", "waits_for": "sync window"}, ("Waits for sync window",)),
    "many": Tale(
        (lambda p: p.state.sync(p.app, p.at, "carol", phase="Failed", message=f"{APPLY}boom", failed=["part-04321"]),),
        {"phase": "Failed", "resources_left": 0}, ("results in order",),
        settings={"resources": [("ConfigMap", f"part-{n:05d}") for n in range(MANY)]},
    ),
}  # fmt: skip
