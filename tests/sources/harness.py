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


class _Stage:
    """A listening server whose application can be another one: to start and to stop one takes longer than most tests."""

    def __init__(self, *, dated: bool) -> None:
        self.app: Any = None
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(
            uvicorn.Config(self._played, log_level="error", lifespan="off", interface="asgi3", date_header=dated)
        )
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
        deadline = time.monotonic() + 10
        while not server.started:
            if time.monotonic() > deadline:
                raise AssertionError("the fake did not start within 10 s")
            time.sleep(0.01)

    async def _played(self, scope: Any, receive: Any, send: Any) -> None:
        if self.app is None:
            raise AssertionError(f"{scope['path']} was asked of a server that nobody has")
        await self.app(scope, receive, send)


_free: dict[bool, list[_Stage]] = {True: [], False: []}


@contextmanager
def served(app: Any, *, dated: bool = True) -> Iterator[str]:
    """The fake behind real HTTP on 127.0.0.1; gives its address without a trailing slash. `dated`: the server sets Date.

    Its address is nobody else's while the block lasts; afterwards another application of this process may have it.
    """
    stage = _free[dated].pop() if _free[dated] else _Stage(dated=dated)
    stage.app = app
    try:
        yield stage.url
    finally:
        stage.app = None
        _free[dated].append(stage)
