"""Which approvals of a pull request count. Computed from the reviews; the host's own summary is today's, not that of the merge."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor, ActorKind
from app.domain.change import PullRequest, Review

SELF_DECLARED = "self-declared"  # the reason that commit authors carry
Same = Callable[[Actor, Actor], bool | None]
OPINIONS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")


@dataclass(frozen=True, slots=True)
class Approval:
    """An approving review in force. `independent` is None where a contributor cannot be compared; `because` says what is wrong."""

    review: Review
    independent: bool | None
    human: bool
    covers_head: bool | None
    because: str = ""

    @property
    def valid(self) -> bool:
        return self.independent is True and self.human


def same_account(one: Actor, other: Actor) -> bool | None:
    """Of one source. None when either is only what a commit declares, without an account that the host found for it."""
    if one.person and other.person:
        return one.person == other.person
    if not account(one) or not account(other):
        alike = {one.name.casefold(), (one.id or "").casefold()} & {other.name.casefold(), (other.id or "").casefold()} - {""}
        return True if alike else None
    if one.id and other.id and SELF_DECLARED not in (one.because, other.because):
        return one.id == other.id
    return one.name.casefold() == other.name.casefold()


def account(actor: Actor) -> bool:
    """The source names an account; of a commit's author the login it found, never just an e-mail or a name."""
    if actor.because == SELF_DECLARED:
        return bool(actor.id) and actor.id == actor.name and "@" not in actor.name
    return bool(actor.name or actor.id) and actor.kind is not ActorKind.UNKNOWN


def in_force(pull_request: PullRequest, at: datetime | None) -> list[Review]:
    """The approving reviews that stood at `at` (None: as of the last one seen): per reviewer the latest opinion, if it approves.

    A comment never changes a reviewer's standing; a dismissal after `at` does not count yet.
    """
    standing: dict[str, Review] = {}
    opinions = [review for review in pull_request.reviews if review.state.upper() in OPINIONS and (at is None or review.at <= at)]
    for review in sorted(opinions, key=lambda r: (r.at, OPINIONS.index(r.state.upper()), r.id)):
        if review.state.upper() == "DISMISSED" and review.id:
            standing = {who: held for who, held in standing.items() if held.id != review.id}
        else:
            standing[review.reviewer.id or review.reviewer.name.casefold() or review.id] = review
    return [review for review in standing.values() if review.state.upper() == "APPROVED"]


def approvals(pull_request: PullRequest, at: datetime | None = None, same: Same = same_account) -> tuple[Approval, ...]:
    """Approvals in force when it was merged (or at `at`), each with whether it is independent, human and of the merged head.

    `same` says whether two actors are one person; None where that cannot be known.
    """
    standing = in_force(pull_request, at or pull_request.merged_at)
    return tuple(_weigh(pull_request, review, same) for review in sorted(standing, key=lambda r: (r.at, r.id)))


def _weigh(pull_request: PullRequest, review: Review, same: Same) -> Approval:
    independent, because = _independence(pull_request, review.reviewer, same)
    human = review.reviewer.kind is ActorKind.HUMAN
    if not human:
        because = f"{review.reviewer.name or 'the reviewer'} is not known to be a person ({review.reviewer.kind})"
    covers = None if not (review.commit and pull_request.head_oid) else review.commit == pull_request.head_oid
    return Approval(review, independent, human, covers, because)


def _independence(pull_request: PullRequest, reviewer: Actor, same_person: Same) -> tuple[bool | None, str]:
    if not reviewer.name and not reviewer.id:
        return None, reviewer.because or "the reviewer is not named"
    unsure = ""
    author = (pull_request.author,) if pull_request.author else ()
    for contributor in (*author, *pull_request.contributors):
        same = same_person(reviewer, contributor)
        if same:
            role = "opened" if contributor == pull_request.author else "contributed to"
            return False, f"{reviewer.name} {role} pull request #{pull_request.number}"
        if same is None:
            who = contributor.name or "a contributor"
            unsure = unsure or f"{who} is not an account of the host, so it cannot be compared with {reviewer.name}"
    if not author:
        unsure = unsure or "the author of the pull request is not named"
    return (None, unsure) if unsure else (True, "")
