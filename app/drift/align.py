"""What two sequences have alike, in order: a longest common subsequence, by bits; in windows where they are very long."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

Pair = tuple[int, int]  # a place in the first, and its like in the second
EXACT = 150_000_000  # bits of a whole table (19 MB): a pair of 12,000 lines each
WINDOW = 4_000


def aligned(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[Pair]:
    """Pairs of equal elements, ascending on both sides; as many as there can be, unless EXACT is passed.

    Beyond it, elements that stand once on each side are held fast first (patience), and what lies between two of them is looked
    at in windows: each pair is still a true one, only there may be fewer. Time grows with the length, never with its square.
    """
    first = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    most = min(len(one), len(other)) - first
    last = next((i for i in range(most) if one[-1 - i] != other[-1 - i]), most)
    shared = set(one[first : len(one) - last]) & set(other[first : len(other) - last])
    mine = [i for i in range(first, len(one) - last) if one[i] in shared]
    theirs = [i for i in range(first, len(other) - last) if other[i] in shared]
    pairs = [(i, i) for i in range(first)]
    pairs += [(mine[i], theirs[k]) for i, k in _between([one[i] for i in mine], [other[k] for k in theirs])]
    return pairs + [(len(one) - last + i, len(other) - last + i) for i in range(last)]


def _between(one: Sequence[Hashable], other: Sequence[Hashable]) -> Iterator[Pair]:
    if len(one) * len(other) <= EXACT:
        yield from _exact(one, other)
        return
    at, there = 0, 0
    for i, k in [*_anchors(one, other), (len(one), len(other))]:
        for x, y in _windows(one[at:i], other[there:k]):
            yield at + x, there + y
        if i < len(one):
            yield i, k
        at, there = i + 1, k + 1


def _anchors(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[Pair]:
    """The longest ascending run of elements that stand once on either side."""
    mine, theirs = Counter(one), Counter(other)
    place = {element: k for k, element in enumerate(other) if theirs[element] == 1}
    once = [(i, place[element]) for i, element in enumerate(one) if mine[element] == 1 and element in place]
    ends: list[int] = []  # of the best run of each length, the second place it ends with
    last: list[int] = []
    before: list[int] = []
    for n, (_, k) in enumerate(once):
        at = bisect_left(ends, k)
        before.append(last[at - 1] if at else -1)
        ends[at : at + 1], last[at : at + 1] = [k], [n]
    run: list[Pair] = []
    n = last[-1] if last else -1
    while n >= 0:
        run.append(once[n])
        n = before[n]
    return run[::-1]


def _windows(one: Sequence[Hashable], other: Sequence[Hashable]) -> Iterator[Pair]:
    """Both cut into as many windows, each beside its own."""
    many = 1 if len(one) * len(other) <= WINDOW * WINDOW else -(-max(len(one), len(other)) // WINDOW)
    for n in range(many):
        at, there = len(one) * n // many, len(other) * n // many
        upto, till = len(one) * (n + 1) // many, len(other) * (n + 1) // many
        for i, k in _exact(one[at:upto], other[there:till]):
            yield at + i, there + k


def _exact(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[Pair]:
    """Hyyrö's recurrence, a row of the table as one number: a bit is 0 where the subsequence grew (Bit-Parallel LCS-length
    Computation Revisited, 2004); then back through the rows."""
    at: dict[Hashable, int] = {}
    for i, element in enumerate(one):
        at[element] = at.get(element, 0) | 1 << i
    full = (1 << len(one)) - 1
    row, rows = full, list[int]()
    for element in other:
        here = row & at.get(element, 0)
        row = ((row + here) | (row - here)) & full
        rows.append(row)
    pairs, i, k = list[Pair](), len(one), len(other)
    while i and k:
        if rows[k - 1] >> (i - 1) & 1:
            i -= 1
            continue
        k -= 1
        if not k or rows[k - 1] >> (i - 1) & 1:
            i -= 1
            pairs.append((i, k))
    return pairs[::-1]
