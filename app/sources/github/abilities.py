"""What this server tells this token, tried once where `check` asks: the streams find out the same for themselves as they read."""

from datetime import datetime

from app.errors import Forbidden, Missing, NotUnderstood, ServerFailed
from app.sources.contract import Task
from app.sources.github import query, query_checks
from app.sources.github.client import Client, split
from app.sources.github.reading import Reading
from app.sources.github.rules import rules
from app.sources.github.wire import needed_list, number, text

TRIED = 5  # repositories of one connection: they are served alike


def abilities(client: Client, repositories: tuple[str, ...], now: datetime) -> dict[str, bool | str]:
    """Plain words → whether it is there, or how much of it. Raises SourceError only for what concerns the host or the token."""
    client.able = {}
    for repository in repositories[:TRIED]:
        for how in (_pull_requests, _activity, _checks, _rules):
            try:
                how(client, repository, now)
            except (Missing, Forbidden, NotUnderstood, ServerFailed) as error:
                client.note(how.__name__.strip("_").replace("_", " "), f"not told: {error}"[:200])
    lacking = client.lacking or ()
    queue = not any("MERGE_QUEUE" in word for word in lacking)
    return {**client.able, "merge queue": queue, "left out": ", ".join(lacking) or "nothing"}


def _pull_requests(client: Client, repository: str, _: datetime) -> None:
    """The query itself, for none: a field that this server does not have is found so."""
    owner, name = split(repository)
    client.ask(query.PULL_REQUESTS, owner=owner, name=name, after=None, n=1)
    client.note("pull requests", True)


def _activity(client: Client, repository: str, _: datetime) -> None:
    now = text(client.repository(repository), "nameWithOwner", limit=300) or repository
    try:
        client.cursor_page(f"/repos/{now}/activity", None, direction="asc")
        client.note("activity", True)
    except (Missing, Forbidden):
        client.note("activity", False)


def _checks(client: Client, repository: str, _now: datetime) -> None:
    """Of the pull request that was updated last; nothing is said where there is none."""
    owner, name = split(repository)
    heads = client.ask(query_checks.HEADS, owner=owner, name=name, after=None, n=1, states=None)
    listed = needed_list(heads, "repository", "pullRequests", "nodes")
    for required, word in ((False, "checks"), (True, "required checks")) if listed else ():
        _data, errors = client.ask_partly(
            query_checks.checks(1, required=required), owner=owner, name=name, n0=number(listed[0], "number")
        )  # fmt: skip
        client.note(word, not errors)


def _rules(client: Client, repository: str, now: datetime) -> None:
    for _page in rules(Reading(client, "", repository, repository, Task("rules", now))):
        pass
