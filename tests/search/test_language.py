"""The search language: what it reads, what it refuses and where, and that printing loses nothing."""

import string

import pytest
from app.errors import SearchError
from app.search.fields import CHANGES, EVENTS, Kind
from app.search.language import LONGEST, MOST_TERMS, nearest_key, parse, print_query
from app.search.tree import EVERYTHING, Query, Span, Term, Word
from hypothesis import given
from hypothesis import strategies as st


def test_every_construct_has_its_tree() -> None:
    text = 'env:production -author:renovate[bot] class:[standard, "high impact"] app:pay* number:>=12 payments -"two words"'
    assert parse(text, CHANGES).terms == (
        Term("env", (Word("production"),)),
        Term("author", (Word("renovate[bot]"),), negated=True),
        Term("class", (Word("standard"), Word("high impact"))),
        Term("app", (Word("pay*", wild=True),)),
        Term("number", (Span(low=12),)),
        Term("", (Word("payments"),)),
        Term("", (Word("two words"),), negated=True),
    )


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("number:>3", Span(low=3, low_in=False)),
        ("number:<3", Span(high=3, high_in=False)),
        ("number:<=3", Span(high=3)),
        ("number:3..9", Span(3, 9)),
        ("number:3..", Span(low=3)),
        ("number:..9", Span(high=9)),
    ],
)
def test_numbers_have_an_order(text: str, span: Span) -> None:
    assert parse(text, CHANGES).terms[0].values == (span,)


def test_nothing_asks_for_everything() -> None:
    assert parse("", CHANGES) == parse("  \n\t ", CHANGES) == EVERYTHING


def test_keys_do_not_mind_case_and_values_keep_theirs() -> None:
    assert parse("ENV:Production", CHANGES).terms == (Term("env", (Word("Production"),)),)


def test_a_time_of_day_is_text_not_a_key() -> None:
    assert parse("12:30", CHANGES).terms == (Term("", (Word("12:30"),)),)


@pytest.mark.parametrize(
    ("text", "position", "nearest"),
    [
        ("env:production actr:chen", 15, "actor"),
        ("-wrkspace:x", 1, "workspace"),
        ("zzz:x", 0, None),
        ("https://x", 0, None),
        ('app:"open', 4, None),
        ("app:[a,b", 4, None),
        ("app:[a b]", 4, None),
        ("app:", 4, None),
        ("app:[]", 5, None),
        ('app:""', 4, None),
        ('app:"a"b', 7, None),
        ("foo -", 4, None),
        ("number:many", 7, None),
        ("number:>x", 7, None),
        ("number:..", 7, None),
        ("number:99999999999999999999", 7, None),
        ("app:>x", 4, None),
        ("verdict:fial", 8, "fail"),
        ("is:finishd", 3, "finished"),
        ("commit:4f1c", 7, None),
        ("commit:zzzzz", 7, None),
        ("pr:abc", 3, None),
        ("before:yesterday", 7, None),
        ("after:2026-02-30", 6, None),
        ('after:"2026-02-03 10:00 Nowhere/Land"', 6, None),
        ("after:0001-01-01T00:00+14:00", 6, None),
        ("a\x00b", 1, None),
        ("ab\ud800", 2, None),
        ("x" * (LONGEST + 1), LONGEST, None),
    ],
)
def test_what_cannot_be_understood_says_where(text: str, position: int, nearest: str | None) -> None:
    with pytest.raises(SearchError) as refused:
        parse(text, CHANGES)
    assert (refused.value.position, refused.value.nearest) == (position, nearest)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_too_many_terms_are_refused() -> None:
    with pytest.raises(SearchError, match="one term too many"):
        parse("a " * (MOST_TERMS + 1), CHANGES)


def test_each_example_of_the_help_is_understood() -> None:
    for fields in (CHANGES, EVENTS):
        for field in fields.values():
            (term,) = parse(field.example, fields).terms
            assert term.key == field.key


def test_the_nearest_key_is_one_of_the_list() -> None:
    assert nearest_key("aplication", EVENTS) in EVENTS
    assert nearest_key("commt", CHANGES) == "commit"


TEXT_KEYS = sorted(key for key, field in CHANGES.items() if field.kind is Kind.TEXT)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), min_size=1, max_size=12)
BARE = st.text(string.ascii_letters + string.digits + "-_./@#:[]", min_size=1, max_size=8).filter(
    lambda t: "[" not in t and "]" not in t
)
PLAIN = TEXTS.map(Word)
WILD = BARE.map(lambda text: Word(f"x{text}*", wild=True))
SPANS = st.one_of(
    st.builds(Span, st.integers(0, 10**6), st.none(), st.booleans()),
    st.builds(Span, st.none(), st.integers(0, 10**6), st.just(True), st.booleans()),
    st.builds(Span, st.integers(0, 10**6), st.integers(0, 10**6)),
)
TERMS = st.one_of(
    st.builds(Term, st.sampled_from(TEXT_KEYS), st.lists(PLAIN | WILD, min_size=1, max_size=4).map(tuple), st.booleans()),
    st.builds(Term, st.just("number"), st.lists(SPANS, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Term, st.just(""), st.tuples(PLAIN), st.booleans()),
)


@given(st.lists(TERMS, max_size=8))
def test_a_printed_tree_is_read_as_itself(terms: list[Term]) -> None:
    query = Query(tuple(terms))
    assert parse(print_query(query), CHANGES) == query


@given(st.text(st.sampled_from('ab:"[],-<>.*\\ \t#/appenvisnumber0123é\x85\xa0'), max_size=60) | st.text(max_size=80))
def test_any_text_is_a_tree_or_a_search_error(text: str) -> None:
    for fields in (CHANGES, EVENTS):
        try:
            query = parse(text, fields)
        except SearchError as error:
            inside = 0 <= error.position <= len(text)
        else:
            inside = parse(print_query(query), fields) == query
        assert inside


@given(TEXTS)
def test_a_quoted_value_is_always_that_value(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert parse(f"app:{quoted} {quoted}", CHANGES).terms == (Term("app", (Word(text),)), Term("", (Word(text),)))
