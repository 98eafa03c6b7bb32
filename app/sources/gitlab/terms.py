"""GitLab's words, and the house words they mean: https://docs.gitlab.com/api/merge_requests/ and the pages it names."""

import re

STATES = {"opened": "open", "locked": "open", "closed": "closed", "merged": "merged"}  # locked: while it is being merged
TURNS = {"closed": "closed", "reopened": "reopened", "merged": "merged"}

# merge_method of a project
METHODS = frozenset({"merge", "rebase_merge", "ff"})

# status of a pipeline: https://docs.gitlab.com/api/pipelines/
PIPELINES = {
    "success": "success",
    "failed": "failure",
    "canceled": "cancelled",
    "canceling": "in_progress",
    "skipped": "skipped",
    "manual": "action_required",
    "running": "in_progress",
    "pending": "pending",
    "created": "queued",
    "preparing": "queued",
    "scheduled": "queued",
    "waiting_for_resource": "queued",
    "waiting_for_callback": "queued",
}
# https://docs.gitlab.com/api/status_checks/
EXTERNAL = {"passed": "success", "failed": "failure", "pending": "pending"}
SYNTHETIC = re.compile(r"refs/merge-requests/\d+/(merge|train)")  # the pipeline's commit is none of the branch

# System notes, whose wording the API does not promise; case differed before 10.0.
APPROVED = re.compile(r"approved this merge request\.?", re.I)
UNAPPROVED = re.compile(r"(unapproved this merge request|revoked approval for this merge request)\.?", re.I)
CHANGES = re.compile(r"requested changes\.?", re.I)
RESET = re.compile(r"reset approvals from (.{1,4000}?) by pushing to the branch\.?", re.I | re.S)
MENTIONED = re.compile(r"@([\w.-]*\w)")
COMMITS = re.compile(r"added (\d+|one|a) (new )?commits?\b", re.I)
VERSION = re.compile(r"[?&]diff_id=(\d{1,15})\b")
TRAIN = re.compile(r"(started a|added this merge request to the) merge train\b", re.I)
RETARGETED = re.compile(r"changed target branch from [`*]+(.{1,250}?)[`*]+ to [`*]+(.{1,250}?)[`*]+", re.I)
# what a note tells of the merge request itself: status, how its text begins
SAID = (
    ("auto_merge_enabled", re.compile(r"enabled (an automatic merge|automatic add to merge train)\b", re.I)),
    ("auto_merge_disabled", re.compile(r"(canceled|cancelled|aborted) (the automatic merge|automatic add to merge train)\b", re.I)),
    ("added_to_merge_queue", TRAIN),
    ("removed_from_merge_queue", re.compile(r"removed this merge request from the merge train\b", re.I)),
    ("base_changed", RETARGETED),
    ("ready_for_review", re.compile(r"marked this merge request as \**ready\b", re.I)),
    ("convert_to_draft", re.compile(r"marked this merge request as \**(draft|a \*\*work in progress)\b", re.I)),
)

# https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
TOKEN_BOT = re.compile(r"(project|group)_\d+_bot(\d*|_\w+)|service_account_\w+")
GHOST = "ghost"
DELETED = "the account was deleted"

# push_data.action
PUSHES = {"pushed": "push", "created": "branch_creation", "removed": "branch_deletion"}

# scopes of a token that cannot change anything: https://docs.gitlab.com/security/tokens/access_token_scopes/
READ_SCOPES = frozenset(
    {
        *("read_api", "read_user", "read_repository", "read_registry", "read_virtual_registry", "read_observability"),
        *("read_service_ping", "openid", "profile", "email"),
    }
)

NOTHING = re.compile(r"0+")  # the commit before a branch was made
NOREPLY = re.compile(r"\d{1,12}-([\w.-]+)@users\.noreply\.[\w.-]+")  # ID-username@users.noreply.HOST
