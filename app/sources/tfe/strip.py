"""What must never be kept: capability URLs, credentials, values of variables, what policies print.

It is taken out before anything is stored or digested. What is volatile without meaning goes too, so that an unchanged run
has an unchanged digest.
"""

import json
import re
from datetime import datetime
from typing import Any

from app.canonical import digest
from app.sources.contract import Observation

SECRET = frozenset(
    {
        "log-read-url",
        "upload-url",
        "webhook-url",
        "oauth-token-id",
        "github-app-installation-id",
        "avatar-url",
        "sender-avatar-url",
        "email",
        "unconfirmed-email",
        "two-factor",
        "permissions",
        "links",
    }
)
DOWNLOADS = ("-download-url", "-upload-url", "-read-url")
VOLATILE = frozenset({"position-in-queue", "apply-duration-average", "plan-duration-average"})
TRACE = frozenset({"print", "root", "string"})  # of a Sentinel trace: they can hold values of the plan
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]{1,512}@")
_CAPABILITY = re.compile(r"https?://[^\s\"]{0,256}/_archivist/[^\s\"]*")  # signed object URLs, wherever they are written
DEPTH = 100


def clean(value: Any) -> Any:
    """`value` without secrets. Anything nested over 100 deep is replaced by a mark: nothing we read is."""
    return _clean(value, "", DEPTH)


def _clean(value: Any, under: str, depth: int) -> Any:
    if depth == 0:
        return "[too deep]"
    if isinstance(value, dict):
        return {k: _member(k, v, under, depth) for k, v in value.items() if not _unwanted(k, under)}
    if isinstance(value, list):
        return [_clean(item, under, depth - 1) for item in value]
    if isinstance(value, str) and "://" in value:
        return _CAPABILITY.sub("[left out]", _CREDENTIALS.sub("", value))
    return value


def _unwanted(key: str, under: str) -> bool:
    return key in SECRET or key in VOLATILE or key.endswith(DOWNLOADS) or (under == "trace" and key in TRACE)


def _member(key: str, value: Any, under: str, depth: int) -> Any:
    if key == "variables" and isinstance(value, list):
        return [{"key": item.get("key")} for item in value if isinstance(item, dict)]
    if key in {"output", "diagnostics", "passed_resources"}:
        return "[left out]"
    return _clean(value, "trace" if key == "trace" or under == "trace" else "", depth - 1)


def observe(subject: str, url: str, value: Any, at: datetime) -> Observation:
    """The cleaned payload as canonical text. Text that has no UTF-8 form is escaped, so this never fails."""
    body = json.dumps(clean(value), sort_keys=True, separators=(",", ":")).encode()
    return Observation(subject, url, body, digest(body), at)
