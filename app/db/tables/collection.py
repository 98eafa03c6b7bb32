"""What collection remembers: streams and their leases, memory, coverage, wants, raw payloads."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, LargeBinary, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import INTERVAL, JSONB

from app.db.tables.metadata import metadata

AT = DateTime(timezone=True)

streams = Table(
    "streams",
    metadata,
    Column("source", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("every", INTERVAL, nullable=False),
    Column("catches_up", Boolean, nullable=False),
    Column("forgets_after", INTERVAL),
    Column("next_poll_at", AT, nullable=False),
    Column("owner", Uuid),
    Column("lease_until", AT),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default=text("'never read'")),
    Column("error", Text),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("started_at", AT),
    Column("succeeded_at", AT),
    Column("failed_at", AT),
    Column("seen", BigInteger, nullable=False, server_default=text("0")),
    Column("saved", BigInteger, nullable=False, server_default=text("0")),
    Column("requests", BigInteger, nullable=False, server_default=text("0")),
    Column("last_requests", Integer, nullable=False, server_default=text("0")),
    Column("clock_offset", INTERVAL),
    Column("reconciled_at", AT),
    Column("woken_at", AT),
)

stream_memory = Table(
    "stream_memory",
    metadata,
    Column("source", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
)

coverage = Table(
    "coverage",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("from_at", AT, nullable=False),
    Column("to_at", AT, nullable=False),
    Index("coverage_by_stream", "source", "stream", text("to_at DESC")),
)

failures = Table(
    "failures",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("first_at", AT, nullable=False),
    Column("last_at", AT, nullable=False),
    Column("times", Integer, nullable=False),
    Index("failures_by_stream", "source", "stream", text("last_at DESC")),
)

unknown_values = Table(
    "unknown_values",
    metadata,
    Column("source", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("first_at", AT, nullable=False),
    Column("last_at", AT, nullable=False),
    Column("times", BigInteger, nullable=False),
)

wants = Table(
    "wants",
    metadata,
    Column("repository", Text, primary_key=True),
    Column("base", Text, primary_key=True),  # '' asks only where head came from
    Column("head", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("wanted_at", AT, nullable=False),
    Column("settled_at", AT),
    Index("wants_open", "wanted_at", postgresql_where=text("settled_at IS NULL")),
)

bodies = Table(
    "bodies",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("codec", Text, nullable=False),
    Column("body", LargeBinary),  # null once purged; the digest and the leaf stay
    Column("size", BigInteger, nullable=False),
)

observations = Table(
    "observations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("observed_at", AT, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Index("observations_by_subject", "source", "subject", text("observed_at DESC")),
    Index("observations_by_digest", "digest"),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("owner", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("beat_at", AT, nullable=False),
    Column("job", Text),
    Column("generation", SmallInteger, nullable=False, server_default=text("0")),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("source", Text, primary_key=True),
    Column("once", Text, primary_key=True),
    Column("heard_at", AT, nullable=False),
    Index("deliveries_by_time", "heard_at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("source", Text, primary_key=True),
    Column("heard", BigInteger, nullable=False, server_default=text("0")),
    Column("replayed", BigInteger, nullable=False, server_default=text("0")),
    Column("first_at", AT, nullable=False),
    Column("last_at", AT, nullable=False),
    Column("last_about", Text, nullable=False),
)

watches = Table(
    "watches",
    metadata,
    Column("source", Text, primary_key=True),
    Column("owner", Uuid),
    Column("lease_until", AT),
    Column("state", Text, nullable=False),  # waiting, connected, or off
    Column("error", Text),
    Column("since", AT, nullable=False),  # connected, or not, since then
    Column("retry_at", AT, nullable=False),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("told", BigInteger, nullable=False, server_default=text("0")),
    Column("last_at", AT),
    Column("last_about", Text),
)
