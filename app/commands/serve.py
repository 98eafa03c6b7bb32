"""`throughline serve` and `throughline worker`."""

import os
import signal
import threading

import uvicorn
from fastapi import FastAPI

from app.commands import compose
from app.config import Settings
from app.main import create_app
from app.worker.scheduler import Worker


def serve(settings: Settings, host: str | None, port: int | None, *, worker: bool) -> int:
    """The portal until it is interrupted, with a worker in the same process unless told not to."""
    with compose.database(settings) as engine, compose.sources(settings) as built:
        work = compose.work_of(settings, engine, built)
        app = create_app(engine, origin=work.origin, vkey=compose.vkey_of(settings), clock=work.clock)
        beside = Worker(work) if worker else None
        if beside:
            beside.start()
        try:
            run_server(app, host or settings.web.host, settings.web.port if port is None else port)
        finally:
            if beside:
                beside.stop()
    return 0


def run_server(app: FastAPI, host: str, port: int) -> None:
    """uvicorn until SIGINT or SIGTERM."""
    uvicorn.Server(
        uvicorn.Config(
            app, host=host, port=port, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3
        )
    ).run()


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
