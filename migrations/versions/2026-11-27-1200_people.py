"""People: which accounts took part in a change.

Revision ID: 1200_people
Revises: 0300_webhooks
"""

from alembic import op

revision = "1200_people"
down_revision = "0300_webhooks"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE change_accounts (
    system TEXT NOT NULL,
    account TEXT NOT NULL,
    change UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    declared BOOLEAN NOT NULL,
    accounts JSONB NOT NULL,
    roles TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (system, account, change)
);
CREATE INDEX change_accounts_by_time ON change_accounts (system, account, at DESC, change DESC);
CREATE INDEX change_accounts_by_change ON change_accounts (change);
GRANT SELECT, INSERT, UPDATE, DELETE ON change_accounts TO throughline_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE change_accounts")
