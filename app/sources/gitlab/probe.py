"""What `check` wants to know of GitLab: its version, its clock, what the token may see, and whether it could write."""

from app.errors import Forbidden, Missing, NotUnderstood, SourceError, Throttled, Unauthorized, Unreachable
from app.sources.contract import Connection, Probe
from app.sources.gitlab.client import Client
from app.sources.gitlab.telling import Met
from app.sources.gitlab.terms import READ_SCOPES
from app.sources.gitlab.wire import Project, read, shown


def probe(client: Client, connection: Connection) -> Probe:
    """Raises SourceError when GitLab as a whole cannot be asked; a project that cannot be read is a problem line.

    https://docs.gitlab.com/api/metadata/ and https://docs.gitlab.com/api/personal_access_tokens/#self-inform
    """
    version = _version(client)
    problems: list[str] = []
    scopes = _scopes(client)
    read_only = _read_only(scopes, problems)
    state = ""
    words: Met = {} if scopes is None else {"scopes": ", ".join(sorted(scopes)) or "none"}
    for name in connection.repositories:
        try:
            words |= _project(client, name, problems)
        except (Throttled, Unauthorized, Unreachable):
            raise
        except SourceError as error:
            problems.append(f"{name}: {error}")
            state = state or error.state
    if not connection.repositories:
        problems.append("no repository is configured; name the projects in repositories")
    return Probe(
        version=version,
        clock_offset=client.clock_offset,
        read_only=read_only,
        capabilities=words,
        problems=tuple(problems),
        state=state,
    )


def _version(client: Client) -> str:
    """`/metadata` is of 15.2; before that there is `/version`. Who may read neither may read nothing."""
    try:
        told = client.one("/metadata")
    except Missing:
        told = client.one("/version")
    return shown(str(told.get("version") or ""), 40) or "not told"


def _scopes(client: Client) -> set[str] | None:
    """None where the server does not tell them (an OAuth token, a server before 15.5)."""
    try:
        found = client.one("/personal_access_tokens/self").get("scopes")
    except (Missing, Forbidden):
        return None
    except NotUnderstood as error:
        if error.status == 400:
            return None
        raise
    return {scope for scope in found if isinstance(scope, str)} if isinstance(found, list) else None


def _read_only(scopes: set[str] | None, problems: list[str]) -> bool | None:
    if scopes is None:
        problems.append("the scopes of the token are not told: that it is read-only cannot be proved")
        return None
    if writing := sorted(scopes - READ_SCOPES):
        problems.append(f"the token has the scope {', '.join(writing)}, which can write; make one with read_api alone")
        return False
    if "read_api" not in scopes:
        problems.append("the token has no scope read_api: merge requests cannot be read")
    return True


def _project(client: Client, name: str, problems: list[str]) -> Met:
    """What the server tells of it: settings, protected branches and approval settings need a higher role on some servers."""
    node = client.project(name)
    project = read(Project, node)
    path = project.path_with_namespace
    if path and path.lower() != name.lower():
        problems.append(f"{name} is now {path}; correct repositories in the settings")
    return {
        f"{name}: merge settings": "merge_method" in node,
        f"{name}: protected branches": client.perhaps(f"/projects/{project.id}/protected_branches")[0] is not None,
        f"{name}: approval rules": client.perhaps(f"/projects/{project.id}/approval_rules")[0] is not None,
    }
