"""The types of GitHub's GraphQL that the fake has, each field as https://docs.github.com/en/graphql/reference/objects says."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.demo.fakes.github_git import Commit, Signature
from app.demo.fakes.github_graphql import QueryError, Resolver, Schema, Typed
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_things import PullRequest, Repository


@dataclass(frozen=True, slots=True)
class In:
    """A thing within its repository."""

    state: GithubState
    repository: Repository
    value: Any


def iso(when: datetime | None) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def schema(state: GithubState) -> Schema:
    types = dict(TYPES)
    types["PullRequest"] = {name: how for name, how in TYPES["PullRequest"].items() if name not in state.lacking}
    return Schema(types, MEMBERS)


def find_repository(state: GithubState, name: str) -> Repository:
    """Follows a rename. Raises QueryError of type NOT_FOUND."""
    seen = state.renamed.get(name, name)
    for repository in state.repositories.values():
        if repository.name.lower() == seen.lower():
            return repository
    raise QueryError(f"Could not resolve to a Repository with the name '{name}'.", type="NOT_FOUND", path=["repository"])


def _actor(state: GithubState, login: str | None) -> Typed | None:
    user = state.users.get(login or "")
    return Typed(user.typename, user) if user else None


def _who(how: Callable[[Any], str | None]) -> Resolver:
    return lambda here, _: _actor(here.state, how(here.value))


def _plain(name: str) -> Resolver:
    return lambda here, _: getattr(here.value, name)


def _time(name: str) -> Resolver:
    return lambda here, _: iso(getattr(here.value, name))


def _oid(how: Callable[[Any], str | None]) -> Resolver:
    """A commit by its id; null once nothing has it."""

    def resolve(here: In, _: Mapping[str, Any]) -> Typed | None:
        commit = here.repository.git.commits.get(how(here.value) or "")
        return Typed("Commit", In(here.state, here.repository, commit)) if commit else None

    return resolve


def _connection(typename: str, items: Sequence[Any], arguments: Mapping[str, Any], largest: int) -> Typed:
    """`items` are already typed; cursors are places in the list."""
    start = int(base64.b64decode(arguments["after"])) if arguments.get("after") else 0
    shown = list(items[start : start + min(arguments.get("first", 100), largest)])
    end = start + len(shown)
    page = {"hasNextPage": end < len(items), "endCursor": base64.b64encode(str(end).encode()).decode() if shown else None}
    return Typed(
        typename, {"totalCount": len(items), "filteredCount": len(items), "nodes": shown, "pageInfo": Typed("PageInfo", page)}
    )


def _member(name: str) -> Resolver:
    return lambda value, _: value[name]


CONNECTIONS = (
    "PullRequestConnection",
    "CommitConnection",
    "LabelConnection",
    "PullRequestReviewConnection",
    "PullRequestCommitConnection",
)
CONNECTION: dict[str, Resolver] = {name: _member(name) for name in ("totalCount", "nodes", "pageInfo")}


def _by_update(here: In, arguments: Mapping[str, Any]) -> Typed:
    """Newest update first. The cursor is the last one shown, so that a pull request that moves up is not skipped or repeated."""
    pulls = sorted(here.repository.pull_requests.values(), key=lambda pull: (iso(pull.updated_at), pull.number), reverse=True)
    total = len(pulls)
    if arguments.get("after"):
        try:
            when, number = base64.b64decode(arguments["after"], validate=True).decode().split("|")
        except ValueError:
            message = f"`{arguments['after']}` does not appear to be a valid cursor."
            raise QueryError(message, type="INVALID_CURSOR_ARGUMENTS") from None
        pulls = [pull for pull in pulls if (iso(pull.updated_at), pull.number) < (when, int(number))]
    shown = pulls[: min(arguments["first"], here.state.page_size)]
    cursor = base64.b64encode(f"{iso(shown[-1].updated_at)}|{shown[-1].number}".encode()).decode() if shown else None
    nodes = [Typed("PullRequest", In(here.state, here.repository, pull)) for pull in shown]
    page = Typed("PageInfo", {"hasNextPage": len(shown) < len(pulls), "endCursor": cursor})
    return Typed("PullRequestConnection", {"totalCount": total, "nodes": nodes, "pageInfo": page})


def _nested(typename: str, item: str, how: Callable[[Repository, PullRequest], Sequence[Any]]) -> Resolver:
    def resolve(here: In, arguments: Mapping[str, Any]) -> Typed:
        items = [Typed(item, In(here.state, here.repository, value)) for value in how(here.repository, here.value)]
        return _connection(typename, items, arguments, here.state.nested_page_size)

    return resolve


def _timeline(here: In, arguments: Mapping[str, Any]) -> Typed:
    kinds = {name.replace("_", "").lower() for name in arguments["itemTypes"]}
    chosen = [item for item in here.value.timeline if item.typename.lower() in kinds]
    items = [Typed(item.typename, In(here.state, here.repository, item)) for item in chosen]
    return _connection("PullRequestTimelineItemsConnection", items, arguments, here.state.nested_page_size)


def _associated(here: In, arguments: Mapping[str, Any]) -> Typed:
    numbers = sorted(here.repository.landed.get(here.value.sha, ()))
    items = [Typed("PullRequest", In(here.state, here.repository, here.repository.pull_requests[n])) for n in numbers]
    return _connection("PullRequestConnection", items, arguments, here.state.nested_page_size)


def _parents(here: In, arguments: Mapping[str, Any]) -> Typed:
    commits = [here.repository.git.commits[oid] for oid in here.value.parents]
    items = [Typed("Commit", In(here.state, here.repository, commit)) for commit in commits]
    return _connection("CommitConnection", items, arguments, 100)


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


def url(here: In, pull: PullRequest) -> str:
    return f"https://github.bank.example/{here.repository.name}/pull/{pull.number}"


_USER: dict[str, Resolver] = {"login": lambda user, _: user.login, "databaseId": lambda user, _: user.database_id}

_ITEM: dict[str, Resolver] = {
    "id": _plain("id"),
    "createdAt": _time("at"),
    "actor": _who(lambda item: item.actor),
}


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


def _node(state: GithubState, arguments: Mapping[str, Any]) -> Typed:
    for repository in state.repositories.values():
        for pull in repository.pull_requests.values():
            if pull.id == arguments["id"]:
                return Typed("PullRequest", In(state, repository, pull))
    raise QueryError(f"Could not resolve to a node with the global id of '{arguments['id']}'", type="NOT_FOUND", path=["node"])


def _object(here: In, arguments: Mapping[str, Any]) -> Typed | None:
    commit = here.repository.git.commits.get(arguments["oid"])
    return Typed("Commit", In(here.state, here.repository, commit)) if commit else None


def _type(state: GithubState, arguments: Mapping[str, Any]) -> Typed:
    return Typed("__Type", [name for name in TYPES[arguments["name"]] if name not in state.lacking])


TYPES: dict[str, dict[str, Resolver]] = {
    "Query": {
        "rateLimit": lambda state, _: Typed("RateLimit", state),
        "repository": _repository,
        "node": _node,
        "__type": _type,
    },
    "__Type": {"fields": lambda names, _: [Typed("__Field", name) for name in names]},
    "__Field": {"name": lambda name, _: name},
    "RateLimit": {
        "cost": lambda *_: 1,
        "remaining": lambda state, _: state.remaining,
        "resetAt": lambda *_: "2030-01-01T00:00:00Z",
    },
    "Repository": {
        "databaseId": lambda here, _: here.repository.database_id,
        "nameWithOwner": lambda here, _: here.repository.name,
        "viewerPermission": lambda here, _: here.repository.permission,
        "defaultBranchRef": lambda here, _: Typed("Ref", here),
        "pullRequests": _by_update,
        "object": _object,
    },
    "Ref": {"name": lambda here, _: here.repository.default_branch},
    "PageInfo": {"hasNextPage": _member("hasNextPage"), "endCursor": _member("endCursor")},
    **dict.fromkeys(CONNECTIONS, CONNECTION),
    "PullRequestTimelineItemsConnection": {**CONNECTION, "filteredCount": _member("filteredCount")},
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
        "oid": _plain("sha"),
        "message": _plain("message"),
        "authoredDate": _time("authored_at"),
        "committedDate": _time("at"),
        "author": _signature("author"),
        "committer": _signature("committer"),
        "parents": _parents,
        "signature": _web_signed,
        "associatedPullRequests": _associated,
    },
    "GpgSignature": {name: _member(name) for name in ("isValid", "state", "wasSignedByGitHub")},
    "PullRequestCommit": {"commit": lambda here, _: Typed("Commit", here)},
    "AutoMergeRequest": {
        "enabledBy": _who(lambda pull: pull.auto_merge[0]),
        "mergeMethod": lambda here, _: here.value.auto_merge[1],
        "enabledAt": lambda here, _: iso(here.value.auto_merge[2]),
    },
    "PullRequestReview": {
        "id": _plain("id"),
        "state": _plain("state"),
        "createdAt": _time("updated_at"),
        "submittedAt": _time("submitted_at"),
        "updatedAt": _time("updated_at"),
        "authorAssociation": lambda *_: "MEMBER",
        "author": _who(lambda review: review.author),
        "commit": _oid(lambda review: review.commit),
    },
    "ReviewDismissedEvent": {
        **_ITEM,
        "previousReviewState": _plain("previous_state"),
        "dismissalMessage": _plain("message"),
        "review": _reviewed,
        "pullRequestCommit": _stale_by,
    },
    "HeadRefForcePushedEvent": {
        **_ITEM,
        "beforeCommit": _oid(lambda item: item.before),
        "afterCommit": _oid(lambda item: item.after),
    },
    "MergedEvent": {**_ITEM, "commit": _oid(lambda item: item.after)},
    "ClosedEvent": _ITEM,
    "ReopenedEvent": _ITEM,
    "PullRequest": {
        "id": _plain("id"),
        "fullDatabaseId": lambda here, _: str(here.repository.database_id + here.value.number),
        "number": _plain("number"),
        "url": lambda here, _: url(here, here.value),
        "title": _plain("title"),
        "body": _plain("body"),
        "state": _plain("state"),
        "merged": lambda here, _: here.value.state == "MERGED",
        "isDraft": _plain("draft"),
        "isCrossRepository": lambda *_: False,
        "isInMergeQueue": lambda *_: False,
        "createdAt": _time("created_at"),
        "updatedAt": _time("updated_at"),
        "closedAt": _time("closed_at"),
        "mergedAt": _time("merged_at"),
        "author": _who(lambda pull: pull.author),
        "mergedBy": _who(lambda pull: pull.merged_by),
        "baseRefName": _plain("base"),
        "baseRefOid": _plain("base_oid"),
        "headRefName": _plain("branch"),
        "headRefOid": _plain("head"),
        "baseRepository": _named,
        "headRepository": _named,
        "autoMergeRequest": _auto_merge,
        "mergeCommit": _oid(lambda pull: pull.merge_commit),
        "labels": _nested("LabelConnection", "Label", lambda _, pull: pull.labels),
        "reviews": _nested("PullRequestReviewConnection", "PullRequestReview", lambda _, pull: pull.reviews),
        "commits": _nested(
            "PullRequestCommitConnection",
            "PullRequestCommit",
            lambda repository, pull: [repository.git.commits[oid] for oid in pull.commits],
        ),
        "timelineItems": _timeline,
    },
}

MEMBERS: dict[str, frozenset[str]] = {
    "Actor": frozenset({"User", "Bot", "Mannequin"}),
    "GitObject": frozenset({"Commit"}),
    "PullRequestTimelineItems": frozenset(
        {"ReviewDismissedEvent", "HeadRefForcePushedEvent", "MergedEvent", "ClosedEvent", "ReopenedEvent"}
    ),
}
