"""RFC 6962 Merkle trees over hashes that somebody else keeps.

Stored hashes are asked for through a `Read`: `read(level, start, stop)` gives the hashes of the full subtrees of 256^level
leaves with these indexes (level 0: the leaves'). That is what a tile of C2SP tlog-tiles holds, and each call here stays
inside one tile, so that a root or a proof costs O(log n) reads and never a scan.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HEIGHT = 8
WIDTH = 1 << HEIGHT
EMPTY = sha256(b"").digest()

Read = Callable[[int, int, int], Sequence[bytes]]
Tile = tuple[int, int, bytes]  # level, index, hash


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 ‖ leaf), RFC 6962 §2.1."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash of a perfect subtree. `hashes` are its leaves', 2^k of them; ValueError otherwise."""
    if not hashes or len(hashes) & (len(hashes) - 1):
        raise ValueError(f"{len(hashes)} hashes make no perfect subtree")
    while len(hashes) > 1:
        hashes = [sha256(b"\x01" + hashes[i] + hashes[i + 1]).digest() for i in range(0, len(hashes), 2)]
    return hashes[0]


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes held in memory."""
    return root(lambda level, start, stop: _in_memory(hashes, level, start, stop), len(hashes))


def _in_memory(hashes: Sequence[bytes], level: int, start: int, stop: int) -> Sequence[bytes]:
    if level == 0:
        return hashes[start:stop]
    step = WIDTH**level
    return [fold(hashes[i * step : (i + 1) * step]) for i in range(start, stop)]


def root(read: Read, size: int) -> bytes:
    """MTH(D[size]), RFC 6962 §2.1."""
    return _span(read, 0, size) if size else EMPTY


def _split(n: int) -> int:
    """The largest power of two below n ≥ 2."""
    return 1 << ((n - 1).bit_length() - 1)


def _span(read: Read, start: int, stop: int) -> bytes:
    """The hash over leaves start … stop-1, where start is a multiple of the largest power of two in the span."""
    lefts: list[bytes] = []
    while (n := stop - start) & (n - 1):
        lefts.append(_subtree(read, start, _split(n)))
        start += _split(n)
    out = _subtree(read, start, stop - start)
    for left in reversed(lefts):
        out = node_hash(left, out)
    return out


def _subtree(read: Read, start: int, leaves: int) -> bytes:
    level, rest = divmod(leaves.bit_length() - 1, HEIGHT)
    first = start >> (HEIGHT * level)
    hashes = read(level, first, first + (1 << rest))
    if len(hashes) != 1 << rest:
        raise LookupError(f"level {level} holds {len(hashes)} of the {1 << rest} hashes from index {first}")
    return fold(hashes)


def inclusion_proof(read: Read, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]), RFC 6962 §2.1.1. ValueError unless 0 ≤ index < size."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    start, stop, path = 0, size, []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_span(read, middle, stop))
            stop = middle
        else:
            path.append(_span(read, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(read: Read, first: int, second: int) -> list[bytes]:
    """PROOF(first, D[second]), RFC 6962 §2.1.2; empty when first is 0 or second. ValueError unless 0 ≤ first ≤ second."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} does not extend one of {first}")
    if first in (0, second):
        return []
    start, stop, path, whole = 0, second, [], True
    while stop != first:
        middle = start + _split(stop - start)
        if first <= middle:
            path.append(_span(read, middle, stop))
            stop = middle
        else:
            path.append(_span(read, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_span(read, start, stop))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 §2.1.3.2; `leaf` is the leaf's hash."""
    if not 0 <= index < size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162 §2.1.4.2; a tree of 0 is consistent with every tree, by an empty proof."""
    if not 0 <= first <= second or (first == 0 and first_root != EMPTY):
        return False
    if first in (0, second):
        return not proof and (first == 0 or first_root == second_root)
    nodes = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not nodes:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = nodes[0]
    for c in nodes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


def completed(read: Read, size: int, hashes: Sequence[bytes]) -> list[Tile]:
    """The stored hashes (level ≥ 1) that become known when leaves of these hashes are added to a tree of `size`."""
    out: list[Tile] = []
    level, start = 0, size
    while start % WIDTH + len(hashes) >= WIDTH:
        base = start - start % WIDTH
        row = [*(read(level, base, start) if base < start else ()), *hashes]
        hashes = [fold(row[i : i + WIDTH]) for i in range(0, len(row) - WIDTH + 1, WIDTH)]
        level, start = level + 1, base // WIDTH
        out += [(level, start + i, h) for i, h in enumerate(hashes)]
    return out


class Growth:
    """A tree that only grows and forgets what it need not know: at most 255 hashes a level."""

    def __init__(self) -> None:
        self.size = 0
        self._tails: list[list[bytes]] = []

    def copy(self) -> "Growth":
        other = Growth()
        other.size, other._tails = self.size, [list(tail) for tail in self._tails]
        return other

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        return self._tails[level][start % WIDTH : start % WIDTH + stop - start]

    def add(self, hashes: Sequence[bytes]) -> list[Tile]:
        """Add leaf hashes; the stored hashes this completes."""
        tiles = completed(self.read, self.size, hashes)
        self._push(0, hashes)
        by_level: dict[int, list[bytes]] = {}
        for level, _, tile in tiles:
            by_level.setdefault(level, []).append(tile)
        for level, row in by_level.items():
            self._push(level, row)
        self.size += len(hashes)
        return tiles

    def _push(self, level: int, hashes: Sequence[bytes]) -> None:
        while len(self._tails) <= level:
            self._tails.append([])
        row = [*self._tails[level], *hashes]
        self._tails[level] = row[len(row) - len(row) % WIDTH :]

    def root(self) -> bytes:
        return root(self.read, self.size)
