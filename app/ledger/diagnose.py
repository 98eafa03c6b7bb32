"""Saying what was done to a ledger that no longer gives the root it was signed with.

Two witnesses help: the row beside each leaf, and the signed root itself: a swap or an insertion is proven by undoing it
and finding the root again.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

from app.errors import LedgerError
from app.ledger import merkle
from app.ledger.fault import Claim, Fault, Kind, Witness
from app.ledger.leaf import event_from_leaf
from app.ledger.line import line_of
from app.ledger.row import COLUMNS, row_of

BATCH = 4096
FEW = 256  # leaves among which every swap is tried
Test = Callable[[Sequence[bytes]], bool]


def odd_rows(witness: Witness, start: int, stop: int) -> Iterator[tuple[int, Fault | None]]:
    """For each batch its end, and the first fault in it."""
    for at in range(start, stop, BATCH):
        end = min(at + BATCH, stop)
        yield end, None if _agree(witness, at, end) else _first_odd(witness, at, end)


def _agree(witness: Witness, start: int, stop: int) -> bool:
    """Whether every row says what its leaf says. False also where that could not be told quickly."""
    return [seq for seq, leaf, line in witness.lines(start, stop) if not _is_line(line, seq, leaf)] == []


def _is_line(line: str | None, seq: int, leaf: bytes) -> bool:
    try:
        return line_of(seq, leaf) == line
    except LedgerError:
        return False


def _first_odd(witness: Witness, start: int, stop: int) -> Fault | None:
    for seq, leaf, row in witness.rows(start, stop):
        try:
            expected = row_of(*event_from_leaf(leaf))
        except (LedgerError, TypeError, ValueError, AttributeError) as error:
            return Fault(Kind.EDITED_LEAF, f"leaf {seq} cannot be read ({error})", "a leaf of this program", index=seq)
        if row != expected:
            return _classify(witness, seq, row, expected)
    return None


def _classify(witness: Witness, seq: int, row: tuple[Any, ...] | None, expected: tuple[Any, ...]) -> Fault:
    """Why the row beside leaf `seq` differs from what the leaf says."""
    if row is None:
        return Fault(Kind.DELETED, f"leaf {seq} has no row beside it in events", f"event {expected[0]}", index=seq)
    if row[0] == expected[0]:
        name, found, wanted = next((n, f, w) for n, f, w in zip(COLUMNS, row, expected, strict=True) if f != w)
        return Fault(Kind.EDITED_ROW, f"row {seq} says {name} is {found!r}", f"{wanted!r}, as its leaf says", index=seq)
    elsewhere = witness.seq_of(expected[0])
    if elsewhere is not None and elsewhere > seq and _leaf_id(witness, elsewhere) == row[0]:
        return Fault(
            Kind.REORDERED, f"leaves {seq} and {elsewhere} stand in each other's place", f"event {row[0]} at {seq}", index=seq
        )
    if _leaf_id(witness, seq + 1) == row[0]:
        return Fault(Kind.INSERTED, f"leaf {seq} was put in and pushed the rest up", f"event {row[0]} at {seq}", index=seq)
    if elsewhere == seq + 1:
        return Fault(Kind.DELETED, f"leaf {seq} was taken out and the rest moved down", f"event {row[0]} at {seq}", index=seq)
    return Fault(Kind.EDITED_ROW, f"row {seq} says it is event {row[0]}", f"{expected[0]}, as its leaf says", index=seq)


def _leaf_id(witness: Witness, seq: int) -> Any:
    found = [leaf for _, _, leaf in witness.leaves(seq, seq + 1)]
    try:
        return event_from_leaf(found[0])[0].id if found else None
    except LedgerError:
        return None


def explain(witness: Witness, good: merkle.Growth, claim: Claim, root: bytes, tile: int | None) -> Fault:
    """Why leaves good.size … claim.size-1 do not give the signed `root`, where `good` is the last tree that did.

    `tile` is the first tile of leaves that is not what its stored hash says.
    """
    start, stop = good.size, claim.size
    if tile is not None:
        start, stop = max(start, tile * merkle.WIDTH), min(stop, (tile + 1) * merkle.WIDTH)
    for _, fault in odd_rows(witness, start, stop):
        if fault and fault.kind is Kind.EDITED_ROW:
            return Fault(Kind.EDITED_LEAF, f"leaf {fault.index} is not what was sealed, and {fault.found}", index=fault.index)
        if fault:
            return fault
    return _undone(witness, good, claim, root, tile) or _rewritten(claim, start, stop, good.size)


def _rewritten(claim: Claim, start: int, stop: int, sealed: int) -> Fault:
    before = f"leaves before {sealed} still hold" if sealed else "nothing signed before it holds: the chain was rewritten"
    which = f"leaf {start} is" if stop - start == 1 else f"leaves {start} to {stop - 1} are"
    found = f"{which} not what {claim.where} was signed over; {before}"
    return Fault(Kind.REWRITTEN, found, "leaves that give the signed root", index=start)


def _undone(witness: Witness, good: merkle.Growth, claim: Claim, root: bytes, tile: int | None) -> Fault | None:
    tree = good.copy()
    if tile is None:
        stop = claim.size
        start = good.size if stop - good.size <= FEW else (stop - 1) // merkle.WIDTH * merkle.WIDTH
        for at in range(tree.size, start, BATCH):
            tree.add([h for _, h, _ in witness.leaves(at, min(at + BATCH, start))])
    else:
        start, stop = tile * merkle.WIDTH, (tile + 1) * merkle.WIDTH
        root = witness.tiles(1, tile, tile + 1).get(tile, b"")
    hashes = [h for _, h, _ in witness.leaves(start, stop + 1)]  # with the one after: an insertion pushed it out

    def gives_root(candidate: Sequence[bytes]) -> bool:
        if tile is not None:
            return merkle.fold(candidate) == root
        whole = tree.copy()
        whole.add(candidate)
        return whole.root() == root

    where = claim.where if tile is None else f"the stored hash of tile {tile}"
    return _inserted(hashes, stop - start, start, gives_root, where) or _swapped(hashes[: stop - start], start, gives_root, where)


def _inserted(hashes: Sequence[bytes], width: int, start: int, gives_root: Test, where: str) -> Fault | None:
    for i in range(width if len(hashes) > width else 0):
        if gives_root([*hashes[:i], *hashes[i + 1 :]]):
            return Fault(Kind.INSERTED, f"leaf {start + i} was put in", f"the ledger without it, as {where} says", index=start + i)
    return None


def _swapped(hashes: list[bytes], start: int, gives_root: Test, where: str) -> Fault | None:
    for i, j in combinations(range(len(hashes)), 2):
        candidate = list(hashes)
        candidate[i], candidate[j] = hashes[j], hashes[i]
        if gives_root(candidate):
            found = f"leaves {start + i} and {start + j} stand in each other's place"
            return Fault(Kind.REORDERED, found, f"the other order, as {where} says", index=start + i)
    return None
