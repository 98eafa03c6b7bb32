"""A small world for the portal's tests: real events through the ledger and the projection, some of them hostile."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.changes.project import Rules, catch_up
from app.db.session import transaction
from app.db.tables.collection import coverage, failures, heartbeats, streams, unknown_values
from app.domain.event import Event
from app.ingest import store as observations
from app.ledger import store as ledger
from app.ledger.checkpoint import Key, generate_key
from app.sources.contract import Observation
from sqlalchemy import Engine, insert, text

from tests.linking import build
from tests.linking.world import RULES
from tests.web.lineage_world import lineage

ORIGIN = "ledger.bank.example/throughline"
KEY: Key = generate_key()
NOW = build.at(13 * 24 * 60)  # 14 October 2026 09:00 UTC
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FORMULA = "=cmd|' /C calc'!A0"
TURNED = "reviewed \u202egnihton\u202c by ana"
LONG = "ein sehr langer Titel ohne Ende " * 320
EMOJI = "🚀 déploiement 日本語 \u200b\u0007"
NAMES = [SCRIPT, FORMULA, TURNED, "/" + "long/" * 300, "\x00nul", "🚀/日本語"]
HOSTILE = {401: SCRIPT, 402: FORMULA, 403: TURNED, 404: LONG, 405: EMOJI, 406: "\x00\x00nul"}
DAY = 24 * 60


def ordinary() -> list[Event]:
    """Approved and applied; one without approval; one closed; a manual sync; drift; a gap in a history."""
    events: list[Event] = []
    for n in range(1, 13):
        merge = build.sha(f"merge{n}")
        start = n * DAY * 0.9
        events += build.pull(n, opened=start, merged=start + 30, title=f"Open port {8000 + n} for settlements")
        if n % 4:
            events.append(build.review(n, build.human("ben"), start + 20))
        events += build.run(f"run-{n}", created=start + 31, applied=start + 45, commit=merge, workspace="net-prod", number=None)
    events += build.pull(50, opened=3 * DAY, merged=None, closed=3 * DAY + 50, title="Never mind")
    events += build.operation(5 * DAY, kind="manual", revision=build.sha("deployed"))
    events += build.drift(6 * DAY, ended=6 * DAY + 12)
    events += build.history_gap(7 * DAY)
    events.append(
        build.event(
            "tfe",
            "run",
            "run-odd",
            "pre_apply_<b>odd</b>",
            build.Step.NOTED,
            8 * DAY,
            build.Keys(workspace="odd-prod", run="run-odd"),
            known=False,
        )
    )
    return events


def hostile() -> list[Event]:
    events: list[Event] = []
    for n, title in HOSTILE.items():
        start = n * 30.0
        events += build.pull(n, opened=start, merged=start + 5, title=title, author=build.human(title[:200]))
    return events


def fill(engine: Engine) -> None:
    """Events in, sealed, projected; and streams as a worker leaves them."""
    events = [_known(event) for event in sorted([*ordinary(), *hostile(), *lineage(NAMES)], key=lambda e: e.observed_at)]
    body = b'{"data": {"id": "run-1", "status": "applied"}}'
    seen = Observation("run/run-1", "https://tfe.bank.example/api/v2/runs/run-1", body, "sha256:" + _hex(body), NOW)
    with transaction(engine) as connection:
        observations.save_observations(connection, "tfe", "runs", [seen])
        ledger.append(connection, [_observed(event, seen.digest) for event in events], NOW)
        connection.execute(insert(streams), _streams())
        connection.execute(insert(coverage), _coverage())
        connection.execute(
            insert(failures).values(
                source="argocd",
                stream="applications",
                state="unreachable",
                error="connection refused",
                first_at=NOW - timedelta(days=2),
                last_at=NOW - timedelta(days=1),
                times=14,
            )
        )
        connection.execute(
            insert(unknown_values).values(
                source="tfe", field="status", value="<b>odd</b>", first_at=NOW - timedelta(days=3), last_at=NOW, times=2
            )
        )
        connection.execute(insert(heartbeats).values(owner=UUID(int=7), name="worker", pid=1, beat_at=NOW))
    with transaction(engine) as connection:
        ledger.seal(connection, KEY, ORIGIN, NOW - timedelta(minutes=5))
    catch_up(engine, Rules(RULES))


def spoil(engine: Engine) -> str:
    """One record as no program of ours would write it. Its title."""
    broken = {
        "chain": '[{"step": "pr"}, 7, {"step": "sync", "mark": "exploded", "word": null}]',
        "story": '[3, {"at": "yesterday"}, {"at": null}]',
        "item": '"nothing"',
    }
    with transaction(engine) as connection:
        row = connection.execute(text("SELECT id, title FROM changes WHERE title LIKE 'Open port 8003%'")).one()
        for name, value in broken.items():
            connection.execute(
                text(f"UPDATE changes SET {name} = CAST(:value AS jsonb), verdict = 'shiny' WHERE id = :id"),
                {"value": value, "id": row.id},
            )
    return str(row.title)


def _known(event: Event) -> Event:
    return replace(event, known=False) if event.facts.get("known") is False else event


def _observed(event: Event, digest: str) -> Event:
    return replace(event, observation=digest) if event.keys.run == "run-1" else event


def _hex(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _streams() -> list[dict[str, object]]:
    shared = {
        "every": timedelta(seconds=30),
        "catches_up": True,
        "forgets_after": None,
        "failures": 0,
        "error": None,
        "clock_offset": timedelta(seconds=0.2),
    }
    shared |= {"seen": 900, "saved": 300, "requests": 1200, "next_poll_at": NOW + timedelta(seconds=12), "state": "read"}
    return [
        {**shared, "source": "tfe", "stream": "runs", "kind": "tfe", "succeeded_at": NOW - timedelta(seconds=12)},
        {
            **shared,
            "source": "argocd",
            "stream": "applications",
            "kind": "argocd",
            "succeeded_at": NOW - timedelta(hours=20),
            "state": "unreachable",
            "error": f"no answer {SCRIPT}",
            "failures": 3,
            "forgets_after": timedelta(hours=1),
        },
        {**shared, "source": "github", "stream": "pull-requests", "kind": "github", "succeeded_at": None, "state": "never read"},
    ]


def _coverage() -> list[dict[str, object]]:
    start = datetime(2026, 10, 1, tzinfo=UTC)
    return [
        {"source": "tfe", "stream": "runs", "from_at": start, "to_at": NOW - timedelta(seconds=12)},
        {"source": "argocd", "stream": "applications", "from_at": start, "to_at": NOW - timedelta(days=4, minutes=28)},
        {"source": "argocd", "stream": "applications", "from_at": NOW - timedelta(days=4), "to_at": NOW - timedelta(hours=20)},
    ]
