"""What every source's tests share: a pass over one stream with memory kept in a dict, and a real server for a fake."""

import json
import socket
import threading
import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import uvicorn
from app.domain.event import Event
from app.sources.contract import Observation, Page, Source, Task, Want


def run_pass(
    source: Source,
    stream: str,
    memory: MutableMapping[str, Any],
    now: datetime,
    wants: Sequence[Want] = (),
    *,
    everything: bool = False,
    pages: int | None = None,
) -> list[Page]:
    """One pass, saved page by page as `ingest` does: memory is changed after each page. `pages` stops it early."""
    task = Task(stream=stream, now=now, memory=dict(memory), wants=tuple(wants), everything=everything)
    out: list[Page] = []
    for page in source.fetch(task):
        remember(memory, page)
        out.append(page)
        if pages is not None and len(out) >= pages:
            break
    return out


def run_until_error(
    source: Source, stream: str, memory: MutableMapping[str, Any], now: datetime, wants: Sequence[Want] = ()
) -> tuple[list[Page], Exception | None]:
    """The pages that came before the pass failed, and what it failed with."""
    out: list[Page] = []
    try:
        for page in source.fetch(Task(stream=stream, now=now, memory=dict(memory), wants=tuple(wants))):
            remember(memory, page)
            out.append(page)
    except Exception as error:  # noqa: BLE001 -- the test says which one it wants
        return out, error
    return out, None


def remember(memory: MutableMapping[str, Any], page: Page) -> None:
    json.dumps(dict(page.remember), allow_nan=False)  # what cannot be written as JSON cannot be kept
    for key, value in page.remember.items():
        if value is None:
            memory.pop(key, None)
        else:
            memory[key] = value


def events_of(pages: Sequence[Page]) -> list[Event]:
    return [event for page in pages for event in page.events]


def observations_of(pages: Sequence[Page]) -> list[Observation]:
    return [observation for page in pages for observation in page.observations]


@contextmanager
def served(app: Any, *, dated: bool = True) -> Iterator[str]:
    """The fake behind real HTTP on 127.0.0.1; gives its address without a trailing slash. `dated`: the server sets Date."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", date_header=dated))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline:
            raise AssertionError("the fake did not start within 10 s")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
