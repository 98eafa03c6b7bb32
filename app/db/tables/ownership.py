"""Which objects Terraform and Argo CD manage, derived from the ledger as changes are: dropped and rebuilt it is identical."""

from sqlalchemy import Boolean, Column, DateTime, Index, Table, Text

from app.db.tables.metadata import metadata

AT = DateTime(timezone=True)


def _object() -> tuple[Column[str], ...]:
    return tuple(Column(name, Text, nullable=False) for name in ("token", "api_group", "kind", "namespace", "name", "environment"))


made_objects = Table(
    "made_objects",  # by runs that were applied
    metadata,
    Column("source", Text, primary_key=True),
    Column("run", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("gone", Boolean, primary_key=True),  # from then on it is managed no more
    *_object(),
    Column("workspace", Text, nullable=False),
    Column("at", AT, nullable=False),
    Index("made_objects_place", "source", "workspace", "address"),
)

held_objects = Table(
    "held_objects",  # that plans left as they were
    metadata,
    Column("source", Text, primary_key=True),
    Column("workspace", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    *_object(),
    Column("run", Text, nullable=False),  # the newest of them
    Column("at", AT, nullable=False),
)

managed_objects = Table(
    "managed_objects",  # by applications, as they stand
    metadata,
    Column("source", Text, primary_key=True),
    Column("uid", Text, primary_key=True),
    Column("token", Text, primary_key=True),
    *_object()[1:],
    Column("application", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Index("managed_objects_token", "token"),
    Index("managed_objects_namespace", "namespace"),
)
