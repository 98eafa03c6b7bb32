"""Every table, in one MetaData. Migrations make them; a test holds the two together."""

from app.db.tables import collection, drift, ledger, lineage, ownership, projection
from app.db.tables.metadata import metadata

__all__ = ["collection", "drift", "ledger", "lineage", "metadata", "ownership", "projection"]
