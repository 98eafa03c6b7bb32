"""`throughline demo`: the fake servers, their past, the portal — all of it leaves with this process."""

import fcntl
import shutil
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Engine

from app import clock, log
from app.changes.project import catch_up
from app.commands import compose
from app.commands.demo_host import Host
from app.commands.serve import end_as_interrupted, listen, run_server
from app.config import Database, Environment, Identities, Ledger, Settings, Web, is_loopback
from app.db.session import transaction
from app.demo import cast
from app.demo.bank import TOKENS
from app.demo.hooks import SECRETS
from app.demo.journal import Journal, Wishes
from app.demo.past import Past, SteppedClock
from app.errors import ThroughlineError, UsageError
from app.ingest.streams import store as streams
from app.ledger import store as ledger
from app.main import create_app
from app.sources import contract, registry
from app.web.portal import Hook
from app.worker.scheduler import Worker

logger = log.get(__name__)
PAST_PACE = 12 * 3600.0
KINDS = {cast.TFE: "tfe", cast.ARGOCD: "argocd", cast.GITHUB: "github"}


@dataclass(frozen=True, slots=True)
class Wish:
    host: str
    port: int
    seed: int
    apps: int
    workspaces: int
    days: int
    fresh: bool


def run(settings: Settings, wish: Wish) -> int:
    """Until it is interrupted."""
    if wish.apps < len(cast.APPLICATIONS):
        raise UsageError(f"--apps {wish.apps}", f"{len(cast.APPLICATIONS)} or more: the demo's stories are about these")
    end_as_interrupted()
    log.get("uvicorn.error").setLevel("WARNING")  # the address is announced when a page answers
    at = listen(wish.host, wish.port)
    port = at.getsockname()[1]
    folder = settings.database.directory / f"demo-{port}"
    with at, _alone(folder):
        if wish.fresh:
            _forget(folder)
        wishes = Wishes(wish.seed, wish.apps, wish.workspaces, wish.days)
        Journal(folder / "journal.jsonl", wishes, clock.now())  # other wishes than those of the last start are refused here
        print(f"starting the demo world in {folder}", flush=True)
        address = f"http://{'127.0.0.1' if wish.host in ('0.0.0.0', '::') else wish.host}:{port}"  # noqa: S104 -- a comparison
        with Host(folder, wishes, address) as host, _demo(settings, folder, host, wish.host) as app:
            threading.Thread(target=_announce, args=(address,), daemon=True).start()
            run_server(app, at)
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One demo in a folder. Raises UsageError while another lives there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"another demo lives in {folder}", "one at a time", "end it, or choose another --port") from None
        yield


def _forget(folder: Path) -> None:
    for one in folder.iterdir():
        if one.name == "lock":
            continue
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()


@contextmanager
def _demo(settings: Settings, folder: Path, host: Host, at: str) -> Iterator[FastAPI]:
    """The portal; its world is filled, and lives, in a thread beside it."""
    here = _settings(settings, folder, at)
    stopping = threading.Event()
    with compose.database(here) as engine:
        life = threading.Thread(target=_life, args=(here, engine, host, stopping.is_set), name="demo", daemon=True)
        life.start()
        try:
            yield create_app(
                engine,
                origin=here.ledger.origin,
                vkey=compose.vkey_of(here),
                clock=clock.now,
                demo=True,
                hooks=_hooks(),
                deciding=compose.deciding_of(here),
            )
        finally:
            stopping.set()
            life.join(timeout=30)


def _hooks() -> dict[str, Hook]:
    """The fake servers sign their webhooks with these secrets."""
    found = {}
    for name, kind in KINDS.items():
        log.keep_secret(SECRETS[name])
        at = contract.Connection(name, kind, "", organization=cast.ORGANIZATION, repositories=(cast.INFRA, cast.MANIFESTS))
        found[name] = compose.hook(at, SECRETS[name])
    return found


def _settings(settings: Settings, folder: Path, host: str) -> Settings:
    production = Environment(
        name="production", **{"class": "prod"}, workspaces=("*-production",), destinations=("prod-*/*",), projects=("*-production",)
    )
    people = folder / "identities.csv"
    people.write_text(cast.identities(), encoding="utf-8")
    return settings.model_copy(
        update={
            "identities": Identities(file=people),
            "drift_limits": {"production": {"kubernetes": "4h", "terraform": "24h"}, "unclassified": "7d"},
            "web": Web(local_user="Dara Novak") if is_loopback(host) else Web(),
            "database": Database(directory=folder),
            "ledger": Ledger(origin="throughline.demo/ledger", key_file=folder / "ledger.key", seal_every=60),
            "environment": (production,),
        }
    )


@contextmanager
def _sources(host: Host, at: Callable[[], datetime], *, past: bool = False) -> Iterator[list[contract.Source]]:
    """In the past a stream is read when there is something to read, which is as good as every few seconds."""
    built = []
    for name, kind in KINDS.items():
        log.keep_secret(TOKENS[kind])
        built.append(
            registry.connect(
                contract.Connection(
                    name=name,
                    kind=kind,
                    url=host.url(kind),
                    token=TOKENS[kind],
                    organization=cast.ORGANIZATION,
                    repositories=(cast.INFRA, cast.MANIFESTS),
                    per_second=500.0,
                    poll_every=PAST_PACE if past else 3.0 if kind != "tfe" else 6.0,
                ),
                at,
            )
        )
    try:
        yield built
    finally:
        for source in built:
            source.close()


def _life(settings: Settings, engine: Engine, host: Host, stopping: Callable[[], bool]) -> None:
    """The past first, then the present; from the beginning again when a process was killed, for each knows how far it came."""
    while host.await_ports(stopping):
        try:
            if _past(settings, engine, host, stopping):
                host.live()
                _present(settings, engine, host, stopping)
        except (ThroughlineError, OSError) as error:
            logger.warning("the demo world pauses", extra=log.fields(error=str(error)))
        except Exception:
            logger.exception("the demo world met a defect")
        clock.sleep(0.0 if stopping() else 1.0)


def _past(settings: Settings, engine: Engine, host: Host, stopping: Callable[[], bool]) -> bool:
    rules, key = compose.rules_of(settings), compose.key_of(settings)
    stepped = SteppedClock(clock.now())

    def also(at: datetime) -> None:
        with transaction(engine) as connection:
            ledger.seal(connection, key, settings.ledger.origin, at)
        catch_up(engine, rules, stopping=stopping)

    with _sources(host, stepped, past=True) as built:
        past = Past(engine, host.url("world"), built, stepped)
        if past.over():
            return True
        print("  laying down the past; pages fill as it comes …", flush=True)
        began = clock.monotonic()
        done = past.watch(also, stopping)
        if done:
            print(f"  the past is there ({clock.monotonic() - began:.0f} s); from now on a change every 20 s", flush=True)
    return done


def _present(settings: Settings, engine: Engine, host: Host, stopping: Callable[[], bool]) -> None:
    """As long as the servers are where they are."""
    ports = host.ports
    with _sources(host, clock.now) as built:
        with transaction(engine) as connection:
            streams.free_all(connection, list(KINDS))  # what a killed start held
        worker = Worker(compose.work_of(settings, engine, built))
        worker.start()
        try:
            while not stopping() and host.ports == ports:
                clock.sleep(0.2)
        finally:
            worker.stop()


def _announce(address: str) -> None:
    """Print the address when the first page answers."""
    patience = clock.monotonic() + 300
    while clock.monotonic() < patience:
        try:
            urllib.request.urlopen(f"{address}/changes", timeout=30).close()  # noqa: S310 -- our own loopback address
        except OSError:
            clock.sleep(0.1)
            continue
        print(f"\n  Throughline is ready: {address}\n  (Ctrl-C ends it; its data stays for the next start)\n", flush=True)
        return
