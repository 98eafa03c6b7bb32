"""Small words that the documents of a change share: times, names, lists, lengths."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.domain.actor import Actor, ActorKind


def iso(at: datetime | None) -> str | None:
    """`2026-10-03T21:14:48Z`, with six decimals only where there are any; None stays None."""
    if at is None:
        return None
    return at.replace(tzinfo=None).isoformat() + "Z"


def name_of(actor: Actor | None) -> str | None:
    """The source's name, else its id; None for somebody unknown."""
    if actor is None or (actor.kind is ActorKind.UNKNOWN and not actor.id):
        return None
    return actor.name or actor.id


def distinct(texts: Iterable[str | None]) -> list[str]:
    """Each text once, in the order they came; empty ones are left out."""
    return list(dict.fromkeys(text for text in texts if text))


def some(texts: Iterable[str | None], most: int = 2) -> str:
    """`Chen Wu, Ana Ferreira +3`: the first few, and how many more."""
    every = distinct(texts)
    return ", ".join(every[:most]) + (f" +{len(every) - most}" if len(every) > most else "")


def counts(three: tuple[int, int, int] | None) -> str:
    """`+2 ~1 −0`: added, changed, destroyed; empty when the source did not say."""
    return f"+{three[0]} ~{three[1]} −{three[2]}" if three else ""


def length(span: timedelta) -> str:
    """`28 min 38 s`, `4 d 6 h`: the two largest parts."""
    seconds = max(0, int(span.total_seconds()))
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{number} {unit}" for number, unit in parts[:2] if number) or "0 s"


def one_line(text: str) -> str:
    """Without line ends, so that one thing stays one line."""
    return " ".join(text.split())
