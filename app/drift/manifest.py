"""A JSON document as the lines of a manifest: YAML, in the order in which people write one. Pure and total."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

FEW = 40  # fields whose order is worth remembering
DEEPEST = 60  # levels; what is deeper stands in one line, as JSON
FIRST = {name: n for n, name in enumerate(("apiVersion", "kind", "name", "namespace", "metadata", "image", "spec"))}
_PLAIN = re.compile(r"(?:[\w./]|-(?=[\w.-]))(?:[\w./@+~%=, -]|:(?! |$))*(?<! )")
_READ_OTHERWISE = re.compile(  # as no string, by one YAML or another
    r"(?i:null|true|false|yes|no|on|off|y|n|~|-?\.inf|\.nan)"
    r"|[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?|0[xob][\da-fA-F_]+|-?\d+(?::\d+)+|\d{4}-\d\d?-\d\d?.*|-+|=|\.\.\."
)

Path = str
Written = tuple[str, Path]


def ordered(keys: Collection[str]) -> Sequence[str]:
    """What it is and how it is called first, then by name."""
    return _few(frozenset(keys)) if len(keys) <= FEW else _sorted(keys)


@lru_cache(2_000)  # items of a list have the same fields, again and again
def _few(keys: frozenset[str]) -> Sequence[str]:
    return _sorted(keys)


def _sorted(keys: Collection[str]) -> Sequence[str]:
    return sorted(keys, key=lambda key: (FIRST.get(key, len(FIRST)), key))


@lru_cache(2_000)
def key_text(key: str) -> str:
    return scalar(key)


def scalar(value: Any) -> str:
    """One line for anything: a string bare where it reads as itself, else quoted; what is no scalar as JSON."""
    if type(value) is int:
        return str(value)
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _READ_OTHERWISE.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def is_block(value: Any) -> bool:
    """A text of several lines, which stands under its key."""
    return isinstance(value, str) and "\n" in value.rstrip("\n")


def block(value: str) -> tuple[str, list[str]]:
    """The mark that stands beside the key, and the lines. How the text ends is in the mark."""
    lines, ends = value.split("\n"), value.endswith("\n")
    mark = "|" + ("2" if value.lstrip("\n").startswith(" ") else "")
    if not ends:
        return mark + "-", lines
    return (mark, lines[:-1]) if not value.endswith("\n\n") else (mark + "+", lines[:-1])


def is_branch(value: Any, indent: int) -> bool:
    """Does it have lines of its own below its key?"""
    return isinstance(value, dict | list) and bool(value) and indent < 2 * DEEPEST


def inline(value: Any, lead: str, path: Path) -> Iterator[Written]:
    """The lines of a value that begins on the line of `lead` itself: the document, or an item after its dash."""
    if not is_branch(value, len(lead)):
        yield from _leaf(value, lead, len(lead), path)
        return
    rest = " " * len(lead)
    if isinstance(value, dict):
        for n, key in enumerate(ordered(value)):
            yield from under(value[key], f"{rest if n else lead}{key_text(key)}:", len(lead), step(path, key))
    else:
        for n, item in enumerate(value):
            yield from inline(item, f"{rest if n else lead}- ", place(path, n, item))


def under(value: Any, lead: str, indent: int, path: Path) -> Iterator[Written]:
    """The lines of a value that belongs to the key that `lead` ends with; the key itself stands at `indent`."""
    if is_branch(value, indent):
        yield lead, path
        yield from inline(value, " " * (indent + 2), path)
    else:
        yield from _leaf(value, lead + " ", indent + 2, path)


def _leaf(value: Any, lead: str, indent: int, path: Path) -> Iterator[Written]:
    if is_block(value):
        mark, lines = block(value)
        yield lead + mark, path
        yield from (((" " * indent + line) if line else "", path) for line in lines)
    else:
        yield lead + scalar(value), path


def step(path: Path, key: str) -> Path:
    """`spec.replicas`; a key with a dot stands in brackets, as the source's own list of fields writes it."""
    if "." in key or "[" in key or "]" in key:
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def place(path: Path, number: int, item: Any) -> Path:
    """`containers[app]`, `args[2]`."""
    name = item.get("name") if isinstance(item, dict) else None
    return f"{path}[{name if isinstance(name, str) else number}]"
