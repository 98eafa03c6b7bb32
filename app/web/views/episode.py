"""One episode: since when, for how long, what differs, who wrote it, why, what ended it, and how all of that is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from app.changes.drift.manifests import Diff, compared
from app.changes.drift.rows import BlindRow, EpisodeRow
from app.changes.rows import ChangeOf, EventRow
from app.domain.drift import Episode, FieldChange, Layer, RuledOut, State
from app.search.language import print_term
from app.search.tree import Term, Word
from app.web.store import Kept
from app.web.times import Time, Zone, shown, shown_or_none, took
from app.web.views import drift as ledger
from app.web.views import drifted
from app.web.views.chain import Chain
from app.web.views.change import Fact
from app.web.views.diff import Viewer, viewer
from app.web.views.drift_line import Deployed, line
from app.web.views.drifted import Unread
from app.web.views.events import who
from app.web.views.marks import Badge
from app.web.views.shell import Notice, Shell

ROOM = 30_000  # signs of the list of fields that stand on the page
KEPT = "Terraform’s values are never read: only that they differ is known."


@dataclass(frozen=True, slots=True)
class Why:
    cause: str
    because: str


@dataclass(frozen=True, slots=True)
class Field:
    path: str
    declared: str
    live: str
    absent: tuple[bool, bool]  # of declared and live
    told: bool
    by: str


@dataclass(frozen=True, slots=True)
class Writer:
    name: str
    operation: str
    at: Time | None


@dataclass(frozen=True, slots=True)
class Told:
    href: str
    seq: str
    time: Time
    word: str
    who: str
    how: str
    leaf: str


@dataclass(frozen=True, slots=True)
class Related:
    says: str
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class EpisodePage:
    shell: Shell
    number: str
    title: str
    badge: Badge
    lead: str
    json: str
    notices: tuple[Notice, ...]
    chain: Chain
    chain_says: str
    facts: tuple[Fact, ...]
    person_unknown: str
    cause: str
    because: str
    ruled_out: tuple[Why, ...]
    possible: tuple[Why, ...]
    writers: tuple[Writer, ...]
    fields: tuple[Field, ...]
    fields_say: str
    fields_more: str
    viewer: Viewer | None
    absent: str
    caption: str
    compared: Time | None
    events: tuple[Told, ...]
    blind: tuple[ledger.Blind, ...]
    related: tuple[Related, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind an episode. `kept`: the payload that held both states, None where there never was one."""

    kept: Kept | None
    events: Sequence[EventRow]
    blind: Sequence[BlindRow]
    deployed: Deployed | None
    deployment: ChangeOf | None
    late: Unread


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the difference is asked for, and where the others stand."""

    number: int
    whole: bool
    address: Callable[..., str]


def episode_page(shell: Shell, row: EpisodeRow, behind: Behind, part: Part, now: datetime, zone: Zone) -> EpisodePage:
    of, name = row.of, drifted.named(row.of)
    found = _compared(of, behind.kept)
    listed, more = _fields(of)
    return EpisodePage(
        shell=shell,
        number=str(of.number),
        title=f"{'Drift' if of.is_drift else 'Difference'} {of.number}, {name.what}",
        badge=drifted.standing(row, now, behind.late),
        lead=_lead(row, behind.late, now, zone),
        json=f"/api/v1/drift/{row.id}",
        notices=_notices(row, behind.late, zone),
        chain=line(row, behind.deployed, zone),
        chain_says=_standing_says(row, now),
        facts=_facts(row, now, zone, behind.late),
        person_unknown=_person_unknown(of),
        cause=drifted.cause(of),
        because=of.because.rstrip(".") + "." if of.because else "",
        ruled_out=_why(of.ruled_out, of.layer),
        possible=_why(of.possible, of.layer),
        writers=tuple(
            Writer(one.manager, one.operation + (f" of {one.subresource}" if one.subresource else ""), shown_or_none(one.at, zone))
            for one in of.writers
        ),
        fields=listed,
        fields_say=_fields_say(of),
        fields_more=f"{more:,} more stand in the JSON." if more else "",
        viewer=viewer(found, part.number, part.whole, part.address) if found else None,
        absent="" if found else _absent(of, behind.kept),
        caption=_caption(of, zone),
        compared=shown_or_none(of.looked_at, zone),
        events=tuple(_told(event, zone) for event in behind.events),
        blind=tuple(ledger.blind(one, now, zone) for one in behind.blind),
        related=tuple(_related(row, behind)),
        zone=zone.name,
    )


def _compared(of: Episode, kept: Kept | None) -> Diff | None:
    if kept is None or kept.body is None:
        return None
    differing = frozenset(one.path for one in of.changes or ())
    return compared(kept.body, of.group, of.kind, of.namespace, of.name, differing)


def _absent(of: Episode, kept: Kept | None) -> str:
    """Why there are no manifests to show."""
    if of.layer is Layer.TERRAFORM:
        return KEPT
    if kept is not None:
        because = kept.because or "the payload that is kept does not hold this object"
        return f"The manifests cannot be shown: {because}."
    if of.counted:
        return "Nobody saw these: only how many there were is known."
    return "The manifests were never seen: no look at both states of this object could be taken while it differed."


def _lead(row: EpisodeRow, late: Unread, now: datetime, zone: Zone) -> str:
    of, name = row.of, drifted.named(row.of)
    open_ = drifted.opened(row, now, late)
    limit = f" The limit is {open_.limit}." if open_.limit else ""
    start = shown(of.onset_before, zone).lead
    if of.counted:
        times = f"{of.size:,} times" if of.size > 1 else "Once"
        return f"{times} what is live was put back in {name.where} by self-heal, up to {start}, and nobody saw what it was."
    if of.ended_at:
        return (
            f"{name.what} in {name.where} was not as declared from {start} to {shown(of.ended_at, zone).lead}, {open_.long}.{limit}"
        )
    if of.source in late or of.state is State.UNKNOWN:
        return f"{name.what} in {name.where} was not as declared at {start}. Whether it still is not cannot be known.{limit}"
    return f"{name.what} in {name.where} is not as declared since {start}, {open_.long}.{limit}"


def _standing_says(row: EpisodeRow, now: datetime) -> str:
    stood = row.stood(now)
    if row.limit is None or not stood.over:
        return ""
    beyond = (stood.seconds if stood.seconds is not None else stood.least) - row.limit.total_seconds()
    return f"Over its limit {'for' if not row.of.ended_at else 'by'} {took(beyond)}."


def _notices(row: EpisodeRow, late: Unread, zone: Zone) -> tuple[Notice, ...]:
    of, out = row.of, list[Notice]()
    if not of.is_drift:
        out.append(Notice("This is no drift.", f"It is {drifted.cause(of)}: kept beside drift, and never counted as it."))
    if of.state is State.UNKNOWN and of.unknown_since:
        text = f"{of.unknown_because or 'Nothing tells since'}.".replace("..", ".")
        out.append(Notice(f"Whether it still stands is not known since {shown(of.unknown_since, zone).full}.", text, "unsure"))
    if not of.ended_at and of.source in late:
        out += ledger.unread_notices({of.source: late[of.source]}, zone)
    return tuple(out)


def _facts(row: EpisodeRow, now: datetime, zone: Zone, late: Unread) -> tuple[Fact, ...]:
    of, stood = row.of, row.stood(now)
    facts = [
        Fact(f"Onset, {zone.name}", drifted.between(of.onset_after, of.onset_before, zone)),
        Fact("Stood" if of.ended_at else "Stands", _long(row, now, late)),
        Fact("Limit", took(row.limit) + f", {row.environment}" if row.limit is not None else _no_limit(row)),
        Fact("Written by", drifted.written(of)),
    ]
    if of.ended_at:
        facts.append(Fact("Ended by", _ended(row, zone), href=f"/changes/{row.ended_change.id}" if row.ended_change else ""))
        if of.ended_because:
            facts.append(Fact("How that is known", of.ended_because))
    else:
        facts.append(Fact("Ended by", "nothing that is known" if stood.seconds is None else "nothing yet"))
    place = of.application or of.workspace
    facts.append(Fact("Application" if of.application else "Workspace", place, href=f"/drift?q={_asked(of)}"))
    facts.append(Fact("Environment, class", row.environment if row.environment == row.cls else f"{row.environment}, {row.cls}"))
    if of.layer is Layer.KUBERNETES:
        facts.append(Fact("Automated sync, self-heal", f"{_on(of.auto_sync)}, {_on(of.self_heal)}"))
    facts.append(Fact("Source", of.source))
    return tuple(facts)


def _asked(of: Episode) -> str:
    key, value = ("app", of.application) if of.application else ("workspace", of.workspace)
    return quote(print_term(Term(key, (Word(value),))), safe="")


def _on(setting: bool | None) -> str:
    return {True: "on", False: "off"}.get(setting, "not known") if setting is not None else "not known"


def _no_limit(row: EpisodeRow) -> str:
    return f"none is set for {row.environment}" if row.of.is_drift else "none: it is no drift"


def _long(row: EpisodeRow, now: datetime, late: Unread) -> str:
    """With its uncertainty: both ends lie between two looks."""
    stood = row.stood(now)
    long = drifted.opened(row, now, late).long
    if stood.seconds is None or (row.of.source in late and not row.of.ended_at):
        return long
    if stood.most is None:
        return f"{long}, or longer: it was never seen as declared before"
    least, most = took(stood.least), took(stood.most)
    said = [f"at least {least}"] * (least != long) + [f"at most {most}"] * (most != long)
    return ", ".join([long, *said])


def _ended(row: EpisodeRow, zone: Zone) -> str:
    of = row.of
    how = "not known how" if of.ended_by is None or of.ended_by == "unknown" else str(of.ended_by)
    change = f", change {row.ended_change.number}" if row.ended_change else ""
    return f"{how}{change}, {drifted.between(of.ended_after, of.ended_at, zone)}" if of.ended_at else how


def _person_unknown(of: Episode) -> str:
    """Why nobody can be named; nothing where somebody is."""
    if of.person is None or of.person.name or of.person.person:
        return ""
    return of.person.because


def _why(causes: Sequence[RuledOut], layer: Layer) -> tuple[Why, ...]:
    return tuple(Why(drifted.cause_of(one.cause, layer), one.because) for one in causes)


def _fields(of: Episode) -> tuple[tuple[Field, ...], int]:
    """As many as fit the page, and how many do not."""
    out, left = list[Field](), ROOM
    for one in of.changes or ():
        left -= 200 + len(one.path) + len(one.live or "") + len(one.declared or "") + sum(map(len, one.by))
        if out and left < 0:
            break
        out.append(_field(one))
    return tuple(out), len(of.changes or ()) - len(out)


def _field(one: FieldChange) -> Field:
    absent = (one.declared is None and one.told, one.live is None and one.told)
    return Field(one.path, one.declared or "", one.live or "", absent, one.told, ", ".join(one.by))


def _fields_say(of: Episode) -> str:
    if of.changes is None:
        return "Which fields differ was never seen."
    if not of.changes:
        return "The object as a whole differs, no field of it."
    many = len(of.changes)
    return f"{many:,} field{'' if many == 1 else 's'} differ{'s' if many == 1 else ''}, as {of.source} told."


def _caption(of: Episode, zone: Zone) -> str:
    if of.layer is Layer.TERRAFORM:
        return f"{of.name or of.workspace}, as found at {shown(of.looked_at or of.onset_before, zone).full}"
    name = f"{of.kind} {of.namespace}/{of.name}" if of.namespace else f"{of.kind} {of.name}"
    revision = f"declared at {', '.join(one[:12] for one in of.revisions)}" if of.revisions else "declared"
    return f"{name}, {revision}, live at {shown(of.looked_at, zone).full}" if of.looked_at else f"{name}, {revision} and live"


def _told(event: EventRow, zone: Zone) -> Told:
    return Told(
        href=f"/events/{event.seq}",
        seq=f"{event.seq:,}",
        time=shown(event.occurred_at, zone),
        word=f"{event.type} {event.status}",
        who=who(event),
        how=event.how,
        leaf=event.leaf_hash or "lost",
    )


def _related(row: EpisodeRow, behind: Behind) -> list[Related]:
    out = [
        Related(says, f"change {one.number}, {one.title[:160] or 'untitled'}", f"/changes/{one.id}")
        for says, one in (
            ("It was deployed by", behind.deployment),
            ("What stands on it, and ended it" if row.change == row.ended_change else "What stands on it", row.change),
            ("What ended it", row.ended_change if row.ended_change != row.change else None),
        )
        if one is not None
    ]
    out.append(Related("In the same place", "every episode", f"/drift?q={_asked(row.of)}"))
    return out
