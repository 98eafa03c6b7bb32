"""Lineage: what runs wrote to secret stores, what they left as it was, what applications asked for when they were last looked at.

Revision ID: 1600_lineage
Revises: 1500_drift
"""

from alembic import op

revision = "1600_lineage"
down_revision = "1500_drift"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE lineage_writes (
    id UUID NOT NULL,
    source TEXT NOT NULL,
    run TEXT NOT NULL,
    address TEXT NOT NULL,
    path TEXT NOT NULL,
    gone BOOLEAN NOT NULL,
    workspace TEXT NOT NULL,
    type TEXT NOT NULL,
    system TEXT NOT NULL,
    action TEXT NOT NULL,
    value_changed BOOLEAN,
    began_at TIMESTAMP WITH TIME ZONE,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX lineage_writes_by_run ON lineage_writes (run);
CREATE TABLE lineage_holds (
    id UUID NOT NULL,
    source TEXT NOT NULL,
    workspace TEXT NOT NULL,
    address TEXT NOT NULL,
    path TEXT NOT NULL,
    type TEXT NOT NULL,
    system TEXT NOT NULL,
    run TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE lineage_looks (
    source TEXT NOT NULL,
    uid TEXT NOT NULL,
    look TEXT NOT NULL,
    part INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    status TEXT NOT NULL,
    application TEXT NOT NULL,
    project TEXT NOT NULL,
    destination TEXT NOT NULL,
    seq BIGINT NOT NULL,
    observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    compared_at TIMESTAMP WITH TIME ZONE NOT NULL,
    because TEXT NOT NULL,
    told JSONB NOT NULL,
    PRIMARY KEY (source, uid, look, part)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON lineage_writes, lineage_holds, lineage_looks TO throughline_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE lineage_writes, lineage_holds, lineage_looks")
