"""Argo CD notifications by webhook: https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/.

What the body says is the bank's own template; nothing of it is read.
"""

from collections.abc import Mapping
from datetime import datetime

from app.domain.hook import Heard
from app.sources.contract import Connection
from app.sources.hooks import check_secret


def heard(connection: Connection, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
    """The secret as a bearer token. Raises Unverified."""
    given = headers.get("authorization", "")
    word, _, token = given.partition(" ")
    check_secret(secret, token.strip() if word.lower() == "bearer" else None, "Authorization: Bearer")
    return Heard(("applications",), "an application")
