"""Health assessments as comparisons with what is declared: drifted, undrifted, failed, unknown since. Pure.

https://developer.hashicorp.com/terraform/enterprise/api-docs/assessment-results and …/workspaces/health: only the latest result is
shown, and assessments pause while the latest run (plan-only ones too) has not ended well. A pause is unknown, never "no drift".
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.canonical import JSON, MAX_INTEGER, plain
from app.sources.tfe.wire import Resource, moment

PAUSING = ("errored", "canceled", "force_canceled", "discarded")
STALE = timedelta(hours=48)  # they come about daily; where an administrator made them rarer, three of their own intervals
NEVER = "no health assessment of the workspace was made yet"
UNREADABLE = "the result of its health assessment cannot be read"
COUNTS = {"passed": "checks-passed", "failed": "checks-failed", "errored": "checks-errored", "unknown": "checks-unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of one workspace. Times are ISO 8601 text.

    `result`: id of the latest; `status` drifted, undrifted, failed or unknown; `at` when it was made; `episode`: the result that
    opened the drift it is in; `fine`: the last time no drift was found; `every`: seconds between the last two results; `asked`: the
    `last-assessment-result-at` that its result was asked for with, where the list does not carry results; `never`: when it was told
    that there is none.
    """

    result: str = ""
    status: str = ""
    at: str = ""
    episode: str = ""
    fine: str = ""
    every: int = 0
    asked: str = ""
    never: str = ""

    @classmethod
    def of(cls, value: Mapping[str, Any] | None) -> "Health":
        return cls(**{name: value[name] for name in cls.__slots__ if name in value}) if value else cls()

    def kept(self) -> dict[str, JSON]:
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Told:
    """What one look made of it: an event's status, time, facts and the id it stands on."""

    id: str
    status: str
    at: datetime
    facts: dict[str, JSON]


def taken(known: Health, result: Resource, now: datetime) -> tuple[Health, Told | None]:
    """A result that is shown. Nothing is told of one that is known already; one without a time is dated by its first sight."""
    if result.id == known.result:
        return known, None
    attributes = result.attributes
    at = moment(attributes.get("created-at")) or now
    status = _status(attributes)
    since = moment(known.at)
    every = int((at - since).total_seconds()) if since and at > since else known.every
    episode = known.episode or (result.id if status == "drifted" else "")
    facts = _facts(attributes) | {"episode": episode or None, "onset_after": known.fine or None}
    if status in ("failed", "unknown"):
        facts["unknown_since"] = at.isoformat()
    told = Told(result.id, status, at, facts)
    now_known = replace(known, result=result.id, status=status, at=at.isoformat(), every=every, episode=episode)
    if status == "undrifted":
        now_known = replace(now_known, episode="", fine=at.isoformat())
    return now_known, told


def never(known: Health, workspace: str, attributes: Mapping[str, Any], now: datetime) -> tuple[Health, Told | None]:
    """Assessments are switched on, and no result was ever seen. Told once, of the workspace itself."""
    if known.result or known.never or attributes.get("assessments-enabled") is not True:
        return known, None
    because = UNREADABLE if known.asked else NEVER
    facts: dict[str, JSON] = {"because": because, "episode": None, "unknown_since": None}
    return replace(known, never=now.isoformat()), Told(workspace, "unknown", now, facts)


def paused(known: Health, because: str, now: datetime) -> tuple[Health, Told | None]:
    """From now on it is unknown, since the last result that told something. Told once."""
    if not known.result or known.status in ("unknown", "failed", ""):
        return known, None
    facts = {"because": plain(because, 500), "episode": known.episode or None, "unknown_since": known.at or None}
    return replace(known, status="unknown"), Told(known.result, "unknown", now, facts)


def pause_of(known: Health, attributes: Mapping[str, Any], run: Resource | None, now: datetime) -> str | None:
    """Why the last result no longer tells how things are; None while it does."""
    if attributes.get("assessments-enabled") is False:
        return "health assessments of the workspace are switched off"
    status = run.status if run else None
    if run and isinstance(status, str) and status in PAUSING and _later(run, known):
        return f"{run.id} is {status}; health assessments pause until a run ends well"
    at = moment(known.at)
    limit = max(STALE, 3 * timedelta(seconds=min(known.every, 30 * 86_400)))
    if at and now - at > limit:
        hours = int((now - at).total_seconds() // 3600)
        return f"no assessment for {hours} h; they pause after a run, plan-only ones too, that did not end well"
    return None


def _later(run: Resource, known: Health) -> bool:
    """The run ended after the result was made. Without its times it is taken to: what may be stale is not shown as known."""
    at = moment(known.at)
    stamps = run.attributes.get("status-timestamps")
    times = [found for value in stamps.values() if (found := moment(value))] if isinstance(stamps, Mapping) else []
    return not times or at is None or max(times) > at


def _status(attributes: Mapping[str, Any]) -> str:
    if attributes.get("succeeded") is False:
        return "failed"
    drifted = attributes.get("drifted")
    return ("drifted" if drifted else "undrifted") if isinstance(drifted, bool) else "unknown"


def _facts(attributes: Mapping[str, Any]) -> dict[str, JSON]:
    said = attributes.get("error-message") or attributes.get("error-msg")
    return {
        "drifted": _count(attributes.get("resources-drifted")),
        "undrifted": _count(attributes.get("resources-undrifted")),
        "checks": {name: _count(attributes.get(theirs)) for name, theirs in COUNTS.items()},
        "because": plain(said, 1000) if isinstance(said, str) and said else None,
    }


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= MAX_INTEGER else None
