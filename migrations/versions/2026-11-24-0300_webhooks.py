"""Webhooks: which deliveries were heard, and when a stream was last woken.

Revision ID: 0300_webhooks
Revises: 0200_collection
"""

from alembic import op

revision = "0300_webhooks"
down_revision = "0200_collection"
branch_labels = None
depends_on = None

SCHEMA = """
ALTER TABLE streams ADD COLUMN woken_at TIMESTAMP WITH TIME ZONE;
CREATE TABLE deliveries (
    source TEXT NOT NULL,
    once TEXT NOT NULL,
    heard_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (source, once)
);
CREATE INDEX deliveries_by_time ON deliveries (heard_at);
CREATE TABLE webhooks (
    source TEXT NOT NULL,
    heard BIGINT DEFAULT 0 NOT NULL,
    replayed BIGINT DEFAULT 0 NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_about TEXT NOT NULL,
    PRIMARY KEY (source)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON deliveries, webhooks TO throughline_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE webhooks, deliveries; ALTER TABLE streams DROP COLUMN woken_at")
