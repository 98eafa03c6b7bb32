"""Sentences about a record that is not what it was when it was read."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.event import Event
from app.domain.record import AlteredRecord
from app.linking import facts

PARTS = {
    "revisions": "revision",
    "phase": "phase",
    "initiator": "initiator",
    "names": "initiator",
    "source": "source of its manifests",
    "at": "time",
    "finished_at": "end",
}
NAMED = 3


def title_of(record: AlteredRecord) -> str:
    """`History of payments-api rewritten: entry 3`."""
    return _title(record.application, record.kind, record.entries)


def _title(application: str, kind: str, entries: tuple[int, ...]) -> str:
    which = f": {_entries(entries)}" if entries else ""
    if kind == "altered":
        return f"Record of an operation of {application} altered after its end"
    if kind == "restarted":
        return f"History of {application} begins again at a lower number"
    if kind == "shortened":
        return f"History of {application} shortened{which}{' taken out' if which else ''}"
    return f"History of {application} {kind}{which}"


def _entries(numbers: tuple[int, ...]) -> str:
    if len(numbers) > NAMED:
        return f"{len(numbers)} entries from {min(numbers)} to {max(numbers)}"
    first, last = ", ".join(map(str, numbers[:-1])), str(numbers[-1])
    return f"entries {first} and {last}" if first else f"entry {last}"


def integrity(event: Event) -> str:
    """The title, then of each entry what it was and what it is now."""
    name, numbers = event.keys.application or event.ref.name, entries(event)
    told = [said for one in facts.mappings(event.facts.get("changes")) if (said := _changed(one))]
    return "; ".join([_title(name, event.status, numbers), *told])


def entries(event: Event) -> tuple[int, ...]:
    listed = event.facts.get("history_ids")
    return tuple(number for number in listed if type(number) is int) if isinstance(listed, list | tuple) else ()


def _changed(one: Mapping[str, Any]) -> str:
    """`entry 3 revision 1f2e… → 9a8b…, initiator user:alice → user:mallory`; of what is gone what it was."""
    before, after = (value if isinstance(value := one.get(name), Mapping) else {} for name in ("before", "after"))
    number = one.get("history_id")
    named = f"entry {number}" if type(number) is int else "it"
    if not after:
        return f"{named} was {', '.join(_stood(before))}" if before else ""
    differ = [part for part in PARTS if before.get(part) != after.get(part)]
    said = [f"{PARTS[part]} {_text(before.get(part))} → {_text(after.get(part))}" for part in differ]
    return f"{named}: {', '.join(said)}" if said else f"{named} differs in what is not shown here"


def _stood(before: Mapping[str, Any]) -> Iterator[str]:
    for part in ("revisions", "at", "initiator"):
        yield f"{PARTS[part]} {_text(before.get(part))}"


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(one)[:12] for one in value) or "none"
    return "none" if value is None or value == "" else str(value)
