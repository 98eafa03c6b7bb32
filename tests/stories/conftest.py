"""The small bank, for every story."""

from tests.stories.bank import bank, servers

__all__ = ["bank", "servers"]
