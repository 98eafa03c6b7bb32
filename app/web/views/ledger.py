"""The ledger's page and the help page."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from app.ledger.checkpoint import Checkpoint
from app.search.fields import LISTS, Field, Kind
from app.web.times import Time, Zone, shown
from app.web.views.shell import Shell


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    time: Time
    size: str
    root: str


@dataclass(frozen=True, slots=True)
class Ledger:
    shell: Shell
    lead: str
    rest: str
    note: str
    checkpoint_says: str
    list_says: str
    checkpoints: tuple[CheckpointRow, ...]
    origin: str
    vkey: str
    last: str
    entry: str
    entry_error: str


def ledger(
    shell: Shell, size: int, sealed: Sequence[Checkpoint], origin: str, vkey: str, zone: Zone, entry: str, entry_error: str
) -> Ledger:
    latest = sealed[0] if sealed else None
    loose = size - latest.size if latest else size
    rest = f"{loose:,} added since the last checkpoint." if latest else "No checkpoint has been sealed yet."
    return Ledger(
        shell=shell,
        lead=f"{size:,} {'entry' if size == 1 else 'entries'}.",
        rest=rest if loose or not latest else "All of them are under the last checkpoint.",
        note=latest.note if latest else "",
        checkpoint_says="A signed note: origin, size, root, signature." if latest else "",
        list_says=f"the last {len(sealed)}" if sealed else "",
        checkpoints=tuple(CheckpointRow(shown(c.made_at, zone), f"{c.size:,}", c.root.hex()) for c in sealed),
        origin=origin,
        vkey=vkey,
        last=f"{max(0, size - 1):,}",
        entry=entry,
        entry_error=entry_error,
    )


@dataclass(frozen=True, slots=True)
class Form:
    write: str
    finds: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    key: str
    says: str
    values: str
    example: str
    href: str


@dataclass(frozen=True, slots=True)
class ListHelp:
    id: str
    name: str
    href: str
    fields: tuple[FieldRow, ...]


@dataclass(frozen=True, slots=True)
class Help:
    shell: Shell
    forms: tuple[Form, ...]
    lists: tuple[ListHelp, ...]
    keys: tuple[Form, ...]


FORMS = (
    Form("env:production", "what has this value; case does not matter"),
    Form("-author:renovate[bot]", "what has not"),
    Form("class:[standard,high]", "any of these values"),
    Form('approver:"Ben Okafor"', "a value with spaces, or with characters that mean something"),
    Form("workspace:banking-*", "a value with any characters in the star’s place"),
    Form("number:4391 · number:>4391 · number:4300..4391", "numbers; both ends of a range belong to it"),
    Form("after:2026-09-24 before:2026-10-08", "times; the start belongs to the period, the end does not"),
    Form("commit:4f1c2", "a commit; its first 5 characters are enough"),
    Form("settlements", "free text; in quotes, a phrase"),
)
KEYS = (
    Form("/", "search"),
    Form("j k", "next and previous row"),
    Form("Enter", "open the row"),
    Form("Esc", "close, or let go of the row"),
    Form("g", "then a letter: o overview, c changes, e events, d drift, l ledger, n lineage, s sources, p people"),
    Form("e", "export the list as CSV"),
    Form("c", "copy the address of this page"),
    Form("u", "times in UTC"),
    Form("?", "these keys"),
)


def help_page(shell: Shell) -> Help:
    lists = tuple(
        ListHelp(name, name, f"/{name}", tuple(_field(name, f) for f in fields.values())) for name, fields in LISTS.items()
    )
    return Help(shell, FORMS, lists, KEYS)


def _field(name: str, field: Field) -> FieldRow:
    values = ", ".join(field.values) if field.kind is Kind.CHOICE else str(field.kind)
    return FieldRow(field.key, field.description, values, field.example, f"/{name}?q={quote(field.example, safe='')}")
