"""Ownership: which objects of clusters runs made or left as they were, and which applications manage.

Revision ID: 1700_ownership
Revises: 1600_lineage
"""

from alembic import op

revision = "1700_ownership"
down_revision = "1600_lineage"
branch_labels = None
depends_on = None

OBJECT = """token TEXT NOT NULL,
    api_group TEXT NOT NULL,
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    environment TEXT NOT NULL,"""
SCHEMA = f"""
CREATE TABLE made_objects (
    source TEXT NOT NULL,
    run TEXT NOT NULL,
    address TEXT NOT NULL,
    gone BOOLEAN NOT NULL,
    {OBJECT}
    workspace TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (source, run, address, gone)
);
CREATE INDEX made_objects_place ON made_objects (source, workspace, address);
CREATE TABLE held_objects (
    source TEXT NOT NULL,
    workspace TEXT NOT NULL,
    address TEXT NOT NULL,
    {OBJECT}
    run TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (source, workspace, address)
);
CREATE TABLE managed_objects (
    source TEXT NOT NULL,
    uid TEXT NOT NULL,
    {OBJECT}
    application TEXT NOT NULL,
    project TEXT NOT NULL,
    destination TEXT NOT NULL,
    PRIMARY KEY (source, uid, token)
);
CREATE INDEX managed_objects_token ON managed_objects (token);
CREATE INDEX managed_objects_namespace ON managed_objects (namespace);
GRANT SELECT, INSERT, UPDATE, DELETE ON made_objects, held_objects, managed_objects TO throughline_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE made_objects, held_objects, managed_objects")
