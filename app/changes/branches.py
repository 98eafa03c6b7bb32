"""What Git tells of a change, as JSON: its pull requests in full, what was deployed by range, pushes, what the branch asked for."""

from typing import Any

from app.changes.told import iso, name_of
from app.domain.change import BranchRules, Change, Check, DeployedRange, HeadPush, PullRequest, Push
from app.domain.checks import at_merge


def branches_of(change: Change) -> dict[str, Any]:
    return {
        "deployed": [_deployed(one) for one in change.deployed],
        "push": _push(change.push) if change.push else None,
        "branch_rules": _rules(change.rules) if change.rules else None,
    }


def pull_request(pr: PullRequest) -> dict[str, Any]:
    counted = {(one.name, one.app): one for one in at_merge(pr)}
    return {
        "repository": pr.repository,
        "number": pr.number,
        "url": pr.url,
        "title": pr.title,
        "state": pr.state,
        "base": pr.base,
        "head": pr.head,
        "head_commit": pr.head_oid,
        "merge_commit": pr.merge_commit,
        "merged_at": iso(pr.merged_at),
        "merged_by": name_of(pr.merger),
        "merge_method": pr.merge_method,
        "auto_merge_by": name_of(pr.auto_merge_by),
        "queued_at": iso(pr.queued_at),
        "reverts": list(pr.reverts),
        "cherry_picked_from": list(pr.picks),
        "checks": [_check(one, counted.get((one.name, one.app)) == one) for one in pr.checks if one.name],
        "pushes": [_head_push(one) for one in pr.pushes],
    }


def _check(check: Check, counts: bool) -> dict[str, Any]:
    return {
        "name": check.name,
        "status": check.status,
        "required": check.required,
        "head": check.head,
        "started_at": iso(check.started_at),
        "completed_at": iso(check.completed_at),
        "counts": counts,
    }


def _head_push(push: HeadPush) -> dict[str, Any]:
    return {"at": iso(push.at), "by": name_of(push.pusher), "before": push.before, "after": push.after, "forced": push.forced}


def _deployed(one: DeployedRange) -> dict[str, Any]:
    return {
        "by": one.member,
        "place": one.place,
        "repository": one.repository,
        "base": one.base,
        "head": one.head,
        "status": one.status,
        "paths": list(one.paths),
        "because": one.because or None,
        "commits": [{"sha": c.sha, "brought_by": list(c.by), "direct": c.direct, "undone": c.undone} for c in one.commits],
    }


def _push(push: Push) -> dict[str, Any]:
    return {
        "repository": push.repository,
        "branch": push.branch,
        "branches": list(push.branches),
        "before": push.before,
        "after": push.after,
        "at": iso(push.at),
        "by": name_of(push.pusher),
        "forced": push.forced,
        "direct": push.direct,
        "commits": list(push.unproposed),
        "undone": list(push.undone),
        "merged": list(push.indirect),
        "title": push.title or None,
        "because": push.because or None,
        "url": push.url,
    }


def _rules(rules: BranchRules) -> dict[str, Any]:
    return {
        "repository": rules.repository,
        "branch": rules.branch,
        "what": rules.kind,
        "seen_at": iso(rules.at),
        "protected": rules.protected,
        "required_approvals": rules.required_approvals,
        "required_checks": None if rules.required_checks is None else list(rules.required_checks),
        "rules": [{"name": name, "value": value} for name, value in rules.told],
        "changed": [{"name": one.name, "before": one.before, "after": one.after} for one in rules.changed],
        "weaker": list(rules.weaker),
        "by": name_of(rules.actor),
        "because": rules.because or None,
    }
