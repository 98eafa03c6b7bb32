"""The GraphQL of branches: where they stand, what brought their line of commits, which rules hold for them."""

from app.sources.github.query import PAGE_INFO, PULLS, RATE, SELF


def tips(count: int) -> str:
    """One query for the default branch and for where `count` branches stand, given as $b0, $b1… and answered as b0, b1…"""
    variables = "".join(f", $b{i}: String!" for i in range(count))
    refs = "\n".join(f"    b{i}: ref(qualifiedName: $b{i}) {{ name target {{ oid }} }}" for i in range(count))
    return f"""
query Tips($owner: String!, $name: String!{variables}) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    id
    databaseId
    nameWithOwner
    defaultBranchRef {{ name target {{ oid }} }}
{refs}
  }}
}}
"""


NAMED = f"""
query Named($id: ID!) {{
  {RATE}
  node(id: $id) {{ __typename ... on Repository {{ id nameWithOwner }} }}
}}
"""

MERGED_INTO = f"""
query MergedInto($owner: String!, $name: String!) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    pullRequests(first: 100, states: [MERGED], orderBy: {{field: UPDATED_AT, direction: DESC}}) {{ nodes {{ baseRefName }} }}
  }}
}}
"""

LINE = f"""
query Line($owner: String!, $name: String!, $tip: GitObjectID!, $n: Int!, $after: String) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    object(oid: $tip) {{
      __typename
      ... on Commit {{
        history(first: $n, after: $after) {{
          {PAGE_INFO}
          nodes {{
            oid
            message
            committedDate
            author {{ ...Self }}
            committer {{ ...Self }}
            parents(first: 2) {{ totalCount nodes {{ oid }} }}
            associatedPullRequests(first: 25) {{ ...Pulls }}
          }}
        }}
      }}
    }}
  }}
}}
{SELF}{PULLS}"""

UPDATE_RULE = """
        refUpdateRule {
          pattern allowsForcePushes allowsDeletions blocksCreations requiredApprovingReviewCount requiredStatusCheckContexts
          requiresCodeOwnerReviews requiresConversationResolution requiresLinearHistory requiresSignatures
        }"""

PROTECTION = """
        branchProtectionRule {
          pattern isAdminEnforced requiresApprovingReviews requiredApprovingReviewCount dismissesStaleReviews
          requireLastPushApproval requiresCodeOwnerReviews requiresStatusChecks requiresStrictStatusChecks
          requiredStatusCheckContexts restrictsPushes allowsForcePushes allowsDeletions lockBranch
        }"""


def rules(*, newest: bool = True) -> str:
    """Classic protection of a branch: as any reader may know it, and as an administrator does (null to all others).

    Without the `newest` fields (late 2022) for a GitHub Enterprise Server that does not have them.
    """
    protection = PROTECTION if newest else PROTECTION.replace("requireLastPushApproval ", "").replace(" lockBranch", "")
    return f"""
query Rules($owner: String!, $name: String!, $ref: String!) {{
  {RATE}
  repository(owner: $owner, name: $name, followRenames: true) {{
    ref(qualifiedName: $ref) {{
        name{UPDATE_RULE}{protection}
    }}
  }}
}}
"""
