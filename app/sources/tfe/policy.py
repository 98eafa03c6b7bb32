"""Policy results: Sentinel policy checks in both of their shapes, and policy evaluations. Pure.

https://developer.hashicorp.com/terraform/enterprise/api-docs/policy-checks · …/policy-evaluations
The `sentinel` member is undocumented and may change: what is not recognised keeps its counts and says `parsed: false`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app.canonical import JSON, plain

COUNTS = {"passed": "passed", "hard_failed": "hard-failed", "soft_failed": "soft-failed", "advisory_failed": "advisory-failed"}
EVALUATION_COUNTS = {
    "passed": "passed",
    "mandatory_failed": "mandatory-failed",
    "advisory_failed": "advisory-failed",
    "errored": "errored",
}


def check_facts(result: Mapping[str, Any] | None) -> dict[str, JSON]:
    """`parsed`, `counts` and `policies` of a policy check's result; counts the server did not give are null."""
    result = result or {}
    policies = sentinel_policies(result.get("sentinel"))
    counts = {name: _count(result.get(key)) for name, key in COUNTS.items()}
    return {"parsed": policies is not None, "counts": counts, "policies": policies or []}


def sentinel_policies(sentinel: object) -> list[dict[str, JSON]] | None:
    """One entry a policy: set, policy, level, verdict, description. None when the shape is neither of the two known."""
    if not isinstance(sentinel, dict):
        return None
    sets = sentinel.get("data")
    if isinstance(sets, dict):
        if not all(isinstance(one, dict) and isinstance(one.get("policies"), list) for one in sets.values()):
            return None
        return [_policy(p, one, name) for name, one in sorted(sets.items()) for p in one["policies"] if isinstance(p, dict)]
    if isinstance(sentinel.get("policies"), list):
        return [_policy(p, sentinel, "") for p in sentinel["policies"] if isinstance(p, dict)]
    return None


def _policy(policy: Mapping[str, Any], of: Mapping[str, Any], set_name: str) -> dict[str, JSON]:
    name = _text(policy.get("policy"), 300)
    prefix, slash, rest = name.partition("/")
    trace = policy.get("trace")
    trace = trace if isinstance(trace, dict) else {}
    verdict = _verdict(policy)
    return {
        "set": _text(set_name, 300) or (prefix if slash else ""),
        "policy": rest if slash else name,
        "level": _level(policy, of, verdict),
        "verdict": verdict,
        "description": _text(trace.get("description"), 500),
    }


def _verdict(policy: Mapping[str, Any]) -> str:
    if policy.get("error"):
        return "errored"
    return _either(policy.get("result"), "passed", "failed") or "unknown"


def _level(policy: Mapping[str, Any], of: Mapping[str, Any], verdict: str) -> str | None:
    """The level is not given. It follows for a policy that failed, and for one whose failure is allowed; else it is unknown."""
    if policy.get("allowed-failure") is True:
        return "advisory"
    if verdict != "failed" or policy.get("allowed-failure") is not False:
        return None
    return _either(of.get("can-override"), "soft-mandatory", "hard-mandatory")


def _either(value: object, yes: str, no: str) -> str | None:
    return (yes if value else no) if type(value) is bool else None


def evaluation_facts(counts: Mapping[str, Any] | None, outcomes: Iterable[Mapping[str, Any]] | None) -> dict[str, JSON]:
    """The same facts of a policy evaluation: `outcomes` are the attributes of its policy-set outcomes, None when not readable.

    In this system both of Sentinel's mandatory levels are called `mandatory`.
    """
    policies = [p for one in outcomes or () for p in _outcome(one)]
    numbers = counts or {}
    return {
        "parsed": outcomes is not None,
        "counts": {name: _count(numbers.get(key, numbers.get(name))) for name, key in EVALUATION_COUNTS.items()},
        "policies": policies,
    }


def _outcome(attributes: Mapping[str, Any]) -> list[dict[str, JSON]]:
    listed = attributes.get("outcomes")
    set_name = _text(attributes.get("policy-set-name"), 300)
    return [
        {
            "set": set_name,
            "policy": _text(one.get("policy_name"), 300),
            "level": _text(one.get("enforcement_level"), 60) or None,
            "verdict": one["status"] if one.get("status") in ("passed", "failed", "errored") else "unknown",
            "description": _text(one.get("description"), 500),
        }
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    ]


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**53 else None


def _text(value: object, limit: int) -> str:
    return plain(value, limit) if isinstance(value, str) else ""
