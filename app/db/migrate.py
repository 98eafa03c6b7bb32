"""The schema: bringing it to the program's, and telling whether it is. `migrations/env.py` holds how each step runs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.db.session import Engine, house_errors, read_only
from app.errors import DatabaseError, SchemaBehind

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(engine: Engine) -> None:
    """Run every migration that has not run. Safe to call from many processes at once: they take turns.

    The login must own the schema; a role set on the engine is put aside. Raises DatabaseUnavailable, SchemaBehind (the
    schema is newer than the program), DatabaseError (a lock was not granted within seconds: somebody is using the table).
    """
    _refuse_newer(engine)
    config = _config()
    with house_errors(), engine.connect() as connection:
        connection.detach()  # settings and the lock of this session end with it
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(engine: Engine) -> None:
    """Nothing when the schema is the program's. Raises SchemaBehind when it is behind, or newer than the program."""
    _refuse_newer(engine)
    have, want = revision(engine), head()
    if have != want:
        raise SchemaBehind(f"the schema is at {have or 'nothing'}", want or "nothing", "run `throughline migrate`")


def revision(engine: Engine) -> str | None:
    """The revision the database is at; None before the first migration."""
    with read_only(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The revision the program was written for; None when there are no migrations."""
    return _scripts().get_current_head()


def draft(engine: Engine, message: str) -> Path:
    """Write a new migration from the difference between `app.db.tables` and the database; for a person to read and finish."""
    config = _config()
    with house_errors(), engine.connect() as connection:
        connection.detach()
        config.attributes["connection"] = connection
        script = command.revision(config, message, autogenerate=True)
    if script is None or isinstance(script, list):
        raise DatabaseError("no single migration was written")
    return Path(script.path)


def _refuse_newer(engine: Engine) -> None:
    have = revision(engine)
    if have is not None and have not in {script.revision for script in _scripts().walk_revisions()}:
        found = f"the schema is at {have}, which this program does not know"
        raise SchemaBehind(found, head() or "nothing", "install the newer program")


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    if not (MIGRATIONS / "env.py").is_file():
        raise DatabaseError(f"{MIGRATIONS} is not there", "the migrations beside the program", "run it from the checkout")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s")
    return config
