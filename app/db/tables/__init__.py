"""Every table, in one MetaData. Migrations make them; a test holds the two together."""

from app.db.tables import collection, ledger, projection
from app.db.tables.metadata import metadata

__all__ = ["collection", "ledger", "metadata", "projection"]
