"""The rules of a branch, and the name of a repository → events. Pure and total."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.canonical import canonical_json, digest, fit, plain
from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.sources.github.telling import Origin
from app.sources.github.wire import Node, at, flag, nodes, number, stamp, text

OURS = (
    "protected",
    "required_approvals",
    "required_checks",
    "dismiss_stale_reviews",
    "last_push_approval",
    "code_owner_review",
    "force_pushes",
    "deletions",
    "admins_included",
    "merge_queue",
)
ADMIN_ONLY = "classic protection is shown in full to administrators only"
# the types of rules that GitHub's REST has: https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch
RULE_TYPES = frozenset(
    {
        *("creation", "update", "deletion", "required_linear_history", "merge_queue", "required_deployments"),
        *("required_signatures", "pull_request", "required_status_checks", "non_fast_forward", "commit_message_pattern"),
        *("commit_author_email_pattern", "committer_email_pattern", "branch_name_pattern", "tag_name_pattern"),
        *("file_path_restriction", "max_file_path_length", "file_extension_restriction", "max_file_size", "workflows"),
        *("code_scanning", "copilot_code_review", "license_compliance_scanning", "lock_branch", "repository_rulesets"),
    }
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`rules`: name → value, None where it is not told; `untold`: name → why. `readable`: something was told at all."""

    rules: Mapping[str, Any]
    untold: Mapping[str, str]
    readable: bool
    because: str = ""
    unknown: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def digest(self) -> str:
        return digest(canonical_json([dict(self.rules), sorted(self.untold), self.readable]))

    def kept(self, before: "Snapshot | None", now: datetime) -> dict[str, Any]:
        """What memory keeps: while nothing is told, the rules that were told last."""
        rules = self.rules if self.readable else before.rules if before else {}
        untold = dict(self.untold)
        return {"rules": dict(rules), "untold": untold, "readable": self.readable, "said": self.digest, "since": stamp(now)}

    @classmethod
    def of(cls, kept: Any) -> "Snapshot | None":
        rules, untold = at(kept, "rules"), at(kept, "untold")
        if not isinstance(rules, dict) or not isinstance(untold, dict):
            return None
        return cls(rules, untold, flag(kept, "readable") is True)


def snapshot(body: Node, protected: bool) -> Snapshot:
    """What rulesets and classic protection ask together: where both ask, the stricter counts.

    `protected`: GitHub lists the branch as protected. What cannot be told is None, and `untold` says why: it is never "no rule".
    What is told holds, also where something stricter may be hidden.
    """
    new: list[tuple[str, str]] = []
    rulesets = list(nodes(body, "rulesets")) if body.get("rulesets") is not None else None
    asked = [_ruleset(rule, new) for rule in rulesets or ()]
    summary, whole = at(body, "branch", "ref", "refUpdateRule"), at(body, "branch", "ref", "branchProtectionRule")
    hidden = protected and not rulesets and not summary and not whole
    errors = at(body, "branch", "failed")
    failed = errors if isinstance(errors, dict) else {}
    told = at(body, "branch", "ref") is not None and "refUpdateRule" not in failed and not hidden
    because = " ".join(filter(None, (text(body, "untold_rulesets"), text(body, "untold_branch"), *map(str, failed.values()))))
    known: frozenset[str] = frozenset(OURS) - {"admins_included"} if told else frozenset()
    if summary or whole:
        asked.append(_classic(summary or whole, whole))
        known = SUMMARY | WHOLE if whole else SUMMARY
        because = because or ADMIN_ONLY
    because = because or ("it is protected, and GitHub does not tell how" if hidden else "rulesets do not tell who may bypass them")
    rules: dict[str, Any] = dict.fromkeys(OURS) | _strictest(asked)
    untold: dict[str, str] = {}
    for name in OURS[1:]:
        certain = rulesets is not None and name in known
        if rules[name] is None and certain:
            rules[name] = LENIENT.get(name)
        if rules[name] is None or (not certain and rules[name] is not STRICTEST.get(name)):
            untold[name] = plain(because)
    asks = bool(asked) or protected
    rules["protected"] = asks or (False if rulesets is not None and told else None)
    if rules["protected"] is None:
        untold["protected"] = plain(because)
    rules["rulesets"] = [_plain_rule(rule) for rule in rulesets] if rulesets is not None else None
    readable = rulesets is not None or (told and not hidden)
    return Snapshot(fit(rules, 40_000), untold, readable, plain(because) if untold else "", tuple(dict.fromkeys(new)))


SUMMARY = frozenset({"protected", "required_approvals", "required_checks", "code_owner_review", "force_pushes", "deletions"})
WHOLE = frozenset({"dismiss_stale_reviews", "last_push_approval", "admins_included"})
# what holds where nobody asks for anything, and the value that nothing hidden could make stricter
LENIENT: dict[str, Any] = {
    "required_approvals": 0,
    "required_checks": [],
    "dismiss_stale_reviews": False,
    "last_push_approval": False,
    "code_owner_review": False,
    "force_pushes": True,
    "deletions": True,
    "merge_queue": False,
}
STRICTEST = {name: not value for name, value in LENIENT.items() if isinstance(value, bool)} | {"admins_included": True}


def _ruleset(rule: Node, new: list[tuple[str, str]]) -> dict[str, Any]:
    kind, parameters = text(rule, "type", limit=100), at(rule, "parameters")
    if kind == "pull_request":
        return {
            "required_approvals": number(parameters, "required_approving_review_count"),
            "dismiss_stale_reviews": flag(parameters, "dismiss_stale_reviews_on_push"),
            "last_push_approval": flag(parameters, "require_last_push_approval"),
            "code_owner_review": flag(parameters, "require_code_owner_review"),
        }
    if kind == "required_status_checks":
        return {"required_checks": [text(one, "context", limit=300) for one in nodes(parameters, "required_status_checks")]}
    if kind not in RULE_TYPES:
        new.append(("rule.type", kind))
    simple = {"non_fast_forward": {"force_pushes": False}, "deletion": {"deletions": False}, "merge_queue": {"merge_queue": True}}
    return dict(simple.get(kind, {}))


def _classic(summary: Any, whole: Any) -> dict[str, Any]:
    """`summary` is the refUpdateRule that readers see, `whole` the branchProtectionRule, where it is shown."""
    approvals = number(whole, "requiredApprovingReviewCount")
    checks = at(whole, "requiredStatusCheckContexts") or at(summary, "requiredStatusCheckContexts")
    told = {
        "required_approvals": number(summary, "requiredApprovingReviewCount") if approvals is None else approvals,
        "required_checks": [plain(one, 300) for one in checks if isinstance(one, str)] if isinstance(checks, list) else [],
        "code_owner_review": flag(summary, "requiresCodeOwnerReviews"),
        "force_pushes": flag(summary, "allowsForcePushes"),
        "deletions": flag(summary, "allowsDeletions"),
    }
    if whole:
        told |= {
            "dismiss_stale_reviews": flag(whole, "dismissesStaleReviews"),
            "last_push_approval": flag(whole, "requireLastPushApproval"),
            "admins_included": flag(whole, "isAdminEnforced"),
        }
    return told


def _strictest(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for one in found:
        for name, value in one.items():
            before = out.get(name)
            if before is None:
                out[name] = value
            elif isinstance(value, list):
                out[name] = sorted({*before, *value})
            elif value is not None:
                out[name] = min(before, value) if name in ("force_pushes", "deletions") else max(before, value)
    return {name: value for name, value in out.items() if value is not None}


def _plain_rule(rule: Node) -> dict[str, Any]:
    """One rule of a ruleset, with everything a person set in it."""
    return {
        "type": text(rule, "type", limit=100),
        "ruleset": number(rule, "ruleset_id"),
        "source": text(rule, "ruleset_source", limit=300) or None,
        "parameters": _ascii(at(rule, "parameters")),
    }


def _ascii(value: Any) -> Any:
    """Parameters in canonical form: a number that has none is text."""
    if isinstance(value, Mapping):
        return {plain(str(key), 100): _ascii(item) for key, item in value.items() if str(key).isascii()}
    if isinstance(value, list):
        return [_ascii(item) for item in value[:500]]
    if isinstance(value, str):
        return plain(value, 300)
    return value if value is None or isinstance(value, bool) or number({"n": value}, "n") is not None else plain(str(value), 100)


def rules_event(told: Snapshot, before: Snapshot | None, origin: Origin, branch: str, since: str) -> Event:
    """`before`: the snapshot it follows, first seen at `since`, which tells apart rules that come back."""
    status = "unavailable" if not told.readable else "changed" if before else "seen"
    changed = {}
    if status == "changed" and before:
        names = sorted({*told.rules, *before.rules})
        pairs = {name: [before.rules.get(name), told.rules.get(name)] for name in names}
        changed = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    facts = {
        "branch": branch,
        "rules": {**told.rules, "untold": dict(told.untold)},
        "changed": changed,
        "because": told.because or None,
    }
    name = f"{origin.repository}@{plain(branch, 300)}"
    ref, more = Ref("branch-rules", name, name), (told.digest, since)
    return origin.event("branch-rules", ref, Step.NOTED, status, origin.observed_at, *more, facts=facts)


def repository_event(status: str, identity: str, origin: Origin, facts: Mapping[str, Any], since: str) -> Event:
    """`origin.repository` is its name now."""
    ref, named = Ref("repository", identity, origin.repository), {"name": origin.repository, **facts}
    return origin.event("repository", ref, Step.NOTED, status, origin.observed_at, origin.repository, since, facts=named)
