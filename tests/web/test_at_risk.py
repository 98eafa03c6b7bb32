"""The evidence-at-risk clock on the page Sources and in the JSON: what goes first, what is behind, how many are not shown."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from app.db.session import transaction
from app.db.tables.collection import stream_memory
from app.web.times import UTC_ZONE, iso
from app.web.views.at_risk import FIRST, LATE, Clock, at_risk, clock_of
from sqlalchemy import delete, insert

from tests.web import world
from tests.web.conftest import Site
from tests.web.world import NOW

READ = NOW - timedelta(seconds=30)


def soon(number: int, seconds: int, what: str = "announcements") -> dict[str, Any]:
    return {"application": f"application/argocd/app-{number}", "seconds": seconds, "what": what}


def late(number: int, minutes: int, **forgets: int) -> dict[str, Any]:
    since = NOW - timedelta(minutes=minutes)
    known = {what: iso(since + timedelta(seconds=seconds)) for what, seconds in forgets.items()}
    return {"application": f"application/argocd/late-{number}", "since": iso(since), "because": "404 Not Found", "forgets": known}


def told(soonest: list[Any], behind: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"captured": iso(READ), "applications": len(soonest), "soonest": soonest, "behind": behind or [], **more}


def clock(*args: Any, **more: Any) -> Clock:
    found = clock_of(told(*args, **more))
    assert found
    return found


def test_the_applications_that_come_first_and_a_count_of_the_rest() -> None:
    shown = at_risk(clock([soon(n, 200 + n * 60, "history") for n in range(20)], applications=1204), NOW, UTC_ZONE)
    assert shown.lead == (
        "By 2026-10-14 08:59:30 UTC everything was read. Were nothing read from then on, argocd/app-0 would be the first to "
        "forget, in 2 min 50 s."
    )
    assert [row.application for row in shown.rows] == [f"argocd/app-{n}" for n in range(FIRST)]
    assert (shown.rows[0].forgets, shown.rows[0].what) == ("in 2 min 50 s", "oldest entry of its history")
    assert not any(row.pressing for row in shown.rows)
    assert shown.more == "1,199 more applications forget no sooner."


def test_what_is_behind_comes_first_with_since_when_and_why() -> None:
    shown = at_risk(clock([soon(1, 3600)], [late(1, 50, announcements=3600, history=7200), late(2, 5)]), NOW, UTC_ZONE)
    first, second, third = shown.rows
    assert (first.application, first.forgets, first.pressing) == ("argocd/late-1", "in 10 min", True)
    assert first.says == "it has news that could not be read since 2026-10-14 08:10:00 UTC: 404 Not Found"
    assert (second.forgets, second.what) == ("not known when", "not known")
    assert third.application == "argocd/app-1"
    assert "everything was read but the news of 2 applications" in shown.lead
    assert "argocd/late-1 would be the first to forget, in 10 min" in shown.lead
    assert shown.more == ""


def test_nothing_is_cut_without_a_word() -> None:
    shown = at_risk(clock([soon(1, 3600)], [late(n, 5, announcements=3600) for n in range(LATE + 1)]), NOW, UTC_ZONE)
    assert len(shown.rows) == LATE + 1
    assert shown.more == "1 more application is behind."


def test_what_may_be_gone_already_is_said_to_be() -> None:
    shown = at_risk(clock([soon(1, 20)]), NOW, UTC_ZONE)
    assert (shown.rows[0].forgets, shown.rows[0].pressing) == ("already forgetting", True)
    assert shown.lead.endswith("Something may be gone already: argocd/app-1 keeps what it shows for 20 s.")


def test_no_application_has_no_table() -> None:
    shown = at_risk(clock([]), NOW, UTC_ZONE)
    assert (shown.rows, shown.more) == ((), "")
    assert shown.lead == "By 2026-10-14 08:59:30 UTC everything was read."


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, True, -1, 1e300, [None, 3, {"since": "x"}, {"seconds": "y"}]])
def test_odd_values_are_survived(value: object) -> None:
    assert clock_of(value) is None
    for name in ("captured", "applications", "soonest", "behind"):
        found = clock_of({**told([soon(1, 3600)], [late(1, 5)]), name: value})
        assert found is None or at_risk(found, NOW, UTC_ZONE).lead
    for name in ("application", "seconds", "what", "since", "because", "forgets"):
        found = clock_of(told([{**soon(1, 60), name: value}], [{**late(1, 5, history=60), name: value}]))
        assert found
        assert at_risk(found, NOW, UTC_ZONE).lead


@pytest.fixture
def site(full: Site) -> Iterator[Site]:
    said = told([soon(n, 240) for n in range(7)], [late(1, 50, announcements=3600)])
    said["behind"][0]["because"] = world.SCRIPT
    row = {"source": "argocd", "stream": "applications", "key": "at-risk", "value": said}
    with transaction(full.engine) as connection:
        connection.execute(insert(stream_memory).values(**row))
    yield full
    with transaction(full.engine) as connection:
        connection.execute(delete(stream_memory).where(stream_memory.c.key == "at-risk"))


def test_the_page_shows_it_beside_the_source(site: Site) -> None:
    html = site.get("/sources").text
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert html.count("Evidence at risk") == 1
    assert "argocd/late-1 in 10 min announcements it has news that could not be read since 2026-10-14 08:10:00 UTC" in said
    assert "2 more applications forget no sooner." in said
    assert "What argocd forgets first" in said
    assert world.SCRIPT not in html
    row, _ = re.findall(r'<tr><th scope="row">applications</th>.*?</tr>', html, re.S)  # of argocd, then of argocd-eu
    assert "in 3 min 30 s" in row, "the stream says what its clock says"


def test_the_json_has_all_of_it(site: Site) -> None:
    items = site.get("/api/v1/sources").json()["items"]
    (one,) = [item["at_risk"] for item in items if item["source"] == "argocd"]
    assert {item["at_risk"] is None for item in items if item["source"] != "argocd"} == {True}
    assert (one["captured_at"], one["applications"], len(one["soonest"])) == (iso(READ), 7, 7)
    assert one["soonest"][0] == {
        "application": "argocd/app-0",
        "what": "announcements",
        "forgets_at": iso(READ + timedelta(seconds=240)),
    }
    assert one["behind"][0]["first"]["forgets_at"] == iso(NOW + timedelta(minutes=10))
