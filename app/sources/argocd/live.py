"""Argo CD's stream of applications: what changed the moment it changes. It makes the poll due, names what the poll has to read, and
keeps what it showed of operations, which may be gone when the poll comes.

It begins with every application, and there is no way to go on from where it broke off: what it shows is compared with what the
poll remembers, so that a fleet that did not change costs nothing.
https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/ (`WatchApplications`)
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from app.canonical import digest, plain
from app.errors import Forbidden, Missing, NotUnderstood, ServerFailed, SourceError, Unauthorized
from app.sources.argocd import wire
from app.sources.argocd.client import Got, dumped
from app.sources.argocd.deeds import from_state
from app.sources.argocd.listing import changed, glance, key_of, seen_of
from app.sources.argocd.names import askable, stamp
from app.sources.argocd.redact import redacted
from app.sources.argocd.sightings import PREFIX, Sighting
from app.sources.argocd.terms import STREAM_PATH
from app.sources.contract import News
from app.sources.frames import payload
from app.sources.http import Answer
from app.sources.http_held import Held

QUIET = 45.0  # seconds: three keep-alives
MANY = 100_000  # applications that are told apart; of more only the list can tell
FIELDS = ",".join(  # nothing that every reconciliation changes: the server sends a frame only where these differ
    [
        "result.type",
        *(f"result.application.metadata.{one}" for one in ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp")),
        "result.application.spec",
        "result.application.operation",
        *(f"result.application.status.{one}" for one in ("operationState", "summary.images", "health.status", "sourceHydrator")),
        *(f"result.application.status.sync.{one}" for one in ("status", "revision", "revisions")),
        "error",
    ]
)


class Live:
    """One connection. Iterate it in one thread; `close` it from any. Raises only SourceError, also when the stream ends."""

    def __init__(self, held: Held, streams: tuple[str, ...], memory: Mapping[str, Any], clock: Callable[[], datetime]) -> None:
        self.held, self.streams, self.clock = held, streams, clock
        self.sieve = Sieve(memory)

    def __iter__(self) -> Iterator[News]:
        """First an empty one, when the server has taken the request; then one for each line, empty where it brings no news."""
        lines = self.held.lines()
        yield from (News() for _ in [next(lines, None)])
        for line in lines:
            if line is None:
                yield self._news(Sighting(stamp(self.clock())), "an application too large for the stream", None)
            elif data := payload(line):
                yield self._told(data)
            else:
                yield News()

    def close(self) -> None:
        self.held.abort()

    def _told(self, data: bytes) -> News:
        now = self.clock()
        try:
            frame = redacted(Answer(self.held.path, 200, {}, data, now).json())
        except RecursionError as error:
            raise NotUnderstood(f"{self.held.path} sent JSON nested too deep", "a frame as Argo CD documents it") from error
        if isinstance(frame, Mapping) and isinstance(frame.get("error"), Mapping):
            raise failure(self.held.connection.name, frame["error"])
        result = frame.get("result") if isinstance(frame, Mapping) else None
        body = result.get("application") if isinstance(result, Mapping) else None
        try:
            app = wire.read(body, wire.Application, "an application on the stream")
        except NotUnderstood as error:
            return News(unknown=[("application", plain(str(error), 500))])
        space, name = app.metadata.namespace or "", app.metadata.name
        if not askable(name) or (space and not askable(space)):
            return News()  # the list reports it
        key, gone = key_of(space, name), isinstance(result, Mapping) and result.get("type") == "DELETED"
        one = self.sieve.gone(key, now) if gone else self.sieve.news(key, app, body, now)
        return self._news(one, f"{name}{' is gone' if gone else ''}", body) if one else News()

    def _news(self, one: Sighting, about: str, body: Any) -> News:
        kept = []
        if one.deed is not None:
            got = Got(body, f"{self.held.connection.url.rstrip('/')}{STREAM_PATH}", self.clock()).observed(
                f"application/{one.application}"
            )
            one.whole, kept = got.digest, [got]
        key = f"{PREFIX}{one.at}/{self.sieve.count():06}"
        return News(streams=self.streams, about=plain(about, 300), observations=kept, remember={key: msgspec.to_builtins(one)})


class Sieve:
    """What of the frames is news: against what a pass remembers of an application, and then against the frame before."""

    def __init__(self, memory: Mapping[str, Any]) -> None:
        self.first = "pass" not in memory  # nothing was read yet: the first pass reads all
        self.before: dict[str, tuple[list[str], str, list[Any]]] = {}  # what a list would show; the specification; the operation
        self.known = {key: one.seen for key, value in memory.items() if key.startswith("application/") and (one := glance(value))}
        self._count = 0

    def count(self) -> int:
        self._count += 1
        return self._count

    def gone(self, key: str, now: datetime) -> Sighting:
        """Only the list tells whether it is gone, or was only taken from our sight."""
        self.before.pop(key, None)
        self.known.pop(key, None)
        return Sighting(stamp(now))

    def news(self, key: str, app: wire.Application, body: Any, now: datetime) -> Sighting | None:
        deed = from_state(app)
        mark = [deed.started, deed.phase, deed.finished, deed.retry_count, len(deed.tries), deed.asked] if deed else []
        seen, spec = seen_of(app), digest(dumped(body.get("spec") if isinstance(body, Mapping) else None))
        before = self.before.get(key)
        if before is None and len(self.before) >= MANY:
            return Sighting(stamp(now))
        self.before[key] = (seen, spec, mark)
        if before is None:
            known = self.known.pop(key, None)
            old = self.first or (known is not None and changed(known, seen) != "more")
        else:
            old = changed(before[0], seen) != "more" and before[1:] == (spec, mark)
        if old:
            return None
        one = Sighting(stamp(now), key, plain(app.metadata.name, 300), plain(app.metadata.namespace, 300), seen=seen)
        one.project, one.uid = (app.spec.project if app.spec else "") or "default", plain(app.metadata.uid, 100)
        one.unlisted = before is not None and before[1] != spec
        one.deed = deed if before is None or before[2] != mark else None
        return one


def failure(name: str, error: Mapping[str, Any]) -> SourceError:
    """A failure in the middle of the stream, in gRPC gateway's words."""
    code, said = error.get("http_code"), plain(str(error.get("message") or "no reason"), 300)
    kinds = {401: Unauthorized, 403: Forbidden, 404: Missing}
    return kinds.get(code if isinstance(code, int) else 0, ServerFailed)(
        f"the stream of {name} ended: {said}", "a stream that lasts"
    )
