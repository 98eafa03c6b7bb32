"""A sync deploys everything between the revision deployed before and its own, as far as it touches the application's path.

A tip is not a range: where the range is not known only the tip is linked, and a gap says that others may be missing.
"""

from app.domain.change import CommitRange, Gap, Link, Missing, Operation, Strength
from app.linking.near import Near
from app.linking.rules.commit_pulls import commit_pulls
from app.linking.rules.merge_commit import merge_commit
from app.linking.tokens import commits_for, is_commit, range_token

RULE = "deployed range"


def deployed_range(operation: Operation, near: Near) -> tuple[list[Link], list[Gap]]:
    """The pull requests this operation deployed, and what of the range is not known."""
    span, unknown = _span(operation, near)
    if span is None:
        return _tips(operation, near), [unknown]
    shas = commits_for(span, operation.path) or ()
    links: dict[str, Link] = {}
    unread = []
    for sha in shas:
        found = _brought(operation, sha, near)
        unread += [] if found else [sha]
        for link in found:
            links.setdefault(link.to, link)
    return [links[key] for key in sorted(links)], _unread(operation, shas, unread, near)


def _span(operation: Operation, near: Near) -> tuple[CommitRange | None, Gap]:
    wanted = range_token(operation)
    span = next((r for r in near.ranges if f"range:{r.repository.lower()}:{r.base}..{r.head}" == wanted), None) if wanted else None
    if span and len(operation.revisions) < 2 and span.complete and commits_for(span, operation.path) is not None:
        return span, _gap(operation, "")
    return None, _gap(operation, _reason(operation, span))


def _reason(operation: Operation, span: CommitRange | None) -> str:
    if len(operation.revisions) > 1:
        return "the application has several sources, and only the tips of their revisions are recorded"
    if operation.repository is None:
        return "the operation names no Git repository"
    if not is_commit(operation.revision):
        return f"revision {operation.revision or '(none)'} is not a commit"
    if operation.previous_revision is None:
        return "what was deployed before is not known"
    if span is None:
        return f"the Git host has not said what lies between {operation.previous_revision[:12]} and {str(operation.revision)[:12]}"
    return (
        "the Git host's answer says nothing of its path"
        if span.complete
        else "the Git host's answer does not cover the whole range"
    )


def _gap(operation: Operation, because: str) -> Gap:
    return Gap(
        "range unknown", f"{operation.application}: {because}; only the tip is linked", Missing.UNOBSERVED, to=operation.started_at
    )


def _tips(operation: Operation, near: Near) -> list[Link]:
    links: dict[str, Link] = {}
    for sha in dict.fromkeys((*operation.revisions, operation.revision)):
        for link in merge_commit(operation, operation.repository, sha, near) or commit_pulls(
            operation, operation.repository, sha, near, operation.target_revision
        ):
            links.setdefault(link.to, link)
    return [links[key] for key in sorted(links)]


def _brought(operation: Operation, sha: str, near: Near) -> list[Link]:
    """Exact for the tip; derived for the others, since the range is what ties them to this operation."""
    found = merge_commit(operation, operation.repository, sha, near)
    if found and sha == operation.revision:
        return found
    found = found or commit_pulls(operation, operation.repository, sha, near, operation.target_revision)
    span = f"{str(operation.previous_revision)[:12]}..{str(operation.revision)[:12]}"
    return [
        Link(
            link.from_,
            link.to,
            RULE,
            Strength.DERIVED if link.strength is not Strength.ASSUMED else Strength.ASSUMED,
            f"the deployed range {span} holds commit {sha[:12]} of {operation.path or 'the repository'}: {link.because}",
        )
        for link in found
    ]


def _unread(operation: Operation, shas: tuple[str, ...], unread: list[str], near: Near) -> list[Gap]:
    """Deployed commits without a pull request: pushed directly where the Git host says so, else not known."""
    if not shas:
        return [Gap("nothing deployed", f"no commit of the deployed range touches {operation.path or 'the repository'}")]
    pushed = [sha for sha in unread if near.pushed_directly(operation.repository, sha)]
    unsure = [sha for sha in unread if sha not in pushed]
    gaps = []
    if pushed:
        because = f"{len(pushed)} of {len(shas)} deployed commits belong to no merged pull request: {_names(pushed)}"
        gaps.append(Gap("no pull request", because, Missing.ABSENT, size=len(pushed)))
    if unsure:
        because = f"no collected pull request brought {len(unsure)} of {len(shas)} deployed commits: {_names(unsure)}"
        gaps.append(Gap("no pull request", because, Missing.UNOBSERVED, size=len(unsure)))
    return gaps


def _names(shas: list[str]) -> str:
    return ", ".join(sha[:12] for sha in shas)
