"""Small events for linking and control tests: one function per event type, times in minutes after a fixed start."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.canonical import stable_id
from app.domain.actor import Actor, ActorKind, unknown
from app.domain.event import Entry, Event, How, Keys, Step, entity_of
from app.domain.ref import Ref
from app.linking.fold import fold

T0 = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
REPO, APPS = "bank/infra", "bank/apps"
UID = "uid-1"


def sha(name: str) -> str:
    """Forty hex digits for a name."""
    return (name.encode().hex() + "0" * 40)[:40]


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def human(name: str) -> Actor:
    return Actor(name=name, id=f"id-{name}")


def bot(name: str) -> Actor:
    return Actor(name=name, kind=ActorKind.BOT, id=f"id-{name}")


def event(
    source: str,
    type_: str,
    id_: str,
    status: str,
    step: Step,
    minutes: float,
    keys: Keys,
    who: Actor | None = None,
    /,
    **facts: Any,
) -> Event:
    how = How(facts.pop("how", "observed"))
    part = str(facts.pop("part", ""))
    return Event(
        id=stable_id(source, type_, id_, status, part),
        source=source,
        kind=source.partition("-")[0],
        type=type_,
        step=step,
        status=status,
        ref=Ref(type_, id_, id_),
        occurred_at=at(minutes),
        observed_at=at(minutes + 1),
        actor=who,
        how=how,
        keys=keys,
        facts=facts,
    )


def pull(
    n: int,
    *,
    repository: str = REPO,
    opened: float = 0,
    merged: float | None = 20,
    closed: float | None = None,
    author: Actor | None = None,
    merger: Actor | None = None,
    merge: str | None = None,
    head: str | None = None,
    labels: Iterable[str] = (),
    title: str | None = None,
    source: str = "github",
) -> list[Event]:
    keys = Keys(repository=repository, pull_request=n)
    facts = {
        "number": n,
        "title": title or f"Change {n}",
        "base": "main",
        "head": f"topic-{n}",
        "head_oid": head or sha(f"head{n}"),
        "merge_commit": (merge or sha(f"merge{n}")) if merged is not None else None,
        "labels": list(labels),
    }
    made = [event(source, "pull-request", f"PR_{n}", "open", Step.PROPOSED, opened, keys, author or human("ana"), **facts)]
    if merged is not None:
        made.append(event(source, "pull-request", f"PR_{n}", "merged", Step.MERGED, merged, keys, merger or human("ben"), **facts))
    if closed is not None:
        made.append(event(source, "pull-request", f"PR_{n}", "closed", Step.CLOSED, closed, keys, human("ana"), **facts))
    return made


def review(
    n: int, who: Actor, minutes: float, state: str = "APPROVED", *, commit: str | None = None, id_: str = "", repository: str = REPO
) -> Event:
    keys = Keys(repository=repository, pull_request=n)
    facts = {"number": n, "commit": commit or sha(f"head{n}")}
    return event("github", "review", id_ or f"R{n}-{who.name}-{minutes}", state, Step.REVIEWED, minutes, keys, who, **facts)


def commit(n: int, name: str, minutes: float, actor: Actor | None = None, *, repository: str = REPO, **facts: Any) -> Event:
    keys = Keys(repository=repository, pull_request=n, commits=(sha(name),))
    who = actor or Actor("ana", id="ana", because="self-declared")
    return event("github", "commit", sha(name), "committed", Step.PUSHED, minutes, keys, who, sha=sha(name), part=n, **facts)


def run(
    id_: str = "run-1",
    *,
    created: float = 21,
    commit: str | None = None,
    repository: str | None = REPO,
    number: int | None = None,
    kind: str = "plan_and_apply",
    applied: float | None = 30,
    status: str | None = None,
    workspace: str = "net-prod",
    title: str = "",
    confirmer: Actor | None = None,
    auto_apply: bool = False,
    counts: tuple[int, int, int] = (1, 0, 0),
    apply_counts: tuple[int, int, int] | None = None,
    apply_status: str = "finished",
    policy: str | None = "passed",
    alone: bool = True,
) -> list[Event]:
    """A run with its plan, its policy check and its apply. `status` without `applied` ends it otherwise (discarded, errored…).

    It is the first of its workspace; `alone=False`: what was there before was never told. `base` tells it otherwise.
    """
    keys = Keys(repository=repository, pull_request=number, commits=(commit,) if commit else (), workspace=workspace, run=id_)
    facts = {
        "title": title,
        "run_kind": kind,
        "run_source": "tfe-configuration-version" if commit else "tfe-api",
        "auto_apply": auto_apply,
        "speculative": kind == "plan_only",
        "created_at": at(created).isoformat(),
    }

    def made(status_: str, step: Step, minutes: float, actor: Actor | None = None) -> Event:
        return event("tfe", "run", id_, status_, step, minutes, keys, actor, **facts)

    numbers = dict(zip(("added", "changed", "destroyed"), counts, strict=True))
    events = [made("pending", Step.REQUESTED, created, human("tfe-bot")), made("planned", Step.PLANNED, created + 1)]
    events.append(event("tfe", "plan", f"plan-{id_}", "finished", Step.PLANNED, created + 1, keys, **numbers))
    if policy:
        events.append(check(id_, policy, created + 2, keys=keys))
    if kind == "plan_only":
        return [*events, made("planned_and_finished", Step.PLANNED, created + 3)]
    if status:
        events.append(made(status, Step.STOPPED, created + 4))
    if applied is not None:
        first = base(id_, status="first", minutes=created, paths=())
        events += [replace(first, keys=keys, observed_at=T0 - timedelta(days=1))] if alone else []
        events += [made("confirmed", Step.CONFIRMED, applied - 2), made("applying", Step.NOTED, applied - 1)]
        if confirmer or not auto_apply:
            who = confirmer or human("cho")
            events.append(event("tfe", "run-actor", id_, "confirmed-by", Step.CONFIRMED, applied - 2, keys, who))
        end = "applied" if apply_status == "finished" else apply_status
        events.append(made(end, Step.APPLIED if end == "applied" else Step.STOPPED, applied))
        done = dict(zip(("added", "changed", "destroyed"), apply_counts or counts, strict=True))
        events.append(event("tfe", "apply", f"apply-{id_}", apply_status, Step.APPLIED, applied, keys, **done))
    return events


def check(
    run_: str, status: str, minutes: float, *, keys: Keys | None = None, policies: list[dict[str, Any]] | None = None
) -> Event:
    listed = (
        policies
        if policies is not None
        else [{"set": "s", "policy": "tags", "level": None, "verdict": "passed", "description": ""}]
    )
    failed = [p for p in listed if p["verdict"] == "failed"]
    counts = {"passed": len(listed) - len(failed)}
    for level in ("hard", "soft", "advisory"):
        counts[f"{level}_failed"] = sum(1 for p in failed if str(p["level"]).startswith(level))
    keys = keys or Keys(repository=REPO, workspace="net-prod", run=run_)
    step = Step.OVERRIDDEN if status == "overridden" else Step.JUDGED
    return event(
        "tfe", "policy-check", f"polchk-{run_}", status, step, minutes, keys, scope="organization", counts=counts, policies=listed
    )


def overrider(run_: str, who: Actor, minutes: float, comment: str = "agreed with risk") -> Event:
    keys = Keys(repository=REPO, workspace="net-prod", run=run_)
    return event(
        "tfe",
        "run-event",
        f"re-{run_}-{minutes}",
        "overridden",
        Step.OVERRIDDEN,
        minutes,
        keys,
        who,
        role="overrider",
        comment=comment,
    )


def operation(
    minutes: float = 25,
    *,
    kind: str = "automated",
    revision: str | None = None,
    previous: str | None = None,
    phase: str = "Succeeded",
    repository: str | None = APPS,
    path: str = "payments",
    who: Actor | None = None,
    uid: str = UID,
    application: str = "payments-api",
    type_: str = "operation",
    resources: list[dict[str, str]] | None = None,
    how: str = "observed",
    health: str | None = "Healthy",
    **facts: Any,
) -> list[Event]:
    started = at(minutes)
    id_ = f"{uid}/{started.isoformat()}"
    keys = Keys(
        repository=repository,
        commits=(revision,) if revision else (),
        application=application,
        project="payments-production",
        destination="prod-eu/payments",
        operation=id_,
    )
    over = phase not in ("Running", "Terminating")
    told = {
        "operation_kind": kind,
        "revision": revision,
        "revisions": [revision] if revision else [],
        "previous_revision": previous,
        "path": path,
        "target_revision": "main",
        "started_at": started.isoformat(),
        "finished_at": at(minutes + 1).isoformat() if over else None,
        "automated": kind in ("automated", "self-heal"),
        "resources": resources or [],
        "uid": uid,
        **facts,
    }
    actor = who or (Actor("Argo CD", ActorKind.AUTOMATION) if told["automated"] else human("dan"))
    step = Step.SYNCED if phase == "Succeeded" else Step.REQUESTED if not over else Step.STOPPED
    made = [event("argocd", type_, id_, phase, step, minutes + (1 if over else 0), keys, actor, how=how, **told)]
    if health and phase == "Succeeded":
        made.append(event("argocd", "health", uid, health, Step.ASSESSED, minutes + 2, keys, uid=uid, part=id_))
    return made


def drift(onset: float = 40, *, ended: float | None = None, ended_by: str | None = None, uid: str = UID) -> list[Event]:
    id_ = f"{uid}/{at(onset).isoformat()}"
    keys = Keys(application="payments-api", project="payments-production", destination="prod-eu/payments")
    facts = {"onset_after": at(onset - 1).isoformat(), "onset_before": at(onset).isoformat(), "uid": uid}
    found = [{"kind": "Deployment", "name": "payments-api", "namespace": "payments", "status": "OutOfSync"}]
    made = [event("argocd", "drift", id_, "OutOfSync", Step.DRIFTED, onset, keys, resources=found, **facts)]
    if ended is not None:
        made.append(event("argocd", "drift", id_, "Synced", Step.HEALED, ended, keys, ended_by=ended_by, **facts))
    return made


def history_gap(minutes: float = 50, first: int = 5, last: int = 8) -> list[Event]:
    keys = Keys(application="payments-api", project="payments-production", destination="prod-eu/payments")
    facts = {"from_id": first, "to_id": last, "size": last - first + 1, "uid": UID}
    return [event("argocd", "history-gap", f"{UID}/{first}-{last}", "missing", Step.NOTED, minutes, keys, how="inferred", **facts)]


def lost_heals(minutes: float = 50, size: int = 3, of: str = "self-heals") -> list[Event]:
    keys = Keys(application="payments-api", project="payments-production", destination="prod-eu/payments")
    span = (at(minutes - 30).isoformat(), at(minutes - 2).isoformat())
    facts = {"of": of, "from_id": None, "to_id": None, "size": size, "from_at": span[0], "to_at": span[1], "uid": UID}
    told = {**facts, "message": f"{size} self-heals came and went unseen"}
    return [
        event("argocd", "history-gap", f"{UID}/{span[0]}~{span[1]}", "missing", Step.NOTED, minutes, keys, how="inferred", **told)
    ]


def unwitnessed(minutes: float = 50, at_most: int | None = 3) -> list[Event]:
    keys = Keys(application="payments-api", project="payments-production", destination="prod-eu/payments")
    span = (at(minutes - 30).isoformat(), at(minutes - 2).isoformat())
    facts = {"from_at": span[0], "to_at": span[1], "at_most": at_most, "known": 1, "because": "nothing was announced", "uid": UID}
    return [
        event("argocd", "unwitnessed", f"{UID}/{span[0]}~{span[1]}", "possible", Step.NOTED, minutes, keys, how="inferred", **facts)
    ]


def altered(kind: str = "rewritten", minutes: float = 55, changes: Iterable[Any] = (), **facts: Any) -> list[Event]:
    """The record of payments-api is not what it was: of entry 3 another revision and initiator, unless told otherwise."""
    keys = Keys(application="payments-api", project="payments-production", destination="prod-eu/payments")
    stood = {"at": at(10).isoformat(), "revisions": [sha("b")], "source": "print", "initiator": "user:alice", "print": "1"}
    now = {**stood, "revisions": [sha("evil")], "initiator": "user:mallory", "print": "2"}
    told = list(changes) or [{"history_id": 3, "before": stood, "after": now}]
    ids = [one["history_id"] for one in told if isinstance(one, dict)]
    facts = {"message": "not what it was", "history_ids": ids, "changes": told, "uid": UID, **facts}
    return [event("argocd", "integrity", UID, kind, Step.NOTED, minutes, keys, unknown("nobody is named"), **facts)]


def commits_between(
    base: str, head: str, commits: list[str], *, paths: dict[str, list[str]] | None = None, complete: bool = True, **more: Any
) -> Event:
    status, minutes = str(more.pop("status", "ahead")), float(more.pop("minutes", 60))
    facts = {"base": base, "head": head, "status": status, "commits": commits, "paths": paths or {}, "complete": complete, **more}
    named = {"part": f"{sorted(paths or {})}{more.get('part', 1)}"}
    made = event("github", "range", f"{base}..{head}", status, Step.NOTED, minutes, Keys(repository=APPS), **{**facts, **named})
    return replace(made, facts=facts)


def pulls_of(
    commit_: str, *numbers: int, merge: str | None = None, repository: str = APPS, merged: bool = True, base: str = "main"
) -> Event:
    pulls = [{"number": n, "merged": merged, "base": base, "merge_commit": merge, "repository": repository} for n in numbers]
    return event("github", "commit-pulls", commit_, "found", Step.NOTED, 60, Keys(repository=repository), sha=commit_, pulls=pulls)


def entries(events: Iterable[Event]) -> list[Entry]:
    return [Entry(seq, one, at(10_000)) for seq, one in enumerate(events)]


def operation_id(minutes: float, uid: str = UID) -> str:
    return f"{uid}/{at(minutes).isoformat()}"


def entities(events: Iterable[Event]) -> dict[str, Any]:
    """Every entity that these events tell of, by key."""
    by_key: dict[str, list[Entry]] = {}
    for entry in entries(events):
        key = entity_of(entry.event)
        if key:
            by_key.setdefault(key, []).append(entry)
    folded = {key: fold(key, told) for key, told in by_key.items()}
    return {key: entity for key, entity in folded.items() if entity is not None}


def push(
    after: str,
    *,
    before: str | None = None,
    minutes: float = 22,
    status: str = "push",
    repository: str = REPO,
    branch: str = "main",
    who: Actor | None = None,
    commits: Iterable[str] | None = None,
    direct: bool | None = True,
    **facts: Any,
) -> Event:
    """A direct push of one commit by carol, unless told otherwise."""
    told = {
        "ref": f"refs/heads/{branch}",
        "before": before or sha("before"),
        "after": after,
        "commits": list(commits if commits is not None else [after]),
        "pulls": [],
        "direct": direct,
        **facts,
    }
    return event(
        "github",
        "push",
        f"{branch}/{after}",
        status,
        Step.PUSHED,
        minutes,
        Keys(repository=repository),
        who or human("carol"),
        **told,
    )


def base(
    run_: str = "run-1",
    previous: str | None = None,
    *,
    status: str = "after",
    paths: Iterable[str] = ("",),
    branch: str = "main",
    minutes: float = 30,
    workspace: str = "net-prod",
    **facts: Any,
) -> Event:
    """What the workspace of a run was at before."""
    told = {
        "previous_run": "run-0" if previous else None,
        "previous_commit": previous,
        "branch": branch,
        "paths": list(paths),
        **facts,
    }
    keys = Keys(repository=REPO, workspace=workspace, run=run_)
    return event("tfe", "run-base", run_, status, Step.NOTED, minutes, keys, **told)


def span(head: str, since: str, commits: list[str], paths: dict[str, list[str]] | None = None, **more: Any) -> Event:
    """A range of the infrastructure repository; as it holds all of it where no paths are given."""
    made = commits_between(since, head, commits, paths={"": commits} if paths is None else paths, **more)
    return replace(made, keys=Keys(repository=REPO))


def head_push(n: int, who: Actor, minutes: float, *, status: str = "push", before: str = "", after: str = "") -> Event:
    keys = Keys(repository=REPO, pull_request=n)
    told = {"before": before or sha("old"), "after": after or sha(f"head{n}")}
    return event("github", "head-push", f"HP{n}-{minutes}", status, Step.PUSHED, minutes, keys, who, **told)


def ci(n: int, status: str, minutes: float, *, name: str | None = "plan", required: bool | None = True, **facts: Any) -> Event:
    """A check of the head of a pull request, done at `minutes`."""
    keys = Keys(repository=REPO, pull_request=n)
    over = status not in ("queued", "in_progress", "pending", "expected", "none", "unavailable")
    told = {
        "number": n,
        "name": name,
        "head_oid": sha(f"head{n}"),
        "required": required,
        "started_at": at(minutes - 1).isoformat(),
        "completed_at": at(minutes).isoformat() if over else None,
        "app": "ci",
        **facts,
    }
    return event("github", "check", f"C{n}-{name}-{minutes}", status, Step.NOTED, minutes, keys, **told)


def rules(
    minutes: float, status: str = "seen", *, changed: dict[str, list[Any]] | None = None, branch: str = "main", **told: Any
) -> Event:
    """What a branch asks for: two approvals and the check `plan`, unless told otherwise."""
    asked = {"protected": True, "required_approvals": 2, "required_checks": ["plan"], "force_pushes": False, **told}
    facts = {"branch": branch, "rules": asked, "changed": changed or {}, "part": minutes}
    made = event("github", "branch-rules", f"{REPO}@{branch}", status, Step.NOTED, minutes, Keys(repository=REPO), **facts)
    return replace(made, facts={**made.facts, **({} if status == "changed" else {"changed": None})})


def named(minutes: float, name: str, former: str | None = None, *, id_: str = "R_1", status: str = "renamed") -> Event:
    status = status if former else "seen"
    facts = {"name": name, "former": former, "part": minutes}
    return event("github", "repository", id_, status, Step.NOTED, minutes, Keys(repository=name), **facts)


def kube(kind: str, name: str, namespace: str | None = None, group: str = "") -> dict[str, Any]:
    """The fact `object` of a resource."""
    return {"system": "kubernetes", "group": group, "kind": kind, "namespace": namespace, "name": name}


def makes(run_: str, *objects: dict[str, Any], actions: Iterable[str] = ("create",), workspace: str = "net-prod") -> Event:
    """The plan of a run, of which each resource stands for one of `objects`."""
    keys = Keys(repository=REPO, workspace=workspace, run=run_)
    told = []
    for n, one in enumerate(objects):
        told.append({"address": f"kubernetes_x.y[{n}]", "actions": list(actions), "mode": "managed", "object": one})
    facts = {"parts": 1, "resources": told, "drift": [], "holds": []}
    made = event("tfe", "plan-resources", f"plan-{run_}/1", "listed", Step.NOTED, 22, keys, **facts)
    return replace(made, facts={"part": 1, **facts})


def application(
    minutes: float = 0,
    *,
    uid: str = UID,
    status: str = "created",
    destination: str = "prod-eu/payments",
    name: str = "payments-api",
) -> Event:
    keys = Keys(application=name, project="payments-production", destination=destination)
    return event("argocd", "application", uid, status, Step.NOTED, minutes, keys, uid=uid, auto_sync=False, part=minutes)


def missing(cause: str, name: str = "", *, of: dict[str, str] | None = None, **more: str) -> dict[str, Any]:
    """One of the facts `failures`."""
    return {"cause": cause, "words": f"{cause} {name}", **({"name": name} if name else {}), **({"of": of} if of else {}), **more}


def attempt(started: float, minutes: float, *failures: dict[str, Any], number: int = 1) -> Event:
    """An attempt of the operation that began at `started`, failed at `minutes`."""
    id_ = operation_id(started)
    keys = Keys(application="payments-api", project="payments-production", destination="prod-eu/payments", operation=id_)
    facts = {"number": number, "failures": list(failures), "finished_at": at(minutes).isoformat()}
    return event("argocd", "attempt", id_, "Failed", Step.NOTED, minutes, keys, part=number, **facts)
