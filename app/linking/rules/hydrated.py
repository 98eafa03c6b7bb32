"""A hydrated revision was rendered from a dry commit: who meant what it deploys stands behind that one.

The hydrator's record of the pair is exact. A trailer of the hydrated commit is what a commit says of itself: derived. Where
neither is known, that is a gap. Where the hydrator pushes to a branch of its own, the pull request that promotes it from there is
what brought the revision, and the dry commits behind it are referred to.
"""

from collections.abc import Iterable, Sequence

from app.domain.change import Deployed, Gap, Link, Missing, Operation, PullRequest
from app.linking.near import Near
from app.linking.rules.brought import brought
from app.linking.rules.strength import weaker

PROMOTED = "promoted dry commit"


def behind(link: Link, source: Deployed) -> Link:
    """The link of the dry commit, as that of the hydrated one that was deployed; or of what an artifact was made from."""
    dry = source.dry
    if dry is None:
        made = source.artifact
        of = f"{source.chart or source.registry} {str(source.revision)[:19]}"
        because = f"{of} says it was made from {str(made.commit if made else '')[:12]}: {link.because}"
        return Link(link.from_, link.to, link.rule, weaker(link.strength), because)
    exact = dry.known_by == "pair"
    how = "the hydrator's record of the pair" if exact else "the hydrated commit names it"
    because = f"{str(source.revision)[:12]} was hydrated from {str(dry.revision)[:12]} ({how}): {link.because}"
    return Link(link.from_, link.to, link.rule, link.strength if exact else weaker(link.strength), because)


def promoted(operation: Operation, links: Iterable[Link], near: Near) -> list[Link]:
    """References to what brought the dry commits behind the hydrated ones that a promoting pull request holds."""
    found: dict[str, Link] = {}
    for source in operation.sources:
        for pr in _promoting(source, links, near):
            for hydrated, dry in _held(source, pr):
                where = source.dry.repository if source.dry else None
                for link in brought(operation, where, dry, near, source.dry.target_revision if source.dry else None).links:
                    because = f"{pr.repository}#{pr.number} promoted {hydrated[:12]}, hydrated from {dry[:12]}: {link.because}"
                    found.setdefault(link.to, Link(link.from_, link.to, PROMOTED, weaker(link.strength), because))
    return [found[key] for key in sorted(found)]


def unseen(operation: Operation, links: Sequence[Link], near: Near) -> list[Gap]:
    """Hydrated revisions whose dry commit is not known."""
    out = []
    for source in operation.sources:
        if source.dry is None or source.dry.revision or not source.revision:
            continue
        pulls = _promoting(source, links, near)
        missing = sum(len(set(_commits(pr)) - {hydrated for hydrated, _ in _held(source, pr)}) for pr in pulls)
        if pulls and not missing:
            continue
        of = f"{missing} of the commits that {pulls[0].repository}#{pulls[0].number} promoted were" if pulls else (
            f"{source.revision[:12]} was"
        )  # fmt: skip
        said = f": {source.dry.because}" if source.dry.because and not pulls else ""
        because = f"{operation.application}: which dry commit {of} hydrated from was not seen{said}"
        out.append(Gap("range unknown", because, Missing.UNOBSERVED, to=operation.started_at, size=missing or None))
    return out


def _promoting(source: Deployed, links: Iterable[Link], near: Near) -> list[PullRequest]:
    if source.dry is None or not source.dry.hydrate_to:
        return []
    homes = {link.to for link in links}
    return [pr for pr in near.pull_requests if pr.key in homes and pr.head == source.dry.hydrate_to]


def _held(source: Deployed, pr: PullRequest) -> list[tuple[str, str]]:
    return [pair for pair in (source.dry.pairs if source.dry else ()) if pair[0] in _commits(pr)]


def _commits(pr: PullRequest) -> tuple[str, ...]:
    own = tuple(sha for sha in pr.commits if sha not in pr.base_merges)
    return own or ((pr.head_oid,) if pr.head_oid else ())
