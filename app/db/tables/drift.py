"""The drift ledger, derived from the ledger as changes are: it can be dropped and rebuilt, and must come out identical."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from app.db.tables.metadata import metadata

AT = DateTime(timezone=True)


def _place() -> list[Column[str]]:
    """Where it is: the names of an application or of a workspace, and the environment that is theirs."""
    names = ("layer", "source", "application", "workspace", "project", "destination", "environment", "class")
    return [Column(name, Text, nullable=False) for name in names]


episodes = Table(
    "episodes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),  # `<source>:<uid>` of the application, or of the workspace
    Column("object", Text, nullable=False),  # `<group>/<kind>/<namespace>/<name>`, or a resource's address
    *_place(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("drift", Boolean, nullable=False),
    Column("size", Integer, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("at", AT, nullable=False),  # when it was seen to differ: its place in the list
    Column("ended_at", AT),
    Column("unknown_since", AT),
    Column("limit_seconds", BigInteger),  # none for what is no drift
    Column("told_by", BigInteger),
    Column("ended_told_by", BigInteger),
    Column("told", JSONB, nullable=False),  # the episode, whole (app/drift/kept.py)
    Index("episodes_by_time", text("at DESC"), text("id DESC")),
    Index("episodes_by_subject", "subject"),
    Index("episodes_by_told", "told_by", postgresql_where=text("told_by IS NOT NULL")),
    Index("episodes_by_ended_told", "ended_told_by", postgresql_where=text("ended_told_by IS NOT NULL")),
    Index("episodes_standing", text("at DESC"), text("id DESC"), postgresql_where=text("ended_at IS NULL")),
)

episode_terms = Table(
    "episode_terms",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("episode", Uuid, primary_key=True),
    Index("episode_terms_by_episode", "episode"),
)

blind_spots = Table(
    "blind_spots",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    *_place(),
    Column("why", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("since_after", AT),
    Column("at", AT, nullable=False),  # when it was noticed
    Column("ended_at", AT),
    Index("blind_spots_by_time", text("at DESC"), text("id DESC")),
    Index("blind_spots_by_subject", "subject"),
)

drift_state = Table(
    "drift_state",
    metadata,
    Column("subject", Text, primary_key=True),
    *_place(),
    Column("standing", Text, nullable=False),  # as declared · differs · unknown · never compared · gone
    Column("looked_at", AT),  # the last comparison that told something
    Column("state", JSONB, nullable=False),  # what its next event is read with
    Index("drift_state_by_standing", "standing"),
)
