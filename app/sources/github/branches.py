"""Which branches are watched, and where they stand: the default branch, and those that are protected."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.errors import Forbidden, Missing
from app.sources.github import query_branches
from app.sources.github.client import needed_repository, split
from app.sources.github.reading import Reading
from app.sources.github.wire import Node, moment, needed_list, sha, stamp, text

LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Branches:
    """`current`: the repository as GitHub names it now. `tips`: branch → commit, None where the branch is not there (any more)."""

    current: str
    answer: Node
    default: str
    tips: dict[str, str | None]
    protected: frozenset[str]
    remember: dict[str, Any]


def branches(reading: Reading, *more: str) -> Branches:
    """One request, and one more an hour for which are protected. Raises SourceError."""
    listed, kept = _protected(reading)
    names = list(dict.fromkeys([*listed, *more]))
    owner, name = split(reading.asked)
    variables = {f"b{i}": f"refs/heads/{branch}" for i, branch in enumerate(names)}
    data = reading.client.ask(query_branches.tips(len(names)), owner=owner, name=name, **variables)
    answer = needed_repository(data, reading.asked)
    known = reading.same(answer)
    default = text(answer, "defaultBranchRef", "name", limit=300)
    tips = {branch: sha(answer, f"b{i}", "target", "oid") for i, branch in enumerate(names)}
    if default:
        tips = {default: sha(answer, "defaultBranchRef", "target", "oid"), **tips}
    current = text(answer, "nameWithOwner", limit=300) or reading.asked
    return Branches(current, answer, default, tips, frozenset(listed), {**known, **kept})


def _protected(reading: Reading) -> tuple[list[str], dict[str, Any]]:
    """https://docs.github.com/en/rest/branches/branches#list-branches -- where it cannot be read, the default branch is all."""
    kept = reading.recalled("protected", dict)
    read_at = moment(kept, "at")
    if kept and read_at and reading.now - read_at < LOOK_AGAIN and not reading.task.everything:
        return [name for name in kept.get("names") or () if isinstance(name, str)], {}
    names: list[str] = []
    because, page, more = None, 1, True
    current = text(reading.client.repository(reading.asked), "nameWithOwner", limit=300) or reading.asked
    try:
        while more:
            _, body, more = reading.client.rest_page(f"/repos/{current}/branches", page, protected="true")
            names += [found for one in needed_list(body) if (found := text(one, "name", limit=300))]
            page += 1
    except (Missing, Forbidden) as error:
        because = str(error)
    told = {"names": names, "at": stamp(reading.now), "because": because}
    return names, {f"protected:{reading.repository}": told}


def merged_into(reading: Reading, current: str) -> list[str]:
    """The bases of the pull requests that were merged last."""
    owner, name = split(current)
    data = reading.client.ask(query_branches.MERGED_INTO, owner=owner, name=name)
    listed = needed_list(needed_repository(data, current), "pullRequests", "nodes")
    return list(dict.fromkeys(found for node in listed if (found := text(node, "baseRefName", limit=300))))
