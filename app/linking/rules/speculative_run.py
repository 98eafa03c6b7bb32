"""A run that was started for a pull request names it: ingress repository and number, the same on both sides."""

from app.domain.change import Link, Run, Strength
from app.linking.near import Near


def ingress_pull_request(run: Run, near: Near) -> list[Link]:
    return [
        Link(
            run.key,
            pr.key,
            "ingress pull request",
            Strength.EXACT,
            f"the ingress of {run.id} names pull request {run.repository}#{run.pull_request}",
        )
        for pr in near.numbered(run.repository, run.pull_request)
    ]
