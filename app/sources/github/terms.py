"""GitHub's words, as its public schema of 2025-02 has them, and the house steps they mean."""

import re

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

# `status` of a comparison
COMPARE_STATUSES = frozenset({"ahead", "behind", "diverged", "identical"})

# enum PullRequestMergeMethod
MERGE_METHODS = {"MERGE": "merge", "SQUASH": "squash", "REBASE": "rebase"}

# x-oauth-scopes of a classic token: every other scope can change something
READ_SCOPES = re.compile(r"read:\w+|user:email")

# enum RepositoryPermission
CAN_WRITE = frozenset({"ADMIN", "MAINTAIN", "WRITE", "TRIAGE"})

# what a secret looks like; GitHub documents its own prefixes
# https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
SECRET = re.compile(r"\b(?:gh[opsur]_[A-Za-z0-9]{16,}|github_pat_\w{20,})|(?<=://)[^\s/:@\"]+:[^\s/@\"]+(?=@)")

COMMIT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
CO_AUTHOR = re.compile(r"(?im)^co-authored-by:([^<>\n]*)<([^<>\s]{1,320})>[ \t\r]*$")
