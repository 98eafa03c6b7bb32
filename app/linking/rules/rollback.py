"""A rollback is a change of its own: nobody proposed it. It refers to the pull request of the revision it went back to.

So does a sync of the revision that is deployed already. A reference is a link, not a membership.
"""

from app.domain.change import Link, Operation
from app.linking.near import Near
from app.linking.rules.commit_pulls import commit_pulls
from app.linking.rules.deployed_range import weaker
from app.linking.rules.merge_commit import merge_commit

BACK, AGAIN = "rolled back to", "deployed already"


def revision_of(operation: Operation, near: Near, rule: str) -> list[Link]:
    """References to the pull requests that had brought the revisions this operation went back to, or applied again."""
    did = "went back to" if rule == BACK else "applied again"
    links: dict[str, Link] = {}
    for source in operation.sources:
        found = merge_commit(operation, source.repository, source.revision, near)
        for link in found or commit_pulls(operation, source.repository, source.revision, near, source.target_revision):
            because = f"{operation.application} {did} a revision that this pull request had brought: {link.because}"
            links.setdefault(link.to, Link(link.from_, link.to, rule, weaker(link.strength), because))
    return [links[key] for key in sorted(links)]
