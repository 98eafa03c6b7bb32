"""`throughline demo`: the fake servers, their past, the portal — all of it leaves with this process."""

import json
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from app import clock, log
from app.changes.project import catch_up
from app.commands import compose
from app.commands.serve import listen, run_server
from app.config import Database, Environment, Identities, Ledger, Settings
from app.db.session import transaction
from app.demo import cast
from app.demo.bank import TOKENS
from app.demo.journal import Wishes
from app.demo.past import Past, SteppedClock
from app.errors import ThroughlineError
from app.ledger import store as ledger
from app.main import create_app
from app.sources import contract, registry
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
    at = listen(wish.host, wish.port)
    folder = settings.database.directory / f"demo-{wish.port}"
    if wish.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    here = _settings(settings, folder)
    stopping = threading.Event()
    print(f"starting the demo world in {folder}", flush=True)
    with Host(folder, Wishes(wish.seed, wish.apps, wish.workspaces, wish.days)) as host, compose.database(here) as engine:
        app = create_app(engine, origin=here.ledger.origin, vkey=compose.vkey_of(here), clock=clock.now, demo=True)
        life = threading.Thread(target=_life, args=(here, engine, host, stopping.is_set), name="demo", daemon=True)
        threading.Thread(target=_announce, args=(wish, stopping.is_set), daemon=True).start()
        life.start()
        try:
            run_server(app, at)
        finally:
            stopping.set()
            life.join(timeout=30)
    return 0


def _settings(settings: Settings, folder: Path) -> Settings:
    production = Environment(
        name="production", **{"class": "prod"}, workspaces=("*-production",), destinations=("prod-*/*",), projects=("*-production",)
    )
    people = folder / "identities.csv"
    people.write_text(cast.identities(), encoding="utf-8")
    return settings.model_copy(
        update={
            "identities": Identities(file=people),
            "database": Database(directory=folder),
            "ledger": Ledger(origin="throughline.demo/ledger", key_file=folder / "ledger.key", seal_every=60),
            "environment": (production,),
        }
    )


class Host:
    """The fake servers' process, started again when it dies."""

    def __init__(self, folder: Path, wishes: Wishes) -> None:
        self._command = [sys.executable, "-m", "app.demo.host", str(folder)]
        self._command += [part for name, value in asdict(wishes).items() for part in (f"--{name}", str(value))]
        self._stopping = threading.Event()
        self.ports: dict[str, int] = {}

    def __enter__(self) -> "Host":
        self._started = threading.Event()
        self._live = False
        self._keeper = threading.Thread(target=self._keep, name="fake servers", daemon=True)
        self._keeper.start()
        if not self._started.wait(60) or not self.ports:
            self._stopping.set()
            raise ThroughlineError("the fake servers did not start", do="run it again with --fresh")
        return self

    def _keep(self) -> None:
        """One thread starts and waits for it: the kernel ends the child with the thread that made it."""
        while not self._stopping.is_set():
            root = Path(__file__).resolve().parents[2]
            self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, cwd=root)  # noqa: S603 -- ourselves
            assert self._process.stdout is not None  # noqa: S101 -- it is a pipe
            line = self._process.stdout.readline()
            if line:
                self.ports = json.loads(line)
                if self._live:
                    self._resume()
            self._started.set()
            self._process.wait()
            if not self.ports:
                return
            self._stopping.wait(0.5)

    def live(self) -> None:
        """From now on a restarted world goes straight on living."""
        self._live = True

    def _resume(self) -> None:
        request = urllib.request.Request(f"{self.url('world')}/live", method="POST")  # noqa: S310 -- our own loopback address
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 -- as above

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._process.terminate()
        self._keeper.join(timeout=10)


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
    """The past first, then the present."""
    try:
        _past(settings, engine, host, stopping)
        host.live()
        with _sources(host, clock.now) as built:
            worker = Worker(compose.work_of(settings, engine, built))
            worker.start()
            while not stopping():
                clock.sleep(0.2)
            worker.stop()
    except Exception:
        logger.exception("the demo world stopped")


def _past(settings: Settings, engine: Engine, host: Host, stopping: Callable[[], bool]) -> None:
    rules, key = compose.rules_of(settings), compose.key_of(settings)
    stepped = SteppedClock(clock.now())

    def also(at: datetime) -> None:
        with transaction(engine) as connection:
            ledger.seal(connection, key, settings.ledger.origin, at)
        catch_up(engine, rules, stopping=stopping)

    with _sources(host, stepped, past=True) as built:
        past = Past(engine, host.url("world"), built, stepped)
        began = clock.monotonic()
        past.watch(also, stopping)
        catch_up(engine, rules, stopping=stopping)
    logger.info("the past is there", extra=log.fields(seconds=round(clock.monotonic() - began, 1)))


def _announce(wish: Wish, stopping: Callable[[], bool]) -> None:
    """Print the address when the first page answers."""
    address = f"http://{'127.0.0.1' if wish.host == '0.0.0.0' else wish.host}:{wish.port}"  # noqa: S104 -- a comparison
    patience = clock.now() + timedelta(minutes=5)
    while not stopping() and clock.now() < patience:
        try:
            urllib.request.urlopen(f"{address}/changes", timeout=5).close()  # noqa: S310 -- our own loopback address
        except (urllib.error.URLError, OSError):
            clock.sleep(0.1)
            continue
        print(f"\n  Throughline is ready: {address}\n  (Ctrl-C ends it; its data stays for the next start)\n", flush=True)
        return
