"""The GraphQL that is asked: queries only, each checked against GitHub's public schema (2025-02).

Cost of PULL_REQUESTS by GitHub's formula (requests per connection ÷ 100): n=25 makes 176 requests, 2 points of the
5,000 an hour. https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import re
from collections.abc import Collection, Sequence

RATE = "rateLimit { cost remaining resetAt }"
PAGE_INFO = "pageInfo { hasNextPage endCursor }"

_WHO = """
fragment Who on Actor {
  __typename
  login
  ... on User { databaseId }
  ... on Bot { databaseId }
  ... on Mannequin { databaseId }
}
"""

_GIT_ACTOR = """
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
fragment T on PullRequestTimelineItems {
  __typename
  ... on ReviewDismissedEvent {
    id createdAt previousReviewState dismissalMessage
    actor { ...Who }
    review { id }
    pullRequestCommit { commit { oid } }
  }
  ... on HeadRefForcePushedEvent { id createdAt actor { ...Who } beforeCommit { oid } afterCommit { oid } }
  ... on MergedEvent { id createdAt actor { ...Who } commit { oid } }
  ... on ClosedEvent { id createdAt actor { ...Who } }
  ... on ReopenedEvent { id createdAt actor { ...Who } }
}
"""

_KINDS = "REVIEW_DISMISSED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT, MERGED_EVENT, CLOSED_EVENT, REOPENED_EVENT"

# Fields that older GitHub Enterprise Servers do not have; each stands on one line so that it can be left out.
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
  labels(first: 100) {{ totalCount nodes {{ name }} }}
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
    databaseId
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
    + _WHO
    + _GIT_ACTOR
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
    + _WHO
    + _REVIEW,
    "commits": f"""
query MoreCommits($id: ID!, $after: String) {{
  {RATE}
  node(id: $id) {{ ... on PullRequest {{ commits(first: 100, after: $after) {{ totalCount {PAGE_INFO} nodes {{ ...C }} }} }} }}
}}
"""
    + _GIT_ACTOR
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
    + _WHO
    + _TIMELINE,
}

FIELDS = """
query Fields {
  __type(name: "PullRequest") { fields { name } }
}
"""

REPOSITORY = f"""
query Repository($owner: String!, $name: String!) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    databaseId
    nameWithOwner
    viewerPermission
    defaultBranchRef {{ name }}
  }}
}}
"""

_PULLS = """
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
    headRefOid
    mergeCommit { oid }
    baseRepository { nameWithOwner }
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
    + _PULLS
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
    associatedPullRequests(first: 25) {{ ...Pulls }}
  }}
}}
"""
        + _GIT_ACTOR
        + _PULLS
    )


def without(query: str, fields: Collection[str]) -> str:
    """`query` without the lines of PullRequest that ask for one of the optional `fields`."""
    unwanted = [name for name in OPTIONAL if name in fields]
    if not unwanted:
        return query
    return re.sub(rf"(?m)^  (?:{'|'.join(unwanted)})\b.*\n", "", query)


def lacking(available: Collection[str]) -> Sequence[str]:
    """The optional fields that a server with these fields of PullRequest does not have."""
    return [name for name in OPTIONAL if name not in available]
