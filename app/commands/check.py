"""`throughline check`: settings, database, each source — a table, and 1 when anything is not right."""

from datetime import timedelta

from app import clock, log
from app.commands import compose
from app.commands.table import table
from app.config import Settings, Source
from app.domain.able import spoken
from app.errors import SettingsError, ThroughlineError
from app.sources import registry
from app.sources.contract import Probe

logger = log.get(__name__)

MOST_SKEW = timedelta(seconds=30)
WRONG = "wrong settings"


def run(settings: Settings) -> int:
    rows: list[tuple[str, str, str]] = [_settings(settings), _database(settings)]
    for source in settings.source:
        rows += _source(source)
    print(table(("what", "state", "detail"), rows))
    if any(state == WRONG for _, state, _ in rows):
        return SettingsError.exit_code
    return 0 if all(state == "ok" for _, state, _ in rows) else 1


def _settings(settings: Settings) -> tuple[str, str, str]:
    try:
        rules = compose.rules_of(settings)
    except SettingsError as error:
        return ("settings", WRONG, str(error))
    return ("settings", "ok", f"{len(settings.source)} sources, {len(rules.environments)} environments")


def _database(settings: Settings) -> tuple[str, str, str]:
    try:
        with compose.database(settings) as engine, engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
    except ThroughlineError as error:
        return ("database", "failed", str(error))
    return ("database", "ok", f"Postgres {version}, schema up to date" + ("" if settings.database.url else ", embedded"))


def _source(source: Source) -> list[tuple[str, str, str]]:
    """A line for reachability, then one for each thing that is wrong, and one for what this server was found to do."""
    try:
        built = registry.connect(compose.connection_of(source), clock.now)
    except SettingsError as error:
        return [(source.name, WRONG, log.redact(str(error)))]
    try:
        probe = built.probe(clock.now())
    except ThroughlineError as error:
        return [(source.name, getattr(error, "state", "failed"), log.redact(str(error)))]
    except Exception as defect:  # of one source's probe; the others are still looked at
        logger.exception("check failed", extra=log.fields(source=source.name))
        return [(source.name, "defect", log.redact(f"{source.name} met a defect of Throughline ({defect!r}); report it"))]
    finally:
        built.close()
    problems = [*probe.problems, *_skew(source, probe)]
    if probe.read_only is False and not probe.problems:
        problems.append("the token can write; expected a read-only token; see docs/sources.md for the permissions to grant")
    line = f"{source.kind} {probe.version or 'version unknown'}, clock {_offset(probe.clock_offset)}, token {_token(probe)}"
    state = probe.state or ("failed" if problems else "ok")
    able = spoken(probe.capabilities)
    found = [(source.name, state, log.redact(line)), *((source.name, "problem", log.redact(p)) for p in problems)]
    return found + ([(source.name, "ok", log.redact(f"this server: {able}"))] if able else [])


def _skew(source: Source, probe: Probe) -> list[str]:
    if probe.clock_offset is None or abs(probe.clock_offset) <= MOST_SKEW:
        return []
    found = f"{source.name}'s clock is {_offset(probe.clock_offset)}"
    return [f"{found}; expected within {MOST_SKEW.seconds} s; set the time on one of the two"]


def _offset(offset: timedelta | None) -> str:
    if offset is None:
        return "unknown"
    seconds = round(offset.total_seconds())
    return "in step" if abs(seconds) <= 2 else f"{abs(seconds)} s {'ahead' if seconds > 0 else 'behind'}"


def _token(probe: Probe) -> str:
    return {True: "read-only", False: "can write", None: "not provably read-only"}[probe.read_only]
