"""How migrations run: one process at a time, a transaction each, never waiting long for a lock a user holds.

Called by `app.db.migrate` only, which puts the connection into `config.attributes`.
"""

from alembic import context
from app.db.tables import metadata
from sqlalchemy import Connection, text

TURN = 0x7468726F7567686C  # the advisory lock of whoever migrates
TURN_WAIT = "300s"
LOCK_WAIT = "4s"
STATEMENT_WAIT = "600s"
SET = text("SELECT set_config(:name, :value, false)")


def take_turn(connection: Connection) -> None:
    """Wait for other migrating processes, then bound what each statement may wait for. Ends with the session."""
    settings = {"role": "none", "statement_timeout": STATEMENT_WAIT}
    for name, value in {**settings, "lock_timeout": TURN_WAIT}.items():
        connection.execute(SET, {"name": name, "value": value})
    connection.execute(text("SELECT pg_advisory_lock(:turn)"), {"turn": TURN})
    connection.execute(SET, {"name": "lock_timeout", "value": LOCK_WAIT})
    connection.commit()


def migrate(connection: Connection) -> None:
    take_turn(connection)
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


migrate(context.config.attributes["connection"])
