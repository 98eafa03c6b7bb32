"""One change: its line, its verdicts with their reasons, its people, why its parts belong together, its raw payloads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.changes.lineage.beside import Beside
from app.changes.rows import WholeChange
from app.domain.identity import DECIDED
from app.domain.ownership import Owned
from app.web.store import Payload, Where
from app.web.times import Time, Zone, shown, shown_or_none, took
from app.web.views import branches, marks, order, outputs, ownership, tables
from app.web.views.lanes import Lanes, lanes
from app.web.views.marks import Badge
from app.web.views.resources import Sheet, sheets
from app.web.views.shell import Notice, Shell
from app.web.views.story import Break, Line, told
from app.web.views.syncs import SyncSheet, sync_sheets

TITLE = 160


@dataclass(frozen=True, slots=True)
class Tally:
    badge: Badge
    count: str


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    text: str = ""
    time: Time | None = None
    href: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    control: str
    badge: Badge
    because: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Who:
    name: str
    source: str
    href: str
    decided: str = ""  # the source's own name and the decision, where a decision says who that is
    settle: str = ""  # where who that is can be decided, while nothing says so


@dataclass(frozen=True, slots=True)
class InRole:
    role: str
    who: tuple[Who, ...]


@dataclass(frozen=True, slots=True)
class Link:
    from_: str
    to: str
    rule: str
    strength: str
    because: str


@dataclass(frozen=True, slots=True)
class Raw:
    subject: str
    source: str
    time: Time
    digest: str
    bytes: str
    seq: str
    href: str


@dataclass(frozen=True, slots=True)
class ChangePage:
    shell: Shell
    number: str
    title: str
    whole_title: str
    json: str
    events: str
    verdict: Badge
    tally: tuple[Tally, ...]
    facts: tuple[Fact, ...]
    damage: tuple[Notice, ...]
    zone: str
    line_says: str
    breaks_say: str
    lanes: Lanes | None
    lines: tuple[Line, ...]
    sheets: tuple[Sheet, ...]
    syncs: tuple[SyncSheet, ...]
    verdicts_say: str
    rules: tuple[Rule, ...]
    not_applicable: str
    order: tuple[tables.Grid, ...]
    tables: tuple[tables.Grid, ...]
    people: tuple[InRole, ...]
    links: tuple[Link, ...]
    gaps: tuple[Break, ...]
    raw: tuple[Raw, ...]
    raw_says: str
    raw_more: str


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind a change: the payloads to show, how many there are, where each event happened, each control's text,
    the paths that its runs changed and who waits for one, and who else manages objects of its workspaces and applications."""

    raw: Sequence[Payload]
    raw_total: int
    places: Mapping[int, Where]
    rules: Mapping[str, str]
    secrets: Beside = field(default_factory=Beside)
    owned: Sequence[Owned] = ()
    drift: tables.Grid | None = None


def change_page(shell: Shell, whole: WholeChange, behind: Behind, zone: Zone) -> ChangePage:
    row, item, raw, rules = whole.row, _item(whole), behind.raw, behind.rules
    story = told(whole.story, zone, behind.places)
    moments, gaps = story.moments, story.breaks
    drawn = lanes(story.drawn, zone)
    judged = _rules(item.get("verdicts"), rules)
    title = str(row.title or "").strip() or "Untitled"
    return ChangePage(
        shell=shell,
        number=str(row.number),
        title=title if len(title) <= TITLE else title[:TITLE] + "…",
        whole_title=title if len(title) > TITLE else "",
        json=f"/api/v1/changes/{row.id}",
        events=f"/events?q=change:{row.number}",
        verdict=marks.verdict(row.verdict),
        tally=_tally(judged),
        facts=_facts(whole, zone),
        damage=_damage(story.lost, whole.item),
        zone=zone.name,
        line_says=_line_says(drawn, len(moments)),
        breaks_say=f"{len(gaps)} break{'s' if len(gaps) != 1 else ''}" if gaps else "no break",
        lanes=drawn,
        lines=story.lines,
        sheets=sheets(item, row.id),
        syncs=sync_sheets(item, row.id, zone),
        verdicts_say=_verdicts_say(judged),
        rules=judged,
        not_applicable=_not_applicable(judged),
        order=(*order.grids(item, behind.secrets.awaits, zone), *ownership.of_change(item, behind.owned)),
        tables=_tables(item, behind, row.id, zone),
        people=_people(item.get("people")),
        links=_links(item.get("links")),
        gaps=tuple(gaps),
        raw=tuple(_raw(payload, zone) for payload in raw),
        raw_says="Kept as collected, secrets stripped first; the digest stands in the entry’s leaf.",
        raw_more=f"{len(raw)} of {behind.raw_total:,} shown; all of its events" if behind.raw_total > len(raw) else "",
    )


def _tables(item: Mapping[str, Any], behind: Behind, change: object, zone: Zone) -> tuple[tables.Grid, ...]:
    return (*branches.grids(item, zone), *outputs.grids(behind.secrets.outputs, zone), *tables.grids(item, change, zone))


def records(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list that came from JSON; nothing for anything else."""
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _item(whole: WholeChange) -> Mapping[str, Any]:
    return whole.item if isinstance(whole.item, Mapping) else {}


def _facts(whole: WholeChange, zone: Zone) -> tuple[Fact, ...]:
    row = whole.row
    opened, finished = row.opened_at, row.finished_at
    facts = [
        Fact("Environment, class", f"{row.environment}, {row.cls}" if row.cls != row.environment else row.environment),
        Fact("Stands", row.state),
        Fact("Opened", time=shown(opened, zone)),
        Fact("Finished", time=shown_or_none(finished, zone)) if finished else Fact("Finished", "not yet"),
    ]
    if finished:
        facts.append(Fact("Took", took(finished - opened)))
    for pr in records(_item(whole).get("pull_requests"))[:3]:
        facts.append(Fact("Pull request", _pull_name(pr), href=safe_link(pr.get("url"))))
        if how := branches.merged(pr):
            facts.append(Fact("Merged", how))
    push = _item(whole).get("push")
    if isinstance(push, Mapping):
        facts.append(Fact("Pushed by", str(push.get("by") or "somebody unknown"), href=safe_link(push.get("url"))))
        facts.append(Fact("Branch", f"{push.get('branch')} of {push.get('repository')}"))
    return tuple(facts)


def _pull_name(pr: Mapping[str, Any]) -> str:
    return f"{pr.get('repository') or ''} {pr.get('number') or ''}".strip() or "unnamed"


def safe_link(url: object) -> str:
    """An address that may be linked to; what a source calls one and is not http(s) is shown, never linked."""
    return str(url) if isinstance(url, str) and url.startswith(("https://", "http://")) else ""


def _rules(verdicts: object, rules: Mapping[str, str]) -> tuple[Rule, ...]:
    order = list(marks.VERDICTS)
    found = [
        Rule(
            str(v.get("control") or ""),
            marks.verdict(v.get("verdict")),
            str(v.get("because") or ""),
            rules.get(str(v.get("control")), ""),
        )
        for v in records(verdicts)
    ]
    words = [marks.VERDICTS[name].word for name in order]
    return tuple(sorted(found, key=lambda r: (words.index(r.badge.word) if r.badge.word in words else -1, r.control)))


def _tally(judged: Sequence[Rule]) -> tuple[Tally, ...]:
    counts = {badge: sum(r.badge == badge for r in judged) for badge in marks.VERDICTS.values()}
    return tuple(Tally(badge, f"{n:,}") for badge, n in counts.items() if n)


def _verdicts_say(judged: Sequence[Rule]) -> str:
    need = sum(r.badge.tone in ("fail", "exception", "indeterminate") for r in judged)
    return f"{need} of {len(judged)} need a reason." if need else f"{len(judged)} judged." if judged else ""


def _not_applicable(judged: Sequence[Rule]) -> str:
    many = sum(r.badge.tone == "na" for r in judged)
    return f"{many} do{'es' if many == 1 else ''} not apply" if many else ""


def _line_says(drawn: Lanes | None, many: int) -> str:
    if drawn is None:
        return f"{many} steps: the table tells them." if many else ""
    said = "Each stretch of the axis has its own scale; // marks time left out."
    return said + (f" {drawn.unlabelled} too close to be named are in the table." if drawn.unlabelled else "")


def _damage(lost: int, item: object) -> tuple[Notice, ...]:
    out = []
    if lost:
        out.append(
            Notice(
                f"{lost} of this change’s moments could not be read.", "Everything else is shown; the events hold them.", "unsure"
            )
        )
    if not isinstance(item, Mapping):
        out.append(
            Notice("The record of this change could not be read whole.", "A rebuild of the projection makes it anew.", "unsure")
        )
    return tuple(out)


def _people(people: object) -> tuple[InRole, ...]:
    roles: dict[str, list[Who]] = {}
    for p in records(people):
        known = p.get("person") or p.get("name")
        name = str(known or "nobody named")
        source = str(p.get("source") or "") + (", as a commit says" if p.get("declared") else "")
        who = Who(name, source, f"/changes?q=actor:{_quoted(name)}" if known else "", *_standing(p))
        mine = roles.setdefault(str(p.get("role") or "took part"), [])
        if who not in mine:
            mine.append(who)
    return tuple(InRole(role, tuple(who)) for role, who in roles.items())


def _standing(person: Mapping[str, Any]) -> tuple[str, str]:
    by, account = str(person.get("known_by") or ""), person.get("account")
    open_ = account and not person.get("person") and person.get("kind") == "human"
    decided = f"{person.get('name') or ''}, {by}" if by.startswith(DECIDED) else ""
    return decided, f"/people?q=account:{_quoted(str(account))}" if open_ else ""


def _quoted(text: str) -> str:
    return quote('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"', safe="")


def _links(links: object) -> tuple[Link, ...]:
    return tuple(
        Link(
            *(entity(v.get(key)) for key in ("from", "to")),
            *(str(v.get(key) or "") for key in ("rule", "strength", "because")),
        )
        for v in records(links)
    )


def entity(key: object) -> str:
    """`run:tfe-prod:run-abc` as people say it: the kind and the id; the source stands in the table of steps."""
    parts = str(key or "").split(":", 2)
    kinds = {
        "pr": "pull request",
        "run": "run",
        "operation": "sync",
        "drift": "drift",
        "gap": "gap",
        "commit": "commit",
        "range": "commits",
        "push": "push",
        "rules": "rules",
    }
    if len(parts) < 2 or parts[0] not in kinds:
        return str(key or "")
    rest = parts[2] if len(parts) > 2 else parts[1]
    if parts[0] in ("push", "rules"):
        where, _, which = rest.rpartition("@")
        rest = f"{where}@{which[:12] if parts[0] == 'push' else which.rpartition('/')[0]}"
    return f"{kinds[parts[0]]} {rest}"


def _raw(payload: Payload, zone: Zone) -> Raw:
    size = f"{payload.size:,}" if payload.size is not None else "purged"
    return Raw(
        payload.subject,
        payload.source,
        shown(payload.observed_at, zone),
        payload.digest,
        size,
        f"{payload.seq:,}",
        f"/events/{payload.seq}",
    )
