"""A rollback is a change of its own: nobody proposed it. It refers to the pull request of the revision it went back to.

So does a sync of the revision that is deployed already. A reference is a link, not a membership.
"""

from app.domain.change import Link, Operation, Strength
from app.linking.near import Near
from app.linking.rules.commit_pulls import commit_pulls
from app.linking.rules.merge_commit import merge_commit


def revision_of(operation: Operation, near: Near) -> list[Link]:
    back = operation.kind == "rollback"
    rule, did = ("rolled back to", "went back to") if back else ("deployed already", "applied again")
    found = merge_commit(operation, operation.repository, operation.revision, near)
    found = found or commit_pulls(operation, operation.repository, operation.revision, near, operation.target_revision)
    return [
        Link(
            link.from_,
            link.to,
            rule,
            Strength.DERIVED if link.strength is not Strength.ASSUMED else Strength.ASSUMED,
            f"{operation.application} {did} a revision that this pull request had brought: {link.because}",
        )
        for link in found
    ]
