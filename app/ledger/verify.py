"""Is the ledger what it was? Every leaf is re-hashed, the tree rebuilt, and compared with everything that was ever signed.

Nothing here reads a database: it asks a `Witness`, range by range, so that memory does not grow with the ledger.
What a clean report does not say: leaves after the last checkpoint are only consistent with themselves, and somebody who
holds database and key can rewrite both; the anchors are what catches that.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import zstandard

from app.errors import LedgerError, Tampered
from app.ledger import merkle
from app.ledger.checkpoint import open_checkpoint, parse_body
from app.ledger.diagnose import explain, odd_rows
from app.ledger.fault import Body, Claim, Fault, Kind, Witness

BATCH = 16_384  # leaves asked for at once; they are hashed as they arrive, and only their hashes are held
Progress = Callable[[str, int, int], None]  # what is being checked, done, in all


@dataclass(frozen=True, slots=True)
class Report:
    """`sealed`: leaves under the largest checkpoint or anchor that held. `bodies` were re-hashed, `purged` no longer can be."""

    size: int
    root: bytes
    checkpoints: int
    anchors: int
    sealed: int
    bodies: int
    purged: int
    faults: tuple[Fault, ...] = ()

    @property
    def sound(self) -> bool:
        return not self.faults


@dataclass(slots=True)
class _Counts:
    checkpoints: int = 0
    anchors: int = 0
    sealed: int = 0
    bodies: int = 0
    purged: int = 0


def quiet(what: str, done: int, total: int) -> None:
    """No progress is shown."""


def verify(witness: Witness, vkey: str, anchors: Iterable[tuple[str, str]] = (), progress: Progress = quiet) -> Report:
    """Check everything; the first fault of the tree or else of the rows beside it, and the first among observations.

    `anchors` are (where it was kept, the note) of checkpoints that were carried elsewhere.
    """
    counts, size, faults = _Counts(), witness.size(), []
    claims = heapq.merge(witness.checkpoints(), sorted(_anchored(anchors), key=_size), key=_size)
    walk = _Walk(witness, vkey, size, counts, progress)
    try:
        walk.run(claims)
        _check_rows(witness, size, progress)
    except Fault as fault:
        faults.append(fault)
    try:
        _check_bodies(witness, counts, progress)
    except Fault as fault:
        faults.append(fault)
    root = walk.tree.root() if walk.tree.size == size else b""
    return Report(size, root, counts.checkpoints, counts.anchors, counts.sealed, counts.bodies, counts.purged, tuple(faults))


def _size(claim: Claim) -> int:
    return claim.size


def _anchored(anchors: Iterable[tuple[str, str]]) -> Iterator[Claim]:
    for where, note in anchors:
        try:
            size = parse_body(note.rpartition("\n\n")[0] + "\n")[1]
        except LedgerError:
            size = 0  # found wanting as soon as it is opened
        yield Claim(f"the anchor {where}", note, size)


@dataclass(slots=True)
class _Walk:
    """One way through the leaves, stopping at each claim."""

    witness: Witness
    vkey: str
    size: int
    counts: _Counts
    progress: Progress
    tree: merkle.Growth = field(default_factory=merkle.Growth)
    good: merkle.Growth = field(default_factory=merkle.Growth)
    ahead: list[bytes] = field(default_factory=list)  # hashes read beyond the tree
    bad: Fault | None = None  # what stands right after them
    odd_tile: tuple[int, int] | None = None
    disputed: Claim | None = None  # an anchor that disagrees

    def run(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            signed = _opened(claim, self.vkey)
            self._to(min(claim.size, self.size))
            if self.size < claim.size <= self.witness.size():
                break  # sealed after we began, over leaves that came after we began
            if claim.size > self.size:
                found = f"the ledger ends at {self.size} leaves; the newest {claim.size - self.size} are gone"
                raise Fault(Kind.TRUNCATED, found, f"{claim.size}, as {claim.where} says", index=self.size)
            self._compare(claim, signed)
        self._to(self.size)
        if self.disputed:
            raise explain(self.witness, self.good, self.disputed, _opened(self.disputed, self.vkey), self._odd_leaves())
        self._check_edges()

    def _to(self, stop: int) -> None:
        while self.tree.size < stop:
            if not self.ahead:
                self._read()
            count = min(stop - self.tree.size, len(self.ahead))
            tiles = self.tree.add(self.ahead[:count])
            self.ahead = self.ahead[count:]
            self._check_tiles(tiles)

    def _read(self) -> None:
        if self.bad:
            raise self.bad
        start = self.tree.size
        stop = min(start - start % BATCH + BATCH, self.size)
        found = [(seq, stored, sha256(b"\x00" + leaf).digest()) for seq, stored, leaf in self.witness.leaves(start, stop)]
        hashes = [made for _, _, made in found]
        if [stored for _, stored, _ in found] != hashes or [seq for seq, _, _ in found] != list(range(start, stop)):
            good, self.bad = _first_bad(found, start)
            hashes = hashes[:good]
            if not hashes:
                raise self.bad
        self.ahead = hashes
        self.progress("leaves", stop, self.size)

    def _check_tiles(self, tiles: list[merkle.Tile]) -> None:
        by_level: dict[int, list[merkle.Tile]] = {}
        for tile in tiles:
            by_level.setdefault(tile[0], []).append(tile)
        for level, row in sorted(by_level.items()):
            stored = self.witness.tiles(level, row[0][1], row[-1][1] + 1)
            for _, index, wanted in row:
                if stored.get(index) != wanted and self.odd_tile is None:
                    self.odd_tile = (level, index)

    def _odd_leaves(self) -> int | None:
        return self.odd_tile[1] if self.odd_tile and self.odd_tile[0] == 1 else None

    def _compare(self, claim: Claim, root: bytes) -> None:
        held = self.tree.root() == root
        if not held and claim.is_anchor:
            self.disputed = self.disputed or claim
        elif not held:
            raise explain(self.witness, self.good, claim, root, self._odd_leaves())
        elif self.disputed and not claim.is_anchor:
            found = f"the ledger and its own checkpoints agree, but not with {self.disputed.where} at size {self.disputed.size}"
            raise Fault(Kind.REWRITTEN_WITH_KEY, found, "the root that was anchored", index=self.good.size)
        elif not self.disputed:
            self._settle(claim)

    def _settle(self, claim: Claim) -> None:
        if self.odd_tile:
            raise _tile_fault(self.odd_tile, f"its leaves still give the root of {claim.where}")
        self.good, self.counts.sealed = self.tree.copy(), claim.size
        self.counts.anchors += claim.is_anchor
        self.counts.checkpoints += not claim.is_anchor

    def _check_edges(self) -> None:
        if self.odd_tile:
            raise _tile_fault(self.odd_tile, "no later checkpoint tells whether the hash or a leaf was changed")
        counts = self.witness.tile_counts()
        size = self.witness.size()  # it may have grown while we read
        for level, count in sorted(counts.items()):
            wanted = size >> (merkle.HEIGHT * level) if level >= 1 else 0
            if count > wanted and level >= 1:
                found = f"the ledger ends at {size} leaves, but the hashes of more are stored (level {level})"
                raise Fault(Kind.TRUNCATED, found, f"{wanted} hashes, not {count}", index=size)
            if count > wanted:
                raise Fault(Kind.EDITED_TILE, f"{count} hashes are stored at level {level}", "none below level 1")
        for table, seq in self.witness.strays():
            kind, found = (Kind.TRUNCATED, "whose leaf is gone") if seq >= self.size else (Kind.INSERTED, "before the first")
            raise Fault(kind, f"{table} holds a row {seq}, {found}", f"rows 0 to {self.size - 1}", index=min(seq, self.size))


def _first_bad(found: Sequence[tuple[int, bytes, bytes]], start: int) -> tuple[int, Fault]:
    """Of (seq, stored hash, hash made): how many are good, and what is wrong with the one after them."""
    for i, (seq, stored, made) in enumerate(found):
        if seq != start + i:
            said = f"leaf {start + i} is missing; the next one is {seq}"
            return i, Fault(Kind.DELETED, said, f"leaf {start + i}", index=start + i)
        if stored != made:
            said = f"leaf {seq} hashes to {made.hex()}"
            return i, Fault(Kind.EDITED_LEAF, said, f"{stored.hex()}, its stored hash", index=seq)
    at = start + len(found)
    return len(found), Fault(Kind.DELETED, f"leaf {at} is missing", f"leaf {at}", index=at)


def _tile_fault(tile: tuple[int, int], because: str) -> Fault:
    level, index = tile
    width = merkle.WIDTH**level
    found = f"hash {index} at level {level} is not that of leaves {index * width} to {(index + 1) * width - 1}; {because}"
    return Fault(Kind.EDITED_TILE, found, index=index * width)


def _opened(claim: Claim, vkey: str) -> bytes:
    """The root that was really signed."""
    try:
        _, size, root = open_checkpoint(claim.note, vkey)
    except Tampered as error:
        found = f"{claim.where} at size {claim.size} is not signed by this log's key ({error})"
        raise Fault(Kind.FORGED, found, "its signature; without the key the chain can be rewritten, but not signed") from error
    except LedgerError as error:
        raise Fault(Kind.EDITED_CHECKPOINT, f"{claim.where} at size {claim.size} cannot be read ({error})") from error
    if size != claim.size or claim.root not in (None, root):
        found = f"{claim.where} is kept as size {claim.size}, root {(claim.root or b'').hex()}"
        raise Fault(Kind.EDITED_CHECKPOINT, found, f"size {size}, root {root.hex()}, as its signed note says")
    return root


def _check_rows(witness: Witness, size: int, progress: Progress) -> None:
    for done, fault in odd_rows(witness, 0, size):
        if fault:
            raise fault
        progress("rows", done, size)


def _check_bodies(witness: Witness, counts: _Counts, progress: Progress) -> None:
    unpack = zstandard.ZstdDecompressor()  # one for all: making it costs ten times a payload's unpacking
    for body in witness.bodies():
        wrong = _wrong(body, unpack)
        if wrong:
            index = witness.first_with(body.digest)
            found = f"the observation sha256:{body.digest.hex()}, first named by leaf {index}, {wrong}"
            raise Fault(Kind.EDITED_OBSERVATION, found, "the payload as it was collected", index=index)
        counts.purged += body.body is None
        counts.bodies += body.body is not None
        if (counts.bodies + counts.purged) % 1000 == 0:
            progress("observations", counts.bodies + counts.purged, 0)
    missing = witness.first_without_body()
    if missing:
        index, digest = missing
        found = f"the observation sha256:{digest.hex()} of leaf {index} is gone, with its record"
        raise Fault(Kind.MISSING_OBSERVATION, found, "its payload, or a record that it was purged", index=index)


def _wrong(body: Body, unpack: zstandard.ZstdDecompressor) -> str:
    """What is wrong with a kept payload; nothing when it is purged or sound."""
    if body.body is None:
        return ""
    if body.codec not in ("zstd", "none"):
        return f"is kept in an unknown way ({body.codec[:40]!r})"
    sha, size = sha256(), 0
    try:
        for chunk in unpack.read_to_iter(body.body) if body.codec == "zstd" else (body.body,):
            sha.update(chunk)
            size += len(chunk)
            if size > body.size:
                break
    except zstandard.ZstdError as error:
        return f"cannot be unpacked ({error})"
    if sha.digest() != body.digest:
        return f"hashes to {sha.hexdigest()}"
    return "" if size == body.size else f"is {size} bytes and not the {body.size} on record"
