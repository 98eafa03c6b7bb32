"""What the policies said of a run, and who overrode them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain.actor import Actor, unknown
from app.domain.event import Event
from app.domain.policy import PolicyResult
from app.linking import facts
from app.linking.attribution import doer, named

_ORDER = ("hard_failed", "errored", "unreachable", "soft_failed", "awaiting_override", "failed", "overridden", "passed")
_OPEN = ("pending", "queued", "running")
_COUNTS = {"passed": 0, "hard_failed": 1, "mandatory_failed": 1, "errored": 1, "soft_failed": 2, "advisory_failed": 3}


def policy(run: str, events: list[Event]) -> dict[str, Any]:
    """`policy`, `policy_status`, `policy_at` and `policy_counts` of a run; all empty or None when nothing was evaluated."""
    checks: dict[str, list[Event]] = {}
    for event in events:
        if event.type == "policy-check" and event.status not in _OPEN:
            checks.setdefault(event.ref.id, []).append(event)
    results = [result for check in sorted(checks) for result in _results(run, checks[check], events)]
    statuses = [told[-1].status for told in checks.values()]
    return {
        "policy": tuple(results),
        "policy_status": min(statuses, key=_severity, default=None),
        "policy_at": max((told[-1].occurred_at for told in checks.values()), default=None),
        "policy_counts": _counts(list(checks.values())),
    }


def _severity(status: str) -> tuple[int, str]:
    """A word that is new to us stands before every known good one."""
    return (_ORDER.index(status) if status in _ORDER else _ORDER.index("overridden"), status)


def _counts(checks: list[list[Event]]) -> tuple[int, int, int, int] | None:
    totals = [0, 0, 0, 0]
    seen = False
    for told in checks:
        counts = facts.told(_readable(told), "counts")
        if isinstance(counts, Mapping):
            for name, place in _COUNTS.items():
                count = counts.get(name)
                if isinstance(count, int):
                    seen, totals[place] = True, totals[place] + count
    return (totals[0], totals[1], totals[2], totals[3]) if seen else None


def _readable(told: list[Event]) -> list[Event]:
    """What was told of a check by those events that could be read, those that tell the most levels last."""
    read = [event for event in told if event.facts.get("parsed")] or told
    return sorted(read, key=lambda event: sum(1 for one in facts.mappings(event.facts.get("policies")) if one.get("level")))


def _results(run: str, told: list[Event], events: list[Event]) -> list[PolicyResult]:
    override = next((event for event in told if event.status == "overridden"), None)
    by, comment = _overrider(override, events) if override else (None, "")
    judged = _readable(told)
    system, engine = facts.text(told, "system") or "", facts.text(told, "policy_kind") or ""
    first = min((event.occurred_at for event in judged), default=None)
    out = []
    for item in facts.mappings(facts.told(judged, "policies")):
        result = PolicyResult(
            run=run,
            set=facts.string(item, "set"),
            policy=facts.string(item, "policy"),
            level=facts.string(item, "level") or None,
            verdict=facts.string(item, "verdict") or "unknown",
            description=facts.string(item, "description"),
            system=system,
            engine=engine,
            check=told[-1].ref.id,
            at=first,
        )
        if override and result.verdict != "passed" and result.waivable is not False:
            result = replace(result, overridden_by=by, overridden_at=override.occurred_at, comment=comment)
        out.append(result)
    return out


def _overrider(override: Event, events: list[Event]) -> tuple[Actor, str]:
    """Who did it by the run's events or the audit trail; else who the check itself names; else unknown."""
    done = named("overridden", override.occurred_at, events)
    if done is None and override.actor and facts.known(override.actor):
        return override.actor, facts.string(override.facts, "comment")
    done = done or doer("overridden", override.occurred_at, events)
    return done or (unknown("no run event names who overrode the policy check"), "")
