"""The commit that was run or deployed is the commit that the merge of a pull request made."""

from app.domain.change import Link, Operation, Run, Strength
from app.linking.near import Near


def merge_commit(member: Run | Operation, repository: str | None, sha: str | None, near: Near) -> list[Link]:
    return [
        Link(
            member.key,
            pr.key,
            "merge commit",
            Strength.EXACT,
            f"{member.id} used commit {str(sha)[:12]}, the merge commit of {pr.repository}#{pr.number}",
        )
        for pr in near.merged_as(repository, sha)
    ]
