"""A Postgres of our own in a folder: for the demo, the tests, and a first day without a database.

`start(folder)` is the whole of it. The first process to come starts Postgres as its child and keeps it: it starts it
again if it dies, and the kernel ends it if the keeper dies. Any other process that names the same folder is given the same
server, never stops it, and becomes the keeper when the first one goes. Who is the keeper is a lock on `<folder>/keeper`
that the kernel lets go of with its holder, so nothing goes stale.

Postgres listens on a Unix socket in a 0700 folder only; root and the user who started it may connect, by `peer`.
"""

import fcntl
import logging
import os
import shutil
import stat
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

import psycopg
from sqlalchemy import URL

from app.db import embedded_process as processes
from app.db.embedded_binaries import Binaries, binaries_for, copied, open_to_all
from app.db.embedded_process import OWNER
from app.errors import DatabaseUnavailable, ThroughlineError

SOCKET_LIMIT = 107  # bytes of sun_path, unix(7)
LOG_LIMIT = 5_000_000  # bytes
PRIVATE = Path("/tmp")  # noqa: S108 - what we make there is checked to be ours alone, see _private_place
_logger = logging.getLogger(__name__)


def start(data_dir: Path, *, durable: bool = True) -> "Server":
    """The running server of `data_dir` (made if absent). `durable=False` gives up crash safety for speed: tests only.

    Raises DatabaseUnavailable with what to do when there are no Postgres programs, or they do not start here.
    """
    server = Server(Path(data_dir).absolute(), durable=durable)
    server._begin()
    return server


class Server:
    """`url` is for `engine_for`; `owned` says whether this process is the keeper now. Use it as a context manager."""

    def __init__(self, data_dir: Path, *, durable: bool) -> None:
        self.data_dir, self.durable = data_dir, durable
        self.cluster = data_dir / "cluster"
        self._log_path = data_dir / "postgres.log"
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._foreign = 0
        self._lock: int | None = None
        self._failure: Exception | None = None
        self._ready, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"postgres of {data_dir.name}", daemon=True)

    @property
    def owned(self) -> bool:
        return self._lock is not None

    @property
    def pid(self) -> int:
        """Of the postmaster; 0 while there is none."""
        return self._process.pid if self._process else self._foreign

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End Postgres if this process keeps it; otherwise only let go of it. May be called twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def restart_if_dead(self, seconds: float = 30.0) -> bool:
        """Wait until Postgres answers again; True if it was dead. Healing happens by itself: this is for those who must know.

        Raises DatabaseUnavailable when it did not come back in `seconds`.
        """
        if self._ready.is_set() and self._lives():
            return False
        if not processes.wait_until(lambda: self._ready.is_set() and self._lives(), seconds=seconds):
            raise DatabaseUnavailable(f"the Postgres of {self.data_dir} is dead: {self._failure}", do=f"see {self._log_path}")
        return True

    # The keeper's thread. It starts Postgres itself, because the kernel's parent-death signal follows the starting thread.

    def _begin(self) -> None:
        self._thread.start()
        self._ready.wait()
        if self._failure:
            self.stop()
            raise self._failure

    def _keep(self) -> None:
        tries = 0
        while not self._stopping.is_set():
            try:
                self._come_up()
                self._failure, tries = None, 0
            except (ThroughlineError, OSError, psycopg.Error) as error:
                self._failure = self._explained(error)
                if not self.url:
                    break
                tries += 1
                _logger.warning("embedded Postgres does not come back: %s", self._failure)
                self._stopping.wait(min(2**tries, 30))
                continue
            self._ready.set()
            while self._lives() and not self._stopping.wait(0.1):
                pass
            if not self._stopping.is_set():
                self._ready.clear()
                _logger.warning("embedded Postgres ended unexpectedly; starting it again")
        self._go_down()
        self._ready.set()

    def _explained(self, error: Exception) -> Exception:
        if isinstance(error, ThroughlineError):
            return error
        return DatabaseUnavailable(
            f"cannot use {self.data_dir}: {error}", "a folder this account may write to", "run as its owner, or name another folder"
        )

    def _lives(self) -> bool:
        if self._process:
            return self._process.poll() is None
        return bool(self._foreign) and processes.alive(self._foreign)

    def _come_up(self) -> None:
        """Become the keeper and launch, or find the server that another keeper has made ready."""
        self._process, self._foreign = None, 0
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not processes.wait_until(lambda: self._take_lock() or self._found_ready(), seconds=120):
            raise DatabaseUnavailable(
                f"another process keeps {self.data_dir} but its Postgres is not ready", do=f"see {self._log_path}"
            )
        if self.owned:
            self._launch()
        self.url = self._address()

    def _take_lock(self) -> bool:
        if self._lock is not None:
            return True
        handle = os.open(self.data_dir / "keeper", os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock = handle
        return True

    def _found_ready(self) -> bool:
        told = processes.postmaster(self.cluster)
        if told and told[1] == "ready" and processes.alive(told[0]):
            self._foreign = told[0]
            return True
        return False

    def _launch(self) -> None:
        binaries = binaries_for(self.cluster)
        account = processes.account_for(self.cluster if self.cluster.exists() else self.data_dir)
        if account.uid != os.geteuid() and binaries.libraries is not None and not open_to_all(Path(binaries.postgres)):
            binaries = copied(binaries, self._private_place())
        mark = self._mark()
        processes.end_orphans(self.cluster, mark)
        with self._open_log() as log:
            since = log.seek(0, os.SEEK_END)
            if not self.cluster.exists():
                self._make_cluster(binaries, account, log)
            processes.write_access(self.cluster, account)
            argv = processes.postgres_argv(binaries, mark, durable=self.durable)
            process = processes.spawn(argv, self.cluster, account, log)
        processes.wait_until(lambda: process.poll() is not None or self._is_ready(process.pid), seconds=300)
        if not self._is_ready(process.pid):
            processes.end(process)
            raise DatabaseUnavailable(f"Postgres did not start: {self._last_words(since)}", do=f"see {self._log_path}")
        self._process = process
        self._make_database()

    def _is_ready(self, pid: int) -> bool:
        return processes.postmaster(self.cluster) == (pid, "ready")

    def _make_cluster(self, binaries: Binaries, account: processes.Account, log: IO[bytes]) -> None:
        """In a folder of another name first: a cluster is there whole or not at all."""
        new = self.data_dir / "cluster.new"
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(mode=0o700)
        os.chown(new, account.uid, account.gid)
        since = log.seek(0, os.SEEK_END)
        if not processes.initialise(binaries, new, account, log, durable=self.durable):
            raise DatabaseUnavailable(f"Postgres could not make its folder: {self._last_words(since)}", do=f"see {self._log_path}")
        new.rename(self.cluster)

    def _make_database(self) -> None:
        with psycopg.connect(
            host=self._socket_dir(), user=OWNER, dbname="postgres", autocommit=True, connect_timeout=10
        ) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [OWNER]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {OWNER}")

    def _open_log(self) -> IO[bytes]:
        if self._log_path.exists() and self._log_path.stat().st_size > LOG_LIMIT:
            self._log_path.replace(self._log_path.with_suffix(".log.1"))
        handle = os.open(self._log_path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if os.geteuid() == 0:
            owner = self.data_dir.stat()
            os.fchown(handle, owner.st_uid, owner.st_gid)
        return os.fdopen(handle, "a+b")

    def _last_words(self, since: int) -> str:
        with self._log_path.open("rb") as log:
            log.seek(since)
            lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
        return (telling or lines or ["it said nothing"])[-1]

    def _go_down(self) -> None:
        if self._process:
            processes.end(self._process)
        if self._lock is not None:
            with suppress(OSError):
                shutil.rmtree(self._private_path())
            os.close(self._lock)
            self._lock = None

    # Addresses.

    def _mark(self) -> str:
        """Names the folder in process titles and under /tmp; it stays when the folder is moved."""
        told = self.data_dir.stat()
        return f"throughline-{told.st_dev:x}-{told.st_ino:x}"

    def _address(self) -> str:
        url = URL.create("postgresql+psycopg", username=OWNER, database=OWNER, query={"host": self._socket_dir()})
        return url.render_as_string(hide_password=False)

    def _socket_dir(self) -> str:
        """The cluster's folder, or a short link to it when its name does not fit a socket address (or a libpq host list)."""
        told = str(self.cluster)
        if len(os.fsencode(told)) + len("/.s.PGSQL.5432") < SOCKET_LIMIT and "," not in told:
            return told
        link = self._private_place() / "s"
        if not link.is_symlink() or link.readlink() != self.cluster:
            link.unlink(missing_ok=True)
            link.symlink_to(self.cluster)
        return str(link)

    def _private_path(self) -> Path:
        return PRIVATE / f"{self._mark()}-{os.geteuid()}"

    def _private_place(self) -> Path:
        """A folder of ours with a short name that others may pass through but not read or change."""
        place = self._private_path()
        with suppress(FileExistsError):
            place.mkdir(mode=0o711)
        told = place.lstat()
        if not stat.S_ISDIR(told.st_mode) or told.st_uid != os.geteuid() or told.st_mode & 0o022:
            raise DatabaseUnavailable(f"{place} was made by someone else", "nothing there, or a folder of ours", "remove it")
        place.chmod(0o711)
        return place
