"""A GET whose answer does not end: read line by line as it comes, dead when nothing comes, and aborted from another thread."""

import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import httpx

from app.errors import NotUnderstood, Unreachable
from app.sources.contract import Connection
from app.sources.frames import lines
from app.sources.http import Answer, error_for, trusted

CONNECT = 5.0  # seconds until there is a connection
STREAMS = ("text/event-stream", "application/json", "application/x-ndjson")


class Held:
    """One request. `quiet`: seconds without a byte after which the line counts as dead."""

    def __init__(
        self, connection: Connection, clock: Callable[[], datetime], path: str, params: Sequence[tuple[str, str]], quiet: float
    ) -> None:
        self.connection, self.clock, self.path, self.params, self.quiet = connection, clock, path, params, quiet
        self._stream: object = None
        self._aborted = False

    def lines(self) -> Iterator[bytes | None]:
        """None first, when the server has taken the request; then each line, None for one that is too long to be kept.

        Ends when it was aborted. Raises the SourceError that fits anything else, also its end: it has none.
        """
        name, quiet = self.connection.name, self.quiet
        headers = {"accept": "text/event-stream", "accept-encoding": "identity", "user-agent": "throughline"}
        headers |= {"authorization": f"Bearer {self.connection.token}"} if self.connection.token else {}
        client = httpx.Client(
            base_url=self.connection.url.rstrip("/"),
            headers=headers,
            timeout=httpx.Timeout(CONNECT, read=quiet),
            verify=trusted(self.connection),
            trust_env=False,
        )
        try:
            with client, client.stream("GET", self.path, params=list(self.params)) as response:
                self._stream = response.extensions.get("network_stream")
                self._judge(response)
                yield None
                if not self._aborted:
                    yield from lines(map(self._without_token, response.iter_bytes()))
        except httpx.ReadTimeout:
            if not self._aborted:
                raise Unreachable(f"nothing came from {name} for {quiet:g} s", "a keep-alive every 15 s") from None
        except httpx.HTTPError as error:
            if not self._aborted:
                raise Unreachable(f"the stream of {name} broke off ({type(error).__name__})", "a stream that lasts") from None
        if not self._aborted:
            raise Unreachable(f"{name}, or a proxy before it, ended the stream", "a stream that lasts", "raise the proxy's timeout")

    def abort(self) -> None:
        """From any thread: `lines` ends at once, whatever it waits for."""
        self._aborted = True
        found = self._stream.get_extra_info("socket") if hasattr(self._stream, "get_extra_info") else None
        if isinstance(found, socket.socket):
            try:
                found.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                return

    def _judge(self, response: httpx.Response) -> None:
        headers = {key.lower(): value for key, value in response.headers.items()}
        if not 200 <= response.status_code < 300:
            answer = Answer(str(response.url), response.status_code, headers, b"", self.clock())
            raise error_for(response.status_code, self.path, answer, self.connection)
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media not in STREAMS:
            said = f"{self.connection.name} answered {self.path} with {media[:60] or 'nothing said'}"
            raise NotUnderstood(said, "a stream of events", "check any proxy between")

    def _without_token(self, chunk: bytes) -> bytes:
        """An answer may echo what we sent."""
        token = self.connection.token.encode()
        return chunk.replace(token, b"[redacted]") if token and token in chunk else chunk
