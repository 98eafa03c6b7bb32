"""The data folder of an embedded Postgres: what lies in it, who keeps it, and the short names it needs elsewhere.

<data_dir>/keeper         the lock of the process that keeps the server
<data_dir>/postgres.log   what Postgres says
<data_dir>/cluster/       Postgres' own, 0700, of the account it runs as; its socket is in it
"""

import fcntl
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import URL

from app.db.embedded_process import OWNER
from app.errors import DatabaseUnavailable

SOCKET = ".s.PGSQL.5432"
SOCKET_LIMIT = 107  # bytes of sun_path, unix(7)
LOG_LIMIT = 5_000_000  # bytes; then it is put aside once
PLACES = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - what we make there is checked to be ours alone


@dataclass(frozen=True)
class Folder:
    data_dir: Path

    @property
    def cluster(self) -> Path:
        return self.data_dir / "cluster"

    @property
    def log_path(self) -> Path:
        return self.data_dir / "postgres.log"

    @property
    def mark(self) -> str:
        """Names the folder in process titles and under /tmp; it stays when the folder is moved, and none is a part of another."""
        told = self.data_dir.stat()
        return f"throughline-{told.st_dev:08x}-{told.st_ino:016x}"

    def url(self) -> str:
        address = URL.create("postgresql+psycopg", username=OWNER, database=OWNER, query={"host": self.socket_dir()})
        return address.render_as_string(hide_password=False)

    def socket_dir(self) -> str:
        """The cluster's folder, or a short link to it when its name does not fit a socket address (or a libpq host list)."""
        told = str(self.cluster)
        if len(os.fsencode(told)) + 1 + len(SOCKET) <= SOCKET_LIMIT and "," not in told:
            return told
        link = self.private_place() / "s"
        if not link.is_symlink() or link.readlink() != self.cluster:
            link.unlink(missing_ok=True)
            link.symlink_to(self.cluster)
        return str(link)

    def private_place(self) -> Path:
        """A folder of ours with a short name, on a disk that may run programs; others may pass through, not list or change it."""
        place = self._private_path()
        with suppress(FileExistsError):
            place.mkdir()
        told = place.lstat()
        if not stat.S_ISDIR(told.st_mode) or told.st_uid != os.geteuid() or told.st_mode & 0o022:
            raise DatabaseUnavailable(f"{place} was made by someone else", "nothing there, or a folder of ours", "remove it")
        place.chmod(0o711)
        return place

    def clear_private_place(self) -> None:
        with suppress(OSError):  # there is seldom one
            shutil.rmtree(self._private_path())

    def _private_path(self) -> Path:
        place = next((p for p in PLACES if p.is_dir() and not os.statvfs(p).f_flag & os.ST_NOEXEC), PLACES[0])
        return place / f"{self.mark}-{os.geteuid()}"

    def take(self) -> int | None:
        """Become the keeper: the handle that holds the lock, or None while another process does. It dies with its holder."""
        handle = os.open(self.data_dir / "keeper", os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def open_log(self) -> IO[bytes]:
        """For appending; the folder's owner may read it, whoever started Postgres."""
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_LIMIT:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        handle = os.open(self.log_path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if os.geteuid() == 0:
            owner = self.data_dir.stat()
            os.fchown(handle, owner.st_uid, owner.st_gid)
        return os.fdopen(handle, "a+b")

    def last_words(self, since: int) -> str:
        """The most telling line of the log after byte `since`."""
        with self.log_path.open("rb") as log:
            log.seek(since)
            lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
        return (telling or lines or ["it said nothing"])[-1]
