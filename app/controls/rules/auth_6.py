"""AUTH-6: the branch was protected when it was merged into, and stays so."""

from app.controls.acts import proposal, rules_changed
from app.controls.contract import Control, Ruling, failed, indeterminate, not_applicable, passed
from app.domain.change import BranchRules, Change, PullRequest
from app.domain.finding import Verdict


def decide(change: Change) -> Ruling:
    changed = rules_changed(change)
    if changed:
        return _changed(change, changed)
    pr = proposal(change)
    if pr is None or pr.merged_at is None:
        return not_applicable("nothing was merged")
    if pr.merge_method == "push":
        return failed(f"#{pr.number} was marked merged by a push to {pr.base}, whatever the branch asked for")
    return _in_force(pr, change.rules)


def _changed(change: Change, rules: BranchRules) -> Ruling:
    if rules.weaker:
        names = ", ".join(name.replace("_", " ") for name in rules.weaker)
        return failed(f"{change.title}: it lets more through than before ({names})")
    if len(rules.stronger) == len(rules.changed) and rules.stronger:
        return passed(f"{change.title}: it asks for no less than before")
    return indeterminate(f"{change.title}: whether it asks for less than before cannot be told")


def _in_force(pr: PullRequest, rules: BranchRules | None) -> Ruling:
    where = f"{pr.base} of {pr.repository}"
    if rules is None or rules.kind == "unavailable":
        because = f": {rules.because}" if rules and rules.because else ""
        return indeterminate(f"what {where} asked for when #{pr.number} was merged is not known{because}")
    if rules.protected is False:
        return failed(f"{where} was not protected when #{pr.number} was merged")
    if rules.required_approvals == 0:
        return failed(f"{where} required no approval when #{pr.number} was merged")
    open_ = [text for told, text in ((rules.force_pushes, "force pushes"),) if told]
    open_ += ["administrators past its rules"] if rules.admins_included is False else []
    if open_:
        return failed(f"{where} let {' and '.join(open_)} through when #{pr.number} was merged")
    told = (rules.required_approvals, rules.force_pushes, rules.admins_included)
    names = ("required approvals", "force pushes", "whether administrators are bound")
    untold = [name for name, value in zip(names, told, strict=True) if value is None]
    if untold:
        return indeterminate(f"of {where} it is not told: {', '.join(untold)}")
    many = rules.required_approvals or 0
    return passed(f"{where} required {many} approval{'s' if many != 1 else ''} of everybody and took no force push")


CONTROL = Control(
    id="AUTH-6",
    title="The branch was protected",
    rule="When it was merged the base branch required at least one approval, bound administrators too, and took no force push, as "
    "the rules were seen last before. A pull request that a push marked merged fails; so does a change of the rules that lets more "
    "through.",
    verdicts=frozenset({Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE, Verdict.INDETERMINATE}),
    decide=decide,
)
