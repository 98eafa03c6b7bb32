"""The systems' own parts of a change as small tables: runs, policy, applies, syncs. Empty ones are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.changes.drift.rows import EpisodeRow
from app.web.times import Time, Zone, parse_iso, shown, shown_or_none, took
from app.web.views import drifted
from app.web.views.marks import VERDICTS, Badge
from app.web.views.syncs import address


@dataclass(frozen=True, slots=True)
class Cell:
    text: str = ""
    href: str = ""
    time: Time | None = None
    badge: Badge | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    id: str
    name: str
    says: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


ENGINES = {"opa": "OPA", "sentinel": "Sentinel"}
POLICY = {"passed": "pass", "failed": "fail", "errored": "fail"}


def grids(item: Mapping[str, Any], change: object, zone: Zone) -> tuple[Grid, ...]:
    found = (_runs(item, zone), _policy(item, zone), _syncs(item, change, zone), _commits(item))
    return tuple(grid for grid in found if grid.rows)


def drifts(found: Sequence[EpisodeRow], more: bool, now: datetime, zone: Zone) -> Grid | None:
    """The newest episodes that a change stands on, or ended; None where there are none. `more`: there are others."""
    rows = []
    for one in found:
        named, seconds = drifted.named(one.of), one.stood(now).seconds if one.of.ended_at else None
        rows.append(
            (
                Cell(named.what, f"/drift/{one.id}"),
                Cell(named.where),
                Cell(time=shown(one.of.onset_before, zone)),
                Cell(took(seconds) if seconds is not None else "not known" if one.of.ended_at else "its page tells"),
                Cell(drifted.cause(one.of)),
                Cell(f"{one.of.ended_by or 'not known how'}" if one.of.ended_at else "not yet"),
            )
        )
    heads = ("What", "Where", "Since", "Stood", "Cause", "Ended by")
    says = (
        f"what was not as declared; the newest {len(rows)}, all are found by change: on Drift"
        if more
        else "what was not as declared"
    )
    return Grid("drift", "Drift", says, heads, tuple(rows)) if rows else None


def _list(item: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = item.get(key)
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _text(value: object) -> str:
    return "not known" if value is None or value == "" else str(value)


def _when(value: object, zone: Zone) -> Cell:
    time = shown_or_none(parse_iso(value), zone)
    return Cell(time=time) if time else Cell("not yet" if value is None else str(value))


def _runs(item: Mapping[str, Any], zone: Zone) -> Grid:
    applies = {str(a.get("run")): a for a in _list(item, "applies")}
    rows = []
    for run in _list(item, "runs"):
        apply = applies.get(str(run.get("id")), {})
        counts = [apply.get(key) for key in ("added", "changed", "destroyed")]
        done = "not applied" if not apply else "counts not known" if None in counts else f"+{counts[0]} ~{counts[1]} −{counts[2]}"
        at = parse_iso(apply.get("at"))
        rows.append(
            (
                Cell(_text(run.get("id")), f"/events?q={quote('run:' + str(run.get('id')), safe='')}"),
                Cell(_text(run.get("workspace"))),
                Cell(_text(run.get("kind"))),
                Cell(_text(run.get("status"))),
                Cell(done),
                _when(apply.get("at"), zone) if at else Cell("no apply"),
            )
        )
    return Grid(
        "runs", "Runs", "as Terraform Enterprise tells them", ("Run", "Workspace", "Kind", "Status", "Applied", "At"), tuple(rows)
    )


def _policy(item: Mapping[str, Any], zone: Zone) -> Grid:
    rows = []
    several = len({str(p.get("run")) for p in _list(item, "policy")}) > 1  # else the table of runs says which
    for p in _list(item, "policy"):
        verdict = str(p.get("verdict") or "")
        at = p.get("overridden_at")
        badge = VERDICTS.get(POLICY.get(verdict, "indeterminate"), VERDICTS["indeterminate"])
        badge = VERDICTS["exception"] if at and badge.tone == "fail" else badge
        rows.append(
            (
                Cell(_text(p.get("policy"))),
                Cell(_text(p.get("set"))),
                Cell(str(p.get("level") or "not told").replace("_", " ")),
                Cell(badge=Badge(badge.tone, badge.shape, verdict or "not known")),
                Cell(_system(p)),
                *((Cell(_text(p.get("run"))),) if several else ()),
                Cell(_override(p)),
                _when(at, zone) if at else Cell(""),
            )
        )
    heads = ("Policy", "Set", "Level", "Verdict", "System", *(("Run",) if several else ()), "Overridden by", "At")
    return Grid("policy", "Policy", "each policy’s own verdict", heads, tuple(rows))


def _system(policy: Mapping[str, Any]) -> str:
    system, engine = policy.get("system"), policy.get("engine")
    words = {
        "sentinel": "Sentinel policy check",
        "policy-evaluation": f"{ENGINES.get(str(engine), '')} policy evaluation".strip(),
        "terraform-policy": "Terraform policy",
    }
    return words.get(str(system), str(system or "not told"))


def _override(policy: Mapping[str, Any]) -> str:
    """Who, and the reason given; that none was given is said."""
    if not policy.get("overridden_at"):
        return ""
    by, comment = policy.get("overridden_by"), policy.get("comment")
    who = by.get("name") if isinstance(by, Mapping) else by
    return f"{who or 'somebody unknown'}: {f'“{comment}”' if comment else 'no reason given'}"


def _syncs(item: Mapping[str, Any], change: object, zone: Zone) -> Grid:
    """Where there are several: each leads to its own page. A single one is told whole beside."""
    rows = []
    for s in _list(item, "syncs"):
        start, end = parse_iso(s.get("started_at")), parse_iso(s.get("finished_at"))
        lasted = f", {took(end - start)}" if start and end else ""
        who = s.get("initiator")
        who = who.get("name") if isinstance(who, Mapping) else who
        rows.append(
            (
                Cell(_text(s.get("application")), address(change, s)),
                Cell(f"{_text(s.get('kind'))}{lasted}"),
                Cell(_text(s.get("phase"))),
                Cell(str(s.get("revision") or "not known")[:12]),
                Cell("automated" if s.get("automated") and not who else _text(who)),
                _when(s.get("started_at"), zone),
            )
        )
    heads = ("Application", "Sync", "Phase", "Revision", "Begun by", "At")
    return Grid("syncs", "Syncs", f"{len(rows)}, as Argo CD tells them", heads, tuple(rows) if len(rows) > 1 else ())


def _commits(item: Mapping[str, Any]) -> Grid:
    value = item.get("commits")
    shas = [str(c) for c in value] if isinstance(value, Sequence) and not isinstance(value, str) else []
    return Grid(
        "commits",
        "Commits",
        f"{len(shas)}",
        ("Commit",),
        tuple((Cell(sha, f"/events?q=commit:{quote(sha, safe='')}"),) for sha in shas),
    )
