"""Lineage, derived from the ledger as changes are: it can be dropped and rebuilt, and must come out identical."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.db.tables.metadata import metadata

AT = DateTime(timezone=True)

lineage_writes = Table(
    "lineage_writes",
    metadata,
    Column("id", Uuid, primary_key=True),  # of source, run, address, path and gone
    Column("source", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("gone", Boolean, nullable=False),  # from then on it writes the path no more
    Column("workspace", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("value_changed", Boolean),  # null: it may have
    Column("began_at", AT),
    Column("at", AT, nullable=False),
    Index("lineage_writes_by_run", "run"),
)

lineage_holds = Table(
    "lineage_holds",
    metadata,
    Column("id", Uuid, primary_key=True),  # of source, workspace, address and path
    Column("source", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("run", Text, nullable=False),  # the newest whose plan left it as it was
    Column("at", AT, nullable=False),
)

lineage_looks = Table(
    "lineage_looks",
    metadata,
    Column("source", Text, primary_key=True),
    Column("uid", Text, primary_key=True),
    Column("look", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("parts", Integer, nullable=False),
    Column("status", Text, nullable=False),  # listed, or unavailable (because)
    Column("application", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("observed_at", AT, nullable=False),
    Column("compared_at", AT, nullable=False),
    Column("because", Text, nullable=False),
    Column("told", JSONB, nullable=False),
)
