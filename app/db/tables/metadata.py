"""The one MetaData that every table module writes into."""

from sqlalchemy import MetaData

metadata = MetaData()
