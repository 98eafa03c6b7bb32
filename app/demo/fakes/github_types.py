"""The types of GitHub's GraphQL that the fake has, each field as https://docs.github.com/en/graphql/reference/objects says."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.demo.fakes import github_branch_types as branches
from app.demo.fakes.github_git import Commit, Signature
from app.demo.fakes.github_graphql import QueryError, Resolver, Schema, Typed
from app.demo.fakes.github_resolve import In, connection, find_repository, iso, member, oid, plain, time, who
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_things import PullRequest, Repository


def schema(state: GithubState) -> Schema:
    types = dict(TYPES)
    types["PullRequest"] = {name: how for name, how in TYPES["PullRequest"].items() if name not in state.lacking}
    return Schema(types, MEMBERS)


CONNECTIONS = (
    "PullRequestConnection",
    "CommitConnection",
    "LabelConnection",
    "PullRequestReviewConnection",
    "PullRequestCommitConnection",
    "CommitHistoryConnection",
    "RefConnection",
    "StatusCheckRollupContextConnection",
)
CONNECTION: dict[str, Resolver] = {name: member(name) for name in ("totalCount", "nodes", "pageInfo")}


def _by_update(here: In, arguments: Mapping[str, Any]) -> Typed:
    """Newest update first. The cursor is the last one shown, so that a pull request that moves up is not skipped or repeated."""
    chosen = [pull for pull in here.repository.pull_requests.values() if _asked_for(pull, arguments)]
    pulls = sorted(chosen, key=lambda pull: (iso(pull.updated_at), pull.number), reverse=True)
    total = len(pulls)
    if arguments.get("after"):
        try:
            when, number = base64.b64decode(arguments["after"], validate=True).decode().split("|")
        except ValueError:
            message = f"`{arguments['after']}` does not appear to be a valid cursor."
            raise QueryError(message, type="INVALID_CURSOR_ARGUMENTS") from None
        pulls = [pull for pull in pulls if (iso(pull.updated_at), pull.number) < (when, int(number))]
    shown = pulls[: min(arguments.get("first", 100), here.state.page_size)]
    cursor = base64.b64encode(f"{iso(shown[-1].updated_at)}|{shown[-1].number}".encode()).decode() if shown else None
    nodes = [Typed("PullRequest", In(here.state, here.repository, pull)) for pull in shown]
    page = Typed("PageInfo", {"hasNextPage": len(shown) < len(pulls), "endCursor": cursor})
    return Typed("PullRequestConnection", {"totalCount": total, "nodes": nodes, "pageInfo": page})


def _asked_for(pull: PullRequest, arguments: Mapping[str, Any]) -> bool:
    states, head = arguments.get("states"), arguments.get("headRefName")
    return (not states or pull.state in states) and (head is None or pull.branch == head)


def _nested(typename: str, item: str, how: Callable[[Repository, PullRequest], Sequence[Any]]) -> Resolver:
    def resolve(here: In, arguments: Mapping[str, Any]) -> Typed:
        items = [Typed(item, In(here.state, here.repository, value)) for value in how(here.repository, here.value)]
        return connection(typename, items, arguments, here.state.nested_page_size)

    return resolve


def _timeline(here: In, arguments: Mapping[str, Any]) -> Typed:
    unknown = [name for name in arguments["itemTypes"] if name in here.state.lacking]
    if unknown:
        message = f"Argument 'itemTypes' on Field 'timelineItems' has an invalid value ({unknown})."
        raise QueryError(message, extensions={"code": "argumentLiteralsIncompatible"})
    kinds = {name.replace("_", "").lower() for name in arguments["itemTypes"]}
    chosen = [item for item in here.value.timeline if item.typename.lower() in kinds]
    items = [Typed(item.typename, In(here.state, here.repository, item)) for item in chosen]
    return connection("PullRequestTimelineItemsConnection", items, arguments, here.state.nested_page_size)


def _associated(here: In, arguments: Mapping[str, Any]) -> Typed:
    numbers = sorted(here.repository.landed.get(here.value.sha, ()))
    items = [Typed("PullRequest", In(here.state, here.repository, here.repository.pull_requests[n])) for n in numbers]
    return connection("PullRequestConnection", items, arguments, here.state.nested_page_size)


def _parents(here: In, arguments: Mapping[str, Any]) -> Typed:
    commits = [here.repository.git.commits[oid] for oid in here.value.parents]
    items = [Typed("Commit", In(here.state, here.repository, commit)) for commit in commits]
    return connection("CommitConnection", items, arguments, 100)


def _signature(which: str) -> Resolver:
    def resolve(here: In, _: Mapping[str, Any]) -> Typed:
        commit: Commit = here.value
        by: Signature = getattr(commit, which)
        return Typed("GitActor", In(here.state, here.repository, (by, commit.authored_at if which == "author" else commit.at)))

    return resolve


def _account(here: In, _: Mapping[str, Any]) -> Typed | None:
    user = here.state.users.get(here.value[0].login or "")
    return Typed("User", user) if user and user.typename == "User" else None


def _web_signed(here: In, _: Mapping[str, Any]) -> Typed | None:
    by_web = here.value.committer.login == "web-flow"
    return Typed("GpgSignature", {"isValid": True, "state": "VALID", "wasSignedByGitHub": True}) if by_web else None


def _auto_merge(here: In, _: Mapping[str, Any]) -> Typed | None:
    return Typed("AutoMergeRequest", here) if here.value.auto_merge else None


def _named(here: In, _: Mapping[str, Any]) -> Typed:
    return Typed("Repository", In(here.state, here.repository, here.repository))


def _head_repository(here: In, arguments: Mapping[str, Any]) -> Typed:
    return Typed("ForkedRepository", here.value.fork) if here.value.fork else _named(here, arguments)


def _queue_entry(here: In, _: Mapping[str, Any]) -> Typed | None:
    return Typed("MergeQueueEntry", here) if here.value.queued else None


def _enqueued_by(here: In, _: Mapping[str, Any]) -> Typed | None:
    added = [item for item in here.value.timeline if item.typename == "AddedToMergeQueueEvent"]
    return who(lambda _: added[-1].actor)(here, {}) if added else None


def url(here: In, pull: PullRequest) -> str:
    return f"https://github.bank.example/{here.repository.name}/pull/{pull.number}"


_USER: dict[str, Resolver] = {"login": lambda user, _: user.login, "databaseId": lambda user, _: user.database_id}

_ITEM: dict[str, Resolver] = {
    "id": plain("id"),
    "createdAt": time("at"),
    "actor": who(lambda item: item.actor),
}


def _person(here: In, _: Mapping[str, Any]) -> Typed | None:
    user = here.state.users.get(here.value.enqueuer or "")
    return Typed("User", user) if user and user.typename == "User" else None


def _reviewed(here: In, _: Mapping[str, Any]) -> Typed | None:
    pull = next(p for p in here.repository.pull_requests.values() if here.value in p.timeline)
    found = next((review for review in pull.reviews if review.id == here.value.review), None)
    return Typed("PullRequestReview", In(here.state, here.repository, found)) if found else None


def _stale_by(here: In, _: Mapping[str, Any]) -> Typed | None:
    commit = here.repository.git.commits.get(here.value.stale_by or "")
    return Typed("PullRequestCommit", In(here.state, here.repository, commit)) if commit else None


def _repository(state: GithubState, arguments: Mapping[str, Any]) -> Typed:
    repository = find_repository(state, f"{arguments['owner']}/{arguments['name']}")
    return Typed("Repository", In(state, repository, repository))


def _nodes(state: GithubState, arguments: Mapping[str, Any]) -> list[Typed | None]:
    return [_node(state, {"id": one}) for one in arguments["ids"]]


def _node(state: GithubState, arguments: Mapping[str, Any]) -> Typed:
    for repository in state.repositories.values():
        if repository.id == arguments["id"]:
            return Typed("Repository", In(state, repository, repository))
        for pull in repository.pull_requests.values():
            if pull.id == arguments["id"]:
                return Typed("PullRequest", In(state, repository, pull))
    raise QueryError(f"Could not resolve to a node with the global id of '{arguments['id']}'", type="NOT_FOUND", path=["node"])


def _numbered(here: In, arguments: Mapping[str, Any]) -> Typed:
    pull = here.repository.pull_requests.get(arguments["number"])
    if pull is None:
        message = f"Could not resolve to a PullRequest with the number of {arguments['number']}."
        raise QueryError(message, type="NOT_FOUND", path=["repository", "pullRequest"])
    return Typed("PullRequest", In(here.state, here.repository, pull))


def _object(here: In, arguments: Mapping[str, Any]) -> Typed | None:
    commit = here.repository.git.commits.get(arguments["oid"])
    return Typed("Commit", In(here.state, here.repository, commit)) if commit else None


def _type(state: GithubState, arguments: Mapping[str, Any]) -> Typed:
    kinds = ["".join(f"_{c}" if c.isupper() else c.upper() for c in name)[1:] for name in TYPES if name.endswith("Event")]
    words = kinds if arguments["name"].endswith("ItemType") else TYPES[arguments["name"]]
    return Typed("__Type", [name for name in words if name not in state.lacking])


TYPES: dict[str, dict[str, Resolver]] = {
    "Query": {
        "rateLimit": lambda state, _: Typed("RateLimit", state),
        "repository": _repository,
        "node": _node,
        "nodes": _nodes,
        "__type": _type,
    },
    "__Type": {
        "fields": lambda names, _: [Typed("__Field", name) for name in names],
        "enumValues": lambda names, _: [Typed("__Field", name) for name in names],
    },
    "__Field": {"name": lambda name, _: name},
    "RateLimit": {
        "cost": lambda *_: 1,
        "remaining": lambda state, _: state.remaining,
        "resetAt": lambda *_: "2030-01-01T00:00:00Z",
    },
    "Repository": {
        "id": lambda here, _: here.repository.id,
        "isArchived": lambda *_: False,
        "pullRequest": _numbered,
        "ref": branches.ref,
        "databaseId": lambda here, _: here.repository.database_id,
        "nameWithOwner": lambda here, _: here.repository.name,
        "viewerPermission": lambda here, _: here.repository.permission,
        "defaultBranchRef": branches.default_ref,
        "pullRequests": _by_update,
        "object": _object,
    },
    "ForkedRepository": {"nameWithOwner": lambda name, _: name},
    "PageInfo": {"hasNextPage": member("hasNextPage"), "endCursor": member("endCursor")},
    **dict.fromkeys(CONNECTIONS, CONNECTION),
    "PullRequestTimelineItemsConnection": {**CONNECTION, "filteredCount": member("filteredCount")},
    "User": _USER,
    "Bot": _USER,
    "Mannequin": _USER,
    "Label": {"name": lambda here, _: here.value},
    "GitActor": {
        "name": lambda here, _: here.value[0].name,
        "email": lambda here, _: here.value[0].email,
        "date": lambda here, _: iso(here.value[1]),
        "user": _account,
    },
    "Commit": {
        "oid": plain("sha"),
        "message": plain("message"),
        "authoredDate": time("authored_at"),
        "committedDate": time("at"),
        "author": _signature("author"),
        "committer": _signature("committer"),
        "parents": _parents,
        "signature": _web_signed,
        "associatedPullRequests": _associated,
        "history": branches.history,
        "statusCheckRollup": branches.rollup,
    },
    "GpgSignature": {name: member(name) for name in ("isValid", "state", "wasSignedByGitHub")},
    "PullRequestCommit": {"commit": lambda here, _: Typed("Commit", here)},
    "AutoMergeRequest": {
        "enabledBy": who(lambda pull: pull.auto_merge[0]),
        "mergeMethod": lambda here, _: here.value.auto_merge[1],
        "enabledAt": lambda here, _: iso(here.value.auto_merge[2]),
    },
    "PullRequestReview": {
        "id": plain("id"),
        "state": plain("state"),
        "createdAt": time("updated_at"),
        "submittedAt": time("submitted_at"),
        "updatedAt": time("updated_at"),
        "authorAssociation": lambda *_: "MEMBER",
        "author": who(lambda review: review.author),
        "commit": oid(lambda review: review.commit),
    },
    "ReviewDismissedEvent": {
        **_ITEM,
        "previousReviewState": plain("previous_state"),
        "dismissalMessage": plain("message"),
        "review": _reviewed,
        "pullRequestCommit": _stale_by,
    },
    "HeadRefForcePushedEvent": {
        **_ITEM,
        "beforeCommit": oid(lambda item: item.before),
        "afterCommit": oid(lambda item: item.after),
    },
    "BaseRefForcePushedEvent": {
        **_ITEM,
        "beforeCommit": oid(lambda item: item.before),
        "afterCommit": oid(lambda item: item.after),
    },
    "MergedEvent": {**_ITEM, "commit": oid(lambda item: item.after)},
    "ClosedEvent": _ITEM,
    "ReopenedEvent": _ITEM,
    "ReadyForReviewEvent": _ITEM,
    "ConvertToDraftEvent": _ITEM,
    "BaseRefChangedEvent": {**_ITEM, "previousRefName": plain("before"), "currentRefName": plain("after")},
    "AutoMergeEnabledEvent": {**_ITEM, "enabler": _person},
    "AutoSquashEnabledEvent": {**_ITEM, "enabler": _person},
    "AutoRebaseEnabledEvent": {**_ITEM, "enabler": _person},
    "AutoMergeDisabledEvent": {**_ITEM, "reason": plain("message")},
    "AddedToMergeQueueEvent": {**_ITEM, "enqueuer": _person},
    "RemovedFromMergeQueueEvent": {**_ITEM, "enqueuer": _person, "reason": plain("message"), "beforeCommit": oid(lambda _: None)},
    "MergeQueueEntry": {
        "enqueuedAt": lambda here, _: iso(here.value.queued),
        "state": lambda *_: "QUEUED",
        "enqueuer": _enqueued_by,
    },
    "PullRequest": {
        "id": plain("id"),
        "fullDatabaseId": lambda here, _: str(here.repository.database_id + here.value.number),
        "number": plain("number"),
        "url": lambda here, _: url(here, here.value),
        "title": plain("title"),
        "body": plain("body"),
        "state": plain("state"),
        "merged": lambda here, _: here.value.state == "MERGED",
        "isDraft": plain("draft"),
        "isCrossRepository": lambda here, _: here.value.fork is not None,
        "isInMergeQueue": lambda here, _: here.value.queued is not None,
        "mergeQueueEntry": _queue_entry,
        "createdAt": time("created_at"),
        "updatedAt": time("updated_at"),
        "closedAt": time("closed_at"),
        "mergedAt": time("merged_at"),
        "author": who(lambda pull: pull.author),
        "mergedBy": who(lambda pull: pull.merged_by),
        "baseRefName": plain("base"),
        "baseRefOid": plain("base_oid"),
        "headRefName": plain("branch"),
        "headRefOid": plain("head"),
        "baseRepository": _named,
        "headRepository": _head_repository,
        "autoMergeRequest": _auto_merge,
        "mergeCommit": oid(lambda pull: pull.merge_commit),
        "labels": _nested("LabelConnection", "Label", lambda _, pull: pull.labels),
        "reviews": _nested("PullRequestReviewConnection", "PullRequestReview", lambda _, pull: pull.reviews),
        "commits": _nested(
            "PullRequestCommitConnection",
            "PullRequestCommit",
            lambda repository, pull: [repository.git.commits[oid] for oid in pull.commits],
        ),
        "timelineItems": _timeline,
    },
    **branches.TYPES,
}

MEMBERS: dict[str, frozenset[str]] = {
    "Actor": frozenset({"User", "Bot", "Mannequin"}),
    "GitObject": frozenset({"Commit"}),
    "PullRequestTimelineItems": frozenset(name for name in TYPES if name.endswith("Event")),
    "StatusCheckRollupContext": frozenset({"CheckRun", "StatusContext"}),
}
