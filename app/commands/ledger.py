"""`throughline ledger`, `verify`, `rebuild`, `migrate`: the ledger and what is made from it."""

import sys

from app import clock
from app.changes.project import rebuild
from app.commands import compose
from app.config import Settings
from app.db import embedded, migrate
from app.db.session import engine_for, transaction
from app.errors import UsageError
from app.ledger import store
from app.ledger.verify import Report
from app.ledger.witness.store import verify_database


def key(settings: Settings) -> int:
    """The public key, as a C2SP vkey."""
    print(compose.vkey_of(settings))
    return 0


def checkpoint(settings: Settings) -> int:
    """A fresh signed checkpoint of the ledger as it stands."""
    with compose.database(settings) as engine, transaction(engine) as connection:
        sealed = store.seal(connection, compose.key_of(settings), settings.ledger.origin, clock.now())
        newest = sealed or next(iter(store.checkpoints(connection, 1)), None)
    if newest is None:
        raise UsageError("the ledger is empty", "at least one event", "poll a source first")
    print(newest.note, end="")
    return 0


def verify(settings: Settings, file: str | None, *, whole_database: bool) -> int:
    """Re-read and re-hash everything; 1 with the first bad index when anything is not what it was."""
    if file and not whole_database:
        raise UsageError("evidence bundles cannot be verified by this version", "--database", "verify the database")
    if not whole_database:
        raise UsageError("nothing to verify was named", "--database")
    with compose.database(settings) as engine, engine.connect() as connection:
        report = verify_database(connection, compose.vkey_of(settings), _progress_of)
    print("\n".join(_told(report)))
    return 0 if report.sound else 1


def _told(report: Report) -> list[str]:
    lines = [
        f"{report.size:,} leaves, root {report.root.hex()}",
        f"{report.checkpoints:,} checkpoints held, the largest over {report.sealed:,} leaves; {report.anchors:,} anchors",
        f"{report.bodies:,} payloads re-hashed, {report.purged:,} purged by policy",
    ]
    if not report.sound:
        return [*lines, *map(str, report.faults)]
    if report.sealed == 0 and report.size:
        return [*lines, "sound so far as it goes: nothing was sealed yet, so the leaves only agree with themselves"]
    return [*lines, "sound: nothing that was sealed has changed"]


def _progress_of(what: str, done: int, of: int) -> None:
    _progress(done, of, what)


def _progress(done: int, of: int, what: str = "entries") -> None:
    if sys.stderr.isatty():
        print(f"\r{what}: {done:,} of {of:,}", end="" if done < of else "\n", file=sys.stderr, flush=True)


def rebuild_projection(settings: Settings) -> int:
    """Drop the projection, make it again from the ledger, print its digest."""
    with compose.database(settings) as engine:
        print(rebuild(engine, compose.rules_of(settings), progress=_progress))
    return 0


def schema(settings: Settings, *, only_check: bool) -> int:
    """Bring the schema to this program's, or only say whether it is there."""
    if settings.database.url:
        return _schema_at(settings.database.url, only_check=only_check)
    with embedded.start(settings.database.directory / "postgres") as server:
        return _schema_at(server.url, only_check=only_check)


def _schema_at(url: str, *, only_check: bool) -> int:
    engine = engine_for(url)
    try:
        if not only_check:
            migrate.upgrade(engine)
        migrate.check(engine)
    finally:
        engine.dispose()
    print("the schema is up to date")
    return 0
