"""`/healthz` (alive), `/readyz` (database, schema, heartbeat), `/metrics` (Prometheus text format 0.0.4)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
from fastapi import APIRouter, Response
from sqlalchemy import Engine

from app.db import migrate
from app.db.session import read_only
from app.errors import DatabaseError
from app.ingest.streams import store as streams
from app.ledger import store as ledger
from app.web import store as reads
from app.web.csp import NO_STORE
from app.web.frame import Counts
from app.web.pages.webhooks import Told
from app.web.portal import Portal
from app.web.schema import Readiness
from app.web.times import took

SILENT = timedelta(minutes=2)
METRICS = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[dict[str, str], float]


def router(portal: Portal, counts: Counts, told: Told) -> APIRouter:
    health = APIRouter(tags=["health"])

    @health.get("/healthz", summary="Alive", response_model=str, responses={200: {"content": {"text/plain": {}}}})
    def alive() -> Response:
        """Answers as long as the process does; asks nothing of the database."""
        return Response("ok\n", media_type="text/plain; charset=utf-8", headers={"cache-control": NO_STORE})

    @health.get(
        "/readyz", summary="Ready", response_model=Readiness, responses={503: {"model": Readiness, "description": "not ready"}}
    )
    def ready() -> Response:
        """Whether the database answers, the schema is the program's, and a worker has been heard of in the last two minutes."""
        checks = _checks(portal)
        good = all(said.startswith("ok") for said in checks.values())
        body = orjson.dumps({"ready": good, "checks": checks})
        return Response(body, 200 if good else 503, {"cache-control": NO_STORE}, media_type="application/json")

    @health.get("/metrics", summary="Metrics", response_model=str, responses={200: {"content": {"text/plain": {}}}})
    def metrics() -> Response:
        """Prometheus text: streams, ledger, requests."""
        return Response(_metrics(portal, counts, told), media_type=METRICS, headers={"cache-control": NO_STORE})

    return health


def _checks(portal: Portal) -> dict[str, str]:
    checks = {"database": "ok", "schema": "ok", "heartbeat": "ok"}
    try:
        with read_only(portal.engine) as connection:
            beat = reads.last_beat(connection)
    except DatabaseError as error:
        return {"database": str(error), "schema": "not known", "heartbeat": "not known"}
    silent = None if beat is None else portal.clock() - beat
    if silent is None or silent > SILENT:
        checks["heartbeat"] = "no worker has been heard of" if silent is None else f"no worker has been heard of for {took(silent)}"
    try:
        if isinstance(portal.engine, Engine):
            migrate.check(portal.engine)
    except DatabaseError as error:
        checks["schema"] = str(error)
    return checks


def _metrics(portal: Portal, counts: Counts, told: Told) -> str:
    now = portal.clock()
    with read_only(portal.engine) as connection:
        rows = streams.overview(connection)
        size, sealed = ledger.size(connection), ledger.checkpoints(connection, 1)
    out = [
        _streams(
            "throughline_stream_lag_seconds",
            "Seconds since a stream was last read whole.",
            "gauge",
            rows,
            lambda r: (now - r.succeeded_at).total_seconds() if r.succeeded_at else None,
        ),
        _streams("throughline_stream_failures", "Failures in a row.", "gauge", rows, lambda r: r.failures),
        _streams("throughline_stream_requests_total", "Requests sent to the source.", "counter", rows, lambda r: r.requests),
        _streams("throughline_stream_events_total", "New events kept.", "counter", rows, lambda r: r.saved),
        _metric("throughline_ledger_entries", "Leaves in the ledger.", "gauge", [({}, float(size))]),
    ]
    if sealed:
        out.append(
            _metric("throughline_checkpoint_entries", "Leaves under the last checkpoint.", "gauge", [({}, float(sealed[0].size))])
        )
        age = (now - sealed[0].made_at).total_seconds()
        out.append(_metric("throughline_checkpoint_age_seconds", "Age of the last checkpoint.", "gauge", [({}, age)]))
    samples: list[Sample] = [({"status": str(status)}, float(n)) for status, n in sorted(counts.by_status().items())]
    out.append(_metric("throughline_http_requests_total", "Answers of this process, by status.", "counter", samples))
    hooks: list[Sample] = [({"source": s, "outcome": o}, float(n)) for (s, o), n in sorted(told.by_outcome().items())]
    out.append(_metric("throughline_webhooks_total", "Webhooks this process was sent, by outcome.", "counter", hooks))
    return "".join(out)


def _streams(name: str, said: str, kind: str, rows: list[Any], value: Callable[[Any], float | None]) -> str:
    found = [({"source": r.source, "stream": r.stream}, value(r)) for r in rows]
    return _metric(name, said, kind, [(labels, float(v)) for labels, v in found if v is not None])


def _metric(name: str, said: str, kind: str, samples: list[Sample]) -> str:
    lines = [f"# HELP {name} {said}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
