"""Starting, finding and ending the Postgres processes of one data folder.

Every child is started in its folder and told `-D /proc/self/cwd`: it never has to walk the path, so the folder may lie
under one that its account cannot enter (/root), hold spaces, or be longer than a socket address can be.
"""

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO

from app.db.embedded_binaries import Binaries
from app.errors import DatabaseUnavailable

HERE = "/proc/self/cwd"
OWNER = "throughline"  # the cluster's superuser and its database
_PAUSE = 0.02

# Becomes the account, asks the kernel to be interrupted when the starting thread dies, then becomes the program.
_SHIM = """
import ctypes, os, signal, sys
parent, uid, gid = map(int, sys.argv[1:4])
if os.geteuid() != uid:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
os.umask(0o077)
if ctypes.CDLL(None, use_errno=True).prctl(1, int(signal.SIGINT), 0, 0, 0) != 0:
    sys.exit("cannot ask to be told of the parent's death: " + os.strerror(ctypes.get_errno()))
if os.getppid() != parent:
    sys.exit("the parent ended first")
os.execv(sys.argv[4], sys.argv[4:])
"""


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int
    name: str


def account_for(folder: Path) -> Account:
    """Who Postgres runs as: ourselves; for root the owner of `folder`, or `nobody` where that is root too.

    Raises DatabaseUnavailable for a uid without a name, which Postgres refuses.
    """
    uid = os.geteuid()
    if uid == 0:
        uid = folder.stat().st_uid or pwd.getpwnam("nobody").pw_uid
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise DatabaseUnavailable(
            f"uid {uid} has no name", "an account that /etc/passwd knows", "run as another user, or set `[database] url`"
        ) from None
    return Account(uid, entry.pw_gid, entry.pw_name)


def spawn(argv: Sequence[str], folder: Path, account: Account, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start `argv` in `folder` as `account`; it is interrupted when the calling *thread* ends, however that happens."""
    return subprocess.Popen(  # noqa: S603 - our own program and fixed arguments
        [sys.executable, "-I", "-S", "-c", _SHIM, str(os.getpid()), str(account.uid), str(account.gid), *argv],
        cwd=folder,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C is for the portal; it stops Postgres last
    )


def initialise(binaries: Binaries, folder: Path, account: Account, log: IO[bytes], *, durable: bool) -> bool:
    """Make a cluster in the empty `folder`; whether that went well (the log says why not)."""
    argv = [binaries.initdb, "-D", HERE, "-U", OWNER, "--locale=C.UTF-8", "--encoding=UTF8", "--data-checksums"]
    argv += ["--auth-local=peer", "--auth-host=reject", "--no-instructions"]
    return spawn(argv if durable else [*argv, "--no-sync"], folder, account, log).wait() == 0


def postgres_argv(binaries: Binaries, mark: str, *, durable: bool) -> list[str]:
    """The server's command line. `mark` names the folder; every process of the server shows it in its title."""
    settings = {
        "cluster_name": mark,
        "listen_addresses": "",
        "unix_socket_directories": ".",
        "unix_socket_permissions": "0700",
        "shared_buffers": "256MB" if durable else "64MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "1GB",
        "max_connections": "100",
        "max_parallel_workers_per_gather": "0",  # /dev/shm is 64 MB in a container
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "synchronous_commit": "on",
        "fsync": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
    }
    return [binaries.postgres, "-D", HERE, *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))]


def write_access(cluster: Path, account: Account) -> None:
    """Only root and we ourselves may connect, known by the kernel's word (peer), each as the cluster's owner."""
    people = {"root", pwd.getpwuid(os.geteuid()).pw_name}
    texts = {
        "pg_hba.conf": f"local all all peer map={OWNER}\n",
        "pg_ident.conf": "".join(f'{OWNER} "{name}" {OWNER}\n' for name in sorted(people)),
    }
    for name, text in texts.items():
        (cluster / name).unlink(missing_ok=True)  # a new file each time: root never writes through what another account left
        handle = os.open(cluster / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w") as out:
            os.fchown(handle, account.uid, account.gid)
            out.write(text)


def postmaster(cluster: Path) -> tuple[int, str] | None:
    """The pid and the status ("starting", "ready", "stopping") that `postmaster.pid` tells, if it is whole."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip()
    except (OSError, ValueError, IndexError):
        return None


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def processes_of(mark: str) -> list[int]:
    """The pids of every Postgres process that bears `mark`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            title = (entry / "cmdline").read_bytes()
            program = title.partition(b"\0")[0]
            if (
                mark.encode() in title
                and (program.startswith(b"postgres: ") or program.endswith(b"/postgres"))
                and _state(entry) != b"Z"
            ):
                found.append(int(entry.name))
    return found


def _state(entry: Path) -> bytes:
    return (entry / "stat").read_bytes().rpartition(b")")[2].split()[0]


def end_orphans(cluster: Path, mark: str, socket: str) -> None:
    """End what an earlier, killed portal left behind in `cluster`: politely, then firmly, so that no two servers share it."""
    left = processes_of(mark)
    main = postmaster(cluster)
    if left and main and main[0] in left:
        _signal([main[0]], signal.SIGINT)
        wait_until(lambda: not processes_of(mark), seconds=20)
    for firmly in (signal.SIGQUIT, signal.SIGKILL):
        if left := processes_of(mark):
            _signal(left, firmly)
            wait_until(lambda: not processes_of(mark), seconds=5)
    if processes_of(mark):
        raise DatabaseUnavailable(f"Postgres processes of {cluster} do not end", "none", f"end them: {processes_of(mark)}")
    if main and alive(main[0]):  # the number went to another program after a restart
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        (cluster / f"{socket}.lock").unlink(missing_ok=True)


def end(process: "subprocess.Popen[bytes]") -> None:
    """A fast shutdown: open transactions are rolled back, a checkpoint is written."""
    for signum, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if process.poll() is None:
            process.send_signal(signum)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)


def _signal(pids: Sequence[int], signum: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)


def wait_until(done: Callable[[], bool], *, seconds: float) -> bool:
    """Ask `done` again and again; whether it came true in about `seconds`."""
    pause = Event()
    for _ in range(int(seconds / _PAUSE)):
        if done():
            return True
        pause.wait(_PAUSE)
    return done()
