"""What `check` wants to know of GitHub: its version, its clock, what the token may see, and whether it could write."""

from datetime import datetime

from app.errors import SourceError, Throttled, Unauthorized, Unreachable
from app.sources.contract import Connection, Probe
from app.sources.github.abilities import abilities
from app.sources.github.client import Client, decoded
from app.sources.github.terms import CAN_WRITE, READ_SCOPES
from app.sources.github.wire import needed_object, text


def probe(client: Client, connection: Connection, now: datetime) -> Probe:
    """Raises SourceError when GitHub as a whole cannot be asked; a repository that cannot be read is a problem line.

    https://docs.github.com/en/rest/meta/meta and
    https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    """
    answer = client.rest.get("/meta")
    version = answer.headers.get("x-github-enterprise-version") or text(
        needed_object(decoded(answer)), "installed_version", limit=40
    )
    scopes = answer.headers.get("x-oauth-scopes")
    problems: list[str] = []
    state = ""
    permissions: dict[str, str | None] = {}
    for repository in connection.repositories:
        try:
            permissions[repository] = _permission(client, repository, problems)
        except (Throttled, Unauthorized, Unreachable):
            raise
        except SourceError as error:
            problems.append(f"{repository}: {error}")
            permissions[repository], state = None, state or error.state
    if not connection.repositories:
        problems.append("no repository is configured; name them in repositories")
    read_only = _read_only(scopes, permissions, problems)
    able = abilities(client, tuple(name for name, found in permissions.items() if found), now)
    told = {"scopes": scopes if scopes is not None else "not told"} if permissions else {}
    return Probe(
        version=version or "github.com",
        clock_offset=client.clock_offset,
        read_only=read_only,
        capabilities={**told, **{f"may in {name}": found or "not told" for name, found in permissions.items()}, **able},
        problems=tuple(problems),
        state=state,
    )


def _permission(client: Client, repository: str, problems: list[str]) -> str | None:
    found = client.repository(repository)
    now = text(found, "nameWithOwner", limit=300)
    if now.lower() != repository.lower():
        problems.append(f"{repository} is now {now}; correct repositories in the settings")
    return text(found, "viewerPermission", limit=40) or None


def _read_only(scopes: str | None, permissions: dict[str, str | None], problems: list[str]) -> bool | None:
    """A classic token shows its scopes. Of any other token only its account's permission is known: READ proves, more does not."""
    if scopes is not None:
        writing = sorted(
            scope for scope in (part.strip() for part in scopes.split(",")) if scope and not READ_SCOPES.fullmatch(scope)
        )
        if writing:
            problems.append(f"classic token with {', '.join(writing)} scope can write; use a GitHub App or a fine-grained token")
        return not writing
    more = sorted(name for name, permission in permissions.items() if permission in CAN_WRITE)
    if more:
        problems.append(
            f"the token's account may do more than read in {', '.join(more)}: that the token is read-only cannot be proved"
        )
    return True if permissions and all(permission == "READ" for permission in permissions.values()) else None
