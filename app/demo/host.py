"""The process of the fake servers: `python -m app.demo.host DIRECTORY …`. It prints its ports as one JSON line, then serves.

It dies with the process that started it. Killed by itself it may simply be started again: the journal tells it what it was.
"""

import argparse
import ctypes
import fcntl
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import uvicorn

from app import clock, log
from app.demo.fakes.argocd import argocd_app
from app.demo.fakes.github import github_app
from app.demo.fakes.tfe import tfe_app
from app.demo.fakes.world import Turn, world_app
from app.demo.hooks import News, Post
from app.demo.journal import Journal, Wishes
from app.demo.world import World

EVERY = timedelta(seconds=20)  # a new change
Asgi = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


def main() -> None:
    options = _options()
    log.start("WARNING")
    _die_with_parent(options.parent)
    wishes = Wishes(options.seed, options.apps, options.workspaces, options.days)
    with _alone(options.directory):
        turn = Turn(clock.now)
        world = World(Journal(options.directory / "journal.jsonl", wishes, clock.now()), turn.now)
        sockets = {name: _listen(port) for name, port in _ports(options.directory).items()}
        ports = {name: one.getsockname()[1] for name, one in sockets.items()}
        (options.directory / "ports.json").write_text(json.dumps(ports), encoding="utf-8")
        _serve(world_app(world, turn, clock.now), sockets["world"])
        sys.stdout.write(json.dumps(ports) + "\n")
        sys.stdout.flush()
        turn.begun.wait()  # what is asked of them before waits in the sockets' queues: a world half told would be a false witness
        _serve(_dated(tfe_app(world.bank.tfe), turn), sockets["tfe"])
        _serve(_dated(argocd_app(world.bank.argocd), turn), sockets["argocd"])
        _serve(_dated(github_app(world.bank.github), turn), sockets["github"])
        _live(world, turn, Post(options.portal) if options.portal else None)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One at a time: one that is about to die with its parent still holds the journal and the ports."""
    with (directory / "host.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _serve(app: Asgi, at: socket.socket) -> None:
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, date_header=False, lifespan="off")
    threading.Thread(target=uvicorn.Server(config).run, kwargs={"sockets": [at]}, daemon=True).start()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    for name in ("parent", "seed", "apps", "workspaces", "days"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--portal", default="", help="where the servers' webhooks go")
    return parser.parse_args()


def _die_with_parent(parent: int) -> None:
    """PR_SET_PDEATHSIG; Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


def _ports(directory: Path) -> dict[str, int]:
    """Those of the last start, so that addresses in events stay good; 0 lets the kernel choose."""
    try:
        return {str(k): int(v) for k, v in json.loads((directory / "ports.json").read_text(encoding="utf-8")).items()}
    except (FileNotFoundError, ValueError):
        return {"tfe": 0, "argocd": 0, "github": 0, "world": 0}


def _listen(port: int) -> socket.socket:
    """The port of the last start, though one just killed may hold it a moment longer; another when somebody else has it."""
    for _ in range(20 if port else 0):
        try:
            return socket.create_server(("127.0.0.1", port), backlog=128)
        except OSError:
            clock.sleep(0.1)
    return socket.create_server(("127.0.0.1", 0), backlog=128)


def _dated(app: Asgi, turn: Turn) -> Asgi:
    """Answers carry the world's time, so that nobody's clock seems two weeks off while history is replayed."""

    async def dated(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        async def stamped(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"date", format_datetime(turn.now(), usegmt=True).encode())]
            await send(message)

        await app(scope, receive, stamped)

    return dated


def _live(world: World, turn: Turn, post: Post | None) -> None:
    """Once live: play what is due, begin a change every twenty seconds, and send word of what changed."""
    last: datetime | None = None
    news = News(world.bank)
    while True:
        clock.sleep(0.25)
        if not turn.live:
            continue
        now = clock.now()
        with turn.moving(world):
            if last is None or now - last >= EVERY:
                world.begin_live(now)
                world.bank.forget_requests()
                last = now
            world.play(now)
            letters = news.letters(now)
        if post:
            post.send(letters)


if __name__ == "__main__":
    main()
