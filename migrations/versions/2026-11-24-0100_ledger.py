"""The ledger: insert-only tables, the triggers that keep them so, and the role that may do no more.

Revision ID: 0100_ledger
Revises:
"""

from alembic import op

revision = "0100_ledger"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE leaves (
    seq BIGINT NOT NULL PRIMARY KEY,
    hash BYTEA NOT NULL,
    leaf BYTEA NOT NULL
);
CREATE TABLE events (
    seq BIGINT NOT NULL PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    step TEXT NOT NULL,
    status TEXT NOT NULL,
    known BOOLEAN NOT NULL,
    how TEXT NOT NULL,
    subject_type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    subject_name TEXT NOT NULL,
    subject_url TEXT,
    actor_name TEXT,
    actor_id TEXT,
    actor_kind TEXT,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    entity TEXT,
    repository TEXT,
    pull_request BIGINT,
    workspace TEXT,
    run TEXT,
    application TEXT,
    commits TEXT[],
    observation BYTEA
);
CREATE INDEX events_by_time ON events (occurred_at DESC, seq DESC);
CREATE INDEX events_by_source ON events (source, occurred_at DESC, seq DESC);
CREATE INDEX events_by_entity ON events (entity, seq) WHERE entity IS NOT NULL;
CREATE INDEX events_by_application ON events (application, occurred_at DESC, seq DESC) WHERE application IS NOT NULL;
CREATE INDEX events_by_workspace ON events (workspace, occurred_at DESC, seq DESC) WHERE workspace IS NOT NULL;
CREATE INDEX events_by_repository ON events (repository, occurred_at DESC, seq DESC) WHERE repository IS NOT NULL;
CREATE TABLE tile_hashes (
    level SMALLINT NOT NULL,
    index BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (level, index)
);
CREATE TABLE checkpoints (
    size BIGINT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    root BYTEA NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (size, made_at)
);
"""

REFUSE = """
CREATE FUNCTION ledger_is_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger is insert-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""

# From Postgres 16 on, whoever makes a role is a member of it who may not yet act in it.
ROLE = """
DO $$
DECLARE
    acts text := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_app') THEN
        BEGIN
            CREATE ROLE throughline_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this cluster was quicker
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'throughline_app', acts) THEN
        EXECUTE format('GRANT throughline_app TO %I', current_user);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO throughline_app', current_schema());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = SQLERRM || format(
        '; an administrator must first run: CREATE ROLE throughline_app NOLOGIN; GRANT throughline_app TO %I;', current_user);
END $$;
"""


def upgrade() -> None:
    op.execute(SCHEMA)
    op.execute(REFUSE)
    for table in ("leaves", "events", "tile_hashes", "checkpoints"):
        op.execute(
            f"CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_insert_only()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER insert_only")
    op.execute(ROLE)
    op.execute("REVOKE ALL ON leaves, events, tile_hashes, checkpoints FROM PUBLIC, throughline_app")
    op.execute("GRANT INSERT, SELECT ON leaves, events, tile_hashes, checkpoints TO throughline_app")


def downgrade() -> None:
    raise RuntimeError("the ledger is never dropped by a downgrade; restore a backup into another database instead")
