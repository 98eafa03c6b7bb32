"""Every endpoint a source asks × everything that can go wrong with an answer.

The endpoints are those that a pass over a tiny world was seen to ask, the places for wrong types those of the answers it got: no
list of them is kept here. In every case the outcome has a name, and the passes after it tell exactly what a source tells that never
failed: nothing is lost, and nothing is told twice or otherwise.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import httpx
import pytest
import stamina
from app.domain.actor import ActorKind
from app.domain.event import Event
from app.errors import SourceError
from app.sources.contract import Connection, Page, Source, Stream, Task, Want

from tests.sources import line
from tests.sources.harness import remember
from tests.sources.line import WRONG, Fault, Line, places, wrong_type
from tests.sources.worlds import HOST, ROWS, START, Told

# When, and whether it reads everything; what was read of earlier years is read again after a week.
PASSES = ((timedelta(), False), (timedelta(minutes=2), False), (timedelta(hours=25), True), (timedelta(days=8), True))
LARGEST = 2_000_000
HTML = b"<!doctype html><html><title>Sign in</title>TOKEN</html>"
SOON = START + timedelta(minutes=1)
EPOCH = str(int(SOON.timestamp()))
DATE = SOON.strftime("%a, %d %b %Y %H:%M:%S GMT")


@dataclass(frozen=True)
class Harm:
    """`states` are the names it may have, where it stops a pass; `waits` the seconds that the source asked for."""

    does: Fault
    states: frozenset[str]
    waits: float | None = None
    lies: bool = False  # the answer can be understood, and says something else


def _throttled(waits: float, status: int = 429, **headers: str) -> Harm:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Harm(line.status(status, named), frozenset({"throttled"}), waits)


def _harm(does: Fault, *states: str) -> Harm:
    return Harm(does, frozenset(states))


ODD = "not understood"
FAULTS = {
    "401": _harm(line.status(401), "unauthorized"),
    "403": _harm(line.status(403), "forbidden"),
    "404": _harm(line.status(404), "not found"),
    "400": _harm(line.status(400), ODD),
    "418": _harm(line.status(418), ODD),
    "429 Retry-After": _throttled(600, retry_after="600"),
    "429 Retry-After, a date": _throttled(60, retry_after=DATE),
    "429 x-ratelimit-reset, seconds": _throttled(31.5, x_ratelimit_reset="31.5"),
    "429 x-ratelimit-reset, an epoch": _throttled(60, x_ratelimit_reset=EPOCH),
    "429": _throttled(60),
    "403 Retry-After": _throttled(600, 403, retry_after="600"),
    "403 x-ratelimit-remaining": _throttled(60, 403, x_ratelimit_remaining="0", x_ratelimit_reset=EPOCH),
    "500": _harm(line.status(500), "server error"),
    "502": _harm(line.status(502), "server error"),
    "503": _harm(line.status(503), "server error"),
    "a redirect": _harm(
        line.status(302, {"location": "https://elsewhere.example/x?token=1"}), "refused", "not found", "unreachable"
    ),
    "a timeout": _harm(line.raising(httpx.ReadTimeout), "unreachable"),
    "no connection": _harm(line.raising(httpx.ConnectError), "unreachable"),
    "a reset": _harm(line.raising(httpx.ReadError), "unreachable"),
    "a cut body": _harm(line.cut, "unreachable"),
    "half of a body": _harm(line.half, ODD),
    "an empty body": _harm(line.body(b""), ODD),
    "HTML": _harm(line.body(HTML, "text/html"), ODD),
    "not JSON": _harm(line.body(b'{"data": TOKEN'), ODD),
    "not UTF-8": _harm(line.body(b'{"data": "\xff\xfe"}'), ODD),
    "deep JSON": _harm(line.body(b"[" * 50_000 + b"]" * 50_000), ODD),
    "null": _harm(line.body(b"null"), ODD),
    "a list": _harm(line.body(b"[1, 2]"), ODD),
    "a number": _harm(line.body(b"7"), ODD),
    "an empty object": _harm(line.body(b"{}"), ODD),
    "an error in a 200": _harm(line.body(b'{"errors": [{"message": "no, TOKEN", "type": "X"}]}'), ODD),
    "an endless body": _harm(line.endless(b"[" * 500_000, slow=False), "too large", ODD),
    "an endless drip": _harm(line.endless(b" ", slow=True), "unreachable", "too large", ODD),
}


@dataclass
class Reading:
    """What one stream told, pass by pass."""

    memory: dict[str, Any] = field(default_factory=dict)
    settled: set[Want] = field(default_factory=set)
    told: dict[Any, Event] = field(default_factory=dict)  # as it was first told: that is what the ledger keeps
    first: dict[Any, Event] = field(default_factory=dict)  # `told` after the first pass
    unknown: list[tuple[str, str]] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    error: SourceError | None = None


@dataclass
class Scene:
    """A world, the wire to it, and what a source tells that never fails."""

    told: Told
    kind: str
    clock: list[datetime]
    line: Line
    well: dict[str, Reading] = field(default_factory=dict)
    asks: dict[str, set[str]] = field(default_factory=dict)  # endpoint → the streams that ask it
    healed: set[str] = field(default_factory=set)  # what faults left behind, and later passes mended

    def source(self) -> Source:
        connection = Connection(
            "the-source",
            self.kind,
            f"https://{HOST}{self.told.path}",
            token=self.told.token,
            per_second=1_000_000.0,
            max_bytes=LARGEST,
            timeout=30.0,
            **self.told.settings,
        )
        return next(row.connect for row in ROWS.values() if row.kind == self.kind)(connection, lambda: self.clock[0], self.line)

    def read(self, source: Source, stream: str, reading: Reading, number: int) -> None:
        after, everything = PASSES[number]
        self.clock[0] = START + after
        wants = [want for want in self.told.wants if want not in reading.settled]
        task = Task(stream, self.clock[0], dict(reading.memory), wants, everything)
        reading.error = None
        reading.pages = []
        try:
            for page in source.fetch(task):
                remember(reading.memory, page)
                reading.settled |= set(page.settled)
                reading.unknown += page.unknown
                reading.pages.append(page)
                for event in page.events:
                    reading.told.setdefault(event.id, event)
        except SourceError as error:
            reading.error = error
        reading.first = reading.first or dict(reading.told)

    def streams(self) -> Sequence[Stream]:
        with closing(self.source()) as source:
            return source.streams()


@cache
def scene(name: str) -> Scene:
    row, clock = ROWS[name], [START]
    told = row.tell(clock)
    made = Scene(told, row.kind, clock, Line(told.app, clock, told.names, HOST))
    made.line.tick = lambda: clock.__setitem__(0, clock[0] + timedelta(seconds=1))
    with stamina.set_testing(True, attempts=1):
        for stream in made.streams():
            made.well[stream.name] = reading = Reading()
            with closing(made.source()) as source:
                for number in range(len(PASSES)):
                    made.line.asked.clear()
                    made.read(source, stream.name, reading, number)
                    assert reading.error is None, f"{name}/{stream.name}: {reading.error}"
                    for endpoint in made.line.asked if number == 0 else ():
                        made.asks.setdefault(endpoint, set()).add(stream.name)
    return made


def endpoints() -> Iterator[tuple[str, str]]:
    """(row, endpoint); an older server's only where a newer one was not asked it, or was asked it for something else."""
    met: set[tuple[str, str]] = set()
    for name, row in ROWS.items():
        for endpoint in sorted(scene(name).asks):
            bare = endpoint.replace("/api/v3/", "/").replace("/api/graphql", "/graphql")
            if (row.kind, bare) not in met or ("older" in name and endpoint.endswith(("/runs", "/workspaces"))):
                met.add((row.kind, bare))
                yield name, endpoint


ENDPOINTS = list(endpoints())


LOOKED = ("seen_after", "observed_after", "observed_before")
TIMES = (*LOOKED, "onset_after", "onset_before", "unknown_since", "compared_at")  # of our looking
POORER = {"apply-resources": "complete"}  # told once, and so for good as it was seen; this fact says that it is not whole
ABSENT = {"run-event", "plan-resources"}  # which a server may have no endpoint for: docs/sources.md says what that leaves unknown
SNAPSHOTS = {"branch-rules": "rules"}  # told again as a change when more of it can be read: by type, the fact that is the snapshot
AFTERWARDS = {("operation", "attributed"), ("branch-rules", "changed")}  # what was found out later of what had been told


def shown(event: Event) -> dict[str, Any]:
    """What must be the same however often a source failed before it could be told: all but the times of our looking."""
    return {
        "type": event.type,
        "status": event.status,
        "step": event.step,
        "ref": event.ref.id,
        "actor": event.actor,
        "keys": event.keys,
        "known": event.known,
        "facts": {key: value for key, value in event.facts.items() if key not in TIMES},
    }


def natural(event: Event) -> Any:
    """What tells it from others of its kind, where its id also holds the time of our looking."""
    return event.type, event.status, event.ref.id, json.dumps(shown(event)["facts"], sort_keys=True)


def same(event: Event, well: Event) -> bool:
    """Told as it was told when nothing failed, or with less and saying so: an account that could not be asked for is unknown."""
    mine, its = shown(event), shown(well)
    if event.actor and event.actor.kind is ActorKind.UNKNOWN:
        mine["actor"] = its["actor"]
        if event.facts.get("kind_by") in {"record", "history"}:  # nobody announced it, as far as could be read
            mine["facts"] |= {name: its["facts"].get(name) for name in ("kind_by", "automated")}
    if event.type in POORER and event.facts.get(POORER[event.type]) is False:
        mine["facts"] = its["facts"]
    if event.type != "run" and less(asdict(event.keys), asdict(well.keys)):
        mine["keys"] = its["keys"]  # the run itself is told again with its keys, and joins what is about it
    return mine == its


def assert_named(harm: Harm, error: SourceError | None, case: str) -> None:
    if error is None:
        return
    assert error.state in harm.states, f"{case}: {error.state}: {error}"
    assert error.found, f"{case}: nothing was found"
    assert error.expected or error.do, f"{case}: one line, but half of it: {error}"
    assert "\n" not in str(error)
    if harm.waits is not None:
        assert abs(getattr(error, "retry_after", 0.0) - harm.waits) < 1, f"{case}: waits {error.retry_after}"  # type: ignore[attr-defined]


def assert_no_token(token: str, reading: Reading, case: str) -> None:
    said = [str(reading.error), repr(reading.unknown), json.dumps(reading.memory), repr(list(reading.told.values()))]
    kept = [bytes(one.body).decode() for page in reading.pages for one in page.observations]
    for text in [*said, *kept]:
        assert token.lower() not in text.lower(), f"{case}: {text[:300]}"


def degraded(event: Event) -> bool:
    """Says itself that it tells less."""
    less_was_told = event.facts.get("policy_told") is False
    return event.status == "unavailable" or bool(event.facts.get("because")) or not event.known or less_was_told


def less(one: Any, other: Any) -> bool:
    """`one` says nothing that `other` does not say: what it lacks is None, empty, or not there."""
    if one is None or one in ("", [], {}, ()) or one == other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return all(less(item, other.get(key)) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) <= len(other) and all(map(less, one, other))
    return one is False and other is True  # a `policy_told`: it could not be seen


def stands_for(event: Event, well: Event) -> bool:
    """The same thing, of which less was seen."""
    return (event.type, event.status, event.ref.id) == (well.type, well.status, well.ref.id) and less(event.facts, well.facts)


def shows(event: Event, well: Event) -> bool:
    fact = SNAPSHOTS.get(event.type, "")
    return (event.type, event.ref.id) == (well.type, well.ref.id) and bool(fact) and event.facts.get(fact) == well.facts.get(fact)


def brief(events: Iterable[Event]) -> str:
    return ", ".join(sorted({f"{e.type} {e.status} {e.ref.id[:24]}" for e in events}))[:300]


def assert_not_silent(well: Reading, reading: Reading, case: str) -> None:
    """A pass that went through and told less says so."""
    able = well.memory.get("server", {})
    lacks = {word for word, value in reading.memory.get("server", {}).items() if value is False}  # stands on the page Sources
    unable = any(able.get(word) is not False for word in lacks)
    noted = unable or reading.unknown or reading.memory.get("progress", {}).get("because")
    if reading.error is None and not noted:
        extra = [event for key, event in reading.told.items() if key not in well.told]
        lost = [event for key, event in well.first.items() if key not in reading.told]
        lost = [event for event in lost if event.type not in ABSENT and not any(stands_for(one, event) for one in extra)]
        assert not lost or any(degraded(event) for event in extra), f"{case}: silent about {brief(lost)}"


def assert_true(here: Scene, stream: str, reading: Reading, case: str) -> None:
    """What was told is what a source tells that never failed, each thing as it told it; or less, and it says so."""
    well, every = here.well[stream], [event for one in here.well.values() for event in one.told.values()]
    right = {natural(event) for event in every}
    for key, event in reading.told.items():
        if key in well.told:
            mine, its = shown(event), shown(well.told[key])
            odd = {name: (mine[name], its[name]) for name in mine if mine[name] != its[name]}
            assert same(event, well.told[key]), f"{case}: told otherwise: {event.type} {event.status} {str(odd)[:400]}"
        elif natural(event) not in right:
            later = (event.type, event.status) in AFTERWARDS
            fits = later or degraded(event) or any(stands_for(event, one) for one in every)
            assert fits, f"{case}: told what is not so: {event.type} {event.status} {event.ref.id} {str(event.facts)[:200]}"


def heal(here: Scene, source: Source, stream: str, reading: Reading, case: str) -> None:
    """The passes that follow bring everything that was missing. Where two faults left the same behind, they do it once."""
    left = json.dumps([stream, reading.memory, sorted(map(str, reading.told)), sorted(map(str, reading.settled))], sort_keys=True)
    if left in here.healed:
        return
    well = here.well[stream].told
    for number in range(1, len(PASSES)):
        here.read(source, stream, reading, number)
        assert reading.error is None, f"{case}: and then {reading.error}"
        if well.keys() <= reading.told.keys():
            break
    told = {natural(event) for event in reading.told.values()}
    lost = [event for key, event in well.items() if key not in reading.told and natural(event) not in told]
    lost = [event for event in lost if not any(shows(one, event) for one in reading.told.values())]
    assert not lost, f"{case}: lost {brief(lost)}"
    assert_true(here, stream, reading, case)
    here.healed.add(left)


def hurt(here: Scene, source: Source, stream: str, endpoint: str, harm: Harm, case: str) -> None:
    reading = Reading()
    here.line.where, here.line.fault = endpoint, harm.does
    try:
        here.read(source, stream, reading, 0)
    except Exception as defect:
        raise AssertionError(f"{case}: a defect, {type(defect).__name__}: {defect}") from defect
    finally:
        here.line.fault = None
    assert_named(harm, reading.error, case)
    assert_no_token(here.told.token, reading, case)
    assert here.line.strays == [], f"{case}: the token went to another host"
    if not harm.lies:
        assert_not_silent(here.well[stream], reading, case)
        assert_true(here, stream, reading, case)
        heal(here, source, stream, reading, case)


def suffer(name: str, endpoint: str, fault: str, harm: Harm) -> None:
    here = scene(name)
    with stamina.set_testing(True, attempts=1):
        for stream in sorted(here.asks[endpoint]):
            case = f"{name}/{stream}: {endpoint} × {fault}"
            with closing(here.source()) as source:
                hurt(here, source, stream, endpoint, harm, case)


def each(name: str, endpoint: str, faults: Iterable[tuple[str, Harm]]) -> None:
    """All of them, so that one run says all that is wrong."""
    failed = []
    for fault, harm in faults:
        try:
            suffer(name, endpoint, fault, harm)
        except AssertionError as error:
            failed.append(str(error).splitlines()[0])
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize(("name", "endpoint"), ENDPOINTS)
def test_every_fault_is_named_and_heals(name: str, endpoint: str) -> None:
    each(name, endpoint, FAULTS.items())


ANY = frozenset({ODD, "not found", "refused"})


def misshapen(name: str, endpoint: str) -> Iterator[tuple[str, Harm]]:
    """One wrong value for each place of the endpoint's answer; which one changes from place to place."""
    said = scene(name).line.answers.get(endpoint)
    for place in places(said.document) if said and said.document is not None else ():
        at = ".".join(place) or "the whole"
        choice = int(sha256(f"{endpoint} {at}".encode()).hexdigest(), 16)
        value = WRONG[choice % len(WRONG)]
        yield f"{at} = {value!r}", Harm(wrong_type(place, value), ANY, lies=True)


@pytest.mark.parametrize(("name", "endpoint"), ENDPOINTS)
def test_a_wrong_type_in_any_place_is_survived_and_heals(name: str, endpoint: str) -> None:
    each(name, endpoint, misshapen(name, endpoint))
