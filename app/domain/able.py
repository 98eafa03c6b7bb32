"""What a server and a token were found to be able to, said in one line."""

from collections.abc import Mapping
from typing import Any

WRITES = "can write"
LONGEST = 300
FIRST = ("version", "token")


def spoken(words: Mapping[str, Any]) -> str:
    """`version: 1.1.0; token: read-only; has run events, run triggers; lacks task stages; sideloads: plan, apply`.

    Version and token first, then by name, in whatever order they are kept. What is neither true, false nor a text is left out.
    """
    told = {name: value[:LONGEST] for name, value in words.items() if isinstance(value, str) and value}
    said = [f"{name}: {told.pop(name)}" for name in FIRST if name in told]
    for how, value in (("has", True), ("lacks", False)):
        names = sorted(name for name, found in words.items() if found is value)
        said += [f"{how} {', '.join(names)}"] if names else []
    return "; ".join(said + [f"{name}: {told[name]}" for name in sorted(told)])


def writes(words: Mapping[str, Any]) -> str | None:
    """What its token can write, where it was found that it can."""
    token = words.get("token")
    return token if isinstance(token, str) and token.startswith(WRITES) else None
