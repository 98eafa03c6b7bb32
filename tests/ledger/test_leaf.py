"""The leaf: canonical by an independent oracle, and nothing of an event is lost on the way through."""

from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
import pytest
import rfc8785
from app.domain.actor import Actor, ActorKind
from app.domain.event import Event, How, Keys, Step
from app.domain.ref import Ref
from app.errors import LedgerError
from app.ledger.leaf import LIMIT, event_from_leaf, leaf_bytes, time_text
from app.ledger.row import COLUMNS, column_text, row_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger.made import DAWN, event

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MAYBE = st.none() | TEXT
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 -- the zone is drawn
NAMES = st.text(st.characters(codec="ascii"), max_size=8)
FACTS = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXT, lambda x: st.lists(x, max_size=3) | st.dictionaries(NAMES, x, max_size=3)
)
EVENTS = st.builds(
    Event,
    id=st.uuids(),
    source=TEXT,
    kind=TEXT,
    type=TEXT,
    step=st.sampled_from(Step),
    status=TEXT,
    known=st.booleans(),
    how=st.sampled_from(How),
    ref=st.builds(Ref, TEXT, TEXT, TEXT, MAYBE),
    actor=st.none() | st.builds(Actor, TEXT, st.sampled_from(ActorKind), MAYBE, TEXT),
    occurred_at=TIMES,
    observed_at=TIMES,
    keys=st.builds(Keys, MAYBE, st.none() | WHOLE, st.lists(TEXT, max_size=2).map(tuple), MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE),
    facts=st.dictionaries(NAMES, FACTS, max_size=4),
    observation=st.none() | st.binary(min_size=32, max_size=32).map(lambda b: f"sha256:{b.hex()}"),
)


@settings(max_examples=300, deadline=None)
@given(EVENTS, TIMES)
def test_canonical_and_back(event: Event, recorded_at: datetime) -> None:
    leaf = leaf_bytes(event, recorded_at)
    assert leaf == rfc8785.dumps(orjson.loads(leaf))
    assert event_from_leaf(leaf) == (event, recorded_at)
    assert leaf_bytes(*event_from_leaf(leaf)) == leaf
    assert len(row_of(event, recorded_at)) == len(COLUMNS)


def test_the_names_are_always_there() -> None:
    bare = Event(
        id=UUID(int=1),
        source="s",
        kind="k",
        type="t",
        step=Step.NOTED,
        status="",
        ref=Ref("r", "1"),
        occurred_at=DAWN,
        observed_at=DAWN,
    )
    assert leaf_bytes(bare, DAWN) == (
        b'{"actor":null,"facts":{},"how":"observed","id":"00000000-0000-0000-0000-000000000001","keys":{},"kind":"k","known":true,'
        b'"observation":null,"observed_at":"2026-01-01T00:00:00.000000Z","occurred_at":"2026-01-01T00:00:00.000000Z",'
        b'"recorded_at":"2026-01-01T00:00:00.000000Z","ref":{"id":"1","type":"r"},"source":"s","status":"","step":"noted",'
        b'"type":"t","v":1}'
    )


def test_times_are_utc_with_microseconds() -> None:
    assert time_text(datetime(2026, 11, 24, 9, 30, tzinfo=timezone(timedelta(hours=-5)))) == "2026-11-24T14:30:00.000000Z"
    with pytest.raises(LedgerError, match="no zone"):
        time_text(datetime(2026, 1, 1))  # noqa: DTZ001 -- that is the point
    with pytest.raises(LedgerError, match="no canonical form"):
        leaf_bytes(changed(occurred_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))), DAWN)


def changed(**values: Any) -> Event:
    base = event(1)
    return Event(**{name: values.get(name, getattr(base, name)) for name in Event.__slots__})


@pytest.mark.parametrize(
    "facts",
    [{"a": 1.5}, {"a": 2**53}, {"é": 1}, {"a": "\ud800"}, {"a": DAWN}, {1: 2}, {"a": [{"b": {1, 2}}]}],
    ids=["float", "big", "key", "surrogate", "time", "number key", "set"],
)
def test_what_has_no_canonical_form_is_refused(facts: dict[Any, Any]) -> None:
    with pytest.raises(LedgerError, match="no canonical form"):
        leaf_bytes(changed(facts=facts), DAWN)


def test_size_and_observation_are_checked() -> None:
    room = LIMIT - len(leaf_bytes(changed(facts={"a": ""}), DAWN))
    assert len(leaf_bytes(changed(facts={"a": "x" * room}), DAWN)) == LIMIT
    with pytest.raises(LedgerError, match="65,536 bytes"):
        leaf_bytes(changed(facts={"a": "x" * (room + 1)}), DAWN)
    with pytest.raises(LedgerError, match="names the observation"):
        leaf_bytes(changed(observation="sha256:abc"), DAWN)
    with pytest.raises(LedgerError, match="pull request"):
        leaf_bytes(changed(keys=Keys(pull_request=2**53)), DAWN)


def test_read_only_facts() -> None:
    assert leaf_bytes(changed(facts=MappingProxyType({"b": 1, "a": (2,)})), DAWN) == leaf_bytes(
        changed(facts={"a": [2], "b": 1}), DAWN
    )


@pytest.mark.parametrize("leaf", [b"", b"[]", b"null", b"{}", b'{"v":2}', b'{"v":1}', b"\xff", leaf_bytes(event(1), DAWN)[:-1]])
def test_other_bytes_are_no_leaf(leaf: bytes) -> None:
    with pytest.raises(LedgerError):
        event_from_leaf(leaf)


def test_columns_hold_what_a_database_can() -> None:
    assert column_text("a\x00b") == "a\ufffdb"
    long = column_text("é" * 5000) or ""
    assert len(long) < 600
    assert long != column_text("é" * 5001)
    assert column_text(None) is None
