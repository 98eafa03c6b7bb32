"""`throughline serve` and `throughline worker`."""

import os
import signal
import socket
import threading

import uvicorn
from fastapi import FastAPI

from app.commands import compose
from app.config import Settings, local_user_problem
from app.errors import SettingsError, UsageError
from app.main import create_app
from app.worker.scheduler import Worker


def serve(settings: Settings, host: str | None, port: int | None, *, worker: bool) -> int:
    """The portal until it is interrupted, with a worker in the same process unless told not to."""
    end_as_interrupted()
    if problem := local_user_problem(settings.web, host or settings.web.host):
        raise SettingsError(problem)
    at = listen(host or settings.web.host, settings.web.port if port is None else port)
    with at, compose.database(settings) as engine, compose.sources(settings) as built:
        work = compose.work_of(settings, engine, built)
        app = create_app(
            engine,
            origin=work.origin,
            vkey=compose.vkey_of(settings),
            clock=work.clock,
            hooks=compose.hooks_of(settings),
            deciding=compose.deciding_of(settings),
        )
        beside = Worker(work) if worker else None
        if beside:
            beside.start()
        try:
            run_server(app, at)
        finally:
            if beside:
                beside.stop()
    return 0


def end_as_interrupted() -> None:
    """From now on SIGTERM ends us as Ctrl-C does: everything is put down in order."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def listen(host: str, port: int) -> socket.socket:
    """The portal's socket, taken before anything is started. Raises UsageError when somebody else has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise UsageError(
            f"cannot listen on {host}:{port} ({error.strerror})", "a free port", "choose another with --port"
        ) from error
    return made


def run_server(app: FastAPI, at: socket.socket) -> None:
    """uvicorn until SIGINT or SIGTERM."""
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[at])


def worker(settings: Settings) -> int:
    """A worker alone, until it is interrupted."""
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with compose.database(settings) as engine, compose.sources(settings) as built:
        alone = Worker(compose.work_of(settings, engine, built))
        alone.start()
        print(f"worker {os.getpid()} reads {len(built)} sources", flush=True)
        while not stop.wait(1.0):
            pass
        alone.stop()
    return 0
