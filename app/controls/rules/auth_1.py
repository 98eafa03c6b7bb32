"""AUTH-1: what was applied or synced comes from exactly one merged pull request."""

from app.controls.acts import NOTHING_DONE, acts, gaps, proposal, rules_changed, unproposed
from app.controls.contract import Control, Ruling, excepted, failed, indeterminate, not_applicable, passed
from app.domain.change import Change, Missing, Operation, PullRequest, Strength
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    if change.history_gap:
        return indeterminate(f"{change.history_gap.lost} {change.history_gap.were} never seen")
    if change.root.startswith("drift:"):
        return not_applicable("the live state was changed without a deployment; SHADOW-4 judges that")
    if change.workspace_act and change.workspace_act.kind == "state":
        return failed(f"{change.title}: no run made it, so nothing that a pull request brought did")
    if change.push:
        return unproposed(change.push, "")
    if rules_changed(change):
        return not_applicable("what a branch asks for was changed; AUTH-6 judges that")
    if not acts(change):
        return not_applicable(NOTHING_DONE)
    pull_request = proposal(change)
    return _proposed(change, pull_request) if pull_request else _alone(change)


def _proposed(change: Change, pr: PullRequest) -> Ruling:
    done = acts(change)
    if pr.state != "merged":
        return failed(f"{done[0].name} acted while #{pr.number} is {pr.state}, not merged")
    holes = gaps(change, "no pull request", "range unknown")
    absent = [gap.because for gap in holes if gap.missing is Missing.ABSENT]
    if absent:
        return failed("; ".join(absent))
    if holes:
        return indeterminate("; ".join(gap.because for gap in holes))
    keys = {act.key for act in done}
    guessed = [link for link in change.links if link.from_ in keys and link.to == pr.key and link.strength is Strength.ASSUMED]
    if guessed:
        return indeterminate(f"the link to #{pr.number} is an assumption: {guessed[0].because}")
    return passed(f"{', '.join(act.name for act in done)} came from {pr.repository}#{pr.number}, merged into {pr.base}")


def _alone(change: Change) -> Ruling:
    done = acts(change)[0]
    went_back = [link for link in change.links if link.rule in ("rolled back to", "deployed already") and link.from_ == done.key]
    sure = [link for link in went_back if link.strength is not Strength.ASSUMED and link.to.startswith("pr:")]
    if sure:
        if sure[0].rule == "rolled back to":
            return excepted(f"nobody proposed the rollback, and {sure[0].because}")
        return passed(sure[0].because)
    holes = gaps(change, "no pull request")
    because = "; ".join(gap.because for gap in holes) or f"no pull request of {done.name} is known"
    puts_back = isinstance(done.member, Operation) and (done.member.kind in ("rollback", "self-heal") or done.member.unchanged)
    certain = bool(holes) and all(gap.missing is Missing.ABSENT for gap in holes) and not puts_back
    return failed(because) if certain else indeterminate(because)


CONTROL = Control(
    id="AUTH-1",
    title="Every change was proposed",
    rule="What was applied or synced maps to exactly one merged pull request into the protected branch. A direct push fails. A "
    "rollback to a revision that a pull request had brought is an exception; a link that rests on a heuristic alone is "
    "indeterminate.",
    verdicts=frozenset(Verdict),
    decide=decide,
)
