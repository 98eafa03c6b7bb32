"""The sources of one operation: what each was brought to, and of rendered manifests what they were rendered from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.domain.change import Artifact, Deployed, Dry
from app.domain.event import Event
from app.linking import facts


def deployed(events: Sequence[Event], told: list[Event], revisions: tuple[str, ...]) -> tuple[Deployed, ...]:
    """`told`: what tells of the operation itself; `events` also what was told of its sources later."""
    listed = facts.mappings(facts.told(told, "sources"))
    found = [_source(item) for item in listed] or [_alone(told, revisions)]
    dry = _dry([event for event in events if event.type == "dry-source"])
    made = [replace(one, artifact=_artifact(events, i, one.revision)) for i, one in enumerate(found)]
    return tuple(replace(one, dry=dry) if dry and len(made) == 1 else one for one in made)


def _artifact(events: Sequence[Event], index: int, revision: str | None) -> Artifact | None:
    """What was told of this source at this revision; an answer outweighs none."""
    told = [
        one for one in events
        if one.type == "artifact" and one.facts.get("index") == index and one.facts.get("revision") == revision
    ]  # fmt: skip
    told.sort(key=lambda one: one.status == "known")
    if not told:
        return None
    last = told[-1:]
    authors = facts.text(last, "authors")
    return Artifact(
        description=facts.text(last, "description") or "",
        home=facts.text(last, "home") or facts.text(last, "source"),
        people=facts.words(last[0].facts.get("maintainers")) or ((authors,) if authors else ()),
        created_at=facts.text(last, "created_at"),
        version=facts.text(last, "version"),
        repository=facts.text(last, "repository"),
        commit=facts.text(last, "commit"),
        because=facts.text(last, "because") or "",
    )


def _alone(told: list[Event], revisions: tuple[str, ...]) -> Deployed:
    alone = revisions[0] if len(revisions) == 1 else None
    path, target = facts.text(told, "path") or "", facts.text(told, "target_revision")
    previous = facts.text(told, "previous_revision")
    return Deployed(facts.key(told, "repository"), path, facts.text(told, "revision") or alone, previous, target)


def _source(item: Mapping[str, Any]) -> Deployed:
    return Deployed(
        repository=facts.string(item, "repository") or None,
        path=facts.string(item, "path"),
        revision=facts.string(item, "revision") or None,
        previous_revision=facts.string(item, "previous_revision") or None,
        target_revision=facts.string(item, "target_revision") or None,
        chart=facts.string(item, "chart"),
        registry=facts.string(item, "registry"),
        ref=facts.string(item, "ref"),
    )


def _dry(told: list[Event]) -> Dry | None:
    """What was known of it, the most that was told: the pair before the commit's own word, any before none."""
    if not told:
        return None
    best = max(enumerate(told), key=lambda one: (_weight(one[1]), one[0]))[1]
    pairs = [(facts.string(one, "hydrated"), facts.string(one, "dry")) for one in facts.mappings(best.facts.get("pairs"))]
    return Dry(
        repository=facts.text([best], "repository"),
        path=facts.text([best], "path") or "",
        revision=facts.text([best], "dry"),
        previous_revision=facts.text([best], "dry_before"),
        target_revision=facts.text([best], "target_revision"),
        known_by=facts.text([best], "known_by") or "",
        because=facts.text([best], "because") or "",
        hydrate_to=facts.text([best], "hydrate_to"),
        pairs=tuple(pair for pair in pairs if all(pair)),
    )


def _weight(event: Event) -> tuple[bool, ...]:
    return (bool(event.facts.get("dry")), event.facts.get("known_by") == "pair", bool(event.facts.get("dry_before")))
