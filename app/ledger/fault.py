"""What can be wrong with a ledger, and what a verifier must be able to read of it to tell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from app.errors import Tampered


class Kind(StrEnum):
    EDITED_LEAF = "edited leaf"
    EDITED_ROW = "edited row"  # the row beside a leaf no longer says what the leaf says
    EDITED_OBSERVATION = "edited observation"
    MISSING_OBSERVATION = "missing observation"
    TRUNCATED = "deleted newest rows"
    DELETED = "deleted row"
    REORDERED = "reordered rows"
    INSERTED = "inserted row"
    EDITED_TILE = "edited tile"
    EDITED_CHECKPOINT = "edited checkpoint"
    FORGED = "forged checkpoint"  # not signed by the log's key
    REWRITTEN = "rewritten"  # leaves and hashes agree, but not with what was signed
    REWRITTEN_WITH_KEY = "rewritten with the key"  # signed again, but an older anchor remembers otherwise


class Fault(Tampered):
    """The first thing found wrong. `index` is the first bad leaf where one can be named."""

    def __init__(self, kind: Kind, found: str, expected: str = "", *, index: int | None = None) -> None:
        super().__init__(f"{kind}: {found}", expected, index=index)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Claim:
    """A signed tree head that the ledger must agree with. `root` and `size` are the columns, None for an anchor's."""

    where: str
    note: str
    size: int
    root: bytes | None = None

    @property
    def is_anchor(self) -> bool:
        return self.root is None


@dataclass(frozen=True, slots=True)
class Body:
    """A raw payload as it is kept; `body` is None once purged. `size` is that of the payload, in bytes."""

    digest: bytes
    codec: str
    size: int
    body: bytes | None


class Witness(Protocol):
    """What is stored, as it stands, unchecked. Ranges are [start, stop); what is not there is left out.

    What is iterated may still be on its way: it is read to its end before anything else is asked.
    """

    def size(self) -> int:
        """The highest seq of a leaf, and one."""
        ...

    def strays(self) -> Sequence[tuple[str, int]]:
        """(table, seq) of rows below 0, and of events beyond the last leaf."""
        ...

    def leaves(self, start: int, stop: int) -> Iterable[tuple[int, bytes, bytes]]:
        """(seq, stored hash, leaf), by seq."""
        ...

    def rows(self, start: int, stop: int) -> Sequence[tuple[int, bytes, tuple[Any, ...] | None]]:
        """(seq, leaf, the values of row.COLUMNS or None where the row is missing), by seq."""
        ...

    def lines(self, start: int, stop: int) -> Iterable[tuple[int, bytes, str | None]]:
        """(seq, leaf, the row of events as `line.line_of` writes its leaf's or None where it is missing), by seq."""
        ...

    def seq_of(self, event: UUID) -> int | None:
        """The seq of the row with this id."""
        ...

    def tiles(self, level: int, start: int, stop: int) -> Mapping[int, bytes]: ...

    def tile_counts(self) -> Mapping[int, int]:
        """How many hashes are stored, by level."""
        ...

    def checkpoints(self) -> Iterator[Claim]:
        """By size."""
        ...

    def bodies(self) -> Iterator[Body]: ...

    def first_with(self, observation: bytes) -> int | None:
        """The first seq whose row names this digest."""
        ...

    def first_without_body(self) -> tuple[int, bytes] | None:
        """The first (seq, digest) whose observation is nowhere, not even as purged."""
        ...
