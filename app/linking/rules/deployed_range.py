"""A sync deploys everything between the revision deployed before and its own, as far as it touches the application's path.

A tip is not a range: where the range is not known only the tip is linked, and a gap says that others may be missing.
"""

from app.domain.change import CommitRange, Deployed, Gap, Link, Missing, Operation, Strength
from app.linking.near import Near
from app.linking.rules.commit_pulls import commit_pulls
from app.linking.rules.merge_commit import merge_commit
from app.linking.tokens import commits_for, is_commit, range_token

RULE = "deployed range"


def deployed_range(operation: Operation, near: Near) -> tuple[list[Link], list[Gap]]:
    """The pull requests this operation deployed, by root, and what of its ranges is not known. A source that stayed is left out."""
    links: dict[str, Link] = {}
    gaps: list[Gap] = []
    for source in operation.sources:
        if source.revision is not None and source.revision == source.previous_revision:
            continue
        found, unknown = _source(operation, source, near)
        gaps += unknown
        for link in found:
            held = links.get(link.to)
            if held is None or list(Strength).index(link.strength) < list(Strength).index(held.strength):
                links[link.to] = link
    return [links[key] for key in sorted(links)], gaps


def went_back(operation: Operation, near: Near) -> bool:
    """The Git host says that its revision lies before the one deployed: a rollback, whatever it was called."""
    spans = [span for source in operation.sources if (span := _span(source, near))]
    return bool(spans) and all(span.status == "behind" for span in spans)


def _source(operation: Operation, source: Deployed, near: Near) -> tuple[list[Link], list[Gap]]:
    span = _span(source, near)
    shas = commits_for(span, source.path) if span and span.complete else None
    if shas is None:
        because = f"{operation.application}: {_reason(source, span)}; only the tip is linked"
        return _brought(operation, source, source.revision, near), [
            Gap("range unknown", because, Missing.UNOBSERVED, to=operation.started_at)
        ]
    links, unread = [], []
    for sha in shas:
        found = _brought(operation, source, sha, near)
        unread += [] if found else [sha]
        links += found
    return links, _unread(source, shas, unread, near)


def _span(source: Deployed, near: Near) -> CommitRange | None:
    wanted = range_token(source)
    return next((r for r in near.ranges if f"range:{r.repository.lower()}:{r.base}..{r.head}" == wanted), None) if wanted else None


def _reason(source: Deployed, span: CommitRange | None) -> str:
    if source.chart:
        return f"chart {source.chart} went from {source.previous_revision or 'an unknown version'} to {source.revision}"
    if source.repository is None:
        return "the operation names no Git repository"
    if not is_commit(source.revision):
        return f"revision {source.revision or '(none)'} is not a commit"
    if source.previous_revision is None:
        return "what was deployed before is not known"
    if span is None:
        return f"the Git host has not said what lies between {source.previous_revision[:12]} and {str(source.revision)[:12]}"
    return (
        "the Git host's answer says nothing of its path"
        if span.complete
        else "the Git host's answer does not cover the whole range"
    )


def _brought(operation: Operation, source: Deployed, sha: str | None, near: Near) -> list[Link]:
    """Exact for the tip; derived for the others, since the range is what ties them to this operation."""
    found = merge_commit(operation, source.repository, sha, near)
    found = found or commit_pulls(operation, source.repository, sha, near, source.target_revision)
    if sha == source.revision:
        return found
    span = f"{str(source.previous_revision)[:12]}..{str(source.revision)[:12]}"
    within = f"the deployed range {span} holds commit {str(sha)[:12]} of {source.path or 'the repository'}"
    return [Link(link.from_, link.to, RULE, weaker(link.strength), f"{within}: {link.because}") for link in found]


def weaker(strength: Strength) -> Strength:
    """Derived, unless it was only assumed."""
    return Strength.ASSUMED if strength is Strength.ASSUMED else Strength.DERIVED


def _unread(source: Deployed, shas: tuple[str, ...], unread: list[str], near: Near) -> list[Gap]:
    """Deployed commits without a pull request: pushed directly where the Git host says so, else not known."""
    if not shas:
        return [Gap("nothing deployed", f"no commit of the deployed range touches {source.path or 'the repository'}")]
    pushed = [sha for sha in unread if near.pushed_directly(source.repository, sha)]
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
