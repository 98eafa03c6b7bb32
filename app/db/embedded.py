"""A Postgres of our own in a folder: for the demo, the tests, and a first day without a database.

`start(folder)` is the whole of it. The first process to come starts Postgres as its child and keeps it: it starts it
again if it dies, and the kernel ends it if the keeper dies. Any other process that names the same folder is given the same
server, never stops it, and becomes the keeper when the first one goes. Who is the keeper is a lock on `<folder>/keeper`
that the kernel lets go of with its holder, so nothing goes stale.

Postgres listens on a Unix socket in a 0700 folder only; root and the user who started it may connect, by `peer`.
"""

import logging
import os
import subprocess
import threading
from pathlib import Path
from types import TracebackType

import psycopg

from app.db import embedded_process as processes
from app.db.embedded_folder import Folder
from app.db.embedded_launch import launch
from app.errors import DatabaseUnavailable, ThroughlineError

BUSY_SECONDS = 330  # another keeper may be making or recovering the cluster
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
        self._folder = Folder(data_dir)
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._foreign = 0
        self._lock: int | None = None
        self._failure: ThroughlineError | None = None
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
            raise DatabaseUnavailable(
                f"the Postgres of {self.data_dir} is dead: {self._failure}", do=f"see {self._folder.log_path}"
            )
        return True

    # The keeper's thread. It starts Postgres itself, because the kernel's parent-death signal follows the starting thread.

    def _begin(self) -> None:
        self._thread.start()
        self._ready.wait()
        if not self.url:
            self.stop()
            raise self._failure or DatabaseUnavailable(f"the Postgres of {self.data_dir} was not started")

    def _keep(self) -> None:
        try:
            tries = 0
            while not self._stopping.is_set():
                if self._come_up():
                    tries = 0
                    self._ready.set()
                    self._watch()
                elif self.url:
                    tries += 1
                    self._stopping.wait(min(2**tries, 30))
                else:
                    break
        finally:
            self._go_down()
            self._ready.set()

    def _watch(self) -> None:
        while self._lives() and not self._stopping.wait(0.1):
            pass
        if not self._stopping.is_set():
            self._ready.clear()
            _logger.warning("embedded Postgres of %s ended; starting it again", self.data_dir)

    def _come_up(self) -> bool:
        """Whether there is a server now: one this process launched as the keeper, or one that another keeper made ready."""
        self._process, self._foreign, self._failure = None, 0, None
        try:
            self._find_or_launch()
        except (ThroughlineError, OSError, psycopg.Error) as error:
            self._failure = self._explained(error)
            if self.url:
                _logger.warning("embedded Postgres does not come back: %s", self._failure)
            return False
        return True

    def _find_or_launch(self) -> None:
        if self.url and not self._folder.cluster.exists():
            raise DatabaseUnavailable(f"{self._folder.cluster} was removed while in use", do="start again")
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not processes.wait_until(lambda: self._take() or self._find(), seconds=BUSY_SECONDS):
            found = f"another process keeps {self.data_dir} but its Postgres is not ready"
            raise DatabaseUnavailable(found, do=f"see {self._folder.log_path}")
        if self.owned:
            self._process = launch(self._folder, durable=self.durable)
        self.url = self._folder.url()

    def _take(self) -> bool:
        if self._lock is None:
            self._lock = self._folder.take()
        return self._lock is not None or self._stopping.is_set()

    def _find(self) -> bool:
        told = processes.postmaster(self._folder.cluster)
        if told and told[1] == "ready" and told[0] in processes.processes_of(self._folder.mark):
            self._foreign = told[0]
        return self._foreign != 0

    def _lives(self) -> bool:
        process = self._process
        return process.poll() is None if process else self._foreign != 0 and processes.alive(self._foreign)

    def _explained(self, error: Exception) -> ThroughlineError:
        if isinstance(error, ThroughlineError):
            return error
        found = f"cannot use {self.data_dir}: {error}"
        return DatabaseUnavailable(found, "a folder this account may write to", "run as its owner, or name another folder")

    def _go_down(self) -> None:
        if self._process:
            processes.end(self._process)
        if self._lock is not None:
            self._folder.clear_private_place()
            os.close(self._lock)
            self._lock = None
