"""A small world whose truth is known, looked at when it pleases: what is told of it is never more than the truth, and covers it.

Looks are as the source makes them: operations that ended are told, then whether it can be seen, then everything that differs,
if that changed or an operation outlasted it. What comes and goes between two looks, and no operation put back, nobody can know.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from app.domain.drift import Ended, Episode, State
from app.domain.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drift.build import T0, differing, gap, operation, told

NAMES = ("a", "b", "c")
Span = tuple[int, int | None]


def object_(name: str) -> dict[str, Any]:
    return {"group": "", "kind": "ConfigMap", "namespace": "payments", "name": name}


@dataclass
class World:
    """Truth by object, and what a reader made of it. Times are whole minutes."""

    minute: int = 1
    since: dict[str, int] = field(default_factory=dict)  # what differs now
    truth: dict[str, list[Span]] = field(default_factory=lambda: {name: [] for name in NAMES})
    healed: list[tuple[str, int, int, int]] = field(default_factory=list)  # object, onset, start and end of the heal
    untold: list[Event] = field(default_factory=list)
    blind_since: int | None = None
    said: bool = False  # of the blind time
    events: list[Event] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    mark: Any = None
    over: str | None = None

    def edit(self, name: str) -> None:
        self.since.setdefault(name, self.minute)

    def revert(self, name: str) -> None:
        if name in self.since:
            self.truth[name].append((self.since.pop(name), self.minute))

    def operate(self, kind: str, names: list[str]) -> None:
        """It takes two minutes, and puts back what it names; a self-heal names all that differs."""
        start, end = self.minute, self.minute + 2
        touched = sorted(self.since) if kind == "self-heal" else names
        if kind == "self-heal" and not touched:
            return
        self.minute = end
        put_back = list(self.since) if kind == "manual" else [name for name in touched if name in self.since]
        for name in put_back:
            began = self.since.pop(name)
            self.truth[name].append((began, end))
            if kind == "self-heal":
                self.healed.append((name, began, start, end))
        event = operation(start, end, kind, *(object_(name) for name in touched))
        self.over = event.keys.operation
        self.untold.append(event)

    def blind(self, on: bool) -> None:
        self.blind_since = (self.minute if self.blind_since is None else self.blind_since) if on else None

    def look(self) -> None:
        at = self.minute
        self.events += [operation_seen(one, at) for one in self.untold]
        self.untold = []
        last = self.looks[-1] if self.looks else None
        if self.blind_since is not None:
            if not self.said:
                self.events.append(gap(at, after=last))
                self.said, self.began = True, at
            self.mark = None
            return
        if self.said:
            self.events.append(gap(self.began, until=at))
            self.said = False
        mark = (tuple(sorted(self.since)), self.over) if self.since else ()
        if mark != self.mark:
            seen = [object_(name) for name in sorted(self.since)]
            self.events.append(differing(at, *seen, after=last, operation=self.over))
        self.mark = mark
        self.looks.append(at)


def operation_seen(one: Event, minute: int) -> Event:
    return replace(one, observed_at=T0 + timedelta(minutes=minute))


ACTS = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from(NAMES)),
    st.tuples(st.just("revert"), st.sampled_from(NAMES)),
    st.tuples(
        st.just("operate"),
        st.sampled_from(["self-heal", "manual", "selective"]),
        st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    ),
    st.tuples(st.just("blind"), st.booleans()),
    st.tuples(st.just("look")),
    st.tuples(st.just("look")),
    st.tuples(st.just("pass"), st.integers(1, 30)),
)


def lived(acts: list[tuple[Any, ...]]) -> World:
    world = World()
    world.look()
    for name, *rest in acts:
        world.minute += 1
        if name == "pass":
            world.minute += rest[0]
        else:
            getattr(world, name)(*rest)
    world.minute += 1
    world.look()
    return world


def minutes(at: Any) -> float:
    return (at - T0).total_seconds() / 60


def spans(world: World, name: str) -> list[Span]:
    return [*world.truth[name], *([(world.since[name], None)] if name in world.since else [])]


def holds(spans_: list[Span], at: float) -> bool:
    return any(start <= at and (end is None or at <= end) for start, end in spans_)


def reach(one: Episode) -> tuple[float, float]:
    """The widest it may have stood."""
    return (
        minutes(one.onset_after) if one.onset_after else float("-inf"),
        minutes(one.ended_at) if one.ended_at else float("inf"),
    )


@settings(max_examples=120, deadline=None)
@given(st.lists(ACTS, max_size=25))
def test_nothing_is_told_that_was_not_and_all_that_could_be_known_is_told(acts: list[tuple[Any, ...]]) -> None:
    world = lived(acts)
    episodes, spots, _ = told(world.events)
    blind = [
        (minutes(s.since_after or s.since_before), minutes(s.ended_at) if s.ended_at else float("inf")) for s in spots.values()
    ]
    for name in NAMES:
        mine = [one for one in episodes.values() if one.name == name]
        true = spans(world, name)
        for one in mine:
            assert holds(true, minutes(one.onset_before)), "it differed when it is said to have been seen to differ"
            assert one.ended_after is None or holds(true, minutes(one.ended_after)), "and when it is said to have been seen last"
            assert (
                one.ended_at is None
                or any(end == minutes(one.ended_at) for _, end in true)
                or not holds(true, minutes(one.ended_at))
            )
            if one.ended_operation:
                assert one.ended_by in (Ended.SELF_HEAL, Ended.MANUAL_SYNC)
                low, high = minutes(one.ended_after), minutes(one.ended_at)
                assert any(end is not None and low <= end <= high for _, end in true), "it ended between the two"
            elif one.ended_at:
                assert not any(low < minutes(one.ended_at) < high for low, high in blind), "no blind spot ends an episode"
        for start, end in true:
            seen = [at for at in world.looks if start <= at and (end is None or at < end)]
            if seen:
                assert covers(mine, start, end or seen[-1]), "what a look saw is covered, from its beginning to its end"
        for healed, began, start, end in world.healed:
            if healed == name and end <= world.minute:
                assert covers(mine, began, end), "what a self-heal named is covered, though no look saw it"
                assert any(minutes(one.onset_before) <= start for one in mine)
        standing = [one for one in mine if one.state is not State.CLOSED]
        assert len(standing) <= 1
        if world.blind_since is None:
            assert bool(standing) == (name in world.since)
            assert all(one.state is State.OPEN for one in standing)
        else:
            assert all(one.state is State.UNKNOWN for one in standing)


def covers(mine: list[Episode], start: float, end: float) -> bool:
    """Whether several episodes together reach over the whole time."""
    at = start
    for low, high in sorted(reach(one) for one in mine):
        if low <= at:
            at = max(at, high)
    return at >= end
