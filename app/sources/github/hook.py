"""GitHub's webhooks: https://docs.github.com/en/webhooks/webhook-events-and-payloads."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.hook import Heard
from app.sources.contract import Connection
from app.sources.hooks import check_hex, content, digest, said, text

SIGNATURE = "x-hub-signature-256"
STREAMS = {
    "pull_request": ("pull-requests",),
    "pull_request_review": ("pull-requests",),
    "pull_request_review_thread": ("pull-requests",),
    "merge_group": ("pull-requests",),
    "check_run": ("pull-requests",),
    "check_suite": ("pull-requests",),
    "status": ("pull-requests",),
    "push": ("pushes", "pull-requests"),
    "create": ("pushes",),
    "delete": ("pushes",),
    "branch_protection_rule": ("rules",),
    "repository_ruleset": ("rules",),
    "repository": ("rules", "pull-requests"),
}


def heard(connection: Connection, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
    """`sha256=` and the hex HMAC-SHA256 of the body. Raises Unverified, NotUnderstood.

    There is no time in what is signed: a body seen before is a replay, whatever its X-GitHub-Delivery says.
    """
    given = headers.get(SIGNATURE)
    check_hex("sha256", secret, body, given.removeprefix("sha256=") if given is not None else None, SIGNATURE)
    told, event = content(body), said(headers.get("x-github-event", ""))
    about = " ".join(filter(None, (event, text(told, "action")))) or "nothing"
    repository = text(told, "repository", "full_name")
    ours = {name.lower() for name in connection.repositories}
    if repository and event != "repository" and repository.lower() not in ours:
        return Heard((), f"{about} in {repository}")
    streams = STREAMS.get(event, ())
    return Heard(streams, about, digest(body) if streams else None)
