"""The JSON of one change, as the API, the JSONL export and the evidence bundle give it. No field is ever left out."""

import re
from typing import Any

from app.changes.branches import branches_of, pull_request
from app.changes.order import order_of
from app.changes.resources import resources_of
from app.changes.syncs import sync
from app.changes.told import distinct, iso, name_of
from app.domain.actor import ActorKind
from app.domain.change import Change, Run, WorkspaceAct
from app.domain.finding import Verdict
from app.domain.policy import PolicyResult

_SHA = re.compile(r"[0-9a-fA-F]{7,64}", re.ASCII)


def item(change: Change) -> dict[str, Any]:
    """Times are ISO 8601 UTC; what is not known is null; lists keep the order of the record."""
    return {
        "id": str(change.id),
        "number": change.number,
        "title": change.title,
        "environment": change.environment.name,
        "class": change.environment.cls,
        "environments": [{"name": e.name, "class": e.cls} for e in change.environments or (change.environment,)],
        "state": change.state,
        "verdict": str(change.verdict),
        "opened_at": iso(change.opened_at),
        "finished_at": iso(change.finished_at),
        "at": iso(change.at),
        "repository": repository(change),
        "pull_requests": [pull_request(pr) for pr in change.pull_requests],
        "commits": commits(change),
        "people": [
            {
                "name": p.name,
                "person": p.person,
                "role": str(p.role),
                "source": p.source,
                "kind": str(p.kind),
                "account": p.account or None,
                "known_by": p.known_by or None,
                "declared": p.declared,
            }
            for p in change.people
            if p.kind is not ActorKind.AUTOMATION
        ],
        "runs": [_run(run) for run in change.runs],
        "policy": [_policy(result) for run in change.runs for result in run.policy],
        "applies": [_apply(run) for run in change.runs if run.acted_at],
        "syncs": [sync(operation) for operation in change.operations],
        "drift": [drift.id for drift in change.drifts],
        "verdicts": [{"control": f.control, "verdict": str(f.verdict), "because": f.because} for f in change.findings],
        "summary": {str(verdict): sum(f.verdict is verdict for f in change.findings) for verdict in Verdict},
        "links": [
            {"from": link.from_, "to": link.to, "rule": link.rule, "strength": str(link.strength), "because": link.because}
            for link in change.links
        ],
        "gaps": [
            {"what": g.what, "from": iso(g.from_), "to": iso(g.to), "size": g.size, "because": g.because, "missing": str(g.missing)}
            for g in change.gaps
        ],
        **branches_of(change),
        **resources_of(change),
        **order_of(change),
        "workspace_change": _workspace(change.workspace_act) if change.workspace_act else None,
    }


def repository(change: Change) -> str | None:
    """Where it was proposed; of a change without a proposal, where what ran came from."""
    return next(iter(repositories(change)), None)


def repositories(change: Change) -> list[str]:
    """Every repository it names: those of the proposals, of the runs, of each source that was deployed."""
    named = [pr.repository for pr in change.pull_requests] + [run.repository for run in change.runs]
    for operation in change.operations:
        named += [operation.repository, *(source.repository for source in operation.sources)]
        named += [source.dry.repository for source in operation.sources if source.dry]
    own = change.push or (change.rules if change.root.startswith("rules:") else None)
    return distinct([own.repository if own else None, *named])


def commits(change: Change) -> list[str]:
    """Every commit it names: proposed, merged, pushed, run, deployed. A chart's version is none."""
    named = [sha for pr in change.pull_requests for sha in (*pr.commits, pr.head_oid, pr.merge_commit)]
    named += [run.commit for run in change.runs]
    for operation in change.operations:
        named += [*operation.revisions, operation.revision, *(source.revision for source in operation.sources)]
        named += [source.dry.revision for source in operation.sources if source.dry]
    if push := change.push:
        named += [*push.unproposed, push.after, *push.undone]
    return [sha for sha in distinct(named) if _SHA.fullmatch(sha)]


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "workspace": run.workspace,
        "kind": run.kind,
        "status": run.status,
        "source": run.source,
        "created_at": iso(run.created_at),
        "url": run.url,
    }


def _workspace(act: WorkspaceAct) -> dict[str, Any]:
    return {
        "workspace": act.workspace,
        "what": act.kind,
        "after": iso(act.after),
        "before": iso(act.before),
        "settings": [{"name": one.name, "before": one.before, "after": one.after} for one in act.settings],
        "by": name_of(act.actor),
        "because": (act.actor.because if act.actor else "") or act.because or None,
        "serial": act.serial,
        "url": act.url,
    }


def _policy(result: PolicyResult) -> dict[str, Any]:
    return {
        "run": result.run,
        "set": result.set,
        "policy": result.policy,
        "level": result.level,
        "verdict": result.verdict,
        "overridden_by": name_of(result.overridden_by),
        "overridden_at": iso(result.overridden_at),
        "comment": result.comment or None,
        "description": result.description or None,
        "system": result.system or None,
        "engine": result.engine or None,
        "check": result.check or None,
    }


def _apply(run: Run) -> dict[str, Any]:
    added, changed, destroyed = run.apply or (None, None, None)
    return {"run": run.id, "at": iso(run.acted_at), "added": added, "changed": changed, "destroyed": destroyed}
