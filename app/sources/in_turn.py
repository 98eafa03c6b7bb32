"""One after another: what fails of one does not stop the others."""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TypeVar

from app.errors import SourceError, Throttled, Unauthorized, Unreachable
from app.sources.contract import Page, Want

T = TypeVar("T")


def in_turn(things: Iterable[T], read: Callable[[T], Iterable[Page]]) -> Generator[Page, None, list[tuple[T, SourceError]]]:
    """The pages of each. Returns which failed, and how; raises at once what is about the token or the host, not about one thing."""
    failed: list[tuple[T, SourceError]] = []
    for thing in things:
        try:
            yield from read(thing)
        except (Throttled, Unauthorized, Unreachable):
            raise
        except SourceError as error:
            failed.append((thing, error))
    return failed


def first_of(failed: Sequence[tuple[str, SourceError]]) -> SourceError:
    """The first error, saying which repository it is about and which others failed. `failed` holds at least one."""
    name, first = failed[0]
    also = f" (also failed: {', '.join(other for other, _ in failed[1:])})" if failed[1:] else ""
    told = type(first)(f"{name}: {first.found}{also}", first.expected, first.do)
    told.status = first.status
    return told


def wants_for(repository: str, wants: Sequence[Want]) -> list[Want]:
    """Those for this repository, each once; Git hosts' names do not tell cases apart."""
    return [want for want in dict.fromkeys(wants) if want.repository.lower() == repository.lower()]
