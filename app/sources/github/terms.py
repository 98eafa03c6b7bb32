"""GitHub's words, as its public schema of 2025-02 has them, and the house steps they mean."""

import re
from datetime import timedelta

from app.domain.actor import ActorKind

# enum PullRequestState
PULL_REQUEST_STATES = {"OPEN": "open", "CLOSED": "closed", "MERGED": "merged"}

# enum PullRequestReviewState
REVIEW_STATES = frozenset({"APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"})

# implementations of interface Actor; a Mannequin stands for a person of another system whose data was imported
ACTOR_KINDS = {"User": ActorKind.HUMAN, "EnterpriseUserAccount": ActorKind.HUMAN, "Bot": ActorKind.BOT}
NOBODY = {
    "Mannequin": "the account was deleted: what it did was imported or left to the placeholder {login}",
    "Organization": "the account {login} is an organization, not a person",
}
DELETED = "the account was deleted"

# enum PullRequestMergeMethod
MERGE_METHODS = {"MERGE": "merge", "SQUASH": "squash", "REBASE": "rebase"}

# enums CheckConclusionState, CheckStatusState and StatusState
CHECK_CONCLUSIONS = frozenset(
    {"ACTION_REQUIRED", "CANCELLED", "FAILURE", "NEUTRAL", "SKIPPED", "STALE", "STARTUP_FAILURE", "SUCCESS", "TIMED_OUT"}
)
CHECK_STATES = frozenset({"IN_PROGRESS", "PENDING", "QUEUED", "REQUESTED", "WAITING"})
STATUS_STATES = frozenset({"ERROR", "EXPECTED", "FAILURE", "PENDING", "SUCCESS"})
KEPT_CHECKS = timedelta(days=400)  # how long GitHub keeps them

# activity_type of https://docs.github.com/en/rest/repos/repos#list-repository-activities
ACTIVITIES = frozenset({"push", "force_push", "branch_creation", "branch_deletion", "pr_merge", "merge_queue_merge"})
NO_COMMIT = re.compile("0{40}|0{64}")  # before a branch was there, and after

# x-oauth-scopes of a classic token: every other scope can change something
READ_SCOPES = re.compile(r"read:\w+|user:email")

# enum RepositoryPermission
CAN_WRITE = frozenset({"ADMIN", "MAINTAIN", "WRITE", "TRIAGE"})

# what a secret looks like; GitHub documents its own prefixes
# https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
SECRET = re.compile(r"\b(?:gh[opsur]_[A-Za-z0-9]{16,}|github_pat_\w{20,})|(?<=://)[^\s/:@\"]+:[^\s/@\"]+(?=@)")
