"""A small GraphQL: it reads a query and answers exactly what was selected, nothing more.

https://spec.graphql.org/October2021/ -- the part of it that read-only clients use: variables, aliases, fragments.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r'\s*(?:#[^\n]*\s*|,\s*)*(\.\.\.|[{}()\[\]:!$=]|-?\d+|"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*)')


class QueryError(Exception):
    """`error` is what stands in `errors`."""

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__(message)
        self.error = {"message": message, **more}


class FieldError(Exception):
    """One field cannot be told: it is null, and `errors` says why beside the rest of the data. `null_above`: it may not be null,
    so the object that holds it is."""

    def __init__(self, message: str, *, null_above: bool = False, **more: Any) -> None:
        super().__init__(message)
        self.error, self.null_above = {"message": message, **more}, null_above


@dataclass(frozen=True, slots=True)
class Typed:
    """An object with the name of its GraphQL type."""

    typename: str
    value: Any


@dataclass(frozen=True, slots=True)
class Selected:
    """A field (`name`), or a fragment: spread by `name`, or inline `on` a type."""

    name: str | None
    alias: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    inner: "tuple[Selected, ...]" = ()
    spread: bool = False
    on: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    operation: str
    inner: tuple[Selected, ...]
    defaults: Mapping[str, Any]
    fragments: Mapping[str, tuple[str, tuple[Selected, ...]]]


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if not token or (wanted is not None and token != wanted):
            raise QueryError(f"Parse error on {token!r}: expected {wanted or 'more'}")
        self.place += 1
        return token

    def accept(self, token: str) -> bool:
        if self.peek() == token:
            self.place += 1
            return True
        return False


def _tokens(text: str) -> Iterator[str]:
    place = 0
    text = text.rstrip(" \n\t,")
    while place < len(text):
        match = TOKEN.match(text, place)
        if not match:
            raise QueryError(f"Parse error at character {place}")
        yield match[1]
        place = match.end()


def read(text: str) -> Document:
    """Raises QueryError for what is not a query."""
    reader = _Reader(text)
    operation, defaults = "", dict[str, Any]()
    inner: tuple[Selected, ...] = ()
    fragments: dict[str, tuple[str, tuple[Selected, ...]]] = {}
    while reader.peek():
        if reader.accept("fragment"):
            name = reader.take()
            reader.take("on")
            fragments[name] = (reader.take(), _selection(reader))
        elif reader.accept("query"):
            operation = reader.take() if reader.peek() not in "({" else ""
            defaults = _variables(reader)
            inner = _selection(reader)
        else:
            raise QueryError(f"Only queries are answered here, not {reader.peek()!r}")
    return Document(operation, inner, defaults, fragments)


def _variables(reader: _Reader) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    if not reader.accept("("):
        return defaults
    while not reader.accept(")"):
        reader.take("$")
        name = reader.take()
        reader.take(":")
        while reader.peek() not in ("$", ")", "="):
            reader.take()
        if reader.accept("="):
            defaults[name] = _value(reader)
    return defaults


def _selection(reader: _Reader) -> tuple[Selected, ...]:
    reader.take("{")
    found = []
    while not reader.accept("}"):
        found.append(_fragment(reader) if reader.accept("...") else _field(reader))
    return tuple(found)


def _fragment(reader: _Reader) -> Selected:
    if reader.accept("on"):
        return Selected(None, on=reader.take(), inner=_selection(reader))
    return Selected(reader.take(), spread=True)


def _field(reader: _Reader) -> Selected:
    alias = name = reader.take()
    if reader.accept(":"):
        name = reader.take()
    arguments: dict[str, Any] = {}
    if reader.accept("("):
        while not reader.accept(")"):
            key = reader.take()
            reader.take(":")
            arguments[key] = _value(reader)
    return Selected(name, alias, arguments, _selection(reader) if reader.peek() == "{" else ())


def _value(reader: _Reader) -> Any:
    token = reader.take()
    if token == "$":
        return Variable(reader.take())
    if token == "[":
        items = []
        while not reader.accept("]"):
            items.append(_value(reader))
        return items
    if token == "{":
        members = {}
        while not reader.accept("}"):
            key = reader.take()
            reader.take(":")
            members[key] = _value(reader)
        return members
    words = {"true": True, "false": False, "null": None}
    if token in words:
        return words[token]
    return int(token) if re.fullmatch(r"-?\d+", token) else token.strip('"')


Resolver = Callable[[Any, Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Schema:
    """`types`: type → field → resolver(object, arguments). `members`: interface or union → its types."""

    types: Mapping[str, Mapping[str, Resolver]]
    members: Mapping[str, frozenset[str]]

    def answer(self, document: Document, root: Any, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data. Raises QueryError, as an answer without data, when a field is not there."""
        return self.told(document, root, variables)[0]

    def told(self, document: Document, root: Any, variables: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The data, and what could not be told of it."""
        asked = _Asked(document, {**document.defaults, **variables})
        return self._object(asked, document.inner, Typed("Query", root), ()), asked.errors

    def _object(self, asked: "_Asked", inner: Sequence[Selected], of: Typed, path: tuple[Any, ...]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for chosen in inner:
            if chosen.spread or chosen.name is None:
                on, more = asked.document.fragments[chosen.name] if chosen.name else (chosen.on, chosen.inner)
                if on == of.typename or of.typename in self.members.get(on or "", ()):
                    _merge(out, self._object(asked, more, of, path))
            elif chosen.name == "__typename":
                out[chosen.alias] = of.typename
            else:
                _merge(out, {chosen.alias: self._field(asked, chosen, of, (*path, chosen.alias))})
        return out

    def _field(self, asked: "_Asked", chosen: Selected, of: Typed, path: tuple[Any, ...]) -> Any:
        try:
            value = self._resolver(of, chosen.name or "")(of.value, _filled(chosen.arguments, asked.given))
        except FieldError as error:
            asked.errors.append({**error.error, "path": list(path)})
            if error.null_above:
                raise _Null from None
            return None
        return self._completed(asked, chosen.inner, value, path)

    def _resolver(self, of: Typed, name: str) -> Resolver:
        try:
            return self.types[of.typename][name]
        except KeyError:
            code = {"code": "undefinedField", "typeName": of.typename, "fieldName": name}
            raise QueryError(f"Field '{name}' doesn't exist on type '{of.typename}'", extensions=code) from None

    def _completed(self, asked: "_Asked", inner: Sequence[Selected], value: Any, path: tuple[Any, ...]) -> Any:
        if isinstance(value, list):
            return [self._completed(asked, inner, item, (*path, i)) for i, item in enumerate(value)]
        if isinstance(value, Typed):
            if not inner:
                raise QueryError(f"Field of type {value.typename} must have a selection of subfields")
            try:
                return self._object(asked, inner, value, path)
            except _Null:
                return None
        return value


class _Null(Exception):
    """A field that may not be null is."""


@dataclass
class _Asked:
    document: Document
    given: Mapping[str, Any]
    errors: list[dict[str, Any]] = field(default_factory=list)


def _merge(out: dict[str, Any], more: Mapping[str, Any]) -> None:
    """A field selected twice is one field with both selections."""
    for key, value in more.items():
        out[key] = {**out[key], **value} if isinstance(value, dict) and isinstance(out.get(key), dict) else value


def _filled(arguments: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with the values of their variables."""
    out = {}
    for name, value in arguments.items():
        if isinstance(value, Variable):
            if value.name in given:
                out[name] = given[value.name]
        else:
            out[name] = _filled(value, given) if isinstance(value, dict) else value
    return out
