"""`throughline demo` as a process of its own: what leaves with it, what survives a kill of any part of it, two at once."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from app.demo.journal import Wishes
from app.ingest.poll import declare, read_stream
from sqlalchemy import Engine, text

from tests.demo.living import living

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def await_(what: str, done: Callable[[], Any], seconds: float) -> Any:
    """The first truthy answer of `done`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := done():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


STARTED: list["subprocess.Popen[bytes]"] = []


class Demo:
    """A running demo in `folder`; its children are all processes that name its data folder or sit in it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.data = folder / "var" / f"demo-{port}"
        self.log = folder / f"{port}.log"

    def start(self, *more: str) -> "Demo":
        self.began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "demo", "--port", str(self.port), "--days", "2", *more],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        STARTED.append(self.process)
        return self

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def get(self, path: str) -> str:
        """The page's text, or nothing while there is none."""
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return str(answer.read().decode())
        return ""

    def page(self, seconds: float = 60) -> float:
        """Seconds from the start to the first page."""

        def done() -> str:
            assert self.process.poll() is None, self.said()
            return self.get("/changes")

        await_("the first page", done, seconds)
        return time.monotonic() - self.began

    def live(self) -> None:
        await_("the past", lambda: "the past is there" in self.said(), 90)

    def events(self) -> int:
        lines = [line for line in self.get("/metrics").splitlines() if line.startswith("throughline_ledger_entries ")]
        return int(float(lines[0].split()[1])) if lines else 0

    def ids(self) -> list[str]:
        """Of every event there is, by the raw JSON list."""
        found, cursor = list[str](), ""
        while True:
            page = json.loads(self.get(f"/api/v1/events?limit=500&cursor={cursor}"))
            found += [one["id"] for one in page["items"]]
            if not (cursor := page["next"]):
                return found

    def children(self) -> dict[int, str]:
        """Command lines of all processes of this demo but the first, by pid."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                mine = str(self.data) in line or self._mark() in line or self._inside(entry)
                if line and int(entry.name) != self.process.pid and mine:
                    found[int(entry.name)] = line
        return found

    def _mark(self) -> str:
        with suppress(OSError):
            told = (self.data / "postgres").stat()
            return f"throughline-{told.st_dev:08x}-{told.st_ino:016x}"
        return "nothing is called this"

    def _inside(self, entry: Path) -> bool:
        return Path(os.readlink(entry / "cwd")).is_relative_to(self.data)

    def host(self) -> int:
        return next((pid for pid, line in self.children().items() if "app.demo.host" in line), 0)

    def postgres(self) -> int:
        with suppress(OSError, ValueError):
            return int((self.data / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()[0])
        return 0

    def ports(self) -> list[int]:
        with suppress(OSError, ValueError):
            return [self.port, *json.loads((self.data / "ports.json").read_text()).values()]
        return [self.port]

    def listening(self) -> list[int]:
        return [port for port in self.ports() if not refused(port)]

    def gone(self, seconds: float = 20) -> None:
        """Nothing of it is left: no process, no port."""
        await_("the end of every process", lambda: not self.children() and not self.listening(), seconds)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(40)

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Another command on the same data."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *argv],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "THROUGHLINE_DATABASE_DIRECTORY": str(self.data),
                "THROUGHLINE_LEDGER_ORIGIN": "throughline.demo/ledger",
                "THROUGHLINE_LEDGER_KEY_FILE": str(self.data / "ledger.key"),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def refused(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("a bank") / "Zahlungs verkehr"
    made.mkdir()
    made.chmod(0o755)
    yield made
    for process in STARTED:
        process.kill()
        process.wait(20)


@pytest.fixture(scope="module")
def demo(folder: Path) -> Demo:
    """One world for the whole module: every test leaves it running and live, whatever it killed."""
    one = Demo(folder, free_port()).start()
    one.page()
    one.live()
    return one


def settled(demo: Demo) -> list[str]:
    """The events, once more have come than there were."""
    before = demo.events()
    await_("new events", lambda: demo.events() > before, 60)
    return demo.ids()


def test_the_first_page_comes_before_the_past_is_there(demo: Demo) -> None:
    said = demo.said()
    assert said.index("Throughline is ready") < said.index("the past is there")
    assert f"http://127.0.0.1:{demo.port}" in said
    assert '"level"' not in said, "a quiet start logs nothing"


def test_a_port_that_is_taken_is_said_in_one_line(demo: Demo) -> None:
    other = demo.run("demo", "--port", str(demo.port))
    assert other.returncode == 2
    assert other.stderr.count("\n") == 1
    assert str(demo.port) in other.stderr


def test_other_wishes_are_refused_in_one_line(folder: Path) -> None:
    one = Demo(folder, free_port())
    one.data.mkdir(parents=True)
    wishes = {"seed": 7, "apps": 3, "workspaces": 3, "days": 9}
    (one.data / "journal.jsonl").write_text(json.dumps({"began": "2026-03-12T15:40:00+00:00", **wishes}) + "\n")
    one.start()
    assert one.process.wait(30) == 2
    assert one.said().count("\n") == 1
    assert "--fresh" in one.said()


def test_the_fake_servers_are_killed_and_the_world_goes_on(demo: Demo) -> None:
    before, pid, ports = set(demo.ids()), demo.host(), demo.ports()
    os.kill(pid, signal.SIGKILL)
    await_("new servers", lambda: demo.host() not in (0, pid), 20)
    await_("their ports", lambda: all(not refused(port) for port in ports), 30)
    after = settled(demo)
    assert len(after) == len(set(after))
    assert before < set(after)
    assert "defect" not in demo.said()


def test_postgres_is_killed_and_pages_answer_again(demo: Demo) -> None:
    before, pid = set(demo.ids()), demo.postgres()
    os.kill(pid, signal.SIGKILL)
    await_("another Postgres", lambda: demo.postgres() not in (0, pid), 30)
    await_("a page", lambda: demo.get("/changes"), 30)
    after = settled(demo)
    assert len(after) == len(set(after))
    assert before < set(after)
    assert "defect" not in demo.said()


def test_the_portal_is_killed_takes_all_with_it_and_comes_back_soon_with_its_data(demo: Demo) -> None:
    before = set(demo.ids())
    os.kill(demo.process.pid, signal.SIGKILL)
    demo.process.wait(10)
    demo.gone()
    assert demo.start().page() < 20, "five seconds alone on two cores; here others work too"
    after = settled(demo)
    assert len(after) == len(set(after))
    assert before < set(after)


def test_two_live_side_by_side_and_ctrl_c_leaves_nothing(demo: Demo, folder: Path) -> None:
    other = Demo(folder, free_port()).start("--seed", "8")
    other.page()
    assert demo.get("/changes")
    assert other.host() != demo.host()
    assert other.interrupt() == 0
    other.gone()
    assert demo.get("/changes")
    assert "Traceback" not in other.said()


def test_killed_while_the_past_is_laid_down_it_goes_on_from_there(folder: Path) -> None:
    one = Demo(folder, free_port()).start()
    await_("some past", lambda: one.events() > 100, 60)
    os.kill(one.process.pid, signal.SIGKILL)
    one.process.wait(10)
    one.gone()
    one.start().live()
    found = one.ids()
    assert len(found) == len(set(found))
    assert one.interrupt() == 0
    one.gone()


def test_after_all_that_nothing_is_lost(demo: Demo, engine: Engine, tmp_path: Path) -> None:
    """A world told anew by its journal and read once says nothing of GitHub and Terraform Enterprise that the demo has not kept."""
    at = datetime.now(UTC)
    shutil.copy(demo.data / "journal.jsonl", tmp_path)
    with living(tmp_path, Wishes(days=2), at) as here, here.past(engine) as past:
        here.world.play(at)
        for source in past.sources:
            declare(engine, source, at)
            for stream in source.streams():
                if source.connection.kind != "argocd":
                    assert read_stream(engine, source, stream, past.owner, lambda: at).ok
    with engine.connect() as connection:
        told = {str(row.id) for row in connection.execute(text("SELECT id FROM events"))}
    assert len(told) > 200
    await_("everything to be kept", lambda: told <= set(demo.ids()), 30)


def test_at_the_end_ctrl_c_ends_all_and_the_ledger_is_sound(demo: Demo) -> None:
    said = len(demo.said())
    assert demo.interrupt() == 0
    demo.gone()
    assert "Traceback" not in demo.said()[said:]
    told = demo.run("verify", "--database")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "sound" in told.stdout
