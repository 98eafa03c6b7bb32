"""The hydrator: dry manifests in one commit, rendered ones in another. What an operation deployed is the rendered commit; who
meant it stands behind the dry one.

Argo CD keeps one pair of the two, the last, so each is remembered when it is seen. A pair that was not seen may be told by the
hydrated commit itself: where its trailers name a commit of the dry repository. Its author is the hydrator, never a person.
https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.canonical import plain
from app.domain.actor import automation
from app.domain.event import Event, How, Step
from app.sources.argocd import wire
from app.sources.argocd.deeds import Deed
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Memory
from app.sources.argocd.names import hydrated_source, instant, is_commit, repository
from app.sources.argocd.telling import before, operation_id
from app.sources.argocd.terms import Kind
from app.sources.contract import Want

HYDRATOR = "Argo CD's hydrator"
PHASES = {"Hydrating": Step.NOTED, "Hydrated": Step.NOTED, "Failed": Step.STOPPED}
KEPT = 50  # pairs, and marks of what was told, that are remembered
SHORT = re.compile(r"([0-9a-f]{7,40}): ")  # how the default message of a hydrated commit begins: with the dry one


def hydration_events(make: Maker, app: wire.Application, memory: Memory) -> Iterator[Event]:
    """Each turn of the hydrator that the application shows and that was not told; its pairs are remembered."""
    status = (app.status.source_hydrator if app.status else None) or wire.Hydration()
    now, last = status.current_operation, status.last_successful_operation
    if now and now.phase and (begun := instant(now.started_at)):
        mark = f"{plain(now.started_at, 64)} {plain(now.phase, 40)} {plain(now.hydrated_sha, 100)}"
        if mark not in memory.hydrated:
            yield _told(make, now, plain(now.phase, 40), begun, f"{make.uid}/{plain(now.started_at, 64)}")
            memory.hydrated.append(mark)
    for one in (last, now if now and now.phase == "Hydrated" else None):
        if one and is_commit(one.dry_sha) and is_commit(one.hydrated_sha):
            dry, hydrated = str(one.dry_sha), str(one.hydrated_sha)
            known = memory.pairs.setdefault(hydrated, [])
            if dry not in known:
                known.append(dry)
                same = now is not None and (now.phase, now.dry_sha, now.hydrated_sha) == ("Hydrated", dry, hydrated)
                if not same and one is last:
                    yield _told(make, one, "Hydrated", make.now, f"{make.uid}/{dry}..{hydrated}", How.RECONSTRUCTED)
    memory.hydrated = memory.hydrated[-KEPT:]
    memory.pairs = dict(list(memory.pairs.items())[-KEPT:])
    memory.referred = dict(list(memory.referred.items())[-KEPT:])


def _told(make: Maker, one: wire.Hydrated, phase: str, at: datetime, external: str, how: How = How.OBSERVED) -> Event:
    end = instant(one.finished_at)
    facts = {
        "dry": plain(one.dry_sha, 100) or None,
        "hydrated": plain(one.hydrated_sha, 100) or None,
        "phase": phase,
        "started_at": plain(one.started_at, 64) or None,
        "finished_at": plain(one.finished_at, 64) or None,
        "message": plain(one.message, 2000),
        **places(one.source_hydrator),
    }
    commits = tuple(sha for sha in (one.dry_sha, one.hydrated_sha) if sha)
    known = phase in PHASES
    when = end if end and phase in ("Hydrated", "Failed") else at
    return make.event(
        "hydration", external, phase, PHASES.get(phase, Step.NOTED), when, facts, actor=automation(HYDRATOR), how=how, known=known,
        commits=commits, repo=str(facts["repository"]) if facts["repository"] else None, unique=str(facts["hydrated"] or ""),
    )  # fmt: skip


def places(hydrator: wire.Hydrator | None) -> dict[str, Any]:
    """Where the dry manifests stand, where the rendered ones are synced from, and where they are pushed to before that."""
    one = hydrator or wire.Hydrator()
    dry, rendered = one.dry_source or wire.DrySource(), hydrated_source(one) or wire.Source()
    staged = plain(one.hydrate_to.target_branch, 200) if one.hydrate_to else ""
    branch = plain(rendered.target_revision, 200)
    return {
        "repository": repository(dry.repo_url),
        "path": plain(dry.path, 500),
        "target_revision": plain(dry.target_revision, 200),
        "hydrated_repository": repository(rendered.repo_url),
        "hydrated_path": plain(rendered.path, 500),
        "branch": branch,
        "hydrate_to": staged if staged and staged != branch else None,
    }


def referred(memory: Memory, hydrator: wire.Hydrator | None, sha: str, told: wire.RevisionMetadata) -> list[dict[str, str]]:
    """What the hydrated commit says of others, as facts. The dry commit is the one it names of the dry repository; a trailer
    that names another repository tells where the dry one came from."""
    dry = places(hydrator)["repository"]
    out = []
    for one in told.references or []:
        commit = one.commit or wire.Referred()
        where = repository(commit.repo_url)
        if is_commit(commit.sha) and where and dry and where.lower() == dry.lower() and _begins(told, str(commit.sha)):
            memory.referred[sha] = str(commit.sha)
        said = {"sha": commit.sha, "author": commit.author, "subject": commit.subject, "date": commit.date}
        out.append({key: plain(value, 300) for key, value in {**said, "repository": where}.items() if value})
    if short := begins_with(told):
        _known_by_start(memory, sha, short)
    return out


def _known_by_start(memory: Memory, sha: str, short: str) -> None:
    """The one dry commit that is known from elsewhere and begins so."""
    drys = {dry for known in memory.pairs.values() for dry in known if dry.startswith(short)}
    if len(drys) == 1:
        memory.referred.setdefault(sha, drys.pop())


def begins_with(told: wire.RevisionMetadata) -> str:
    """The short dry commit with which a hydrated commit's default message begins; "" for any other message."""
    found = SHORT.match(told.message or "")
    return found[1] if found else ""


def _begins(told: wire.RevisionMetadata, dry: str) -> bool:
    """A message in the default form, of another dry commit, contradicts the trailer."""
    short = begins_with(told)
    return not short or dry.startswith(short)


def unpaired(app: wire.Application, memory: Memory) -> list[str]:
    """Hydrated commits of its operations whose dry commit is not known: asked about, though another application may have been."""
    if not (app.spec and app.spec.source_hydrator):
        return []
    return [sha for deed in memory.deeds for sha in deed.revisions if not deed.told_dry and not _dry_of(memory, sha)[0]]


def dry_events(
    make: Maker, hydrator: wire.Hydrator | None, memory: Memory, history: Mapping[int, Any], said: Mapping[str, str]
) -> Iterator[tuple[Event, Want | None]]:
    """Of each operation that was told: the dry commit behind it, or that it is not known; and what to ask the Git host of it.

    `said`: hydrated commit → how its message begins, where it was asked for.
    """
    if hydrator is None:
        return
    where = places(hydrator)
    for deed in memory.deeds:
        if not deed.told_start or not deed.revisions or "local" in deed.shape:
            continue
        facts = _facts(deed, memory, before(deed, history), said) | where
        mark = f"{facts['dry']} {facts['dry_before']}"
        if deed.told_dry == mark or (deed.told_dry and facts["dry"] is None):
            continue
        deed.told_dry = mark
        ident, status = operation_id(make.uid, deed), "known" if facts["dry"] else "unknown"
        commits = tuple(sha for sha in (facts["dry"], facts["hydrated"]) if sha)
        event = make.event(
            "dry-source", ident, status, Step.NOTED, deed.start, facts, actor=automation(HYDRATOR), how=How.RECONSTRUCTED,
            unique=mark, commits=commits, operation=ident, repo=where["repository"],
        )  # fmt: skip
        yield event, _want(deed, facts)


def _facts(deed: Deed, memory: Memory, deployed: Sequence[str], said: Mapping[str, str]) -> dict[str, Any]:
    sha, was = deed.revisions[0], deployed[0] if len(deployed) == 1 else ""
    dry, by = _dry_of(memory, sha)
    earlier, _ = _dry_of(memory, was, newest=True)
    short = said.get(sha, "")
    because = "" if dry else "the pair was gone before it was read, and no trailer of its commit names it"
    because += f"; its message begins with {short}" if not dry and short else ""
    pairs = [{"hydrated": one, "dry": known[0]} for one, known in memory.pairs.items() if one not in (sha, was)]
    return {
        "hydrated": sha,
        "dry": dry,
        "hydrated_before": was or None,
        "dry_before": earlier,
        "known_by": by or None,
        "because": because,
        "pairs": pairs[-20:],
    }


def _dry_of(memory: Memory, sha: str, *, newest: bool = False) -> tuple[str | None, str]:
    """The dry commit that made it (`newest`: the last that rendered to it without a change), and how that is known."""
    if known := memory.pairs.get(sha):
        return known[-1 if newest else 0], "pair"
    named = memory.referred.get(sha)
    return named, "reference" if named else ""


def _want(deed: Deed, facts: Mapping[str, Any]) -> Want | None:
    repo, dry, old = facts["repository"], facts["dry"], facts["dry_before"]
    if not repo or not dry or dry == old or deed.kind == Kind.DRY_RUN:
        return None
    return Want(repo, dry, old, str(facts["path"]))


def staged_wants(events: Sequence[Event]) -> Iterator[Want]:
    """Of hydrations onto a branch that a pull request promotes: which pull request the dry commit came from."""
    for event in events:
        facts = event.facts
        if event.type == "hydration" and facts.get("hydrate_to") and facts.get("repository") and is_commit(facts.get("dry")):
            yield Want(str(facts["repository"]), str(facts["dry"]), None, str(facts["path"]))
