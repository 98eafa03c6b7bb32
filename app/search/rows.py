"""A tree asked of one row in memory: what lists use that are small enough to be made whole."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from app.search.tree import Query, Span, Term, Value


def matches(query: Query, values: Mapping[str, Sequence[str]], words: Sequence[str]) -> bool:
    """Whether a row holds every term. `values` are its values by key; free text is looked for in `words`."""
    return all(_holds(term, values.get(term.key, ()) if term.key else words) is not term.negated for term in query.terms)


def _holds(term: Term, among: Sequence[str]) -> bool:
    return any(_is(value, text, whole=bool(term.key)) for value in term.values for text in among)


def _is(value: Value, text: str, *, whole: bool) -> bool:
    if isinstance(value, Span):
        return False  # none of these lists has numbers
    if value.wild:
        return bool(_pattern(value.text).fullmatch(text) if whole else _pattern(value.text).search(text))
    wanted = value.text.casefold()
    return text.casefold() == wanted if whole else wanted in text.casefold()


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.IGNORECASE | re.DOTALL)
