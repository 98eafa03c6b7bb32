"""A heuristic: the first line of the message ends in `(#163)`, or says `Merge pull request #163`. Merged ones only."""

from app.domain.change import Link, Run, Strength
from app.linking.near import Near
from app.linking.tokens import number_in


def message_number(run: Run, near: Near) -> list[Link]:
    number = number_in(run.title)
    return [
        Link(
            run.key,
            pr.key,
            "number in the message (heuristic)",
            Strength.ASSUMED,
            f"the message of {run.id} names #{number} and nothing more exact is known",
        )
        for pr in near.numbered(run.repository, number)
        if pr.state == "merged"
    ]
