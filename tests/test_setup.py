"""`bin/venv` on machines that lack something: it says what to install, in one line, and leaves nothing half made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

VENV = Path(__file__).resolve().parents[1] / "bin" / "venv"
NEEDED = ("bash", "env", "mktemp", "rm", "mkdir", "echo")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of programs to stand alone on the PATH: a shell, and neither Python nor apt."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in NEEDED:
        (programs / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    return programs


def run(bare: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    scratch = bare.parent / "scratch"
    scratch.mkdir()
    environment = {"PATH": str(bare), "TMPDIR": str(scratch), **more}
    done = subprocess.run([VENV, bare.parent / "made"], env=environment, capture_output=True, text=True, timeout=60)
    assert list(scratch.iterdir()) == []
    return done


def test_without_python_it_says_what_to_install(bare: Path) -> None:
    done = run(bare)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "apt-get install python3 python3-venv" in done.stderr


def test_a_python_without_pip_and_no_way_to_fetch_it(bare: Path, tmp_path: Path) -> None:
    (bare / "python3").symlink_to(os.path.realpath(sys.executable))
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    done = run(bare, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (tmp_path / "made").exists()
