"""The one way a source is asked: GET (and GraphQL's POST), paced, retried, size-limited, and only on allowed paths.

Nothing here knows a vendor. The token goes into one header of one host and follows no redirect off it; what a source keeps
elsewhere, behind an address that opens by itself, is asked without it.
"""

import json
import random
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import stamina
from pyrate_limiter import Duration, Limiter, Rate

from app.domain.secret import may_hold, without_secrets
from app.errors import (
    Forbidden,
    Missing,
    NotUnderstood,
    Refused,
    ServerFailed,
    SettingsError,
    SourceError,
    Throttled,
    TooLarge,
    Unauthorized,
    Unreachable,
)
from app.sources.contract import Connection
from app.sources.limits import retry_after as retry_after

PATIENCE = 5.0  # seconds we wait inside a pass; anything longer is the scheduler's to wait
ATTEMPTS = 4
_ESCAPED = re.compile(rb"\\u[dD][89a-fA-F]")
_HALVES = re.compile("[\ud800-\udfff]")
LARGEST_STREAM = 2 * 1024**3  # bytes of a body that is read as it comes, and never held
LONGEST_STREAM = timedelta(minutes=5)


Got = TypeVar("Got")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `at` is our clock when it was complete."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    at: datetime

    def json(self) -> Any:
        """The decoded body; half surrogates in it are U+FFFD, for they have no UTF-8 form, and what looks like a secret is out.

        Raises NotUnderstood, with the first words of what came, when it is not JSON, or nested beyond reason.
        """
        try:
            found = json.loads(self.body, parse_constant=_no_number)
            return _clean(found) if _ESCAPED.search(self.body) or may_hold(self.body) else found
        except ValueError as error:
            raise NotUnderstood(
                f"{self.url} answered {self.status} with {_kind(self)}", "JSON", f"check the url and any proxy between ({error})"
            ) from error
        except RecursionError:
            raise NotUnderstood(f"{self.url} answered JSON nested too deep to read", "an answer as its API documents it") from None


@dataclass(frozen=True, slots=True)
class Streamed:
    """A 2xx answer whose body is read once, as it comes. `chunks` raises Unreachable where it breaks off, TooLarge over 2 GiB."""

    status: int
    chunks: Iterator[bytes]


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(_HALVES.sub("\ufffd", value))
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def _kind(answer: Answer) -> str:
    head = answer.body[:60].decode("utf-8", "replace").strip()
    if head.lower().startswith(("<!doctype", "<html")):
        return f"an HTML page ({head[:40]!r})"
    return f"{len(answer.body)} bytes starting {head[:40]!r}" if head else "an empty body"


@dataclass
class Http:
    """`allow` are regular expressions over the path; a path that matches none is never asked."""

    connection: Connection
    clock: Callable[[], datetime]
    allow: Sequence[str]
    accept: str = "application/json"
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    transport: httpx.BaseTransport | None = None
    attempts: int = ATTEMPTS
    requests: int = 0
    clock_offset: timedelta | None = None

    def __post_init__(self) -> None:
        headers = {"accept": self.accept, "user-agent": "throughline", **self.extra_headers}
        if self.connection.token:
            headers["authorization"] = f"Bearer {self.connection.token}"
        self._allowed = re.compile("|".join(f"(?:{pattern})" for pattern in self.allow))
        self._limiter = Limiter(Rate(max(1, int(self.connection.per_second)), Duration.SECOND))
        self._client = httpx.Client(
            base_url=self.connection.url.rstrip("/"),
            headers=headers,
            timeout=self.connection.timeout,
            verify=trusted(self.connection),
            follow_redirects=False,
            transport=self.transport,
            trust_env=False,
        )
        self._elsewhere = httpx.Client(  # knows no token
            headers={"user-agent": "throughline"},
            timeout=self.connection.timeout,
            verify=trusted(self.connection),
            follow_redirects=False,
            transport=self.transport,
            trust_env=False,
        )

    def close(self) -> None:
        self._client.close()
        self._elsewhere.close()
        self._limiter.close()  # its thread

    def get(self, path: str, params: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None) -> Answer:
        """A 2xx answer. Raises the SourceError that fits anything else."""
        return self._retried(lambda: self._once("GET", path, params=params))

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """GraphQL's query: a POST that reads. The same rules as `get`."""
        return self._retried(lambda: self._once("POST", path, json=body))

    def get_elsewhere(self, place: str) -> Answer:
        """As `stream_elsewhere`, read whole; its `url` is only the server it came from. Raises TooLarge over max_answer_mb too."""
        with self.stream_elsewhere(place) as streamed:
            parts, size = [], 0
            for chunk in streamed.chunks:
                size += len(chunk)
                if size > self.connection.max_bytes:
                    raise TooLarge(f"{self.connection.name} sent more than {self.connection.max_bytes:,} bytes", "a smaller answer")
                parts.append(chunk)
        return Answer(_server(_joined(self._client.base_url, place)), streamed.status, {}, b"".join(parts), self.clock())

    @contextmanager
    def stream_elsewhere(self, place: str) -> Iterator[Streamed]:
        """What stands at `place`: a path of the source, from which one redirect is followed, or an address that opens by itself.

        The token goes to the source and nowhere else, and the second address is in no message: whoever knows it may read what is
        there. Raises the SourceError that fits anything but a 2xx; `Unreachable` for an address that is none of ours to ask.
        """
        with ExitStack() as opened:
            response = self._retried(lambda: self._opened(place, opened))
            yield Streamed(response.status_code, self._chunks(response))

    def _opened(self, place: str, opened: ExitStack) -> httpx.Response:
        if place.startswith("/"):
            if not self._allowed.fullmatch(place):
                raise Refused(f"{place} is not on the list of paths this source may read", do="this is a defect of Throughline")
            response = self._begun(self._client, place, opened)
            if response.status_code not in (301, 302, 303, 307, 308):
                return self._fit(response, place)
            response.close()
            place = str(_joined(response.url, response.headers.get("location", "")))
        return self._fit(self._begun(self._elsewhere, place, opened), "an address of its own")

    def _begun(self, client: httpx.Client, place: str, opened: ExitStack) -> httpx.Response:
        url = _joined(client.base_url, place)
        if client is self._elsewhere and not self._askable(url):
            raise Unreachable(
                f"{self.connection.name} sent us to {_server(url)}", "an https address without a login, or http where url is http"
            )
        self._limiter.try_acquire(self.connection.name)
        self.requests += 1
        try:
            return opened.enter_context(client.stream("GET", url))
        except httpx.HTTPError as error:
            raise Unreachable(
                f"{_server(url)}, where {self.connection.name} keeps it, could not be read ({type(error).__name__})", "an answer"
            ) from None

    def _askable(self, url: httpx.URL) -> bool:
        schemes = ("https", "http") if self.connection.url.startswith("http:") else ("https",)
        return url.scheme in schemes and bool(url.host) and not url.userinfo

    def _fit(self, response: httpx.Response, where: str) -> httpx.Response:
        """Raises for anything but a 2xx; the body of a failure is not read."""
        headers = {k.lower(): v for k, v in response.headers.items()}
        answer = Answer(_server(response.url), response.status_code, headers, b"", self.clock())
        if 200 <= answer.status < 300:
            return response
        response.close()
        error = error_for(answer.status, where, answer, self.connection)
        error.status = answer.status
        raise error

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        started, size = self.clock(), 0
        try:
            for chunk in response.iter_bytes(65_536):
                size += len(chunk)
                if size > LARGEST_STREAM:
                    raise TooLarge(f"{_server(response.url)} sent more than {LARGEST_STREAM:,} bytes", "a smaller answer")
                if self.clock() - started > LONGEST_STREAM:
                    raise Unreachable(f"{_server(response.url)} was still sending after {LONGEST_STREAM}", "a complete answer")
                yield chunk
        except httpx.HTTPError as error:
            raise Unreachable(f"{_server(response.url)} broke off ({type(error).__name__})", "a complete answer") from None

    def _retried(self, ask: Callable[[], Got]) -> Got:
        """No attempt begins later than `timeout` seconds after the first, so that a pass ends well within its lease."""
        for attempt in stamina.retry_context(
            on=_wait,
            attempts=self.attempts,
            timeout=self.connection.timeout,
            wait_initial=0.2,
            wait_max=PATIENCE,
            wait_jitter=0.5,
        ):
            with attempt:
                return ask()
        raise AssertionError("unreachable")  # pragma: no cover -- stamina re-raises the last error

    def _once(self, method: str, path: str, **kwargs: Any) -> Answer:
        if not self._allowed.fullmatch(path):
            raise Refused(
                f"{path} is not on the list of paths this source may read", do="this is a defect of Throughline; report it"
            )
        self._limiter.try_acquire(self.connection.name)
        self.requests += 1
        try:
            with self._client.stream(method, path, **kwargs) as response:
                answer = self._read(response)
        except httpx.HTTPError as error:
            raise Unreachable(
                f"{self.connection.name} at {self.connection.url} could not be read ({type(error).__name__}: {error})",
                "an answer",
                "check the url, the network and ca_file",
            ) from error
        self._note_clock(answer)
        return self._judged(answer)

    def _read(self, response: httpx.Response) -> Answer:
        parts, size = [], 0
        started = self.clock()
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self.connection.max_bytes:
                raise TooLarge(
                    f"{self.connection.name} sent more than {self.connection.max_bytes:,} bytes for {response.url.path}",
                    "a smaller answer",
                    "raise max_answer_mb, if answers of this size are right",
                )
            if self.clock() - started > timedelta(seconds=self.connection.timeout):
                raise Unreachable(
                    f"{self.connection.name} was still sending {response.url.path} after {self.connection.timeout:g} s",
                    "a complete answer",
                    "raise timeout, or see what keeps the server",
                )
            parts.append(chunk)
        headers = {k.lower(): v for k, v in response.headers.items()}
        return Answer(str(response.url), response.status_code, headers, self._without_token(b"".join(parts)), self.clock())

    def _without_token(self, body: bytes) -> bytes:
        """An error page may echo what we sent."""
        token = self.connection.token.encode()
        return body.replace(token, b"[redacted]") if token and token in body else body

    def _note_clock(self, answer: Answer) -> None:
        try:
            theirs = parsedate_to_datetime(answer.headers["date"])
        except (KeyError, ValueError, TypeError, OverflowError):
            return
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        offset = theirs - answer.at
        self.clock_offset = timedelta() if abs(offset) <= timedelta(seconds=2) else offset

    def _judged(self, answer: Answer) -> Answer:
        status, path = answer.status, httpx.URL(answer.url).path
        if 200 <= status < 300:
            return answer
        error = error_for(status, path, answer, self.connection)
        error.status, error.says = status, answer.body[:500].decode("utf-8", "replace")
        raise error


class Moved(Refused):
    """A redirect. `place` is the path below `url` that it leads to, empty where it leads off the configured server."""

    place = ""


def error_for(status: int, path: str, answer: Answer, connection: Connection) -> SourceError:
    says = f"{connection.name} answered {status} to {path}"
    limited = (
        status == 429
        or (status == 403 and answer.headers.get("x-ratelimit-remaining") == "0")
        or ("retry-after" in answer.headers and status == 403)
    )
    if limited:
        wait = retry_after(answer.headers, answer.at)
        return Throttled(f"{says} (too many requests)", do=f"waiting {wait:.0f} s", retry_after=wait)
    if status == 401:
        return Unauthorized(says, "a valid token", "renew the token that token_env or token_file names")
    if status == 403:
        return Forbidden(says, "read permission", "grant the token's account read access")
    if status == 404:
        return Missing(says, "something the token can see", "check the name, and that the token may read it")
    if status >= 500:
        return ServerFailed(f"{says} ({_kind(answer)})", "an answer", "the server is failing; it is asked again later")
    if 300 <= status < 400:
        moved = Moved(
            f"{says}, a redirect to {_place(answer)}", "an answer from the configured host", "set url to the real address"
        )
        moved.place = _within(answer, connection)
        return moved
    return NotUnderstood(f"{says} ({_kind(answer)})", "2xx", "check the server's version against docs/sources.md")


def _within(answer: Answer, connection: Connection) -> str:
    """Where a redirect leads, as a path below the configured address; empty where it leads elsewhere."""
    ours, to = httpx.URL(connection.url.rstrip("/") + "/"), answer.headers.get("location", "")
    try:
        there = httpx.URL(answer.url).join(to)
    except httpx.InvalidURL:
        return ""
    same = bool(to) and _server(there) == _server(ours) and there.path.startswith(ours.path)
    return "/" + there.path.removeprefix(ours.path) if same else ""


def _place(answer: Answer) -> str:
    """Scheme and host of a redirect, no more: its path and query may carry what is nobody's business."""
    try:
        to = httpx.URL(answer.url).join(answer.headers.get("location", ""))
    except httpx.InvalidURL:
        return "nowhere"
    return _server(to)


def _joined(url: httpx.URL, place: str) -> httpx.URL:
    try:
        return url.join(place)
    except (httpx.InvalidURL, ValueError):
        raise Unreachable(f"{_server(url)} named an address that is none", "an address") from None


def _server(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace').rpartition('@')[2]}"


def trusted(connection: Connection) -> ssl.SSLContext | bool:
    """Whom TLS trusts. Raises SettingsError for a `ca_file` that holds no certificate."""
    if not connection.ca_file or not connection.url.startswith("https"):
        return True
    try:
        return ssl.create_default_context(cafile=connection.ca_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingsError(
            f"source {connection.name!r}: ca_file {connection.ca_file} cannot be used ({type(error).__name__})",
            "certificates in PEM form",
        ) from error


def _wait(error: Exception) -> bool | float:
    """Seconds before the next attempt, or False when trying again at once is no use."""
    if isinstance(error, Throttled):
        return error.retry_after + random.uniform(0, 0.25) if error.retry_after <= PATIENCE else False  # noqa: S311 -- jitter
    return isinstance(error, (ServerFailed, Unreachable))
