"""A sync or an apply deploys everything between the revision deployed before and its own, as far as it touches its paths.

A tip is not a range: where the range is not known only the tip is linked, and a gap says that others may be missing. The first
apply of a workspace has nothing before it; of a run that changed nothing only the tip is asked.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.change import Artifact, CommitRange, Deployed, DeployedRange, Dry, Gap, Link, Missing, Operation, Run, Strength
from app.domain.commits import Carried
from app.linking.near import Near
from app.linking.paths import commits_touching, shown
from app.linking.rules.brought import brought
from app.linking.rules.hydrated import behind, promoted, unseen
from app.linking.rules.strength import strongest, weaker
from app.linking.tokens import is_commit, span_token

RULE, BACK = "deployed range", "took back"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a member stood in one repository, and where it was brought. `because`: why what lies between cannot be told, or what
    else is told of what was there before."""

    member: Run | Operation
    place: str
    repository: str | None
    base: str | None
    head: str | None
    branch: str | None
    paths: tuple[str, ...]
    because: str = ""
    status: str = "range"
    rendered: Deployed | None = None  # of commits behind what was deployed: the source that was made from them


@dataclass(frozen=True, slots=True)
class Deployment:
    """`links` lead to the roots it brought, by root; `related` only refer; `ranges` tell it commit by commit."""

    links: tuple[Link, ...] = ()
    related: tuple[Link, ...] = ()
    gaps: tuple[Gap, ...] = ()
    ranges: tuple[DeployedRange, ...] = ()


def deployed_range(member: Run | Operation, near: Near) -> Deployment:
    """What it deployed. A source that stayed where it was is left out."""
    told = [_told(stretch, near) for stretch in stretches(member) if stretch.status != "same"]
    links = strongest(link for one in told for link in one.links)
    others = [link for one in told for link in one.related]
    gaps = [gap for one in told for gap in one.gaps]
    if isinstance(member, Operation):
        others += promoted(member, links, near)
        dark = unseen(member, links, near)
        gaps = dark + [gap for gap in gaps if not dark or gap.missing is not Missing.ABSENT]  # a hydrator's push is no direct one
    related = {link.to: link for link in others if link.to not in {home.to for home in links}}
    return Deployment(
        tuple(links),
        tuple(related[key] for key in sorted(related)),
        tuple(gaps),
        tuple(one for each in told for one in each.ranges),
    )


def stretches(member: Run | Operation) -> list[Stretch]:
    if isinstance(member, Operation):
        return [stretch for source in member.sources for stretch in _of_source(member, source)]
    return [_of_run(member)] if member.commit and member.repository else []


def went_back(member: Run | Operation, near: Near) -> bool:
    """The Git host says that its revision lies before the one deployed: a rollback, whatever it was called."""
    spans = [span for stretch in stretches(member) if (span := _span(stretch, near))]
    return bool(spans) and all(span.status == "behind" for span in spans)


def gone_back(member: Run | Operation) -> tuple[DeployedRange, ...]:
    """As it is told where it went back: no commit came with it."""
    return tuple(_range(stretch, "behind", because="it lies before what was there") for stretch in stretches(member))


def _of_source(operation: Operation, source: Deployed) -> list[Stretch]:
    """Of rendered manifests the dry commits are what it deployed, where they are known; and what was promoted, where it was."""
    dry = source.dry
    own = [] if dry and dry.revision and not dry.hydrate_to else [_as_deployed(operation, source)]
    if source.artifact and source.artifact.commit and source.artifact.repository and own[0].status != "same":
        return [_as_made(operation, source, source.artifact)]
    return own if dry is None or not dry.revision else [*own, _as_dry(operation, source, dry)]


def _as_made(operation: Operation, source: Deployed, made: Artifact) -> Stretch:
    """The commit that an artifact says it was made from: what lies between it and the one before is not told."""
    because = (
        f"it went from {source.previous_revision or 'an unknown version'} to {source.revision}, whose metadata names one commit"
    )
    return Stretch(
        operation, operation.application, made.repository, None, made.commit, None, ("",), because, "tip", source,
    )  # fmt: skip


def _as_dry(operation: Operation, source: Deployed, dry: Dry) -> Stretch:
    because, status = "", "range"
    if source.revision == source.previous_revision:
        status = "same"
    elif dry.previous_revision == dry.revision:
        status, because = "again", "the dry commit that was deployed before was hydrated anew"
    elif dry.repository is None:
        status, because = "tip", "the hydrator names no Git repository"
    elif dry.previous_revision is None:
        status, because = "tip", "which dry commit was deployed before is not known"
    return Stretch(
        operation, operation.application, dry.repository, dry.previous_revision, dry.revision, dry.target_revision, (dry.path,),
        because, status, source,
    )  # fmt: skip


def _as_deployed(operation: Operation, source: Deployed) -> Stretch:
    same = source.revision is not None and source.revision == source.previous_revision
    broken = ""
    if source.chart:
        broken = f"chart {source.chart} went from {source.previous_revision or 'an unknown version'} to {source.revision}"
    elif source.repository is None:
        broken = "the operation names no Git repository"
    elif not is_commit(source.revision):
        broken = f"revision {source.revision or '(none)'} is not a commit"
    elif source.previous_revision is None:
        broken = "what was deployed before is not known"
    return Stretch(
        member=operation,
        place=operation.application,
        repository=source.repository,
        base=source.previous_revision,
        head=source.revision,
        branch=source.target_revision,
        paths=(source.path,),
        because=broken,
        status="same" if same else "tip" if broken else "range",
    )


def _of_run(run: Run) -> Stretch:
    status, broken = "range", ""
    if run.base_status == "first":
        status, broken = "first", run.base_because or f"it is the first that was applied in {run.workspace}"
    elif run.base_status is None and run.acted_at is None:
        status = "asked"  # it changed nothing: only what it is of
    elif run.base is None or not is_commit(run.base):
        status, broken = "tip", run.base_because or f"what was applied in {run.workspace} before is not known"
    elif run.base == run.commit:
        status, broken = "again", f"it is the commit that was applied in {run.workspace} before"
    because = broken or run.base_because
    return Stretch(run, run.workspace, run.repository, run.base, run.commit, run.branch, run.paths or ("",), because, status)


def _told(stretch: Stretch, near: Near) -> Deployment:
    span = _span(stretch, near)
    touching = commits_touching(span, stretch.paths) if span and span.complete and stretch.status == "range" else None
    if touching is None or span is None:
        return _tip(stretch, span, near)
    shas, loose = touching
    links: list[Link] = []
    related: list[Link] = []
    carried: list[Carried] = []
    unread: list[str] = []
    for sha in shas:
        found = brought(stretch.member, stretch.repository, sha, near, stretch.branch)
        links += [_through(stretch, _within(stretch, sha, link, loose)) for link in found.links]
        related += found.related
        unread += [] if found.links else [sha]
        carried.append(Carried(sha, found.roots, any(root.startswith("push:") for root in found.roots)))
    back, gone = _taken_back(stretch, span, near)
    gaps = _unread(stretch, shas, unread, near)
    return Deployment(tuple(links), (*related, *back), tuple(gaps), (_range(stretch, "range", (*carried, *gone), stretch.because),))


def _tip(stretch: Stretch, span: CommitRange | None, near: Near) -> Deployment:
    """Only what it was brought to is known."""
    found = brought(stretch.member, stretch.repository, stretch.head, near, stretch.branch)
    status = "tip" if stretch.status == "range" else stretch.status
    because = stretch.because if stretch.status != "range" else _reason(stretch, span)
    gaps: tuple[Gap, ...] = ()
    if status == "tip":
        whole = f"{_name(stretch)}: {because}; only the tip is linked"
        gaps = (Gap("range unknown", whole, Missing.UNOBSERVED, to=_moment(stretch.member)),)
    direct = any(root.startswith("push:") for root in found.roots)
    carried = (Carried(stretch.head, found.roots, direct),) if stretch.head and is_commit(stretch.head) else ()
    ranges = () if status == "asked" else (_range(stretch, "same" if status == "again" else status, carried, because),)
    return Deployment(tuple(_through(stretch, link) for link in found.links), found.related, gaps, ranges)


def _through(stretch: Stretch, link: Link) -> Link:
    return behind(link, stretch.rendered) if stretch.rendered else link


def _range(stretch: Stretch, status: str, carried: tuple[Carried, ...] = (), because: str = "") -> DeployedRange:
    return DeployedRange(
        member=stretch.member.key,
        place=stretch.place,
        repository=stretch.repository,
        base=stretch.base,
        head=stretch.head,
        status=status,
        paths=stretch.paths,
        commits=carried,
        because=because,
    )


def _span(stretch: Stretch, near: Near) -> CommitRange | None:
    wanted = span_token(stretch.repository, stretch.base, stretch.head)
    return next((r for r in near.ranges if f"range:{r.repository.lower()}:{r.base}..{r.head}" == wanted), None) if wanted else None


def _reason(stretch: Stretch, span: CommitRange | None) -> str:
    if span is None:
        return f"the Git host has not said what lies between {str(stretch.base)[:12]} and {str(stretch.head)[:12]}"
    return (
        "the Git host's answer says nothing of its path"
        if span.complete
        else "the Git host's answer does not cover the whole range"
    )


def _name(stretch: Stretch) -> str:
    return stretch.place if isinstance(stretch.member, Operation) else stretch.member.id


def _moment(member: Run | Operation) -> datetime:
    return member.started_at if isinstance(member, Operation) else member.acted_at or member.created_at


def _within(stretch: Stretch, sha: str, link: Link, loose: frozenset[str]) -> Link:
    """Exact for the tip; derived for the others, since the range is what ties them to this member."""
    if sha == stretch.head and sha not in loose:
        return link
    span = f"{str(stretch.base)[:12]}..{str(stretch.head)[:12]}"
    within = f"the deployed range {span} holds commit {sha[:12]} of {shown(stretch.paths)}: {link.because}"
    if sha in loose:
        within += "; whether it touches a file of the pattern is not told"
    return Link(link.from_, link.to, RULE, Strength.ASSUMED if sha in loose else weaker(link.strength), within)


def _taken_back(stretch: Stretch, span: CommitRange, near: Near) -> tuple[list[Link], list[Carried]]:
    """Commits that were there before and are not in what it was brought to: history was rewritten."""
    back: dict[str, Link] = {}
    gone = []
    for sha in span.undone:
        found = brought(stretch.member, stretch.repository, sha, near, stretch.branch)
        gone.append(Carried(sha, found.roots, any(root.startswith("push:") for root in found.roots), undone=True))
        for link in found.links:
            because = f"{_name(stretch)} left out commit {sha[:12]}, which {stretch.place} had had before: {link.because}"
            back.setdefault(link.to, Link(link.from_, link.to, BACK, weaker(link.strength), because))
    return list(back.values()), gone


def _unread(stretch: Stretch, shas: tuple[str, ...], unread: list[str], near: Near) -> list[Gap]:
    """Deployed commits that nothing known brought: pushed directly where the Git host says so, else not known."""
    if not shas:
        return [Gap("nothing deployed", f"no commit of the deployed range touches {shown(stretch.paths)}")]
    pushed = [sha for sha in unread if near.pushed_directly(stretch.repository, sha)]
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
