"""What Argo CD did for a change, operation by operation: kind, initiator, revisions, why it failed, results in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.web.times import Time, Zone, parse_iso, shown_or_none, took
from app.web.views import operation_words as words
from app.web.views.marks import Badge

SHEETS = 8  # operations of a change that its page tells whole; the others stand in the table
ROOM = 100  # results on the page of a change, of all its operations
OPEN = 60  # of one operation
PAGE = 100  # results on a page of one operation's own
MESSAGE = 300  # characters of a resource's message in a table
REASONS = TRIES = 4  # of one operation on the page of its change
ALL_REASONS = ALL_TRIES = 100  # on its own
OWN = 400  # characters of Argo CD's own message there


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    texts: tuple[str, ...] = ()
    time: Time | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    href: str
    revision: str
    revision_href: str
    before: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    words: str
    of: str
    own: str
    href: str  # to the page of results on which the resource that failed stands


@dataclass(frozen=True, slots=True)
class Try:
    number: str
    time: Time | None
    words: str
    own: str


@dataclass(frozen=True, slots=True)
class Result:
    number: str
    phase: str
    wave: str
    kind: str
    name: str
    href: str
    badge: Badge
    says: str


@dataclass(frozen=True, slots=True)
class SyncSheet:
    """One operation. `more` leads to all of its results; `flags` are what an examiner must see first."""

    id: str
    name: str
    says: str
    phase: Badge
    href: str
    facts: tuple[Fact, ...]
    sources: tuple[Source, ...]
    whys: tuple[Why, ...]
    more_whys: str
    tries: tuple[Try, ...]
    more_tries: str
    tries_say: str
    results: tuple[Result, ...]
    results_say: str
    waves: bool
    more: str
    more_href: str
    csv: str


def sync_sheets(item: Mapping[str, Any], change: object, zone: Zone) -> tuple[SyncSheet, ...]:
    """One for each operation, oldest first, until there are `SHEETS` of them. Total."""
    room, out = ROOM, []
    for number, sync in enumerate(records(item.get("syncs"))[:SHEETS]):
        many = len(records(sync.get("resources")))
        shown = many if many <= min(OPEN, room) else min(OPEN // 2, room)
        room -= shown
        out.append(_Sheet(sync, change, zone, number).sheet(0, shown))
    return tuple(out)


def sync_sheet(sync: Mapping[str, Any], change: object, zone: Zone, first: int) -> SyncSheet:
    """Of one operation's own page: results from the `first` on."""
    return _Sheet(sync, change, zone, 0).sheet(first, PAGE, alone=True)


def address(change: object, sync: Mapping[str, Any]) -> str:
    named = sync.get("id")
    return f"/changes/{change}/syncs/{quote(str(named), safe='')}" if named else ""


def records(value: object) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []


@dataclass(frozen=True, slots=True)
class _Sheet:
    sync: Mapping[str, Any]
    change: object
    zone: Zone
    number: int

    def sheet(self, first: int, most: int, *, alone: bool = False) -> SyncSheet:
        sync = self.sync
        listed = records(sync.get("resources"))
        failures, attempts = records(sync.get("failures")), records(sync.get("attempts"))
        rows = tuple(_result(one, n) for n, one in enumerate(listed[first : first + most], first + 1))
        left = len(listed) - len(rows)
        href = address(self.change, sync)
        reasons, tries = (ALL_REASONS, ALL_TRIES) if alone else (REASONS, TRIES)
        return SyncSheet(
            id=f"sync-{self.number}",
            name=words.name(sync),
            says=" on ".join(str(part) for part in (sync.get("destination"), sync.get("instance")) if part),
            phase=words.phase(sync),
            href=href,
            facts=tuple(self._facts()),
            sources=tuple(_source(one) for one in records(sync.get("sources"))),
            whys=tuple(_why(one, sync, href, alone) for one in failures[:reasons]),
            more_whys=_more(len(failures) - reasons, "reason", alone),
            tries=tuple(self._try(one, alone) for one in attempts[-tries:]),
            more_tries=_more(len(attempts) - tries, "attempt", alone),
            tries_say=_tries_say(sync, len(attempts)),
            results=rows,
            results_say=_results_say(sync, listed),
            waves=any(row.wave for row in rows),
            more=f"All {len(listed):,} results in order" if left and not alone else "",
            more_href=href,
            csv=f"/changes/{self.change}/syncs.csv",
        )

    def _facts(self) -> list[Fact]:
        sync = self.sync
        start, end = parse_iso(sync.get("started_at")), parse_iso(sync.get("finished_at"))
        odd = {"local": "fail", "injected": "fail"}.get(str(sync.get("kind")), "")
        begun = Fact("Began", time=shown_or_none(start, self.zone)) if start else Fact("Began", ("not known",))
        out = [Fact("Kind", (words.kind(sync),), tone=odd), self._by(), begun]
        if end:
            lasted = took(end - start) if start else ""
            out += [Fact("Ended", time=shown_or_none(end, self.zone)), Fact("Took", (lasted or "under a second",))]
        else:
            out.append(Fact("Ended", ("not yet" if sync.get("phase") in ("Running", "Terminating") else "not known",)))
        out += _set(sync)
        out += [Fact("Waits for", (str(sync["waits_for"]),))] if sync.get("waits_for") else []
        out += [Fact("Also", tuple(told), tone="exception")] if (told := words.also(sync)) else []
        out += [Fact("Options", tuple(told))] if (told := words.options(sync)) else []
        out += (
            [Fact("Ended early", (_terminated(sync),), tone="" if sync.get("terminated_by") else "indeterminate")]
            if sync.get("terminated")
            else []
        )
        number = sync.get("history_id")
        out.append(Fact("History", (f"entry {number}" if isinstance(number, int) else _no_entry(sync),)))
        if sync.get("health") and sync.get("phase") == "Succeeded":
            out.append(Fact("Health then", (str(sync["health"]),), shown_or_none(parse_iso(sync.get("health_at")), self.zone)))
        return out

    def _by(self) -> Fact:
        sync = self.sync
        if sync.get("initiator"):
            service = sync.get("initiator_kind") == "service"
            return Fact("Begun by", (f"{sync['initiator']}{', a service account' if service else ''}",))
        if sync.get("automated"):
            return Fact("Begun by", ("an ApplicationSet" if sync.get("kind") == "applicationset" else "Argo CD itself",))
        return Fact("Begun by", (f"not known: {sync.get('initiator_because') or 'nothing names anybody'}",), tone="indeterminate")

    def _try(self, one: Mapping[str, Any], alone: bool) -> Try:
        unseen = one.get("unseen")
        before = f" ({unseen} before it not seen)" if isinstance(unseen, int) and unseen else ""
        own = str(one.get("message") or "")
        told = (
            "; ".join(dict.fromkeys(str(why.get("words") or "") for why in records(one.get("failures"))[:3]))
            or "it is not told why"
        )
        at = shown_or_none(parse_iso(one.get("at")), self.zone)
        return Try(f"{one.get('number')}{before}", at, _cut(told, alone), _cut(own, alone) if own != told else "")


def _set(sync: Mapping[str, Any]) -> list[Fact]:
    """`ApplicationSet tenants, step 2 of 3`, of an operation that its rolling sync is said to have begun."""
    told = sync.get("rolling_sync")
    if not isinstance(told, Mapping):
        return []
    if not told.get("set"):
        return [
            Fact("Rolling sync", (f"of a set that is not known: {told.get('because') or 'it is not told'}",), tone="indeterminate")
        ]
    step = f", step {told['step']}" + (f" of {told['steps']}" if told.get("steps") else "") if told.get("step") else ""
    why = f"; {told['because']}" if told.get("because") else ""
    return [Fact("Rolling sync", (f"of ApplicationSet {told['set']}{step}{why}",))]


def _described(one: Mapping[str, Any]) -> list[str]:
    """What the registry says of a chart or an artifact, and that a source only lends its files."""
    out = [f"lends its files to other sources as ${one['ref']}"] if one.get("ref") else []
    made = one.get("artifact")
    if not isinstance(made, Mapping):
        return out
    if made.get("because"):
        return [*out, f"not described: {made['because']}"]
    people = made.get("people")
    names = ", ".join(str(name) for name in people) if isinstance(people, list) else ""
    said = [str(part) for part in (made.get("description"), f"by {names}" if names else "", made.get("created_at")) if part]
    out += ["; ".join(said)] if said else []
    if made.get("commit"):
        out.append(f"says it was made from {str(made['commit'])[:12]} of {made.get('repository')}")
    return out


def _hydrated(one: Mapping[str, Any]) -> list[str]:
    """What its manifests were rendered from."""
    dry = one.get("hydrated_from")
    if not isinstance(dry, Mapping):
        return []
    where = ", ".join(str(part) for part in (dry.get("repository"), dry.get("path")) if part)
    branch = f"; promoted from {dry['promoted_from']}" if dry.get("promoted_from") else ""
    if not dry.get("revision"):
        return [
            f"hydrated from a commit of {where or 'a repository that is not named'} that is not known: {dry.get('because')}{branch}"
        ]
    how = {"pair": "the hydrator’s own record", "reference": "the hydrated commit names it"}.get(str(dry.get("known_by")), "")
    return [f"hydrated from {str(dry['revision'])[:12]} of {where}" + (f" ({how})" if how else "") + branch]


def _source(one: Mapping[str, Any]) -> Source:
    """`bank/apps, payments`: what it was brought to, and what was there before."""
    repository, path, chart = (str(one.get(key) or "") for key in ("repository", "path", "chart"))
    registry = str(one.get("registry") or "")
    name = f"chart {chart}" + (f" of {registry}" if registry else "") if chart else registry
    name = name or ", ".join(part for part in (repository, path) if part) or "source not named"
    revision, before = str(one.get("revision") or ""), str(one.get("previous_revision") or "")
    target = f" of {one.get('target_revision')}" if one.get("target_revision") and revision else ""
    return Source(
        name=name,
        href=f"/changes?q=repo:{_quoted(repository)}" if repository else "",
        revision=(f"{revision[:12]}{target}" if revision else "no revision: it came from no commit"),
        revision_href=f"/changes?q=commit:{revision}" if len(revision) >= 40 and revision.isalnum() else "",
        before="the same" if before and before == revision else before[:12] or "not known",
        notes=(*_described(one), *_hydrated(one)),
    )


def _more(left: int, what: str, alone: bool) -> str:
    where = "in the JSON" if alone else "on the sync’s own page"
    return f"{left:,} more {what}{'s' if left != 1 else ''} {'are' if left != 1 else 'is'} {where}." if left > 0 else ""


def _cut(own: str, alone: bool) -> str:
    return own if alone or len(own) <= OWN else own[:OWN] + "…"


def _why(one: Mapping[str, Any], sync: Mapping[str, Any], href: str, alone: bool) -> Why:
    """Our words, the resource that failed, and Argo CD's own message of it."""
    of, listed = one.get("of"), records(sync.get("resources"))
    of = of if isinstance(of, Mapping) else {}
    place = next((n for n, each in enumerate(listed) if of and _same(each, of)), None)
    own = str(listed[place].get("message") or "") if place is not None else ""
    said, own = str(one.get("words") or "not told"), own or str(sync.get("message") or "")
    far = place is not None and place >= OPEN // 2 and bool(href)
    there = f"{href}?first={(place or 0) // PAGE * PAGE}" if far else ""
    return Why(_cut(said, alone), _named(of) if of else "", _cut(own, alone) if own != said else "", there)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(key) == other.get(key) for key in ("group", "kind", "namespace", "name"))


def _result(one: Mapping[str, Any], number: int) -> Result:
    hook, wave = str(one.get("hook") or ""), one.get("wave")
    says = str(one.get("message") or "")
    kind, name = str(one.get("kind") or ""), str(one.get("name") or "")
    group = f" {one.get('group')}" if one.get("group") else ""
    return Result(
        number=f"{number:,}",
        phase=f"{one.get('phase') or hook or 'not told'}{' hook' if hook else ''}",
        wave=str(wave).replace("-", "−") if isinstance(wave, int) else "",
        kind=f"{kind}{group}",
        name=f"{one.get('namespace')}/{name}" if one.get("namespace") else name,
        href=f"/changes?q=resource:{_quoted(f'{kind}/{name}')}",
        badge=words.result(one),
        says=says if len(says) <= MESSAGE else says[:MESSAGE] + "…",
    )


def _results_say(sync: Mapping[str, Any], listed: list[Mapping[str, Any]]) -> str:
    if not listed:
        still = sync.get("phase") in ("Running", "Terminating")
        return "What became of each resource is told when it ends." if still else "What became of single resources is not known."
    failed = sum(words.result(one).tone == "fail" for one in listed)
    many = f"{len(listed):,} resource{'s' if len(listed) != 1 else ''} in the order of execution"
    left = sync.get("resources_left")
    missing = f"; {left:,} more were told in a part of the record that is missing" if isinstance(left, int) and left else ""
    return many + (f", {failed:,} failed" if failed else "") + missing


def _tries_say(sync: Mapping[str, Any], told: int) -> str:
    tries = sync.get("retry_count")
    tries = max(tries if isinstance(tries, int) else 0, told)
    if not tries:
        return ""
    said = f"{tries} attempt{'s' if tries != 1 else ''} failed before"
    return said + (f"; {tries - told} of them {'was' if tries - told == 1 else 'were'} not seen" if told < tries else "")


def _terminated(sync: Mapping[str, Any]) -> str:
    by, because = sync.get("terminated_by"), sync.get("terminated_because")
    if by:
        return f"terminated by {by}" + (f": {because}" if because else "")
    return f"by whom is not known: {because or 'nothing names anybody'}"


def _no_entry(sync: Mapping[str, Any]) -> str:
    """Argo CD's history keeps full successes only, and only as many as its limit says."""
    kind, phase = str(sync.get("kind")), sync.get("phase")
    if phase in ("Running", "Terminating"):
        return "not yet"
    if phase != "Succeeded":
        return "no entry: only successes have one"
    if kind == "dry-run" or sync.get("partial"):
        return f"no entry: a {'dry run' if kind == 'dry-run' else 'partial sync'} leaves none"
    return "no entry was seen"


def _named(of: Mapping[str, Any]) -> str:
    space = f"{of.get('namespace')}/" if of.get("namespace") else ""
    return f"{of.get('kind') or ''} {space}{of.get('name') or ''}".strip()


def _quoted(text: str) -> str:
    return quote('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"', safe="")
