"""The line of a branch walked back to its beginning, once: what its activity no longer tells, or never told.

Along first parents, a page of history at a time, on from where it was stopped. What no pull request brought is told as a push by
somebody unknown; the very first commit is not, for there was nothing it could have been proposed to. A commit that came with a pull
request merged into another branch is left undecided: branches are renamed, and GitHub keeps the old name at the pull request.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.actor import unknown
from app.domain.event import How
from app.errors import Missing, ServerFailed
from app.sources.github import query_branches
from app.sources.github.client import needed_repository, split
from app.sources.github.moves import NOBODY, Asking
from app.sources.github.push_events import Brought, Move, into
from app.sources.github.wire import Node, at, flag, moment, needed_list, needed_object, nodes, number, sha, text  # fmt: skip

PAGES = 20  # of history, for one branch in one pass: other branches wait meanwhile
SIZE = 100


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one page of history told, and where to go on; `place` None: the line has its beginning."""

    found: Sequence[tuple[Move, Brought]]
    place: dict[str, Any] | None
    seen: int


def walk_back(asking: Asking, branch: str, place: Mapping[str, Any]) -> Iterator[Stretch]:
    """`place` is {"expect": the commit to go on with, "tip", "after": where in whose history}. Raises SourceError."""
    for _ in range(PAGES):
        expect = sha(place, "expect")
        if expect is None:
            return
        stretch = _page(asking, branch, expect, sha(place, "tip") or expect, text(place, "after") or None)
        yield stretch
        if stretch.place is None:
            return
        place = stretch.place


def _page(asking: Asking, branch: str, expect: str, tip: str, after: str | None) -> Stretch:
    try:
        connection = _history(asking, tip, after)
    except Missing as missing:
        move = Move(branch, None, expect, "push", asking.now, unknown(NOBODY), how=How.INFERRED, dated_by="first sight")
        return Stretch([(move, Brought(because=f"the line of the branch before it is not known ({missing})"))], None, 0)
    listed = [needed_object(node) for node in needed_list(connection, "nodes")]
    line: list[Node] = []
    want: str | None = expect
    for node in listed:
        if sha(node, "oid") == want:
            line.append(node)
            want = next((sha(parent, "oid") for parent in nodes(node, "parents")), None)
    found = list(_told(asking, branch, line[::-1]))
    if want is None:
        return Stretch(found, None, len(listed))
    following = text(connection, "pageInfo", "endCursor")
    if flag(connection, "pageInfo", "hasNextPage") and following and following != after:
        return Stretch(found, {"expect": want, "tip": tip, "after": following}, len(listed))
    if want == tip and not line:
        raise Missing(f"GitHub shows no history of {want}", "at least the commit itself")
    return Stretch(found, {"expect": want, "tip": want, "after": None}, len(listed))  # it stood before its child: clocks differ


def _history(asking: Asking, tip: str, after: str | None) -> Node:
    owner, name = split(asking.repository)
    size = SIZE
    while True:
        try:
            data = asking.client.ask(query_branches.LINE, owner=owner, name=name, tip=tip, n=size, after=after)
        except ServerFailed:
            if size == 1:
                raise
            size //= 2
            continue
        commit = at(needed_repository(data, asking.repository), "object")
        if at(commit, "__typename") != "Commit":
            raise Missing(f"GitHub does not know the commit {tip}", "a commit of the branch")
        return needed_object(commit, "history")


def _told(asking: Asking, branch: str, line: Sequence[Node]) -> Iterator[tuple[Move, Brought]]:
    """`line` oldest first."""
    run: list[Node] = []
    kind = ""
    for node in line:
        this = _kind(node, branch, asking.repository)
        if run and this != kind:
            yield _stretch(asking, branch, run, kind)
            run = []
        kind = this
        run = [*run, node] if this else []
    if run:
        yield _stretch(asking, branch, run, kind)


def _kind(node: Node, branch: str, repository: str) -> str:
    """ "" for what a pull request merged into the branch brought, and for the very first commit."""
    pulls = list(nodes(node, "associatedPullRequests"))
    if into(pulls, branch, repository) or not number(node, "parents", "totalCount"):
        return ""
    return "elsewhere" if any(flag(pull, "merged") for pull in pulls) else "direct"


def _stretch(asking: Asking, branch: str, run: Sequence[Node], kind: str) -> tuple[Move, Brought]:
    newest, before = run[-1], next((sha(parent, "oid") for parent in nodes(run[0], "parents")), None)
    when = min(moment(newest, "committedDate") or asking.now, asking.now)
    move = Move(
        branch, before, sha(newest, "oid"), "push", when, unknown(NOBODY), how=How.RECONSTRUCTED, dated_by="commit"
    )  # fmt: skip
    commits = {str(sha(node, "oid")): (node, list(nodes(node, "associatedPullRequests"))) for node in run}
    if kind == "direct":
        return move, Brought(commits)
    bases = {text(pull, "baseRefName", limit=100) for _, pulls in commits.values() for pull in pulls if flag(pull, "merged")}
    because = f"it came with pull requests merged into {', '.join(sorted(bases)[:10])}, which may be a former name of {branch}"
    return move, Brought(commits, because=because)
