"""The time line: steps in order of time, ties by who began first, pauses shortened by the pace."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.demo.script import SHORTEST, Script, Story, Tell
from hypothesis import given
from hypothesis import strategies as st

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def noting(said: list[tuple[str, timedelta]], name: str, *pauses: float) -> Tell:
    def tell(at: datetime) -> Story:
        said.append((name, at - T0))
        for pause in pauses:
            at = yield timedelta(seconds=pause)
            said.append((name, at - T0))

    return tell


def seconds(said: list[tuple[str, timedelta]]) -> list[tuple[str, float]]:
    return [(name, at.total_seconds()) for name, at in said]


def test_stories_are_told_in_turn() -> None:
    said: list[tuple[str, timedelta]] = []
    script = Script()
    script.begin(T0 + timedelta(seconds=5), noting(said, "b", 10))
    script.begin(T0, noting(said, "a", 7, 1))
    assert script.play(T0 + timedelta(hours=1)) == 5
    assert seconds(said) == [("a", 0), ("b", 5), ("a", 7), ("a", 8), ("b", 15)]
    assert script.next_at() is None


def test_a_tie_goes_to_the_story_that_began_first() -> None:
    said: list[tuple[str, timedelta]] = []
    script = Script()
    for name in "abc":
        script.begin(T0, noting(said, name, 3))
    script.play(T0 + timedelta(hours=1))
    assert [name for name, _ in said] == ["a", "b", "c", "a", "b", "c"]


def test_nothing_is_told_before_its_time() -> None:
    said: list[tuple[str, timedelta]] = []
    script = Script()
    script.begin(T0, noting(said, "a", 10))
    assert script.play(T0 + timedelta(seconds=9.999)) == 1
    assert script.next_at() == T0 + timedelta(seconds=10)
    script.play(T0 + timedelta(seconds=10))
    assert len(said) == 2


def test_the_pace_shortens_pauses_to_three_seconds_at_least() -> None:
    said: list[tuple[str, timedelta]] = []
    script = Script()
    script.begin(T0, noting(said, "a", 3600, 20, 2), pace=1 / 200)
    script.play(T0 + timedelta(hours=1))
    assert seconds(said) == [("a", 0), ("a", 18), ("a", 21), ("a", 23)]
    assert timedelta(seconds=3) == SHORTEST


@given(st.lists(st.tuples(st.integers(0, 50), st.lists(st.integers(1, 30), max_size=4)), max_size=8), st.lists(st.integers(0, 200)))
def test_however_it_is_cut_into_plays_the_same_is_told(told: list[tuple[int, list[int]]], cuts: list[int]) -> None:
    def play(until: list[int]) -> list[tuple[str, timedelta]]:
        said: list[tuple[str, timedelta]] = []
        script = Script()
        for i, (start, pauses) in enumerate(told):
            script.begin(T0 + timedelta(seconds=start), noting(said, str(i), *pauses))
        for at in until:
            script.play(T0 + timedelta(seconds=at))
        return said

    assert play([*sorted(cuts), 10_000]) == play([10_000])


def test_a_story_is_made_only_when_it_begins() -> None:
    made: list[datetime] = []

    def tell(at: datetime) -> Story:
        made.append(at)
        yield timedelta(seconds=1)

    script = Script()
    begin: Callable[[datetime, Tell], None] = script.begin
    begin(T0 + timedelta(days=1), tell)
    assert made == []
    script.play(T0 + timedelta(days=2))
    assert made == [T0 + timedelta(days=1)]
