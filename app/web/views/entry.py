"""One entry of the ledger: its leaf, its hash, and the proof that the last checkpoint holds it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from app.changes.rows import ChangeOf, EventRow
from app.ledger import merkle
from app.ledger.checkpoint import Checkpoint
from app.web.store import Payload
from app.web.times import Zone, shown
from app.web.views.change import Fact, safe_link
from app.web.views.events import ChangeLink, about, link, who
from app.web.views.marks import Badge
from app.web.views.shell import Notice, Shell


@dataclass(frozen=True, slots=True)
class Proof:
    badge: Badge
    text: str
    hashes: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class RawOf:
    digest: str
    bytes: str
    subject: str


@dataclass(frozen=True, slots=True)
class EntryPage:
    shell: Shell
    seq: str
    title: str
    change: ChangeLink | None
    facts: tuple[Fact, ...]
    unknown: Notice | None
    leaf: str
    leaf_bytes: str
    leaf_hash: str
    raw: RawOf | None
    proof: Proof | None
    proof_says: str


@dataclass(frozen=True, slots=True)
class Held:
    """What the ledger holds of one entry. `path` is its audit path in the tree of the checkpoint."""

    leaf: bytes
    hash: bytes
    checkpoint: Checkpoint | None
    path: Sequence[bytes] | None


def entry_page(
    shell: Shell, event: EventRow, held: Held, payload: Payload | None, change: ChangeOf | None, zone: Zone
) -> EntryPage:
    unknown = Notice(
        f"The source’s word “{event.status}” is new to us.",
        "It is kept as it came, counted, and never taken for a success.",
        "unsure",
    )
    return EntryPage(
        shell=shell,
        seq=f"{event.seq:,}",
        title=f"{event.type} {event.status}",
        change=link(change),
        facts=_facts(event, zone),
        unknown=None if event.known else unknown,
        leaf=held.leaf.decode("utf-8", "replace"),
        leaf_bytes=f"{len(held.leaf):,}",
        leaf_hash=held.hash.hex(),
        raw=_raw(event, payload),
        proof=_proof(event.seq, held),
        proof_says=_says(event.seq, held),
    )


def _facts(event: EventRow, zone: Zone) -> tuple[Fact, ...]:
    facts = [
        Fact("About", about(event), href=safe_link(event.subject_url)),
        Fact("Source", event.source),
        Fact("Who", who(event)),
        Fact("Occurred", time=shown(event.occurred_at, zone)),
        Fact("Observed", time=shown(event.observed_at, zone)),
        Fact("Recorded", time=shown(event.recorded_at, zone)),
        Fact("Known", event.how),
        Fact("House word", event.step),
    ]
    return tuple(facts)


def _raw(event: EventRow, payload: Payload | None) -> RawOf | None:
    if event.observation is None:
        return None
    size = f"{payload.size:,}" if payload and payload.size is not None else ""
    return RawOf(event.observation, size, payload.subject if payload else "")


def _proof(seq: int, held: Held) -> Proof | None:
    """Checked here, from the leaf's own bytes: what the page says, it has computed."""
    if held.checkpoint is None or held.path is None:
        return None
    sealed = held.checkpoint
    leaf = merkle.leaf_hash(held.leaf)
    good = leaf == held.hash and merkle.verify_inclusion(leaf, seq, sealed.size, held.path, sealed.root)
    badge = Badge("pass", "v-pass", "proved") if good else Badge("fail", "v-fail", "not proved")
    text = f"Entry {seq:,} is in the tree of {sealed.size:,}, root {base64.b64encode(sealed.root).decode()}."
    wrong = f"The leaf does not lead to the root of the tree of {sealed.size:,}: it is not what was sealed."
    return Proof(badge, text if good else wrong, tuple(h.hex() for h in held.path), sealed.note)


def _says(seq: int, held: Held) -> str:
    if held.checkpoint is None:
        return "No checkpoint has been sealed yet; the worker seals one every few minutes."
    if held.path is None:
        return f"The last checkpoint holds {held.checkpoint.size:,} entries; this one is newer, and will be under the next."
    return f"RFC 6962, against the last checkpoint of {held.checkpoint.size:,} entries."
