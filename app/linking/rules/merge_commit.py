"""The commit that was run or deployed is the commit that the merge of a pull request made."""

from app.domain.change import Link, Strength
from app.linking.near import Member, Near


def merge_commit(member: Member, repository: str | None, sha: str | None, near: Near) -> list[Link]:
    return [
        Link(
            member.key,
            pr.key,
            "merge commit",
            Strength.EXACT,
            f"commit {str(sha)[:12]} is the merge commit of {pr.repository}#{pr.number}",
        )
        for pr in near.merged_as(repository, sha)
    ]
