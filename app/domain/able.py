"""What a server and a token were found to be able to, said in one line."""

from collections.abc import Mapping
from typing import Any

WRITES = "can write"
LONGEST = 300
FIRST = ("version", "token")


def spoken(words: Mapping[str, Any]) -> str:
    """`version: 1.1.0; organization run list; no task stages`: version and token, then by name, in whatever order they are kept.

    What is neither true, false nor a text is left out.
    """
    said = []
    for name, value in sorted(words.items(), key=lambda pair: (FIRST.index(pair[0]) if pair[0] in FIRST else len(FIRST), pair[0])):
        if isinstance(value, bool):
            said.append(name if value else f"no {name}")
        elif isinstance(value, str) and value:
            said.append(f"{name}: {value[:LONGEST]}")
    return "; ".join(said)


def writes(words: Mapping[str, Any]) -> str | None:
    """What its token can write, where it was found that it can."""
    token = words.get("token")
    return token if isinstance(token, str) and token.startswith(WRITES) else None
