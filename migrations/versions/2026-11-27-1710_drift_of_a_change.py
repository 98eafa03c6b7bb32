"""The episodes that a change stands on, or ended, are found by the events that tell so.

Revision ID: 1710_drift_of_a_change
Revises: 1701_watches
"""

from alembic import op

revision = "1710_drift_of_a_change"
down_revision = "1701_watches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX episodes_by_told ON episodes (told_by) WHERE told_by IS NOT NULL")
    op.execute("CREATE INDEX episodes_by_ended_told ON episodes (ended_told_by) WHERE ended_told_by IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX episodes_by_told, episodes_by_ended_told")
