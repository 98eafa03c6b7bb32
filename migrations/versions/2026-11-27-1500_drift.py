"""The drift ledger: episodes, the terms that find them, blind spots, and the state that each subject's next event is read with.

Revision ID: 1500_drift
Revises: 1200_people
"""

from alembic import op

revision = "1500_drift"
down_revision = "1200_people"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE episodes (
    id UUID NOT NULL,
    key TEXT NOT NULL,
    number BIGINT NOT NULL,
    subject TEXT NOT NULL,
    object TEXT NOT NULL,
    layer TEXT NOT NULL,
    source TEXT NOT NULL,
    application TEXT NOT NULL,
    workspace TEXT NOT NULL,
    project TEXT NOT NULL,
    destination TEXT NOT NULL,
    environment TEXT NOT NULL,
    class TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    namespace TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    drift BOOLEAN NOT NULL,
    size INTEGER NOT NULL,
    counted BOOLEAN NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    unknown_since TIMESTAMP WITH TIME ZONE,
    limit_seconds BIGINT,
    told_by BIGINT,
    ended_told_by BIGINT,
    told JSONB NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX episodes_by_time ON episodes (at DESC, id DESC);
CREATE INDEX episodes_by_subject ON episodes (subject);
CREATE INDEX episodes_standing ON episodes (at DESC, id DESC) WHERE ended_at IS NULL;
CREATE TABLE episode_terms (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    episode UUID NOT NULL,
    PRIMARY KEY (key, value, episode)
);
CREATE INDEX episode_terms_by_episode ON episode_terms (episode);
CREATE TABLE blind_spots (
    id UUID NOT NULL,
    key TEXT NOT NULL,
    number BIGINT NOT NULL,
    subject TEXT NOT NULL,
    layer TEXT NOT NULL,
    source TEXT NOT NULL,
    application TEXT NOT NULL,
    workspace TEXT NOT NULL,
    project TEXT NOT NULL,
    destination TEXT NOT NULL,
    environment TEXT NOT NULL,
    class TEXT NOT NULL,
    why TEXT NOT NULL,
    because TEXT NOT NULL,
    since_after TIMESTAMP WITH TIME ZONE,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id)
);
CREATE INDEX blind_spots_by_time ON blind_spots (at DESC, id DESC);
CREATE INDEX blind_spots_by_subject ON blind_spots (subject);
CREATE TABLE drift_state (
    subject TEXT NOT NULL,
    layer TEXT NOT NULL,
    source TEXT NOT NULL,
    application TEXT NOT NULL,
    workspace TEXT NOT NULL,
    project TEXT NOT NULL,
    destination TEXT NOT NULL,
    environment TEXT NOT NULL,
    class TEXT NOT NULL,
    standing TEXT NOT NULL,
    looked_at TIMESTAMP WITH TIME ZONE,
    state JSONB NOT NULL,
    PRIMARY KEY (subject)
);
CREATE INDEX drift_state_by_standing ON drift_state (standing);
GRANT SELECT, INSERT, UPDATE, DELETE ON episodes, episode_terms, blind_spots, drift_state TO throughline_app;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.execute("DROP TABLE episodes, episode_terms, blind_spots, drift_state")
