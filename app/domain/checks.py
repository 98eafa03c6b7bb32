"""Which checks of a pull request counted when it was merged: of its head, done by then. The host's own summary is today's."""

from app.domain.change import Check, PullRequest

PASSING = ("success", "neutral", "skipped")  # a required check that was skipped or neutral lets a merge through
NOT_YET = ("queued", "in_progress", "pending", "expected", "waiting", "requested")
ABOUT_ALL = ("none", "unavailable")  # said of the head, not of one check


def at_merge(pr: PullRequest) -> tuple[Check, ...]:
    """Of each check (name and app) the last that was done when it was merged; where none was, what was still to come. By name."""
    found: dict[tuple[str, str], Check] = {}
    for check in sorted(of_head(pr), key=lambda one: (done(pr, one), one.completed_at or one.at, one.status)):
        found[(check.name, check.app)] = check
    return tuple(found[key] for key in sorted(found))


def of_head(pr: PullRequest) -> list[Check]:
    """Those of the merged head that had been begun by the merge."""
    mine = [one for one in pr.checks if one.name and (one.head is None or pr.head_oid is None or one.head == pr.head_oid)]
    return [one for one in mine if pr.merged_at is None or (one.started_at or one.at) <= pr.merged_at]


def done(pr: PullRequest, check: Check) -> bool:
    """It had ended by the merge."""
    if check.status in NOT_YET:
        return False
    ended = check.completed_at or check.at
    return pr.merged_at is None or ended <= pr.merged_at


def later(pr: PullRequest) -> frozenset[str]:
    """Names of checks of the head that were begun after the merge: how they stood before, the host may have forgotten."""
    mine = (one for one in pr.checks if one.name and (one.head is None or one.head == pr.head_oid))
    return frozenset(one.name for one in mine if pr.merged_at and (one.started_at or one.at) > pr.merged_at)
