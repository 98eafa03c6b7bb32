"""The search language: text → tree, and the tree back to text.

    query  = term*                         every term must hold
    term   = ["-"] ( key ":" values | word )   "-" turns it round; without a key it is free text
    values = value | "[" value ("," value)* "]"   any of them
    value  = word | (">" | ">=" | "<" | "<=") number | [number] ".." [number]
    word   = characters up to a space | '"' any characters, with \\" and \\\\ '"'

An unquoted * in a word stands for any characters. Keys and values do not mind case.
"""

import difflib
import re

from app.errors import SearchError
from app.search.fields import Field, Fields, Kind
from app.search.period import moment
from app.search.tree import Query, Span, Term, Value, Word

LONGEST = 8_000  # characters of one query
MOST_TERMS = 64
MOST_VALUES = 500
_LARGEST = 2**63 - 1

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):")
_COMPARISON = re.compile(r"(>=|<=|>|<)(\d{1,19})", re.ASCII)
_RANGE = re.compile(r"(\d{1,19})?\.\.(\d{1,19})?", re.ASCII)
_SHA = re.compile(r"[0-9a-f]{5,64}", re.ASCII)
_PULL = re.compile(r"(?:[^\s#]+#)?\d{1,18}", re.ASCII)
_PLAIN = re.compile(r"[^\s\"\[\],><=-][^\s\"\[\],]*")


def parse(text: str, fields: Fields) -> Query:
    """The tree of `text`, where only the keys of `fields` are known.

    Raises SearchError, with the position where the text stops making sense and the nearest key or value where there is one.
    """
    if len(text) > LONGEST:
        raise SearchError(f"the query has {len(text):,} characters", position=LONGEST, expected=f"at most {LONGEST:,}")
    for position, character in enumerate(text):
        if character == "\x00" or "\ud800" <= character <= "\udfff":
            raise SearchError(f"a character that is no text (U+{ord(character):04X})", position=position, do="take it out")
    return _Reader(text, fields).query()


class _Reader:
    def __init__(self, text: str, fields: Fields) -> None:
        self.text, self.fields, self.at = text, fields, 0

    def query(self) -> Query:
        terms: list[Term] = []
        while self._skip_space():
            if len(terms) == MOST_TERMS:
                raise SearchError("one term too many", position=self.at, expected=f"at most {MOST_TERMS} terms")
            terms.append(self._term())
        return Query(tuple(terms))

    def _skip_space(self) -> bool:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _term(self) -> Term:
        start = self.at
        negated = self._peek() == "-"
        if negated:
            self.at += 1
            if not self._peek() or self._peek().isspace():
                raise SearchError("a minus with nothing behind it", position=start, do="put the term right behind it")
        found = _KEY.match(self.text, self.at)
        if not found:
            return Term("", (self._word(),), negated, start)
        field = self._field(found[1], self.at)
        self.at = found.end()
        return Term(field.key, self._values(field), negated, start)

    def _field(self, name: str, position: int) -> Field:
        field = self.fields.get(name.lower())
        if field:
            return field
        nearest = nearest_key(name, self.fields)
        do = f"did you mean {nearest}:? " if nearest else ""
        raise SearchError(
            f"there is no key {name[:40]}", position=position, nearest=nearest, do=f"{do}To search for the text itself, quote it"
        )

    def _values(self, field: Field) -> tuple[Value, ...]:
        if self._peek() != "[":
            return (self._value(field, in_list=False),)
        opened, out = self.at, list[Value]()
        self.at += 1
        while True:
            self._skip_space()
            if len(out) == MOST_VALUES:
                raise SearchError("one value too many", position=self.at, expected=f"at most {MOST_VALUES} values in a list")
            out.append(self._value(field, in_list=True))
            self._skip_space()
            mark = self._peek()
            self.at += 1
            if mark == "]":
                self._must_end("the list")
                return tuple(out)
            if mark != ",":
                raise SearchError("a list that is not closed", position=opened, expected="values with commas between, then ]")

    def _value(self, field: Field, in_list: bool) -> Value:
        position, quoted = self.at, self._peek() == '"'
        word = self._word(in_list)
        return understood(field, word, quoted, position)

    def _word(self, in_list: bool = False) -> Word:
        if self._peek() == '"':
            return self._quoted(in_list)
        start, depth = self.at, 0
        while self.at < len(self.text) and not self.text[self.at].isspace():
            character = self.text[self.at]
            if in_list and depth == 0 and character in ",]":
                break
            depth += (character == "[") - (character == "]")
            self.at += 1
        bare = self.text[start : self.at]
        if not bare:
            raise SearchError("a value is missing", position=start, do="write one, or quote it")
        return Word(bare, "*" in bare)

    def _quoted(self, in_list: bool) -> Word:
        start, out = self.at, list[str]()
        self.at += 1
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character == '"':
                if not out:
                    raise SearchError("an empty value", position=start, do="write something between the quotes")
                if not in_list:
                    self._must_end("the closing quote")
                return Word("".join(out))
            if character == "\\" and self._peek() in ('"', "\\"):
                character = self._peek()
                self.at += 1
            out.append(character)
        raise SearchError("a quote that is not closed", position=start, do='close it with "')

    def _must_end(self, what: str) -> None:
        if self.at < len(self.text) and not self.text[self.at].isspace():
            raise SearchError(f"something right behind {what}", position=self.at, expected="a space")


def nearest_key(name: str, fields: Fields) -> str | None:
    """The key that `name` was probably meant to be."""
    return next(iter(difflib.get_close_matches(name.lower(), fields, n=1, cutoff=0.5)), None)


def understood(field: Field, word: Word, quoted: bool, position: int) -> Value:
    """`word` as a value of `field`, checked. Raises SearchError at `position`."""
    text = word.text.lower()
    match field.kind:
        case Kind.NUMBER:
            return _number(field, text, position)
        case Kind.TIME:
            moment(word.text, position=position)
            return Word(word.text)
        case Kind.CHOICE:
            if text.replace(" ", "-").replace("_", "-") not in field.values:
                near = next(iter(difflib.get_close_matches(text, field.values, n=1)), None)
                expected = "one of " + ", ".join(field.values)
                raise SearchError(f"{field.key} is never {_short(word.text)}", position=position, nearest=near, expected=expected)
            return word
        case Kind.COMMIT:
            if text == "*":
                return word
            if not _SHA.fullmatch(text.removesuffix("*")):
                raise SearchError(
                    f"{_short(word.text)} is not a commit", position=position, expected="the first 5 characters or more of its SHA"
                )
            return Word(word.text.removesuffix("*"))
        case Kind.PULL:
            if text != "*" and not _PULL.fullmatch(text):
                raise SearchError(f"{_short(word.text)} is not a pull request", position=position, expected="412 or bank/infra#412")
            return word
    if not quoted and word.text[0] in "<>":
        raise SearchError(f"{field.key} has no order", position=position, do="quote the value if it begins like that")
    return word


def _number(field: Field, text: str, position: int) -> Value:
    if text.isdecimal() and text.isascii() and int(text[:30]) <= _LARGEST:
        return Word(text)
    span: Span | None = None
    if found := _COMPARISON.fullmatch(text):
        number, inside = int(found[2]), "=" in found[1]
        span = Span(low=number, low_in=inside) if found[1][0] == ">" else Span(high=number, high_in=inside)
    elif (found := _RANGE.fullmatch(text)) and (found[1] or found[2]):
        span = Span(int(found[1]) if found[1] else None, int(found[2]) if found[2] else None)
    if span is None or max(span.low or 0, span.high or 0) > _LARGEST:
        raise SearchError(
            f"{_short(text)} is not a number", position=position, expected=f"{field.key}:12, {field.key}:>12 or {field.key}:10..12"
        )
    return span


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")


def print_query(query: Query) -> str:
    """The text of a tree: `parse(print_query(q), fields) == q` for every tree that `parse` makes."""
    return " ".join(print_term(term) for term in query.terms)


def print_term(term: Term) -> str:
    """One term as text: what a chip removes and a facet adds."""
    values = [_print_value(value, in_list=len(term.values) > 1, free=not term.key) for value in term.values]
    body = f"[{','.join(values)}]" if len(values) > 1 or (term.key and values[0][0] == "[") else values[0]
    return ("-" if term.negated else "") + (f"{term.key}:{body}" if term.key else body)


def _print_value(value: Value, in_list: bool, free: bool) -> str:
    if isinstance(value, Span):
        if value.low is not None and value.high is not None:
            return f"{value.low}..{value.high}"
        if value.low is not None:
            return f">{'=' if value.low_in else ''}{value.low}"
        return f"<{'=' if value.high_in else ''}{value.high}"
    text = value.text
    if value.wild:
        return text
    if _PLAIN.fullmatch(text) and "*" not in text and ".." not in text and not (free and ":" in text):
        return text
    if not in_list and not free and re.fullmatch(r"\w[^\s\"*]*\[[^\s\"*]*\]", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
