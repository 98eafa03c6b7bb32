"""What is derived from the ledger: it can be dropped and rebuilt, and must come out identical."""

from sqlalchemy import BigInteger, Boolean, Column, Computed, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from app.db.tables.metadata import metadata

AT = DateTime(timezone=True)
PARTING = r"<>/\.@_:-#=+&%~?"  # free text is parted at these too: `infra` finds bank/infra, `script` finds <script>

projection = Table(
    "projection",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),  # the next leaf to read
    Column("version", Text, nullable=False),  # of the rules that made it
)

entity_tokens = Table(
    "entity_tokens",
    metadata,
    Column("token", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Index("entity_tokens_by_entity", "entity"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("member", Text, primary_key=True),
    Column("root", Text, primary_key=True),
    Index("memberships_by_root", "root"),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("root", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("class", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("opened_at", AT, nullable=False),
    Column("finished_at", AT),
    Column("at", AT, nullable=False),
    Column("repositories", Text, nullable=False),
    Column("pull_requests", Text, nullable=False),
    Column("commits", Text, nullable=False),
    Column("authors", Text, nullable=False),
    Column("approvers", Text, nullable=False),
    Column("people", Text, nullable=False),
    Column("workspaces", Text, nullable=False),
    Column("runs", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("applies", Text, nullable=False),
    Column("applications", Text, nullable=False),
    Column("syncs", Text, nullable=False),
    Column("gaps", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("chain", JSONB, nullable=False),
    Column("item", JSONB, nullable=False),
    Column("story", JSONB, nullable=False),
    Column("digest", Text, nullable=False),
    Column(
        "words",
        TSVECTOR,
        Computed(
            "to_tsvector('simple', translate(title || ' ' || people || ' ' || applications || ' ' || workspaces, "
            f"'{PARTING}', repeat(' ', {len(PARTING)})))",
            persisted=True,
        ),
    ),
    Index("changes_by_time", text("at DESC"), text("id DESC")),
    Index("changes_by_number", "number"),
    Index("changes_by_words", "words", postgresql_using="gin"),
)

change_terms = Table(
    "change_terms",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("change", Uuid, primary_key=True),
    Column("at", AT, nullable=False),
    Index("change_terms_by_time", "key", "value", text("at DESC"), text("change DESC")),
    Index("change_terms_by_change", "change"),
    Index("change_terms_by_prefix", text("value text_pattern_ops"), postgresql_where=text("key = 'commit'")),
)

change_events = Table(
    "change_events",
    metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("change", Uuid, primary_key=True),
    Column("place", Integer, nullable=False),  # 0: the event's own change; more: it stands there too
    Index("change_events_by_change", "change", "seq"),
)

change_accounts = Table(
    "change_accounts",
    metadata,
    Column("system", Text, primary_key=True),  # a source's name, or `email`
    Column("account", Text, primary_key=True),
    Column("change", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),  # the source's, or `email`
    Column("name", Text, nullable=False),  # what the source, or a commit, calls it
    Column("actor_kind", Text, nullable=False),  # human, bot, service: as the source says
    Column("declared", Boolean, nullable=False),  # only a commit says so
    Column("accounts", JSONB, nullable=False),  # [system, kind, account]: everything exact that it is, itself first
    Column("roles", Text, nullable=False),
    Column("at", AT, nullable=False),
    Index("change_accounts_by_time", "system", "account", text("at DESC"), text("change DESC")),
    Index("change_accounts_by_change", "change"),
)
