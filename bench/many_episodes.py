"""A drift ledger of many episodes: one of the program's own making, told again by SQL with times, names and ids of its own."""

import json
from datetime import UTC, datetime, timedelta

from app.domain.drift import Cause, Episode, FieldChange, Layer, RuledOut, State, Writer
from app.drift.kept import kept
from sqlalchemy import Engine, text

NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
STANDING = 200  # the newest so many still stand
FILL = """
INSERT INTO episodes (id, key, number, subject, object, layer, source, application, workspace, project, destination, environment,
    class, kind, name, namespace, state, cause, drift, size, counted, at, ended_at, limit_seconds, told)
SELECT md5(n::text)::uuid, n::text, n, 'argocd:' || n % 500, 'apps/Deployment/banking/' || n % 2000, 'kubernetes', 'argocd',
    'application-' || n % 500, '', 'banking', 'prod-eu-1/banking', 'production', 'prod', 'Deployment', 'workload-' || n % 2000,
    'banking', CASE WHEN n <= :standing THEN 'open' ELSE 'closed' END, 'live-edit', true, 1, false, began,
    CASE WHEN n > :standing THEN began + interval '20 minutes' END, 14400,
    CAST(:told AS jsonb) || jsonb_build_object('key', n::text, 'number', n, 'name', 'workload-' || n % 2000,
        'application', 'application-' || n % 500, 'onset_before', to_json(began),
        'state', CASE WHEN n <= :standing THEN 'open' ELSE 'closed' END,
        'ended_at', CASE WHEN n > :standing THEN to_json(began + interval '20 minutes') END)
FROM (SELECT n, CAST(:now AS timestamptz) - n * interval '5 minutes' AS began FROM generate_series(1, :many) AS n) AS each
"""


def fill(owner: Engine, many: int) -> None:
    """`many` episodes, five minutes apart, before NOW; none when there are some."""
    with owner.begin() as connection:
        if connection.execute(text("SELECT 1 FROM episodes LIMIT 1")).scalar():
            return
        connection.execute(text(FILL), {"many": many, "standing": STANDING, "now": NOW, "told": json.dumps(kept(_one()))})
        terms = "SELECT 'env', 'production', id FROM episodes UNION ALL SELECT 'app', application, id FROM episodes"
        connection.execute(text(f"INSERT INTO episode_terms (key, value, episode) {terms}"))
        connection.execute(text("ANALYZE episodes, episode_terms"))


def _one() -> Episode:
    return Episode(
        key="1",
        number=1,
        layer=Layer.KUBERNETES,
        source="argocd",
        application="application",
        destination="prod-eu-1/banking",
        group="apps",
        kind="Deployment",
        name="workload",
        namespace="banking",
        state=State.OPEN,
        onset_before=NOW,
        onset_after=NOW - timedelta(days=400),
        changes=(FieldChange("spec.replicas", "3", "2", ("kubectl-edit",)),),
        writers=(Writer("kubectl-edit", "Update", None, NOW),),
        cause=Cause.LIVE_EDIT,
        because="kubectl-edit wrote to it",
        ruled_out=tuple(RuledOut(cause, "it is not so") for cause in (Cause.CONTROLLER, Cause.SELECTIVE_SYNC, Cause.FAILED_SYNC)),
    )
