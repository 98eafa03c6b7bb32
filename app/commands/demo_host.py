"""The process of the fake servers, as the demo keeps it: started, started again when it dies, ended with us."""

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from app import log
from app.demo.journal import Wishes

ROOT = Path(__file__).resolve().parents[2]
logger = log.get(__name__)


class Host:
    """Enters at once; `ports` is empty until the servers listen for the first time."""

    def __init__(self, folder: Path, wishes: Wishes, portal: str) -> None:
        """`portal` is where the servers send their webhooks."""
        told = {"parent": os.getpid(), **asdict(wishes)}
        self._command = [sys.executable, "-m", "app.demo.host", str(folder)]
        self._command += [part for name, value in told.items() for part in (f"--{name}", str(value))]
        self._command += ["--portal", portal]
        self._stopping = threading.Event()
        self._live = False
        self._process: subprocess.Popen[str] | None = None
        self.ports: dict[str, int] = {}

    def __enter__(self) -> "Host":
        self._keeper = threading.Thread(target=self._keep, name="fake servers", daemon=True)
        self._keeper.start()
        return self

    def _keep(self) -> None:
        """One thread starts and waits for it: the kernel ends the child with the thread that made it."""
        while not self._stopping.is_set():
            self._process = subprocess.Popen(  # noqa: S603 -- ourselves
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd=ROOT, process_group=0
            )
            self._attend(self._process)
            if not self._stopping.is_set():
                logger.warning("the fake servers ended; starting them again", extra=log.fields(status=self._process.returncode))
                self._stopping.wait(0.5)

    def _attend(self, process: "subprocess.Popen[str]") -> None:
        with process, process.stdout or sys.stdin as told:
            if self._stopping.is_set():
                process.terminate()
            if line := told.readline():
                self.ports = json.loads(line)
                if self._live:
                    self._go_on()
            process.wait()

    def await_ports(self, stopping: Callable[[], bool]) -> bool:
        """Wait for the servers to listen; False when `stopping` came first."""
        while not self.ports and not stopping():
            self._stopping.wait(0.05)
        return bool(self.ports) and not stopping()

    def live(self) -> None:
        """From now on the world goes on by itself, after a restart too."""
        self._live = True
        self._go_on()

    def _go_on(self) -> None:
        request = urllib.request.Request(f"{self.url('world')}/live", method="POST")  # noqa: S310 -- our own loopback address
        with suppress(OSError):  # it has died; the next one is told when it listens
            urllib.request.urlopen(request, timeout=300).close()  # noqa: S310 -- as above

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._process:
            self._process.terminate()
        self._keeper.join(timeout=10)
