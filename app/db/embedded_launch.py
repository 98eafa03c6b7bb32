"""One start of the embedded Postgres: programs, account, cluster, server, database. The caller holds the keeper's lock."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from app.db import embedded_process as processes
from app.db.embedded_binaries import Binaries, binaries_for, copied, open_to_all
from app.db.embedded_folder import SOCKET, Folder
from app.db.embedded_process import OWNER, Account
from app.errors import DatabaseUnavailable

RECOVERY_SECONDS = 300  # replaying the log after a crash


def launch(folder: Folder, *, durable: bool) -> "subprocess.Popen[bytes]":
    """A Postgres that answers, as a child of the calling thread. Raises DatabaseUnavailable with Postgres' own last words."""
    if not Path(processes.HERE).exists():
        raise DatabaseUnavailable("this system has no /proc", "Linux", "name a server with `[database] url`")
    binaries = binaries_for(folder.cluster)
    account = processes.account_for(folder.cluster if folder.cluster.exists() else folder.data_dir)
    if account.uid != os.geteuid() and binaries.libraries is not None and not open_to_all(Path(binaries.postgres)):
        binaries = copied(binaries, folder.private_place())
    processes.end_orphans(folder.cluster, folder.mark, SOCKET)
    with folder.open_log() as log:
        since = log.seek(0, os.SEEK_END)
        if not folder.cluster.exists():
            _make_cluster(folder, binaries, account, log, durable=durable)
        processes.write_access(folder.cluster, account)
        argv = processes.postgres_argv(binaries, folder.mark, durable=durable)
        process = processes.spawn(argv, folder.cluster, account, log)
    try:
        processes.wait_until(lambda: process.poll() is not None or _ready(folder, process), seconds=RECOVERY_SECONDS)
        if not _ready(folder, process):
            raise DatabaseUnavailable(f"Postgres did not start: {folder.last_words(since)}", do=f"see {folder.log_path}")
        _make_database(folder)
    except BaseException:
        processes.end(process)
        raise
    return process


def _ready(folder: Folder, process: "subprocess.Popen[bytes]") -> bool:
    return processes.postmaster(folder.cluster) == (process.pid, "ready")


def _make_cluster(folder: Folder, binaries: Binaries, account: Account, log: IO[bytes], *, durable: bool) -> None:
    """Under another name first: a cluster is there whole or not at all."""
    new = folder.data_dir / "cluster.new"
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(mode=0o700)
    os.chown(new, account.uid, account.gid)
    since = log.seek(0, os.SEEK_END)
    if not processes.initialise(binaries, new, account, log, durable=durable):
        raise DatabaseUnavailable(f"Postgres could not make its folder: {folder.last_words(since)}", do=f"see {folder.log_path}")
    new.rename(folder.cluster)


def _make_database(folder: Folder) -> None:
    with psycopg.connect(host=folder.socket_dir(), user=OWNER, dbname="postgres", autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [OWNER]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(OWNER)))
