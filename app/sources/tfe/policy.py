"""Policy results: Sentinel policy checks in both of their shapes, and policy evaluations. Pure.

https://developer.hashicorp.com/terraform/enterprise/api-docs/policy-checks · …/policy-evaluations
The `sentinel` member is undocumented and may change: what is not recognised keeps its counts and says `parsed: false`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.canonical import JSON, plain
from app.sources.tfe.policy_log import Logged, level_of

COUNTS = {"passed": "passed", "hard_failed": "hard-failed", "soft_failed": "soft-failed", "advisory_failed": "advisory-failed"}
EVALUATION_COUNTS = {
    "passed": "passed",
    "mandatory_failed": "mandatory-failed",
    "advisory_failed": "advisory-failed",
    "errored": "errored",
}
OUTCOMES = ("passed", "failed", "errored")


def check_facts(result: Mapping[str, Any] | None, logged: Sequence[Logged] | None = None) -> dict[str, JSON]:
    """`parsed`, `counts` and `policies` of a policy check's result; counts the server did not give are null.

    `logged` is what its text log names: the levels that the result does not tell, and the policies where the result is not read.
    """
    result = result or {}
    soft = count(result.get("soft-failed"))
    policies = sentinel_policies(result.get("sentinel"), no_soft=soft == 0)
    if policies is None and logged:
        policies = [_policy_of_log(one) for one in logged]
    for one in policies or ():
        one["level"] = one["level"] or level_of(str(one["policy"]), str(one["set"]), logged or ())
    counts = {name: count(result.get(key)) for name, key in COUNTS.items()}
    return {"parsed": policies is not None, "counts": counts, "policies": policies or []}


def levels_open(result: Mapping[str, Any] | None, *, every: bool) -> bool:
    """Whether a level is not told that matters: of a policy that did not pass, or of all when `every` is wanted."""
    result = result or {}
    policies = sentinel_policies(result.get("sentinel"), no_soft=count(result.get("soft-failed")) == 0)
    if policies is None:
        return True
    return any(one["level"] is None and (every or one["verdict"] != "passed") for one in policies)


def sentinel_policies(sentinel: object, *, no_soft: bool = False) -> list[dict[str, Any]] | None:
    """One entry a policy: set, policy, level, verdict, description. None when the shape is neither of the two known.

    `no_soft`: the check counts no soft-mandatory failure.
    """
    if not isinstance(sentinel, dict):
        return None
    sets = sentinel.get("data")
    if isinstance(sets, dict):
        if not all(isinstance(one, dict) and isinstance(one.get("policies"), list) for one in sets.values()):
            return None
        return [found for name, one in sorted(sets.items()) for found in _policies(one, name, no_soft)]
    if isinstance(sentinel.get("policies"), list):
        return list(_policies(sentinel, "", no_soft))
    return None


def _policies(of: Mapping[str, Any], set_name: str, no_soft: bool) -> Iterator[dict[str, Any]]:
    listed = [one for one in of["policies"] if isinstance(one, dict)]
    binding = [one for one in listed if one.get("allowed-failure") is False and _verdict(one) == "failed"]
    mandatory = _either(of.get("can-override"), "soft-mandatory", "hard-mandatory")
    if mandatory == "hard-mandatory" and len(binding) > 1 and not no_soft:
        mandatory = None  # one of them is; which, is not told
    for one in listed:
        yield _policy(one, set_name, mandatory)


def _policy(policy: Mapping[str, Any], set_name: str, mandatory: str | None) -> dict[str, Any]:
    name = _text(policy.get("policy"), 300)
    prefix, slash, rest = name.partition("/")
    trace = policy.get("trace")
    trace = trace if isinstance(trace, dict) else {}
    verdict = _verdict(policy)
    return {
        "set": _text(set_name, 300) or (prefix if slash else ""),
        "policy": rest if slash else name,
        "level": _level(policy, mandatory, verdict),
        "verdict": verdict,
        "description": _text(trace.get("description"), 500),
    }


def _policy_of_log(one: Logged) -> dict[str, Any]:
    prefix, slash, rest = one.policy.partition("/")
    named = {"set": prefix if slash else "", "policy": rest if slash else one.policy}
    return {**named, "level": one.level, "verdict": one.verdict, "description": ""}


def _verdict(policy: Mapping[str, Any]) -> str:
    if policy.get("error"):
        return "errored"
    return _either(policy.get("result"), "passed", "failed") or "unknown"


def _level(policy: Mapping[str, Any], mandatory: str | None, verdict: str) -> str | None:
    """The level is not given. It follows for a policy that failed, and for one whose failure is allowed; else it is unknown."""
    if policy.get("allowed-failure") is True:
        return "advisory"
    return mandatory if verdict == "failed" and policy.get("allowed-failure") is False else None


def _either(value: object, yes: str, no: str) -> str | None:
    return (yes if value else no) if type(value) is bool else None


def evaluation_facts(counts: Mapping[str, Any] | None, outcomes: Iterable[Mapping[str, Any]] | None) -> dict[str, JSON]:
    """The same facts of a policy evaluation: `outcomes` are the attributes of its policy-set outcomes, None when not readable.

    In a task stage both of Sentinel's mandatory levels are called `mandatory`; Terraform policy has `mandatory_overridable`, too.
    """
    numbers = counts or {}
    told = EVALUATION_COUNTS | ({"unknown": "unknown"} if "unknown" in numbers else {})
    return {
        "parsed": outcomes is not None,
        "counts": {name: count(numbers.get(key, numbers.get(name))) for name, key in told.items()},
        "policies": [policy for one in outcomes or () for policy in _outcome(one)],
    }


def _outcome(attributes: Mapping[str, Any]) -> Iterator[dict[str, JSON]]:
    listed = attributes.get("outcomes")
    set_name = _text(attributes.get("policy-set-name"), 300)
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict):
            yield {
                "set": set_name,
                "policy": _text(one.get("policy_name"), 300),
                "level": _text(one.get("enforcement_level"), 60) or None,
                "verdict": one["status"] if one.get("status") in OUTCOMES else "unknown",
                "description": _text(one.get("description"), 500),
            }


def count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**53 else None


def _text(value: object, limit: int) -> str:
    return plain(value, limit) if isinstance(value, str) else ""
