"""The ledger: leaves, the rows to list and filter them by, the hashes above them, the checkpoints over them.

Insert-only: triggers refuse anything else, and the role `throughline_app` may only insert and select.
"""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Index, LargeBinary, SmallInteger, Table, Text, Uuid, text

from app.db.tables.metadata import metadata

AT = DateTime(timezone=True)

leaves = Table(
    "leaves",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("known", Boolean, nullable=False),
    Column("how", Text, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("subject_name", Text, nullable=False),
    Column("subject_url", Text),
    Column("actor_name", Text),
    Column("actor_id", Text),
    Column("actor_kind", Text),
    Column("occurred_at", AT, nullable=False),
    Column("observed_at", AT, nullable=False),
    Column("recorded_at", AT, nullable=False),
    Column("entity", Text),
    Column("repository", Text),
    Column("pull_request", BigInteger),
    Column("workspace", Text),
    Column("run", Text),
    Column("application", Text),
    Column("commits", ARRAY(Text)),
    Column("observation", LargeBinary),
    Index("events_by_time", text("occurred_at DESC"), text("seq DESC")),
    Index("events_by_source", "source", text("occurred_at DESC"), text("seq DESC")),
    Index("events_by_entity", "entity", "seq", postgresql_where=text("entity IS NOT NULL")),
    *(
        Index(f"events_by_{name}", name, text("occurred_at DESC"), text("seq DESC"), postgresql_where=text(f"{name} IS NOT NULL"))
        for name in ("application", "workspace", "repository")
    ),
)

# The hash over leaves 256^level·index … 256^level·(index+1)-1, for level ≥ 1; tile (L, N) of tlog-tiles is level L,
# index 256·N … 256·N+255, and level 0 is leaves.hash.
tile_hashes = Table(
    "tile_hashes",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("made_at", AT, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
)
