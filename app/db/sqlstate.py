"""What Postgres' refusals mean to us: the one place that reads an SQLSTATE (Postgres manual, appendix A)."""

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import DatabaseError, DatabaseUnavailable, SchemaBehind

_UNAVAILABLE = {
    "53100": "its disk is full",
    "53200": "it is out of memory",
    "53300": "it has no connection left",
    "57P01": "it is shutting down",
    "57P02": "it crashed and is recovering",
    "57P03": "it is starting or stopping",
    "57P05": "it closed an idle session",
    "3D000": "there is no database of that name",
}
_NOT_DONE = {
    "57014": "the statement took longer than it may",
    "55P03": "a lock was not granted in time",
    "40001": "another transaction changed the same rows",
    "40P01": "a deadlock with another transaction",
    "42501": "the program's role may not do this",
    "25006": "a read-only transaction tried to write",
}


def told(error: SQLAlchemyError) -> DatabaseError | None:
    """The house's error for what the database said; None when it is a fault of the program, which must stay as it is."""
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailable("every connection of the pool is in use", do="try again, or start fewer workers")
    if not isinstance(error, DBAPIError):
        return None
    code = getattr(error.orig, "sqlstate", None) or ""
    words = _first_line(error)
    if code in _UNAVAILABLE:
        return DatabaseUnavailable(f"the database cannot serve us: {_UNAVAILABLE[code]} ({words})")
    if code.startswith("28"):
        return DatabaseUnavailable(f"the database refuses us: {words}", do="check `[database] url` and the account")
    if code.startswith(("08", "58")) or error.connection_invalidated or (not code and _is_operational(error)):
        return DatabaseUnavailable(f"no answer from the database: {words}", do="check that it runs and `[database] url` names it")
    if code in {"42P01", "42703", "3F000"}:
        return SchemaBehind(f"the schema is not the program's: {words}", do="run `throughline migrate`")
    if code in _NOT_DONE:
        return DatabaseError(f"{_NOT_DONE[code]} ({words})", do="try again" if code[:2] in {"40", "55"} else "")
    return None


def _is_operational(error: DBAPIError) -> bool:
    return type(error.orig).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout"}


def _first_line(error: DBAPIError) -> str:
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return lines[0] if lines else type(error.orig).__name__
