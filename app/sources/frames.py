"""An answer that never ends, cut into lines: bounded, whatever is sent. Pure."""

from collections.abc import Iterable, Iterator

from app.errors import TooLarge

LONGEST = 8 * 1024 * 1024  # bytes of one line that is kept
MOST = 64 * 1024 * 1024  # bytes without an end of line: then it is no stream of lines


def lines(chunks: Iterable[bytes], longest: int = LONGEST, most: int = MOST) -> Iterator[bytes | None]:
    """Each line without its end; None for one over `longest` bytes, of which nothing is kept. Raises TooLarge over `most` bytes."""
    kept, size = bytearray(), 0
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            yield bytes(kept + part).rstrip(b"\r") if size + len(part) <= longest else None
            kept, size = bytearray(), 0
        size += len(rest)
        if size > most:
            raise TooLarge(f"a line of more than {most:,} bytes came on the stream", "lines")
        if size <= longest:
            kept += rest
        else:
            kept = bytearray()


def payload(line: bytes) -> bytes:
    """What a line carries: JSON of its own, or the data of a server-sent event; nothing for a keep-alive or other fields.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    if line.startswith(b"data:"):
        return line[5:].strip()
    return line.strip() if line.lstrip()[:1] == b"{" else b""
