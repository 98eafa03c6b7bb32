"""The fake's types of branches, their rules, and checks: https://docs.github.com/en/graphql/reference/objects."""

from collections.abc import Mapping
from typing import Any

from app.demo.fakes.github_graphql import FieldError, Resolver, Typed
from app.demo.fakes.github_resolve import In, actor, connection, iso
from app.demo.fakes.github_things import Check, Protection, Repository


def ref(here: In, arguments: Mapping[str, Any]) -> Typed | None:
    name = str(arguments["qualifiedName"]).removeprefix("refs/heads/")
    return Typed("Ref", In(here.state, here.repository, name)) if name in here.repository.git.branches else None


def default_ref(here: In, _: Mapping[str, Any]) -> Typed:
    return Typed("Ref", In(here.state, here.repository, here.repository.default_branch))


def _target(here: In, _: Mapping[str, Any]) -> Typed:
    git = here.repository.git
    return Typed("Commit", In(here.state, here.repository, git.commits[git.branches[here.value]]))


def history(here: In, arguments: Mapping[str, Any]) -> Typed:
    """The newest committer date first, as `git log`."""
    found = here.repository.git.history(here.value.sha)
    items = [Typed("Commit", In(here.state, here.repository, commit)) for commit in found]
    return connection("CommitHistoryConnection", items, arguments, here.state.page_size)


def _classic(repository: Repository, branch: str) -> Protection | None:
    found = repository.protected.get(branch)
    return found if found and not found.ruleset else None


def _update_rule(here: In, _: Mapping[str, Any]) -> Typed | None:
    """What anybody who reads may know of classic protection."""
    found = _classic(here.repository, here.value)
    return Typed("RefUpdateRule", (here.value, found)) if found else None


def _protection_rule(here: In, _: Mapping[str, Any]) -> Typed | None:
    found = _classic(here.repository, here.value)
    return Typed("BranchProtectionRule", (here.value, found)) if found and here.state.admin else None


def rollup(here: In, _: Mapping[str, Any]) -> Typed | None:
    """Null where no check was ever made. A required check that has not reported is a status that is EXPECTED."""
    if not here.state.checks_permitted:
        raise FieldError("Resource not accessible by integration", type="FORBIDDEN")
    checks = here.repository.checks.get(here.value.sha, [])
    return Typed("StatusCheckRollup", here) if checks else None


def _contexts(here: In, arguments: Mapping[str, Any]) -> Typed:
    checks = here.repository.checks.get(here.value.sha, [])
    items = [
        Typed("CheckRun" if check.app else "StatusContext", In(here.state, here.repository, (here.value.sha, check)))
        for check in checks
    ]
    return connection("StatusCheckRollupContextConnection", items, arguments, here.state.nested_page_size)


def _required(here: In, arguments: Mapping[str, Any]) -> bool:
    if not here.state.required_told:
        raise FieldError("Resource not accessible by integration", null_above=True, type="FORBIDDEN")
    pull = here.repository.pull_requests[arguments["pullRequestNumber"]]
    protection = here.repository.protected.get(pull.base)
    return protection is not None and here.value[1].name in protection.checks


def _pushed(here: In, _: Mapping[str, Any]) -> Typed | None:
    check: Check = here.value[1]
    return Typed("Push", here) if check.pusher in here.state.users else None


def _of_check(name: str) -> Resolver:
    return lambda here, _: getattr(here.value[1], name)


def _of_protection(name: str) -> Resolver:
    return lambda found, _: getattr(found[1], name)


TYPES: dict[str, dict[str, Resolver]] = {
    "Ref": {
        "name": lambda here, _: here.value,
        "target": _target,
        "refUpdateRule": _update_rule,
        "branchProtectionRule": _protection_rule,
    },
    "RefUpdateRule": {
        "pattern": lambda found, _: found[0],
        "allowsForcePushes": _of_protection("force_pushes"),
        "allowsDeletions": _of_protection("deletions"),
        "blocksCreations": lambda *_: False,
        "requiredApprovingReviewCount": _of_protection("approvals"),
        "requiredStatusCheckContexts": lambda found, _: list(found[1].checks),
        "requiresCodeOwnerReviews": _of_protection("code_owners"),
        "requiresConversationResolution": lambda *_: False,
        "requiresLinearHistory": lambda *_: False,
        "requiresSignatures": lambda *_: False,
    },
    "BranchProtectionRule": {
        "pattern": lambda found, _: found[0],
        "isAdminEnforced": _of_protection("admins"),
        "requiresApprovingReviews": lambda found, _: found[1].approvals is not None,
        "requiredApprovingReviewCount": _of_protection("approvals"),
        "dismissesStaleReviews": _of_protection("dismiss_stale"),
        "requireLastPushApproval": _of_protection("last_push"),
        "requiresCodeOwnerReviews": _of_protection("code_owners"),
        "requiresStatusChecks": lambda found, _: bool(found[1].checks),
        "requiresStrictStatusChecks": lambda *_: False,
        "requiredStatusCheckContexts": lambda found, _: list(found[1].checks),
        "restrictsPushes": lambda *_: False,
        "allowsForcePushes": _of_protection("force_pushes"),
        "allowsDeletions": _of_protection("deletions"),
        "lockBranch": lambda *_: False,
    },
    "StatusCheckRollup": {"state": lambda *_: "SUCCESS", "contexts": _contexts},
    "CheckRun": {
        "id": _of_check("node_id"),
        "name": _of_check("name"),
        "status": _of_check("status"),
        "conclusion": _of_check("conclusion"),
        "startedAt": lambda here, _: iso(here.value[1].started_at),
        "completedAt": lambda here, _: iso(here.value[1].completed_at),
        "isRequired": _required,
        "checkSuite": lambda here, _: Typed("CheckSuite", here),
    },
    "CheckSuite": {
        "createdAt": lambda here, _: iso(here.value[1].started_at),
        "app": lambda here, _: Typed("App", here.value[1].app),
        "push": _pushed,
    },
    "App": {"slug": lambda slug, _: slug},
    "Push": {
        "id": lambda here, _: f"PSH_{here.value[0][:12]}",
        "pusher": lambda here, _: actor(here.state, here.value[1].pusher),
        "previousSha": lambda here, _: next(iter(here.repository.git.commits[here.value[0]].parents), None),
        "nextSha": lambda here, _: here.value[0],
    },
    "StatusContext": {
        "id": _of_check("node_id"),
        "context": _of_check("name"),
        "state": lambda here, _: here.value[1].conclusion or "PENDING",
        "createdAt": lambda here, _: iso(here.value[1].completed_at or here.value[1].started_at),
        "creator": lambda here, _: actor(here.state, here.value[1].pusher),
        "isRequired": _required,
    },
}
