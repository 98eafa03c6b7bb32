"""The error tree. Every expected error is one line: what was found, what was expected, what to do.

ThroughlineError
├── SettingsError          a setting is missing, unknown or wrong                 exit 2
├── UsageError             the command was called wrongly                         exit 2
├── SearchError            a query cannot be understood; carries the position
├── DatabaseError
│   ├── DatabaseUnavailable  no server, or it refuses us                          exit 1
│   └── SchemaBehind         migrations have not run, or are newer than the program exit 1
├── LedgerError
│   └── Tampered           a leaf, tile, checkpoint or body is not what it was    exit 1
├── Unverified             a webhook without the right signature or secret
├── Overtaken              somebody decided the same meanwhile; nothing was recorded
├── LeaseLost              another worker took the stream over; nothing was saved
└── SourceError            a source could not be read; `state` is its name on the sources page
    ├── Unauthorized       401: the token is wrong or expired
    ├── Forbidden          403: the token may not read this
    ├── Missing            404: absent, or not visible to the token
    ├── Throttled          429 or an equivalent; carries `retry_after` seconds
    ├── ServerFailed       5xx, after retries
    ├── Unreachable        no connection, a timeout, a TLS failure, a cut answer
    ├── NotUnderstood      wrong JSON, HTML, a wrong type or shape
    ├── TooLarge           an answer over the size limit
    └── Refused            a request outside the allow-list, or a token that can write
"""

LONGEST = 1000  # characters of a line for a person


def one_line(text: str) -> str:
    """`text` fit for a terminal: on one line, what is not seen written out (so nothing steers the terminal), over 1000 cut."""
    text = " ".join(text[: 4 * LONGEST].split())
    if not text.isprintable():
        text = "".join(c if c.isprintable() else f"⟨U+{ord(c):04X}⟩" for c in text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


class ThroughlineError(Exception):
    """Root of every expected error; `str()` of it is one line for a person."""

    exit_code = 1

    def __init__(self, found: str, expected: str = "", do: str = "") -> None:
        parts = [found]
        if expected:
            parts.append(f"expected {expected}")
        if do:
            parts.append(do)
        super().__init__(one_line("; ".join(parts)))
        self.found, self.expected, self.do = found, expected, do


class SettingsError(ThroughlineError):
    """`lines` holds one line for each thing that is wrong."""

    exit_code = 2

    def __init__(self, found: str, expected: str = "", do: str = "") -> None:
        super().__init__(found, expected, do)
        self.lines = [str(self)]

    @classmethod
    def of(cls, problems: list[str]) -> "SettingsError":
        error = cls("; ".join(problems))
        error.lines = [one_line(problem) for problem in problems]
        return error


class UsageError(ThroughlineError):
    exit_code = 2


class SearchError(ThroughlineError):
    """`position` is the 0-based character of the query at which it stops making sense; `nearest` a key to try."""

    exit_code = 2

    def __init__(self, found: str, *, position: int, nearest: str | None = None, expected: str = "", do: str = "") -> None:
        super().__init__(found, expected, do)
        self.position, self.nearest = position, nearest


class DatabaseError(ThroughlineError):
    pass


class DatabaseUnavailable(DatabaseError):
    pass


class SchemaBehind(DatabaseError):
    pass


class LedgerError(ThroughlineError):
    pass


class Tampered(LedgerError):
    """`index` is the first bad leaf, where one can be named."""

    def __init__(self, found: str, expected: str = "", do: str = "", *, index: int | None = None) -> None:
        super().__init__(found, expected, do)
        self.index = index


class Unverified(ThroughlineError):
    pass


class Overtaken(ThroughlineError):
    pass


class LeaseLost(ThroughlineError):
    pass


class SourceError(ThroughlineError):
    """`status` is the HTTP status behind it, None where there was no answer; `says` the first of what the server said with it,
    to be looked into and never shown."""

    state = "error"
    status: int | None = None
    says: str = ""


class Unauthorized(SourceError):
    state = "unauthorized"


class Forbidden(SourceError):
    state = "forbidden"


class Missing(SourceError):
    state = "not found"


class Throttled(SourceError):
    state = "throttled"

    def __init__(self, found: str, expected: str = "", do: str = "", *, retry_after: float = 60.0) -> None:
        super().__init__(found, expected, do)
        self.retry_after = retry_after


class ServerFailed(SourceError):
    state = "server error"


class Unreachable(SourceError):
    state = "unreachable"


class NotUnderstood(SourceError):
    state = "not understood"


class TooLarge(SourceError):
    state = "too large"


class Refused(SourceError):
    state = "refused"
