"""The small bank, for every story; and one small fleet of Argo CD."""

from tests.sources.argocd.conftest import stage
from tests.stories.bank import bank, servers

__all__ = ["bank", "servers", "stage"]
