"""Canonical JSON against the RFC 8785 oracle, text that fits, facts that fit."""

import json

import pytest
import rfc8785
from app.canonical import MAX_INTEGER, canonical_json, fit, plain, stable_id
from hypothesis import given
from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ASCII = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_it_equals_rfc_8785_over_what_it_accepts(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1.5, float("nan"), 2**53, {"é": 1}, {1: 2}, b"x", {"a": {"b": object()}}, {"a"}])
def test_everything_else_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical_json(value)


def test_plain_text_can_be_stored_and_says_when_it_was_cut() -> None:
    assert plain("a\x00b") == "a\ufffdb"
    assert plain("\ud800x") == "\ufffdx"
    assert plain(None) == ""
    assert plain("x" * 2_000_000, 10) == "xxxxxxxxxx… [2,000,000 characters]"
    assert plain("\u202eevil 🏦") == "\u202eevil 🏦"


@given(st.lists(st.text(max_size=200), max_size=400))
def test_facts_are_shortened_to_fit_and_say_how_many_there_were(items: list[str]) -> None:
    out = fit({"resources": items, "kind": "sync"}, 4000)
    assert len(json.dumps(out, ensure_ascii=False).encode()) < 8000
    assert out.get("resources_total", len(items)) == len(items)
    assert items[: len(out["resources"])] == out["resources"]


def test_ids_are_stable() -> None:
    assert str(stable_id("tfe-prod", "run", "run-1", "applied")) == "328b1567-adf9-5280-b460-581e88b458c0"
    assert stable_id("a", "b") == stable_id("a", "b") != stable_id("ab")
