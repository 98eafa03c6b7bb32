"""A push from what was told of it: by the host's activity, by the walk along the branch, and again when it was corrected.

Each telling is about one branch and one commit before; it may come in parts. Of several tellings of the same the last counts.
"""

from collections.abc import Iterable

from app.domain.actor import Actor, unknown
from app.domain.change import Push
from app.domain.commits import MERGES, Landing
from app.domain.event import Event
from app.linking import facts

MOVES = ("push", "force_push", *MERGES)


def push(key: str, events: list[Event]) -> Push | None:
    """None for what brings nothing: a branch that was made or deleted."""
    told = _last([event for event in events if event.type == "push" and event.status in MOVES])
    if not told:
        return None
    direct = [event for event in told if event.facts.get("direct") is True]
    chief = min(direct or told, key=lambda event: (event.occurred_at, event.id))
    return Push(
        key=key,
        source=chief.source,
        repository=str(facts.key(told, "repository") or ""),
        branches=tuple(sorted({branch(facts.string(event.facts, "ref")) for event in told} - {""})),
        before=facts.text([chief], "before"),
        after=key.rpartition("@")[2],
        status=chief.status,
        at=chief.occurred_at,
        pusher=_pusher(told, chief),
        direct=True if direct else (None if any(event.facts.get("direct") is None for event in told) else False),
        forced=any(event.status == "force_push" for event in told),
        commits=_shas(told, "commits"),
        unproposed=tuple(sorted({sha for event in direct for sha in _unproposed(event)})),
        undone=_shas(told, "undone"),
        pulls=tuple(sorted({number for event in told for number in _numbers(event, "pulls")})),
        landed=_landed(told),
        indirect=tuple(sorted({number for event in told for number in _numbers(event, "indirect")})),
        title=facts.text([chief], "title") or facts.text(direct or told, "title") or "",
        authors=_authors(direct or told),
        because=facts.text([chief], "because") or "",
        url=next((event.ref.url for event in told if event.ref.url), None),
    )


def _landed(told: list[Event]) -> tuple[Landing, ...]:
    merges = [event for event in told if event.status in MERGES]
    found = []
    for name in sorted({branch(facts.string(event.facts, "ref")) for event in merges}):
        mine = [event for event in merges if branch(facts.string(event.facts, "ref")) == name]
        pulls = {number for event in mine for number in _numbers(event, "pulls")}
        found.append(Landing(name, tuple(sorted(pulls)), _shas(mine, "commits")))
    return tuple(found)


def branch(ref: str) -> str:
    return ref.removeprefix("refs/heads/")


def _last(told: list[Event]) -> list[Event]:
    """Per branch, commit before and part the last telling, in the order of time."""
    kept: dict[tuple[object, ...], Event] = {}
    for event in sorted(told, key=lambda one: (one.observed_at, one.id)):
        part = facts.integer([event], "part") or 1
        kept[(branch(facts.string(event.facts, "ref")), facts.string(event.facts, "before"), part)] = event
    return sorted(kept.values(), key=lambda event: (event.occurred_at, facts.integer([event], "part") or 1, event.id))


def _pusher(told: list[Event], chief: Event) -> Actor:
    """Who is named for the very act; a telling by the walk alone names nobody."""
    same = [event for event in told if facts.string(event.facts, "ref") == facts.string(chief.facts, "ref")]
    named = [event.actor for event in (chief, *same) if event.actor and facts.known(event.actor)]
    return named[0] if named else (chief.actor or unknown("the Git host does not tell who pushed"))


def _shas(told: Iterable[Event], name: str) -> tuple[str, ...]:
    return tuple(sorted({sha for event in told for sha in facts.words(event.facts.get(name))}))


def _unproposed(event: Event) -> tuple[str, ...]:
    named = event.facts.get("unproposed")
    return facts.words(event.facts.get("commits") if named is None else named)


def _numbers(event: Event, name: str) -> list[int]:
    listed = event.facts.get(name)
    return [number for number in listed if type(number) is int] if isinstance(listed, list | tuple) else []


def _authors(told: Iterable[Event]) -> tuple[Actor, ...]:
    found = [facts.actor(item) for event in told for item in facts.mappings(event.facts.get("authors"))]
    return tuple({(who.id or who.name): who for who in found if who}.values())
