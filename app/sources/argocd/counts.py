"""Argo CD's own count of operations: `argocd_app_sync_total` of its application controllers, where the settings name them.

It counts every operation that ended, of every kind. What it counted since the last look beyond what was told is lost: how many is
exact, what they did is not known. A controller that starts again, or drops its metrics, counts anew: then so do we.
https://argo-cd.readthedocs.io/en/stable/operator-manual/metrics/#application-controller-metrics
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.canonical import digest, plain
from app.domain.event import Event, How, Step
from app.errors import NotUnderstood, SourceError
from app.sources.argocd.farewell import maker_of
from app.sources.argocd.listing import key_of
from app.sources.argocd.memory import Counted, Memory, dump, load
from app.sources.argocd.names import instant, stamp
from app.sources.argocd.view import View
from app.sources.contract import Connection, Page
from app.sources.frames import lines
from app.sources.http import Http

EVERY = timedelta(minutes=5)
KEY = "counts"  # memory: when they were read last
LINE = 64 * 1024  # bytes
TIMEOUT = 10.0  # seconds: the pass waits for it
MANY = 1_000_000  # series
SERIES = re.compile(rb"argocd_app_sync_total\{(.*)\} ([0-9.eE+]+)(?: [0-9]+)?$")
STARTED = re.compile(rb"process_start_time_seconds ([0-9.eE+]+)$")
LABEL = re.compile(rb'([a-z_]+)="((?:[^"\\]|\\.)*)"')


@dataclass(slots=True)
class Sample:
    """`totals`: operations that ended, by the application's key; `epoch` names the processes that counted them."""

    at: datetime
    epoch: str = ""
    totals: dict[str, int] = field(default_factory=dict)


class Counts:
    """Of one source. `because`: why they could not be read, "" where they were."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime], transport: Any = None) -> None:
        self.clock, self.because = clock, ""
        self._places: list[tuple[Http, str]] = []
        for url in connection.metrics_urls:
            parts = urlsplit(url)
            at = replace(connection, url=f"{parts.scheme}://{parts.netloc}", token=connection.metrics_token, timeout=TIMEOUT)
            place = parts.path or "/metrics"
            http = Http(at, clock, [re.escape(place)], "text/plain", transport=transport, attempts=1)
            self._places.append((http, place))

    def close(self) -> None:
        for http, _ in self._places:
            http.close()

    def sample(self, memory: Mapping[str, Any], now: datetime) -> Sample | None:
        """None where there is nothing to read, it is not due, or any part could not be read: a part is no count."""
        last = instant(memory.get(KEY)) if isinstance(memory.get(KEY), str) else None
        if not self._places or (last is not None and timedelta() <= now - last < EVERY):
            return None
        found, epochs, self.because = Sample(now), list[str](), ""
        for http, place in self._places:
            try:
                with http.stream_elsewhere(place) as answer:
                    epochs.append(read(answer.chunks, found.totals))
            except SourceError as error:
                self.because = plain(str(error), 300)
                return None
        found.epoch = digest("\n".join(epochs).encode())[7:23]
        return found


def read(chunks: Iterable[bytes], totals: dict[str, int]) -> str:
    """Adds one controller's counts; its start, "" where it does not tell. Raises NotUnderstood where there is no count at all."""
    started, series, met = "", 0, False
    for line in lines(chunks, LINE):
        if line is None:
            continue
        if found := STARTED.match(line):
            started = found[1].decode()
        met = met or line.startswith((b"# TYPE argocd_app_sync_total", b"argocd_app_"))
        if not (found := SERIES.match(line)):
            continue
        labels = {name.decode(): _text(value) for name, value in LABEL.findall(found[1])}
        series += 1
        if series > MANY:
            raise NotUnderstood(f"more than {MANY:,} series of argocd_app_sync_total", "those of one Argo CD")
        if name := labels.get("name"):
            key = key_of(labels.get("namespace"), name)
            totals[key] = totals.get(key, 0) + int(float(found[2]))
    if not met:
        raise NotUnderstood("metrics_url answers with no metrics of an application controller", "those of argocd-metrics:8082")
    return started


def _text(value: bytes) -> str:
    return re.sub(r"\\(.)", lambda one: {"n": "\n"}.get(one[1], one[1]), value.decode("utf-8", "replace"))


def pages(sample: Sample, quiet: Iterable[str], memory: Mapping[str, Any], view: View) -> Iterator[Page]:
    """A page where anything is new of `quiet` applications: those that the list shows as they were last read, so that all that was
    counted by then should have been told."""
    remember, events = {KEY: stamp(sample.at)}, list[Event]()
    for key in sorted(quiet):
        one = load(memory.get(key))
        if one is None or one.unsettled or any(not deed.told_end for deed in one.deeds):
            continue
        before, total = one.counted, sample.totals.get(key, 0)
        lost = 0 if before is None else (total - before.total) - (one.ended - before.told)
        anew = before is None or before.epoch != sample.epoch or total < before.total or lost < 0
        if before is not None and not anew and lost > 0:
            events.append(_lost(one, before, lost, sample.at, view))
        if anew or lost > 0 or (before is not None and before.total != total):
            one.counted = Counted(stamp(sample.at), sample.epoch, total, one.ended)
            remember[key] = dump(one)  # type: ignore[assignment]
    yield Page(remember=remember, events=events)


def _lost(one: Memory, before: Counted, size: int, now: datetime, view: View) -> Event:
    facts = {
        "of": "operations", "from_id": None, "to_id": None, "size": size, "from_at": before.at, "to_at": stamp(now),
        "counted_by": "argocd_app_sync_total",
        "message": f"{size} operation{'s' if size != 1 else ''} came and went unseen: Argo CD's own counter tells how many",
    }  # fmt: skip
    external = f"{one.uid}/{before.at}+{stamp(now)}"
    return maker_of(one, view).event("history-gap", external, "missing", Step.NOTED, now, facts, how=How.INFERRED)
