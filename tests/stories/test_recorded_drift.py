"""The drift of a recorded day, one object at a time; and the same where our clock and the server's are days apart."""

from datetime import UTC, datetime, timedelta

import pytest
from app.db.session import read_only
from app.domain.drift import Episode
from app.drift.kept import restored
from sqlalchemy import Engine, text

from tests.stories.test_recordings import watch

DAY = datetime(2026, 11, 24, tzinfo=UTC)
NOTICED = timedelta(seconds=6)  # between two looks


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-24T{clock}+00:00")


# truth.jsonl: what was edited, and when; operations.jsonl: what ended it
EDITED = ("payments-api", "Deployment", "live-edit", "kubectl-edit", at("02:26:18.831"), at("02:26:47"), "manual sync")
HEALED = ("fraud-detector", "Deployment", "unknown", None, at("02:32:32"), at("02:32:33"), "self-heal")


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(days=3), -timedelta(hours=2)], ids=["alike", "3 days", "2 hours behind"])
def test_what_was_edited_is_an_episode_with_its_end(engine: Engine, ahead: timedelta) -> None:
    watch(engine, "argocd-a", "argocd", NOTICED.total_seconds(), ahead=ahead)
    found = episodes(engine)
    for application, kind, cause, manager, edited, ended, by in (EDITED, HEALED):
        same = [one for one in found if (one.application, one.kind, one.ended_at) == (application, kind, ended)]
        assert [(one.cause, writer(one), one.ended_by) for one in same] == [(cause, manager, by)], (application, found)
        (one,) = same
        assert one.onset_after is None or one.onset_after <= edited + timedelta(seconds=1)
        assert edited - timedelta(seconds=1) <= one.onset_before <= edited + 2 * NOTICED
    assert all(one.onset_before <= one.ended_at for one in found if one.ended_at)
    assert {one.ended_at.date() for one in found if one.ended_at} == {DAY.date()}
    with read_only(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM blind_spots WHERE why = 'stale'")).scalar_one() == 0
        seen = connection.execute(text("SELECT min(observed_at), max(observed_at) FROM events")).one()
    assert DAY + ahead < seen[0] < seen[1] < DAY + ahead + timedelta(hours=3)  # by our own clock, whatever theirs says


def writer(one: Episode) -> str | None:
    return next((writer.manager for writer in one.writers), None)


def episodes(engine: Engine) -> list[Episode]:
    with read_only(engine) as connection:
        rows = connection.execute(text("SELECT told FROM episodes ORDER BY number")).scalars().all()
    return [restored(told) for told in rows]
