"""From a configured connection to the source that reads it."""

from collections.abc import Callable
from datetime import datetime

from app.errors import SettingsError
from app.sources.argocd import hook as argocd_hook
from app.sources.argocd.source import Argocd
from app.sources.contract import Connection, Source
from app.sources.github import hook as github_hook
from app.sources.github.source import Github
from app.sources.gitlab import hook as gitlab_hook
from app.sources.gitlab.source import Gitlab
from app.sources.hooks import Hook
from app.sources.tfe import hook as tfe_hook
from app.sources.tfe.source import Tfe

KINDS: dict[str, Callable[[Connection, Callable[[], datetime]], Source]] = {
    "tfe": Tfe,
    "argocd": Argocd,
    "github": Github,
    "gitlab": Gitlab,
}
HOOKS: dict[str, Hook] = {
    "tfe": tfe_hook.heard,
    "argocd": argocd_hook.heard,
    "github": github_hook.heard,
    "gitlab": gitlab_hook.heard,
}


def connect(connection: Connection, clock: Callable[[], datetime]) -> Source:
    """The source for `connection`. Raises SettingsError for a kind that is not one of ours."""
    try:
        kind = KINDS[connection.kind]
    except KeyError:
        raise SettingsError(f"kind {connection.kind!r} is not known", f"one of {', '.join(KINDS)}") from None
    return kind(connection, clock)
