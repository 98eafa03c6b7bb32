"""The GraphQL that is asked: queries only, each checked against GitHub's public schema (2025-02).

Cost of PULL_REQUESTS by GitHub's formula (requests per connection ÷ 100): n=50 makes 351 requests, 4 points of the
5,000 an hour. https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import re
from collections.abc import Collection, Sequence

RATE = "rateLimit { cost remaining resetAt }"
PAGE_INFO = "pageInfo { hasNextPage endCursor }"

WHO = """
fragment Who on Actor {
  __typename
  login
  ... on User { databaseId }
  ... on Bot { databaseId }
  ... on Mannequin { databaseId }
}
"""

SELF = """
fragment Self on GitActor { name email date user { databaseId login } }
"""

_REVIEW = """
fragment R on PullRequestReview {
  id
  state
  createdAt
  submittedAt
  updatedAt
  authorAssociation
  author { ...Who }
  commit { oid }
}
"""

_COMMIT = """
fragment C on PullRequestCommit {
  commit {
    oid
    message
    authoredDate
    committedDate
    author { ...Self }
    committer { ...Self }
    parents { totalCount }
    signature { isValid state wasSignedByGitHub }
  }
}
"""

_TIMELINE = """
fragment Dismissed on ReviewDismissedEvent {
  id
  createdAt
  previousReviewState
  dismissalMessage
  actor { ...Who }
  review { id }
  pullRequestCommit { commit { oid } }
}

fragment T on PullRequestTimelineItems {
  __typename
  ... on ReviewDismissedEvent { ...Dismissed }
  ... on HeadRefForcePushedEvent { id createdAt actor { ...Who } beforeCommit { oid } afterCommit { oid } }
  ... on BaseRefForcePushedEvent { id createdAt actor { ...Who } beforeCommit { oid } afterCommit { oid } }
  ... on BaseRefChangedEvent { id createdAt actor { ...Who } previousRefName currentRefName }
  ... on ReadyForReviewEvent { id createdAt actor { ...Who } }
  ... on ConvertToDraftEvent { id createdAt actor { ...Who } }
  ... on AutoMergeEnabledEvent { id createdAt actor { ...Who } }
  ... on AutoSquashEnabledEvent { id createdAt actor { ...Who } }
  ... on AutoRebaseEnabledEvent { id createdAt actor { ...Who } }
  ... on AutoMergeDisabledEvent { id createdAt actor { ...Who } reason }
  ... on AddedToMergeQueueEvent { id createdAt actor { ...Who } }
  ... on RemovedFromMergeQueueEvent { id createdAt actor { ...Who } reason }
  ... on MergedEvent { id createdAt actor { ...Who } commit { oid } }
  ... on ClosedEvent { id createdAt actor { ...Who } }
  ... on ReopenedEvent { id createdAt actor { ...Who } }
}
"""

# The timeline is asked for these; a server that does not know the newest is asked without them.
KINDS = (
    "REVIEW_DISMISSED_EVENT",
    "HEAD_REF_FORCE_PUSHED_EVENT",
    "BASE_REF_FORCE_PUSHED_EVENT",
    "BASE_REF_CHANGED_EVENT",
    "READY_FOR_REVIEW_EVENT",
    "CONVERT_TO_DRAFT_EVENT",
    "AUTO_MERGE_ENABLED_EVENT",
    "AUTO_SQUASH_ENABLED_EVENT",
    "AUTO_REBASE_ENABLED_EVENT",
    "AUTO_MERGE_DISABLED_EVENT",
    "ADDED_TO_MERGE_QUEUE_EVENT",
    "REMOVED_FROM_MERGE_QUEUE_EVENT",
    "MERGED_EVENT",
    "CLOSED_EVENT",
    "REOPENED_EVENT",
)
_KINDS = ", ".join(KINDS)

# Fields that older GitHub Enterprise Servers do not have (nor each of KINDS); each stands on one line so that it can be left out.
OPTIONAL = ("fullDatabaseId", "isInMergeQueue", "autoMergeRequest")

_PULL_REQUEST = f"""
fragment PR on PullRequest {{
  id
  fullDatabaseId
  number
  url
  title
  body
  state
  isDraft
  isCrossRepository
  isInMergeQueue
  createdAt
  updatedAt
  closedAt
  mergedAt
  author {{ ...Who }}
  mergedBy {{ ...Who }}
  baseRefName
  baseRefOid
  headRefName
  headRefOid
  headRepository {{ nameWithOwner }}
  autoMergeRequest {{ enabledAt mergeMethod enabledBy {{ ...Who }} }}
  mergeCommit {{
    oid
    committedDate
    author {{ ...Self }}
    committer {{ ...Self }}
    parents(first: 2) {{ totalCount nodes {{ oid associatedPullRequests(first: 5) {{ nodes {{ id }} }} }} }}
  }}
  labels(first: 100) {{ totalCount {PAGE_INFO} nodes {{ name }} }}
  reviews(first: 50) {{ totalCount {PAGE_INFO} nodes {{ ...R }} }}
  commits(first: 50) {{ totalCount {PAGE_INFO} nodes {{ ...C }} }}
  timelineItems(first: 50, itemTypes: [{_KINDS}]) {{ filteredCount {PAGE_INFO} nodes {{ ...T }} }}
}}
"""

PULL_REQUESTS = (
    f"""
query PullRequests($owner: String!, $name: String!, $after: String, $n: Int!) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    id
    nameWithOwner
    pullRequests(first: $n, after: $after, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
      totalCount
      {PAGE_INFO}
      nodes {{ ...PR }}
    }}
  }}
}}
"""
    + _PULL_REQUEST
    + WHO
    + SELF
    + _REVIEW
    + _COMMIT
    + _TIMELINE
)

# The rest of a connection that a page of PULL_REQUESTS cut short, by its name there.
MORE = {
    "reviews": f"""
query MoreReviews($id: ID!, $after: String) {{
  {RATE}
  node(id: $id) {{ ... on PullRequest {{ reviews(first: 100, after: $after) {{ totalCount {PAGE_INFO} nodes {{ ...R }} }} }} }}
}}
"""
    + WHO
    + _REVIEW,
    "commits": f"""
query MoreCommits($id: ID!, $after: String) {{
  {RATE}
  node(id: $id) {{ ... on PullRequest {{ commits(first: 100, after: $after) {{ totalCount {PAGE_INFO} nodes {{ ...C }} }} }} }}
}}
"""
    + SELF
    + _COMMIT,
    "timelineItems": f"""
query MoreTimeline($id: ID!, $after: String) {{
  {RATE}
  node(id: $id) {{
    ... on PullRequest {{
      timelineItems(first: 100, after: $after, itemTypes: [{_KINDS}]) {{ filteredCount {PAGE_INFO} nodes {{ ...T }} }}
    }}
  }}
}}
"""
    + WHO
    + _TIMELINE,
}

MORE["labels"] = f"""
query MoreLabels($id: ID!, $after: String) {{
  {RATE}
  node(id: $id) {{ ... on PullRequest {{ labels(first: 100, after: $after) {{ totalCount {PAGE_INFO} nodes {{ name }} }} }} }}
}}
"""

FIELDS = """
query Fields {
  __type(name: "PullRequest") { fields { name } }
  items: __type(name: "PullRequestTimelineItemsItemType") { enumValues { name } }
}
"""

REPOSITORY = f"""
query Repository($owner: String!, $name: String!) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    id
    databaseId
    nameWithOwner
    viewerPermission
    defaultBranchRef {{ name }}
  }}
}}
"""

PULLS = """
fragment Pulls on PullRequestConnection {
  totalCount
  pageInfo { hasNextPage endCursor }
  nodes {
    number
    url
    state
    merged
    mergedAt
    baseRefName
    headRefName
    headRefOid
    mergeCommit { oid }
    baseRepository { nameWithOwner }
    headRepository { nameWithOwner }
  }
}
"""

MORE_PULLS = (
    f"""
query MorePulls($owner: String!, $name: String!, $sha: GitObjectID!, $after: String) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    object(oid: $sha) {{ __typename ... on Commit {{ associatedPullRequests(first: 100, after: $after) {{ ...Pulls }} }} }}
  }}
}}
"""
    + PULLS
)

BATCH = 40  # commits asked for in one query; GitHub answers 20 to 50 comfortably


def sha_to_pulls(count: int) -> str:
    """One query for the pull requests of `count` commits, given as $s0, $s1… and answered as c0, c1…"""
    variables = ", ".join(f"$s{i}: GitObjectID!" for i in range(count))
    objects = "\n    ".join(f"c{i}: object(oid: $s{i}) {{ ...K }}" for i in range(count))
    return (
        f"""
query ShaToPulls($owner: String!, $name: String!, {variables}) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    nameWithOwner
    {objects}
  }}
}}

fragment K on GitObject {{
  __typename
  oid
  ... on Commit {{
    message
    committedDate
    author {{ ...Self }}
    committer {{ ...Self }}
    parents(first: 2) {{ totalCount nodes {{ oid }} }}
    associatedPullRequests(first: 25) {{ ...Pulls }}
  }}
}}
"""
        + SELF
        + PULLS
    )


def without(query: str, words: Collection[str]) -> str:
    """`query` without the lines that ask for one of the optional fields, or kinds of timeline items, among `words`."""
    fields = [name for name in OPTIONAL if name in words]
    if fields:
        query = re.sub(rf"(?m)^  (?:{'|'.join(fields)})\b.*\n", "", query)
    for kind in KINDS:
        if kind in words:
            typename = "".join(part.capitalize() for part in kind.split("_"))
            query = re.sub(rf"(?m)^  \.\.\. on {typename} .*\n", "", query)
            query = re.sub(rf"\b{kind}(?:, )?", "", query)
    return query


def lacking(available: Collection[str]) -> Sequence[str]:
    """The optional fields and kinds that a server does not have whose words are these."""
    return [name for name in (*OPTIONAL, *KINDS) if name not in available]
