"""The sentence above a list."""

import pytest
from app.search.fields import CHANGES, EVENTS
from app.search.language import parse
from app.search.period import period_of
from app.search.words import sentence

FORTNIGHT = period_of("2026-09-24", "2026-10-08")


@pytest.mark.parametrize(
    ("text", "count", "said"),
    [
        ("", 1_204, "1,204 changes."),
        ("", None, "Changes."),
        ("is:finished", 1, "1 change that is finished."),
        ("is:in-progress", 2, "2 changes that are in progress."),
        ("class:[standard,high,emergency] env:production", 3, "3 changes to production, of class standard, high or emergency."),
        ("env:production author:\"Chen Wu\"", 3, "3 changes to production that Chen Wu authored."),
        ("-pr:* app:*", 3, "3 changes with any app, with no pr."),
        ("number:>12 -verdict:pass", 3, "3 changes not judged pass, numbered more than 12."),
        ('app:"a, b"', 3, "3 changes in application “a, b”."),
        ("egress -\"two words\"", 0, "0 changes mentioning “egress”, not mentioning “two words”."),
        ("before:2026-01-01T10:00:05Z", 0, "0 changes, up to 1 January 2026 10:00:05 UTC."),
        ("after:2026-01-01", 0, "0 changes, from 1 January 2026 00:00 UTC on."),
    ],
)  # fmt: skip
def test_a_query_reads_as_a_sentence(text: str, count: int | None, said: str) -> None:
    assert str(sentence("changes", CHANGES, parse(text, CHANGES), count, None)) == said


def test_the_sentence_of_the_fortnight() -> None:
    query = parse("-author:renovate[bot] env:production", CHANGES)
    found = sentence("changes", CHANGES, query, 214, FORTNIGHT)
    assert found.lead == "214 changes"
    assert found.rest == (
        " to production that renovate[bot] did not author, from 24 September 2026 00:00 up to 8 October 2026 00:00 UTC."
    )


def test_two_queries_that_mean_the_same_read_the_same() -> None:
    one, two = parse("env:a app:b", CHANGES), parse("app:b env:a", CHANGES)
    assert sentence("changes", CHANGES, one, 1, None) == sentence("changes", CHANGES, two, 1, None)


def test_events_have_their_own_words() -> None:
    query = parse("is:unknown source:tfe-prod step:applied", EVENTS)
    assert str(sentence("events", EVENTS, query, 7, None)) == "7 events from tfe-prod, of step applied, that are unknown."
