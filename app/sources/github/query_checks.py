"""The GraphQL of checks: which pull requests, then what became of each one's head.

Whether a check is required depends on the pull request, so it cannot be asked within a list: one alias for each.
"""

from app.sources.github.query import PAGE_INFO, RATE, WHO

HEADS = f"""
query Heads($owner: String!, $name: String!, $after: String, $n: Int!, $states: [PullRequestState!]) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    id
    nameWithOwner
    pullRequests(first: $n, after: $after, states: $states, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
      {PAGE_INFO}
      nodes {{ id number url headRefOid updatedAt mergedAt }}
    }}
  }}
}}
"""

_CONTEXT = """
fragment X on StatusCheckRollupContext {
  __typename
  ... on CheckRun {
    id name status conclusion startedAt completedAt
    checkSuite { createdAt app { slug } push { id pusher { ...Who } previousSha nextSha } }
  }
  ... on StatusContext { id context state createdAt creator { ...Who } }
}
"""


def checks(count: int, *, required: bool) -> str:
    """One query for the checks on the heads of `count` pull requests, given as $n0, $n1… and answered as p0, p1…

    `required` asks of each check whether it is required; where that is not permitted the check itself is not told either.
    """
    variables = ", ".join(f"$n{i}: Int!" for i in range(count))
    pulls = "\n".join(_head(f"p{i}", f"$n{i}", required, "first: 100") for i in range(count))
    return f"""
query Checks($owner: String!, $name: String!, {variables}) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
{pulls}
  }}
}}
{_CONTEXT}{WHO}"""


def more_checks(*, required: bool) -> str:
    """The rest of one head's checks, as p0."""
    return f"""
query MoreChecks($owner: String!, $name: String!, $n0: Int!, $after: String) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
{_head("p0", "$n0", required, "first: 100, after: $after")}
  }}
}}
{_CONTEXT}{WHO}"""


def _head(alias: str, number: str, required: bool, paged: str) -> str:
    asked = f"isRequired(pullRequestNumber: {number})"
    also = f" ... on CheckRun {{ {asked} }} ... on StatusContext {{ {asked} }}" if required else ""
    return f"""    {alias}: pullRequest(number: {number}) {{
      id number url headRefOid mergedAt
      commits(last: 1) {{
        nodes {{
          commit {{
            oid
            statusCheckRollup {{ contexts({paged}) {{ totalCount {PAGE_INFO} nodes {{ ...X{also} }} }} }}
          }}
        }}
      }}
    }}"""
