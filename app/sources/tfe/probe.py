"""What `check` asks of Terraform Enterprise: who are we, what may we, what can the server."""

from collections.abc import Callable, Mapping
from typing import Any

from app.errors import Missing, NotUnderstood, SourceError
from app.sources.contract import Probe
from app.sources.tfe import wire
from app.sources.tfe.client import Client
from app.sources.tfe.terms import INCLUDES

# What a reader must not have: https://developer.hashicorp.com/terraform/enterprise/users-teams-organizations/permissions
POWERS = (
    "can-update",
    "can-queue-run",
    "can-queue-apply",
    "can-queue-destroy",
    "can-destroy",
    "can-lock",
    "can-unlock",
    "can-force-unlock",
    "can-update-variable",
    "can-create-state-versions",
)
SIGHTS = ("can-read-variable", "can-read-state-versions", "can-read-state-outputs")


def probe(client: Client) -> Probe:
    """Raises SourceError when the server or the organization cannot be asked at all; what else is wrong is a line each."""
    ping = client.ping()
    capabilities: dict[str, Any] = {"api": ping.headers.get("tfp-api-version", "")}
    problems: list[str] = []
    names = ("x-tfe-current-version", "x-tfe-version", "tfp-appname", "tfp-api-version")
    version = next((ping.headers[name] for name in names if ping.headers.get(name)), "")
    if not client.organization:
        problems.append("no organization is named; set organization in its [[source]] table")
        return Probe(version, client.http.clock_offset, None, capabilities, problems)
    read_only, state = None, ""
    client.organization_document()
    try:
        read_only, found = _permissions(client)
        problems += found
        capabilities |= _capabilities(client)
        problems += _account(client)
    except SourceError as error:
        problems.append(str(error))
        state = error.state
    return Probe(version, client.http.clock_offset, read_only, capabilities, tuple(problems), state)


def _permissions(client: Client) -> tuple[bool | None, list[str]]:
    """Whether the token can only read, as the workspaces' own permissions tell; None where there is none to tell."""
    document = client.workspaces()
    if not document.data:
        return None, [f"no workspace of {client.organization} is visible to the token"]
    writes: dict[str, int] = {}
    reads: dict[str, int] = {}
    told = 0
    for one in document.data:
        permissions = one.attributes.get("permissions")
        if not isinstance(permissions, Mapping):
            continue
        told += 1
        for counted, powers in ((writes, POWERS), (reads, SIGHTS)):
            for name in powers:
                counted[name] = counted.get(name, 0) + (permissions.get(name) is True)
    out = [f"the token can write: {name} on {n} of {told} workspaces" for name, n in writes.items() if n]
    out += [f"the token sees more than runs: {name} on {n} of {told} workspaces" for name, n in reads.items() if n]
    return (None if not told else not any(writes.values())), out


def _capabilities(client: Client) -> dict[str, Any]:
    """Whether the organization's run list is there, which includes it takes, and what the organization is entitled to."""
    out: dict[str, Any] = {}
    if entitlements := _maybe(client.entitlements):
        attributes = entitlements.data[0].attributes if entitlements.data else {}
        out["entitlements"] = {k: v for k, v in sorted(attributes.items()) if type(v) is bool and k.isascii()}
    for include in INCLUDES:
        try:
            client.run_list(client.organization_runs(), 1, include=include, operations=True)
        except Missing:
            out["organization_runs"] = False
            break
        except NotUnderstood as error:
            if error.status != 400:
                raise
            continue
        out |= {"organization_runs": True, "include": include}
        break
    return out


def _account(client: Client) -> list[str]:
    """An organization token belongs to a synthetic user named after it: far more than a reader needs."""
    document = _maybe(client.account)
    if not document or not document.data:
        return []
    attributes, _ = wire.read(wire.UserAttributes, document.data[0].attributes)
    if (attributes.username or "").startswith("api-org"):
        return ["this is an organization token, which can change variables; use a team token that may only read runs"]
    return []


def _maybe(ask: Callable[[], wire.Document]) -> wire.Document | None:
    try:
        return ask()
    except (Missing, NotUnderstood):
        return None
