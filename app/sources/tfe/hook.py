"""Notifications of Terraform Enterprise: https://developer.hashicorp.com/terraform/enterprise/api-docs/notification-configurations.

Plan-only runs and workspaces with local execution send none, so the poll stays what it is.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.domain.hook import Heard
from app.sources.contract import Connection
from app.sources.hooks import check_hex, content, digest, text

SIGNATURE = "x-tfe-notification-signature"


def heard(connection: Connection, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
    """HMAC-SHA512 of the body in hex. Raises Unverified, NotUnderstood."""
    check_hex("sha512", secret, body, headers.get(SIGNATURE), SIGNATURE)
    said = content(body)
    triggers = sorted({text(said, "trigger"), *(text(one, "trigger") for one in _notifications(said))} - {""})
    about = ", ".join(triggers) or "nothing"
    if triggers == ["verification"]:
        return Heard((), about)
    organization = text(said, "organization_name") or text(said, "details", "organization_name")
    if organization and organization != connection.organization:
        return Heard((), f"{about} in the organization {organization}")
    if text(said, "trigger_scope") == "assessment" or about.startswith("assessment:"):
        return Heard(("workspaces", "assessments"), about, digest(body))
    return Heard(("runs",), about, digest(body))


def _notifications(said: Mapping[str, Any]) -> list[Any]:
    found = said.get("notifications")
    return found if isinstance(found, list) else []
