"""The process of the fake servers: `python -m app.demo.host DIRECTORY …`. It prints its ports as one JSON line, then serves.

It dies with the process that started it. Killed by itself it may simply be started again: the journal tells it what it was.
"""

import argparse
import ctypes
import json
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
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
from app.demo.journal import Journal, Wishes
from app.demo.world import World

EVERY = timedelta(seconds=20)  # a new change
Asgi = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


def main() -> None:
    options = _options()
    log.start("WARNING")
    _die_with_parent()
    turn = Turn()
    journal = Journal(
        options.directory / "journal.jsonl", Wishes(options.seed, options.apps, options.workspaces, options.days), clock.now()
    )
    world = World(journal, lambda: clock.now() if turn.live or turn.at is None else turn.at)
    sockets = {name: _listen(port) for name, port in _ports(options.directory).items()}
    apps: dict[str, Asgi] = {
        "tfe": tfe_app(world.bank.tfe),
        "argocd": argocd_app(world.bank.argocd),
        "github": github_app(world.bank.github),
        "world": world_app(world, turn),
    }
    servers = [uvicorn.Server(_config(_dated(app, turn))) for app in apps.values()]
    threads = [
        threading.Thread(target=server.run, kwargs={"sockets": [sockets[name]]}, daemon=True)
        for name, server in zip(apps, servers, strict=True)
    ]
    for thread in threads:
        thread.start()
    ports = {name: one.getsockname()[1] for name, one in sockets.items()}
    (options.directory / "ports.json").write_text(json.dumps(ports), encoding="utf-8")
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    _live(world, turn)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    for name in ("seed", "apps", "workspaces", "days"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args()


def _die_with_parent() -> None:
    """PR_SET_PDEATHSIG; Ctrl-C is the parent's to handle."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _ports(directory: Path) -> dict[str, int]:
    """Those of the last start, so that addresses in events stay good; 0 lets the kernel choose."""
    try:
        return {str(k): int(v) for k, v in json.loads((directory / "ports.json").read_text(encoding="utf-8")).items()}
    except (FileNotFoundError, ValueError):
        return {"tfe": 0, "argocd": 0, "github": 0, "world": 0}


def _listen(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
    except OSError:
        made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


def _config(app: Asgi) -> uvicorn.Config:
    return uvicorn.Config(app, log_config=None, access_log=False, server_header=False, date_header=False, lifespan="off")


def _dated(app: Asgi, turn: Turn) -> Asgi:
    """Answers carry the world's time, so that nobody's clock seems two weeks off while history is replayed."""

    async def dated(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        async def stamped(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                at = clock.now() if turn.live or turn.at is None else turn.at
                message["headers"] = [*message["headers"], (b"date", format_datetime(at, usegmt=True).encode())]
            await send(message)

        await app(scope, receive, stamped)

    return dated


def _live(world: World, turn: Turn) -> None:
    """Once live: play what is due, and begin a change every twenty seconds."""
    last: datetime | None = None
    while True:
        clock.sleep(0.25)
        if not turn.live:
            continue
        now = clock.now()
        with turn.lock:
            if last is None or now - last >= EVERY:
                world.begin_live(now)
                last = now
            world.play(now)


if __name__ == "__main__":
    main()
