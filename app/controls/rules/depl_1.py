"""DEPL-1: what was applied or deployed is what was merged."""

from app.controls.acts import NOTHING_DONE, Act, acts, gaps, proposal, unproposed
from app.controls.contract import Control, Ruling, excepted, failed, heaviest, indeterminate, not_applicable, passed
from app.domain.change import Change, Missing, Operation, PullRequest, Run, Strength
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    if change.history_gap:
        return indeterminate(f"{change.history_gap.lost} {change.history_gap.were} never seen")
    pr = proposal(change)
    done = acts(change)
    if pr:
        return heaviest((_merged(change, pr, act) for act in done), NOTHING_DONE)
    return heaviest((_alone(change, act) for act in done), NOTHING_DONE)


def _merged(change: Change, pr: PullRequest, act: Act) -> Ruling:
    link = next((link for link in change.links if link.from_ == act.key and link.to == pr.key), None)
    if link is None or link.strength is Strength.ASSUMED:
        return indeterminate(f"that {act.name} came from #{pr.number} is only assumed")
    if isinstance(act.member, Run) and link.rule == "ingress pull request" and act.member.commit != pr.merge_commit:
        used, merged = str(act.member.commit)[:12], str(pr.merge_commit)[:12]
        return failed(f"{act.member.id} applied {used} of the branch, not the merge commit {merged}")
    holes = gaps(change, "no pull request", "range unknown")
    absent = [*_direct(change, act), *(gap.because for gap in holes if gap.missing is Missing.ABSENT)]
    if absent:
        return failed(f"{act.name} also deployed what no pull request brought: {'; '.join(absent)}")
    if holes:
        return indeterminate("; ".join(gap.because for gap in holes))
    return passed(link.because)


def _direct(change: Change, act: Act) -> list[str]:
    """Commits of what it deployed that a direct push brought, as one reason."""
    shas = [
        one.sha[:12] for each in change.deployed if each.member == act.key for one in each.commits if one.direct and not one.undone
    ]
    return [f"{', '.join(shas)} came by a direct push"] if shas else []


def _alone(change: Change, act: Act) -> Ruling:
    if change.push:
        return unproposed(change.push, f", and {act.name} deployed it")
    back = [link for link in change.links if link.from_ == act.key and link.rule in ("rolled back to", "deployed already")]
    sure = [link for link in back if link.strength is not Strength.ASSUMED and link.to.startswith("pr:")]
    if sure:
        return excepted(sure[0].because) if sure[0].rule == "rolled back to" else passed(sure[0].because)
    if isinstance(act.member, Run):
        return not_applicable(f"{act.name} stands alone; AUTH-1 judges that")
    if act.member.kind == "local":
        return failed(f"{act.name} deployed manifests that are in no commit")
    return _put_back(act.member, act.name)


def _put_back(operation: Operation, name: str) -> Ruling:
    if operation.unchanged:
        return passed(f"{name} put back {(operation.revision or 'the revisions')[:13]}, which was deployed already")
    return indeterminate(
        f"which pull request brought {(operation.revision or 'the revision')[:12]}, deployed by {name}, is not known"
    )


CONTROL = Control(
    id="DEPL-1",
    title="What was deployed is what was merged",
    rule="The applied commit or deployed revision is the merge commit, and what lies between it and what was there before holds "
    "only commits of merged pull requests, none that was pushed directly. A rollback to such a revision is an exception.",
    verdicts=frozenset(Verdict),
    decide=decide,
)
