"""AUTH-2b: the approval is of the head that was merged."""

from app.controls.acts import proposal
from app.controls.contract import Control, Ruling, excepted, failed, indeterminate, not_applicable, passed
from app.controls.who import called, weighed
from app.domain.approval import Approval
from app.domain.change import Change, PullRequest
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    pr = proposal(change)
    if pr is None or pr.merged_at is None:
        return not_applicable("nothing was merged")
    valid = [approval for approval in weighed(change, pr) if approval.valid]
    if not valid:
        return not_applicable("no valid approval was in force; AUTH-2 judges that")
    covering = next((approval for approval in valid if approval.covers_head), None)
    if covering:
        return passed(f"the approval of {called(covering.review.reviewer)} covers {str(pr.head_oid)[:12]}, the final head")
    if any(approval.covers_head is None for approval in valid):
        return indeterminate("the commit of the approval or the final head is not known")
    carried = next((approval for approval in valid if _only_merges_follow(pr, approval)), None)
    if carried:
        return excepted(
            f"after the approval of {called(carried.review.reviewer)} came only commits that say they merge {pr.base}; "
            "what they hold was not compared"
        )
    last = valid[-1]
    return failed(
        f"the approval of {called(last.review.reviewer)} is of {str(last.review.commit)[:12]}, "
        f"but {str(pr.head_oid)[:12]} was merged"
    )


def _only_merges_follow(pr: PullRequest, approval: Approval) -> bool:
    if approval.review.commit not in pr.commits:
        return False
    later = pr.commits[pr.commits.index(approval.review.commit) + 1 :]
    return bool(later) and set(later) <= set(pr.base_merges) and pr.head_oid in later


CONTROL = Control(
    id="AUTH-2b",
    title="The approval covers what was merged",
    rule="A valid approval is of the final head. Where only merges of the base branch followed, the approval carries "
    "over as an exception.",
    verdicts=frozenset(Verdict),
    decide=decide,
)
