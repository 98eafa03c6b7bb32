"""Which pull requests GitHub associates with commits: the merged ones that brought each, or open ones that hold it."""

from collections.abc import Iterator, Sequence

from app.errors import ServerFailed
from app.sources.github import query
from app.sources.github.client import Client, needed_repository, split
from app.sources.github.pull_requests import next_cursor
from app.sources.github.wire import Node, at, flag, needed_list, needed_object


def associations(client: Client, repository: str, commits: Sequence[str]) -> Iterator[tuple[str, Node | None, list[Node]]]:
    """(commit, what GitHub knows of it, its pull requests), 40 in one query; asked again for half as many where that is too much.

    What GitHub does not know is None, with no pull requests. Raises SourceError.
    """
    rest = list(dict.fromkeys(commits))
    size = min(query.BATCH, len(rest))
    while rest:
        some = rest[:size]
        try:
            data = _ask(client, repository, some)
        except ServerFailed:
            if size == 1:
                raise
            size //= 2
            continue
        for i, oid in enumerate(some):
            commit = at(data, f"c{i}")
            if at(commit, "__typename") == "Commit":
                yield oid, commit, _all_pulls(client, repository, oid, needed_object(commit))
            else:
                yield oid, None, []
        rest = rest[len(some) :]


def _ask(client: Client, repository: str, commits: Sequence[str]) -> Node:
    owner, name = split(repository)
    variables = {f"s{i}": oid for i, oid in enumerate(commits)}
    return needed_repository(client.ask(query.sha_to_pulls(len(commits)), owner=owner, name=name, **variables), repository)


def _all_pulls(client: Client, repository: str, oid: str, commit: Node) -> list[Node]:
    owner, name = split(repository)
    connection = needed_object(commit, "associatedPullRequests")
    found = list(needed_list(connection, "nodes"))
    after = None
    while flag(connection, "pageInfo", "hasNextPage") is not False:
        after = next_cursor(connection, after, f"the pull requests of {oid}")
        data = client.ask(query.MORE_PULLS, owner=owner, name=name, sha=oid, after=after)
        connection = needed_object(data, "repository", "object", "associatedPullRequests")
        found += needed_list(connection, "nodes")
    return [needed_object(node) for node in found]
