"""The tree against RFC 6962's own vectors, an independent recursive oracle, and every size to 64."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from app.ledger import merkle
from hypothesis import given, settings
from hypothesis import strategies as st

# The test data of the reference implementation of RFC 6962.
LEAVES = [
    bytes.fromhex(x) for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): ("96a296d2", "5f083f0a", "6b47aaf2"),
    (5, 8): ("bc1a0643", "ca854ea1", "d37ee418"),
    (2, 3): ("fac54203",),
    (1, 5): ("6e340b9c", "5f083f0a", "bc1a0643"),
}
CONSISTENCY = {
    (1, 8): ("96a296d2", "5f083f0a", "6b47aaf2"),
    (6, 8): ("0ebc5d34", "ca854ea1", "d37ee418"),
    (2, 5): ("5f083f0a", "bc1a0643"),
}


def oracle(hashes: Sequence[bytes]) -> bytes:
    """MTH straight from the RFC's text."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + oracle(hashes[:k]) + oracle(hashes[k:])).digest()


def made(n: int) -> list[bytes]:
    return [merkle.leaf_hash(b"leaf %d" % i) for i in range(n)]


def reader(hashes: Sequence[bytes], seen: list[tuple[int, int, int]] | None = None) -> merkle.Read:
    def read(level: int, start: int, stop: int) -> Sequence[bytes]:
        if seen is not None:
            seen.append((level, start, stop))
        assert start // 256 == (stop - 1) // 256, "a read leaves its tile"
        return merkle._in_memory(hashes, level, start, stop)

    return read


def test_rfc_6962_vectors() -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]
    assert [merkle.root_of(hashes[:n]).hex() for n in range(9)] == ROOTS
    for (index, size), start in INCLUSION.items():
        proof = merkle.inclusion_proof(reader(hashes), index, size)
        assert tuple(p.hex()[:8] for p in proof) == start
    for (first, second), start in CONSISTENCY.items():
        proof = merkle.consistency_proof(reader(hashes), first, second)
        assert tuple(p.hex()[:8] for p in proof) == start


def test_every_inclusion_proof_to_64() -> None:
    for size in range(1, 65):
        hashes = made(size)
        root = oracle(hashes)
        assert merkle.root_of(hashes) == root
        for index in range(size):
            proof = merkle.inclusion_proof(reader(hashes), index, size)
            assert merkle.verify_inclusion(hashes[index], index, size, proof, root)
            assert not merkle.verify_inclusion(hashes[index], index + 1, size, proof, root)
            assert not merkle.verify_inclusion(hashes[index], index, size, [*proof, root], root)
            if proof:
                assert not merkle.verify_inclusion(hashes[index], index, size, proof[:-1], root)


def test_every_consistency_proof_to_64() -> None:
    hashes = made(64)
    roots = [oracle(hashes[:n]) for n in range(65)]
    for second in range(65):
        for first in range(second + 1):
            proof = merkle.consistency_proof(reader(hashes), first, second)
            assert merkle.verify_consistency(first, second, roots[first], roots[second], proof)
            if 0 < first < second:
                assert not merkle.verify_consistency(first, second, roots[first - 1], roots[second], proof)
                assert not merkle.verify_consistency(first, second, roots[first], roots[first], proof)
                assert not merkle.verify_consistency(first, second, roots[first], roots[second], proof[:-1])
                assert not merkle.verify_consistency(first, second, roots[first], roots[second], [*proof, roots[1]])


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 700), st.data())
def test_a_flipped_bit_breaks_every_proof(size: int, data: st.DataObject) -> None:
    hashes = made(size)
    root = oracle(hashes)
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size - 1))
    inclusion = merkle.inclusion_proof(reader(hashes), index, size)
    consistency = merkle.consistency_proof(reader(hashes), first, size)
    assert merkle.verify_inclusion(hashes[index], index, size, inclusion, root)
    assert merkle.verify_consistency(first, size, oracle(hashes[:first]), root, consistency)
    at, bit = data.draw(st.integers(0, 31)), 1 << data.draw(st.integers(0, 7))

    def flipped(proof: list[bytes], i: int) -> list[bytes]:
        bad = bytearray(proof[i])
        bad[at] ^= bit
        return [*proof[:i], bytes(bad), *proof[i + 1 :]]

    for i in range(len(inclusion)):
        assert not merkle.verify_inclusion(hashes[index], index, size, flipped(inclusion, i), root)
    for i in range(len(consistency)):
        assert not merkle.verify_consistency(first, size, oracle(hashes[:first]), root, flipped(consistency, i))


def test_a_proof_in_a_large_tree_needs_few_reads() -> None:
    size = 70_001
    hashes, seen = made(size), []
    proof = merkle.inclusion_proof(reader(hashes, seen), 12_345, size)
    assert merkle.verify_inclusion(hashes[12_345], 12_345, size, proof, oracle(hashes))
    assert len(seen) <= 2 * size.bit_length()
    assert all(stop - start <= 128 for _, start, stop in seen)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 900), max_size=6))
def test_growth_completes_each_tile_once_whatever_the_steps(steps: list[int]) -> None:
    growth, tiles, hashes = merkle.Growth(), [], made(sum(steps))
    stored: dict[tuple[int, int], bytes] = {}

    def read(level: int, start: int, stop: int) -> Sequence[bytes]:
        return hashes[start:stop] if level == 0 else [stored[level, i] for i in range(start, stop)]

    for step in steps:
        new = hashes[growth.size : growth.size + step]
        done = merkle.completed(read, growth.size, new)
        assert growth.add(new) == done
        stored |= {(level, i): h for level, i, h in done}
        tiles += done
        assert growth.root() == oracle(hashes[: growth.size]) == merkle.root(read, growth.size)
    assert [(level, i) for level, i, _ in tiles] == [(1, i) for i in range(len(hashes) // 256)]
    assert all(h == oracle(hashes[i * 256 : i * 256 + 256]) for _, i, h in tiles)


def test_two_levels_of_tiles() -> None:
    growth, hashes = merkle.Growth(), made(65_536 + 300)
    tiles = growth.add(hashes[:65_000]) + growth.add(hashes[65_000:])
    assert [t[:2] for t in tiles if t[0] == 2] == [(2, 0)]
    assert next(h for level, _, h in tiles if level == 2) == oracle(hashes[:65_536])
    assert growth.root() == oracle(hashes)
    assert growth.copy().root() == growth.root()


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no leaf 3"):
        merkle.inclusion_proof(reader(made(3)), 3, 3)
    with pytest.raises(ValueError, match="does not extend"):
        merkle.consistency_proof(reader(made(3)), 4, 3)
    with pytest.raises(ValueError, match="perfect"):
        merkle.fold(made(3))
    with pytest.raises(LookupError, match="holds 0 of the 2"):
        merkle.root(lambda level, start, stop: (), 2)
    assert not merkle.verify_inclusion(b"", 0, 0, [], merkle.EMPTY)
    assert not merkle.verify_consistency(5, 3, b"", b"", [])
    assert not merkle.verify_consistency(3, 5, b"", b"", [])
