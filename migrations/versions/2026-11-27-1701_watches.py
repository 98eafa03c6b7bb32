"""Live streams: who holds each, how it stands, and what it told last.

Revision ID: 1701_watches
Revises: 1700_ownership
"""

from alembic import op

revision = "1701_watches"
down_revision = "1700_ownership"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE watches (
    source TEXT NOT NULL,
    owner UUID,
    lease_until TIMESTAMP WITH TIME ZONE,
    state TEXT NOT NULL,
    error TEXT,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    retry_at TIMESTAMP WITH TIME ZONE NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    told BIGINT DEFAULT 0 NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE,
    last_about TEXT,
    PRIMARY KEY (source)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON watches TO throughline_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE watches")
