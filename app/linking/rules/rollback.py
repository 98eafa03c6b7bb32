"""A rollback is a change of its own: nobody proposed it. It refers to the pull request of the revision it went back to.

So does a sync of the revision that is deployed already. A reference is a link, not a membership.
"""

from app.domain.change import Link, Operation, Run
from app.linking.near import Near
from app.linking.rules.brought import brought
from app.linking.rules.deployed_range import stretches
from app.linking.rules.strength import weaker

BACK, AGAIN = "rolled back to", "deployed already"


def revision_of(member: Run | Operation, near: Near, rule: str) -> list[Link]:
    """References to what had brought the revisions this member went back to, or applied again."""
    did = "went back to" if rule == BACK else "applied again"
    links: dict[str, Link] = {}
    for stretch in stretches(member):
        for link in brought(member, stretch.repository, stretch.head, near, stretch.branch).links:
            which = "push" if link.to.startswith("push:") else "pull request"
            name = member.id if isinstance(member, Run) else member.application
            because = f"{name} {did} a revision that this {which} had brought: {link.because}"
            links.setdefault(link.to, Link(link.from_, link.to, rule, weaker(link.strength), because))
    return [links[key] for key in sorted(links)]
