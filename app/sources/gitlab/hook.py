"""GitLab's webhooks: https://docs.gitlab.com/user/project/integrations/webhooks/."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.hook import Heard
from app.sources.contract import Connection
from app.sources.hooks import check_secret, check_standard, content, said, text

STREAMS = {
    "merge_request": ("pull-requests",),
    "note": ("pull-requests",),
    "emoji": (),
    "pipeline": ("pull-requests",),
    "build": ("pull-requests",),
    "push": ("pushes", "pull-requests"),
    "project_update": ("rules",),
    "project_rename": ("rules", "pull-requests"),
    "project_transfer": ("rules", "pull-requests"),
}


def heard(connection: Connection, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
    """The secret itself in X-Gitlab-Token, or from about 19.0 a Standard Webhooks signature. Raises Unverified, NotUnderstood."""
    if "webhook-signature" in headers:
        once = check_standard(secret, headers, body, now)
    else:
        check_secret(secret, headers.get("x-gitlab-token"), "X-Gitlab-Token")
        once = said(headers.get("x-gitlab-event-uuid", ""))
    told = content(body)
    kind = text(told, "object_kind") or text(told, "event_name")
    about = " ".join(filter(None, (kind, text(told, "object_attributes", "action")))) or "nothing"
    project = text(told, "project", "path_with_namespace")
    ours = {name.lower() for name in connection.repositories}
    if project and not kind.startswith("project_") and project.lower() not in ours:
        return Heard((), f"{about} in {project}")
    streams = STREAMS.get(kind, ())
    return Heard(streams, about, (once or None) if streams else None)
