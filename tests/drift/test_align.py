"""Equal elements of two sequences, in order: as many as there can be, and in time that grows with the length."""

import random
from functools import cache
from itertools import pairwise

from app.drift.align import EXACT, aligned
from hypothesis import given
from hypothesis import strategies as st

FEW = st.lists(st.sampled_from("abc"), max_size=12)


def holds(one: list[str], other: list[str]) -> int:
    """How many pairs, each a true one and ascending on both sides."""
    pairs = aligned(one, other)
    assert all(one[i] == other[k] for i, k in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    return len(pairs)


@given(FEW, FEW)
def test_there_are_as_many_pairs_as_there_can_be(one: list[str], other: list[str]) -> None:
    @cache
    def most(i: int, k: int) -> int:
        if not i or not k:
            return 0
        return most(i - 1, k - 1) + 1 if one[i - 1] == other[k - 1] else max(most(i - 1, k), most(i, k - 1))

    assert holds(one, other) == most(len(one), len(other))


def test_what_is_equal_is_paired_whole_however_long() -> None:
    lines = ["a"] * 200_000
    assert aligned(lines, lines) == [(i, i) for i in range(200_000)]


def test_beyond_what_is_told_exactly_the_pairs_are_still_true_ones() -> None:
    chance = random.Random(7)
    one, other = ([chance.choice("abcd") for _ in range(30_000)] for _ in range(2))
    assert len(one) * len(other) > EXACT
    assert holds(one, other) > 15_000


def test_beyond_it_elements_that_stand_once_hold_the_two_together() -> None:
    chance = random.Random(8)
    one = [f"once {n}" if n % 100 == 0 else chance.choice("abcd") for n in range(30_000)]
    other = ["x"] * 5_000 + one[:20_000] + [chance.choice("efgh") for _ in range(5_000)] + one[20_000:]
    assert holds(one, other) == len(one)
