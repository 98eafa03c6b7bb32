"""What the policies said of a run, and who overrode them."""

from collections.abc import Mapping
from typing import Any

from app.domain.actor import Actor, unknown
from app.domain.change import PolicyResult
from app.domain.event import Event
from app.linking import facts

_ORDER = ("hard_failed", "errored", "unreachable", "soft_failed", "failed", "overridden", "passed")
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
        counts = facts.told(told, "counts")
        if isinstance(counts, Mapping):
            for name, place in _COUNTS.items():
                count = counts.get(name)
                if isinstance(count, int):
                    seen, totals[place] = True, totals[place] + count
    return (totals[0], totals[1], totals[2], totals[3]) if seen else None


def _results(run: str, told: list[Event], events: list[Event]) -> list[PolicyResult]:
    override = next((event for event in told if event.status == "overridden"), None)
    by, comment = _overrider(override, events) if override else (None, "")
    out = []
    for item in facts.mappings(facts.told(told, "policies")):
        level, verdict = facts.string(item, "level") or None, facts.string(item, "verdict") or "unknown"
        waived = override if override and verdict != "passed" and level not in ("advisory", "hard-mandatory") else None
        out.append(
            PolicyResult(
                run=run,
                set=facts.string(item, "set"),
                policy=facts.string(item, "policy"),
                level=level,
                verdict=verdict,
                overridden_by=by if waived else None,
                overridden_at=waived.occurred_at if waived else None,
                description=facts.string(item, "description"),
                comment=comment if waived else "",
            )
        )
    return out


def _overrider(override: Event, events: list[Event]) -> tuple[Actor, str]:
    """The run event of an override that is nearest in time; else who the check itself names; else unknown."""
    told = [event for event in events if event.type == "run-event" and event.facts.get("role") == "overrider"]
    named = [event for event in told if facts.known(event.actor)]
    nearest = min(named, key=lambda event: (abs(event.occurred_at - override.occurred_at), event.id), default=None)
    if nearest and nearest.actor:
        return nearest.actor, facts.string(nearest.facts, "comment")
    if override.actor and facts.known(override.actor):
        return override.actor, facts.string(override.facts, "comment")
    return unknown("no run event names who overrode the policy check"), ""
