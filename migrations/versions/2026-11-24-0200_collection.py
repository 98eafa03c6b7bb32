"""Collection (streams, memory, coverage, payloads) and projection (changes and what finds them).

Revision ID: 0200_collection
Revises: 0100_ledger
"""

from alembic import op

revision = "0200_collection"
down_revision = "0100_ledger"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE streams (
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    kind TEXT NOT NULL,
    every INTERVAL NOT NULL,
    catches_up BOOLEAN NOT NULL,
    forgets_after INTERVAL,
    next_poll_at TIMESTAMP WITH TIME ZONE NOT NULL,
    owner UUID,
    lease_until TIMESTAMP WITH TIME ZONE,
    fence BIGINT DEFAULT 0 NOT NULL,
    state TEXT DEFAULT 'never read' NOT NULL,
    error TEXT,
    failures INTEGER DEFAULT 0 NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    succeeded_at TIMESTAMP WITH TIME ZONE,
    failed_at TIMESTAMP WITH TIME ZONE,
    seen BIGINT DEFAULT 0 NOT NULL,
    saved BIGINT DEFAULT 0 NOT NULL,
    requests BIGINT DEFAULT 0 NOT NULL,
    last_requests INTEGER DEFAULT 0 NOT NULL,
    clock_offset INTERVAL,
    reconciled_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (source, stream)
);
CREATE TABLE stream_memory (
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    key TEXT NOT NULL,
    value JSONB NOT NULL,
    PRIMARY KEY (source, stream, key)
);
CREATE TABLE coverage (
    id BIGSERIAL NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    from_at TIMESTAMP WITH TIME ZONE NOT NULL,
    to_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX coverage_by_stream ON coverage (source, stream, to_at DESC);
CREATE TABLE failures (
    id BIGSERIAL NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX failures_by_stream ON failures (source, stream, last_at DESC);
CREATE TABLE unknown_values (
    source TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (source, field, value)
);
CREATE TABLE wants (
    repository TEXT NOT NULL,
    base TEXT NOT NULL,
    head TEXT NOT NULL,
    path TEXT NOT NULL,
    wanted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (repository, base, head, path)
);
CREATE INDEX wants_open ON wants (wanted_at) WHERE settled_at IS NULL;
CREATE TABLE bodies (
    digest BYTEA NOT NULL,
    codec TEXT NOT NULL,
    body BYTEA,
    size BIGINT NOT NULL,
    PRIMARY KEY (digest)
);
CREATE TABLE observations (
    id UUID NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    subject TEXT NOT NULL,
    url TEXT NOT NULL,
    observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    digest BYTEA NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX observations_by_digest ON observations (digest);
CREATE INDEX observations_by_subject ON observations (source, subject, observed_at DESC);
CREATE TABLE heartbeats (
    owner UUID NOT NULL,
    name TEXT NOT NULL,
    pid INTEGER NOT NULL,
    beat_at TIMESTAMP WITH TIME ZONE NOT NULL,
    job TEXT,
    generation SMALLINT DEFAULT 0 NOT NULL,
    PRIMARY KEY (owner)
);
CREATE TABLE projection (
    name TEXT NOT NULL,
    seq BIGINT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE entity_tokens (
    token TEXT NOT NULL,
    entity TEXT NOT NULL,
    PRIMARY KEY (token, entity)
);
CREATE INDEX entity_tokens_by_entity ON entity_tokens (entity);
CREATE TABLE memberships (
    member TEXT NOT NULL,
    root TEXT NOT NULL,
    PRIMARY KEY (member, root)
);
CREATE INDEX memberships_by_root ON memberships (root);
CREATE TABLE changes (
    id UUID NOT NULL,
    number BIGINT NOT NULL,
    root TEXT NOT NULL,
    title TEXT NOT NULL,
    environment TEXT NOT NULL,
    class TEXT NOT NULL,
    state TEXT NOT NULL,
    verdict TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    repositories TEXT NOT NULL,
    pull_requests TEXT NOT NULL,
    commits TEXT NOT NULL,
    authors TEXT NOT NULL,
    approvers TEXT NOT NULL,
    people TEXT NOT NULL,
    workspaces TEXT NOT NULL,
    runs TEXT NOT NULL,
    policy TEXT NOT NULL,
    applies TEXT NOT NULL,
    applications TEXT NOT NULL,
    syncs TEXT NOT NULL,
    gaps TEXT NOT NULL,
    because TEXT NOT NULL,
    sources TEXT NOT NULL,
    passed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    chain JSONB NOT NULL,
    item JSONB NOT NULL,
    story JSONB NOT NULL,
    digest TEXT NOT NULL,
    words TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple', translate(
        title || ' ' || people || ' ' || applications || ' ' || workspaces, '<>/\\.@_:-#=+&%~?', repeat(' ', 16)))) STORED,
    PRIMARY KEY (id),
    UNIQUE (root)
);
CREATE INDEX changes_by_number ON changes (number);
CREATE INDEX changes_by_time ON changes (at DESC, id DESC);
CREATE INDEX changes_by_words ON changes USING gin (words);
CREATE TABLE change_terms (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    change UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (key, value, change)
);
CREATE INDEX change_terms_by_change ON change_terms (change);
CREATE INDEX change_terms_by_prefix ON change_terms (value text_pattern_ops) WHERE key = 'commit';
CREATE INDEX change_terms_by_time ON change_terms (key, value, at DESC, change DESC);
CREATE TABLE change_events (
    seq BIGINT NOT NULL,
    change UUID NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (seq, change)
);
CREATE INDEX change_events_by_change ON change_events (change, seq);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON streams, stream_memory, coverage, failures, unknown_values, wants, bodies,
    observations, heartbeats, projection, entity_tokens, memberships, changes, change_terms, change_events
    TO throughline_app;
GRANT SELECT ON alembic_version TO throughline_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO throughline_app;
REVOKE UPDATE, DELETE ON observations FROM throughline_app;
"""


def upgrade() -> None:
    for statement in (SCHEMA + GRANTS).split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the record is only ever added to; restore a backup instead")
