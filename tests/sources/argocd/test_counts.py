"""Argo CD's own counter of operations: what it counted and nobody saw is a gap of known size, and nothing is invented."""

from collections.abc import Iterator

import pytest
from app.demo.fakes.argocd_types import ApplicationState
from app.domain.change import HistoryGap
from app.domain.event import Entry, Event
from app.errors import NotUnderstood
from app.linking.fold import fold
from app.sources.argocd.counts import read
from app.sources.argocd.source import Argocd

from tests.sources.argocd.conftest import Stage
from tests.sources.argocd.test_contract import other


@pytest.fixture
def counted(stage: Stage) -> Iterator[Stage]:
    mine = stage.source
    stage.source = other(stage, metrics_urls=(f"{stage.url}/metrics",))
    yield stage
    stage.source.close()
    stage.source = mine


def started(stage: Stage) -> ApplicationState:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(60)
    stage.read(400)  # nothing is new: what was counted is what was told
    return app


def gaps(events: list[Event]) -> list[tuple[str, int]]:
    return [(e.facts["of"], e.facts["size"]) for e in events if e.type == "history-gap"]


def test_what_was_counted_and_never_seen_is_a_gap_of_that_size(counted: Stage) -> None:
    app = started(counted)
    counted.state.announces = False
    app.announcements.clear()
    for n in range(3):
        counted.state.sync(app, counted.to(500 + 10 * n), "carol", phase="Failed", message="boom")
    assert gaps(counted.read(560)) == []
    (told,) = [e for e in counted.read(900) if e.type == "history-gap"]
    assert (told.facts["of"], told.facts["size"]) == ("operations", 2), "the last of the three stood in the slot"
    assert (told.facts["from_at"], told.facts["to_at"]) == ("2026-03-02T09:06:40Z", "2026-03-02T09:15:00Z")
    assert gaps(counted.read(1300)) == []
    entity = fold(f"gap:{told.source}:{told.ref.id}", [Entry(1, told, told.observed_at)])
    assert isinstance(entity, HistoryGap)
    assert entity.lost == "2 operations"


def test_what_was_told_is_no_gap_however_it_was_told(counted: Stage) -> None:
    app = started(counted)
    for n, act in enumerate((counted.state.sync, counted.state.local)):
        act(app, counted.to(500 + 20 * n), "carol")
    counted.state.selective(app, counted.to(560), "carol", ["payments-api"])
    counted.state.edit(app, "payments-api", counted.to(580))
    counted.state.heal(app, counted.to(590))
    counted.state.sync(app, counted.to(600), "carol", dry_run=True)
    for at in (620, 900, 1300, 1700):
        assert gaps(counted.read(at)) == []


def test_what_is_declared_by_other_numbers_is_not_declared_twice(counted: Stage) -> None:
    app = started(counted)
    app.revision_history_limit = 1
    counted.state.announces = False
    app.announcements.clear()
    for n in range(3):
        counted.state.sync(app, counted.to(500 + 10 * n), "carol")
    assert gaps(counted.read(560)) == [("full operations", 2)]
    assert gaps(counted.read(900)) == []


def test_a_controller_that_starts_again_counts_anew_and_so_do_we(counted: Stage) -> None:
    app = started(counted)
    counted.state.restart(counted.to(450))
    counted.state.announces = False
    for n in range(3):
        counted.state.sync(app, counted.to(500 + 10 * n), "carol", phase="Failed", message="boom")
    counted.read(560)
    assert gaps(counted.read(900)) == [], "what it counted before is not known"
    counted.state.sync(app, counted.to(1000), "carol", phase="Failed", message="boom")
    counted.state.sync(app, counted.to(1010), "carol", phase="Failed", message="boom")
    counted.read(1030)
    assert gaps(counted.read(1400)) == [("operations", 1)]


def test_an_application_that_is_just_being_read_is_compared_the_next_time(counted: Stage) -> None:
    app = started(counted)
    for n in range(8):
        counted.state.sync(app, counted.to(700 + 300 * n), "carol")
        assert gaps(counted.read(702 + 300 * n)) == []
    assert gaps(counted.read(4000)) == []


def test_an_endpoint_that_does_not_answer_stops_nothing_and_is_told(counted: Stage, stage: Stage) -> None:
    counted.source.close()
    counted.source = other(counted, metrics_urls=(f"{counted.url}/metrics", f"{counted.url}/nowhere"))
    app = started(counted)
    counted.state.sync(app, counted.to(500), "carol")
    assert counted.read(900)
    assert "404" in counted.memory["server"]["count of operations"]
    assert counted.memory["application/argocd/payments-api"].get("counted") is None, "a part is no count"


def test_shards_are_added_up_and_every_form_of_the_text_is_read() -> None:
    totals: dict[str, int] = {}
    labels = b'dest_server="a\\"b",dry_run="false",name="api",namespace="argocd",phase="Succeeded",project="p"'
    one = b"argocd_app_sync_total{" + labels + b"} 3\n"
    two = b'argocd_app_sync_total{name="api",namespace="argocd",phase="Failed"} 1e+00 1395066363000\r\n# a comment\n\n'
    assert read([one[:20], one[20:] + two, b"process_start_time_seconds 1.7e+09\n"], totals) == "1.7e+09"
    read([one], totals)
    assert totals == {"application/argocd/api": 7}
    with pytest.raises(NotUnderstood):
        read([b"<html>Sign in</html>\n"], {})


def test_nothing_is_asked_where_no_endpoint_is_named(stage: Stage) -> None:
    assert isinstance(stage.source, Argocd)
    stage.app()
    stage.read(10)
    assert not [path for path, _ in stage.state.requests if "metrics" in path]
    assert "counts" not in stage.memory
