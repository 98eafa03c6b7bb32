"""How a webhook is verified: over the raw bytes, in constant time, before anything of it is read."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from app.canonical import plain
from app.domain.hook import Heard
from app.domain.secret import without_secrets
from app.errors import NotUnderstood, Unverified
from app.sources.contract import Connection

AGE = timedelta(minutes=5)  # of a signed time, either way: https://www.standardwebhooks.com
Hook = Callable[[Connection, str, Mapping[str, str], bytes, datetime], Heard]


def check_hex(algorithm: str, secret: str, body: bytes, given: str | None, header: str) -> None:
    """`given` must be the hex HMAC of `body`. Raises Unverified."""
    wanted = hmac.new(secret.encode(), body, algorithm).hexdigest()
    if given is None:
        raise Unverified(f"the header {header} is missing", "the signature of the body", "set the same secret on both sides")
    if not hmac.compare_digest(wanted.encode(), given.strip().lower().encode()):
        raise Unverified(f"the signature in {header} is not that of this body", do="set the same secret on both sides")


def check_secret(secret: str, given: str | None, header: str) -> None:
    """`given` must be the secret itself. Raises Unverified."""
    if given is None or not hmac.compare_digest(secret.encode(), given.encode()):
        found = f"the header {header} is missing" if given is None else f"the secret in {header} is not ours"
        raise Unverified(found, do="set the same secret on both sides")


def check_standard(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The id of a message signed as https://www.standardwebhooks.com says. Raises Unverified, also when it is too old."""
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        sent = datetime.fromtimestamp(int(stamp), UTC)
    except (binascii.Error, ValueError, OverflowError, OSError):
        raise Unverified("webhook-timestamp is no time, or the secret no base64", "seconds since 1970, and whsec_…") from None
    wanted = base64.b64encode(hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest())
    given = [one.removeprefix("v1,").encode() for one in headers.get("webhook-signature", "").split() if one.startswith("v1,")]
    if not any(hmac.compare_digest(wanted, one) for one in given):
        raise Unverified("no signature in webhook-signature is that of this body", do="set the same secret on both sides")
    if abs(now - sent) > AGE:
        raise Unverified(
            f"it was signed at {sent:%Y-%m-%dT%H:%M:%SZ}", f"within {AGE.seconds // 60} minutes of now", "check the clocks"
        )
    return name


def content(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a verified body. Raises NotUnderstood."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotUnderstood(f"the body is not JSON ({error})", "a JSON object") from error
    if not isinstance(found, dict):
        raise NotUnderstood("the body is not a JSON object", "a JSON object")
    return found


def text(found: Any, *path: str) -> str:
    """The text at `path`, without what looks like a secret; nothing where there is none."""
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return said(found) if isinstance(found, str) else ""


def said(text: str) -> str:
    """A sender's word, fit to be kept: cut first, for a header may be long."""
    return plain(without_secrets(text[:2000]), 300)


def digest(body: bytes) -> str:
    """The name of a signed body: only the sender can make another that says the same."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
