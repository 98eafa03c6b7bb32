"""The live stream: what changed is named at once, what it showed of operations stands, and a still fleet costs nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from app.domain.actor import ActorKind
from app.domain.event import How
from app.errors import Forbidden, NotUnderstood, ServerFailed, SourceError, TooLarge, Unauthorized, Unreachable
from app.sources.argocd import live
from app.sources.argocd.live import Live
from app.sources.contract import News
from app.sources.frames import lines

from tests.sources.argocd.conftest import REPO, Stage, sha
from tests.sources.argocd.test_contract import other
from tests.sources.harness import remember


class Ear:
    """A connection to the stage's stream, its news in a list. `settle` waits until so many have come."""

    def __init__(self, watch: Live) -> None:
        self.watch, self.news, self.alive, self.error = watch, list[News](), 0, None
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            for one in self.watch:
                self.alive += 1
                self.news += [one] if one.streams or one.unknown else []
        except SourceError as error:
            self.error: SourceError | None = error

    def until(self, true: Callable[[], Any], seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "never came true"
            time.sleep(0.01)

    def settle(self, quiet: float = 0.25) -> list[News]:
        """All that comes until nothing came for a while."""
        self.until(lambda: self.alive)
        last = -1
        while last != self.alive:
            last = self.alive
            time.sleep(quiet)
        return self.news

    def ended(self) -> SourceError:
        self._thread.join(timeout=10)
        assert self.error is not None
        return self.error


@contextmanager
def listening(stage: Stage, **more: Any) -> Iterator[Ear]:
    source = other(stage, **more) if more else stage.source
    ear = Ear(source.watch(stage.memory))
    try:
        ear.settle()
        yield ear
    finally:
        ear.watch.close()
        ear._thread.join(timeout=5)
        assert not ear._thread.is_alive()


def hear(stage: Stage, ear: Ear) -> list[str]:
    """What came is saved, as a worker does; the news in words."""
    told = ear.settle()
    ear.news = []
    for one in told:
        remember(stage.memory, one)  # type: ignore[arg-type]
    return [one.about for one in told]


def asked(stage: Stage) -> list[str]:
    out = [path.removeprefix("/api/v1/applications") for path, _ in stage.state.requests if "stream" not in path]
    stage.state.requests.clear()
    return out


def test_a_fleet_that_did_not_change_brings_no_news_and_no_request(stage: Stage) -> None:
    for i in range(40):
        stage.state.sync(stage.app(f"app-{i}"), stage.to(10))
    stage.read(60)
    asked(stage)
    with listening(stage) as ear:
        assert hear(stage, ear) == []
        assert ear.alive >= 41
    ((path, query),) = stage.state.requests
    assert path == "/api/v1/stream/applications"
    assert not [name for name in ("refresh", "resourceVersion") if f"{name}=" in query]


def test_what_changed_is_named_and_the_pass_reads_only_that(stage: Stage) -> None:
    for i in range(10):
        stage.state.sync(stage.app(f"app-{i}"), stage.to(10))
    stage.read(60)
    asked(stage)
    with listening(stage) as ear:
        stage.state.sync(stage.state.applications["app-3"], stage.to(70), "carol")
        assert set(hear(stage, ear)) == {"app-3"}
        told = stage.read(72)
        assert {e.keys.application for e in told} == {"app-3"}
        assert asked(stage) == ["/app-3", "/app-3/events"]
        assert stage.pages[-1].again == stage.to(90), "the list stays due when it was"
        assert not [key for key in stage.memory if key.startswith("news/")]
        stage.read(90)
        assert asked(stage) == [""]


def test_what_a_pass_met_already_is_not_read_again(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(60)
    with listening(stage) as ear:
        stage.state.sync(app, stage.to(70), "carol")
        ear.settle()
        stage.read(90)
        assert hear(stage, ear)
        asked(stage)
        assert stage.read(92) == []
        assert asked(stage) == []


def test_two_heals_between_two_polls_stand_as_they_were_seen(stage: Stage) -> None:
    app = stage.app(auto_sync=True, self_heal=True)
    stage.state.sync(app, stage.to(10))
    stage.read(60)
    with listening(stage) as ear:
        for at in (70, 80):
            stage.state.edit(app, "payments-api", stage.to(at))
            stage.state.heal(app, stage.to(at + 1))
        hear(stage, ear)
    stage.read(600)
    heals = [one for one in stage.operations if one.facts["operation_kind"] == "self-heal"]
    assert len(heals) == 2
    assert {how for one in heals for how in one.how} == {How.OBSERVED}
    assert {a.name for one in heals for a in one.actors} == {"Argo CD"}
    assert [e for e in stage.events if e.type in ("history-gap", "unwitnessed")] == []
    kept = {o.digest for page in stage.pages for o in page.observations}
    first = next(e for e in stage.events if e.keys.operation == heals[0].id and e.status == "Succeeded")
    assert first.observation not in kept, "its witness is the frame, which the stream kept"


def test_the_same_events_whether_it_is_watched_or_announced(stage: Stage) -> None:
    """Twice the same story, with and without the stream: the same ids of operations."""

    def story(watched: bool) -> dict[Any, str]:
        stage.memory.clear()
        stage.pages.clear()
        stage.state.applications.clear()
        stage.to(0)
        app = stage.app()
        stage.state.sync(app, stage.to(10), "alice")
        stage.read(60)
        news = []
        with listening(stage) as ear:
            stage.state.sync(app, stage.to(70), "bob", phase="Failed", message="boom")
            stage.state.selective(app, stage.to(80), "carol", ["payments-api"])
            stage.state.sync(app, stage.to(90), "dave")
            news = list(ear.settle())
        for one in news if watched else ():
            remember(stage.memory, one)  # type: ignore[arg-type]
        stage.read(200)
        stage.read(230)
        return {e.id: e.status for e in stage.events if e.type in ("operation", "history", "attempt")}

    with_it = story(True)
    assert story(False) == with_it


def test_the_request_proves_who_asked_where_nothing_announces_it(stage: Stage) -> None:
    stage.state.announces = False
    app = stage.app(auto_sync=True)
    for n in range(2):
        stage.state.sync(app, stage.to(10 + n))
    stage.read(60)
    with listening(stage) as ear:
        stage.state.push(REPO, sha(2), stage.to(69))
        stage.state.sync(app, stage.to(70))
        stage.state.sync(app, stage.to(80), "carol")
        stage.state.inject(app, stage.to(90))
        stage.state.finish(app, stage.to(92))
        hear(stage, ear)
    stage.read(120)
    automated, manual, injected = stage.operations[-3:]
    assert {a.name for a in automated.actors} == {"Argo CD"}, "automation after automation: only the request can tell"
    assert {a.name for a in manual.actors} == {"carol"}
    assert {(a.kind, a.because) for a in injected.actors} == {
        (ActorKind.UNKNOWN, "the operation named no initiator when it was requested")
    }


def test_every_attempt_that_was_seen_is_told_with_its_error(stage: Stage) -> None:
    app = stage.app(auto_sync=True)
    stage.read(5)
    with listening(stage) as ear:
        stage.state.begin(app, stage.to(10))
        for n in range(3):
            stage.state.retrying(app, stage.to(12 + n * 4), f"error {n}", stage.to(14 + n * 4))
            stage.state.attempt(app)
            ear.settle(0.1)
        stage.state.finish(app, stage.to(30))
        hear(stage, ear)
    stage.read(60)
    told = [(e.facts["number"], e.facts["unseen"], e.facts["message"][:7]) for e in stage.events if e.type == "attempt"]
    assert told == [(1, 0, "error 0"), (2, 0, "error 1"), (3, 0, "error 2")]
    assert stage.operations[-1].ended == "Succeeded"


def test_what_was_seen_of_an_application_that_is_gone_stands(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(60)
    with listening(stage) as ear:
        stage.state.sync(app, stage.to(70), "carol")
        fresh = stage.app("short-lived")
        stage.state.sync(fresh, stage.to(72), "carol")
        ear.settle()
        stage.state.delete(app, stage.to(75))
        stage.state.delete(fresh, stage.to(75))
        hear(stage, ear)
    stage.read(80)
    assert {(s.application, s.ended) for s in stage.operations} == {("payments-api", "Succeeded"), ("short-lived", "Succeeded")}
    last = [s for s in stage.operations if s.started.minute == 1]
    assert {a.name for s in last for a in s.actors} == {"carol"}, "no announcement is left: the request, which was seen, tells"
    assert [e.status for e in stage.events if e.type == "application" and e.ref.id == app.uid] == ["created", "deleted"]
    assert not [key for key in stage.memory if key.startswith("news/")]


def test_an_application_made_anew_between_two_polls_is_two(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(60)
    with listening(stage) as ear:
        stage.state.sync(app, stage.to(70), "carol", phase="Failed", message="boom")
        ear.settle()
        again = stage.state.recreate(app, stage.to(80))
        stage.state.sync(again, stage.to(85), "dave")
        hear(stage, ear)
    stage.read(90)
    stage.read(120)
    told = {(s.uid, s.ended) for s in stage.operations}
    assert told == {(app.uid, "Succeeded"), (app.uid, "Failed"), (again.uid, "Succeeded")}


def test_a_changed_specification_is_news_although_no_list_shows_it(stage: Stage) -> None:
    app = stage.app()
    stage.read(5)
    with listening(stage) as ear:
        stage.state.change(app, stage.to(10), "bob", auto_sync=True)
        hear(stage, ear)
    told = [e for e in stage.read(12) if e.type == "application"]
    assert [(e.status, e.actor and e.actor.name) for e in told] == [("changed", "bob")]


def test_a_reconciliation_is_no_news(stage: Stage) -> None:
    app = stage.app()
    stage.read(5)
    with listening(stage) as ear:
        before = ear.alive
        for n in range(5):
            stage.state.compare(app, stage.to(10 + n), app.sync)
        assert hear(stage, ear) == []
        assert ear.alive == before, "the server itself sends nothing where the asked fields did not change"


def test_secrets_of_a_frame_are_taken_out_before_it_is_kept(stage: Stage) -> None:
    app = stage.app(helm={"parameters": [{"name": "password", "value": "planted-helm-value"}]})
    stage.read(5)
    with listening(stage) as ear:
        stage.state.local(app, stage.to(10), "carol")
        told = list(ear.settle())
    kept = b"".join(o.body for one in told for o in one.observations)
    assert b"payments-api" in kept
    assert b"planted" not in kept
    assert "planted" not in str([dict(one.remember) for one in told])


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthorized), (403, Forbidden), (504, ServerFailed)])
def test_a_server_that_says_no_is_told_as_that(stage: Stage, status: int, kind: type[SourceError]) -> None:
    stage.state.fail_next(status, 1, path="/stream/applications")
    ear = Ear(stage.source.watch({}))
    assert isinstance(ear.ended(), kind)
    assert stage.state.token not in str(ear.error)
    assert ear.alive == 0


def test_html_in_its_place_is_not_understood(stage: Stage) -> None:
    stage.state.fail_next(200, 1, path="/stream/applications", body="<!doctype html><title>Sign in</title>")
    error = Ear(stage.source.watch({})).ended()
    assert isinstance(error, NotUnderstood)
    assert "text/html" in str(error)


def test_a_failure_in_the_middle_ends_it(stage: Stage) -> None:
    stage.app()
    ear = Ear(stage.source.watch({}))
    ear.settle()
    stage.state.stream_error = {"grpc_code": 16, "http_code": 401, "message": "token expired", "http_status": "Unauthorized"}
    error = ear.ended()
    assert isinstance(error, Unauthorized)
    assert "token expired" in str(error)


def test_a_cut_stream_ends_and_a_new_one_shows_what_was_missed(stage: Stage) -> None:
    app = stage.app()
    stage.state.sync(app, stage.to(10), "alice")
    stage.read(60)
    ear = Ear(stage.source.watch(stage.memory))
    ear.settle()
    stage.state.cut_streams()
    assert isinstance(ear.ended(), Unreachable)
    stage.state.sync(app, stage.to(70), "carol")
    with listening(stage) as again:
        assert hear(stage, again) == ["payments-api"]
    assert {e.keys.application for e in stage.read(72)} == {"payments-api"}


def test_a_silent_stream_is_dead(stage: Stage) -> None:
    stage.state.keep_alive = 0.05
    ear = Ear(Live(stage.source.client.stream(live.FIELDS, 0.5), ("applications",), {}, lambda: stage.now))
    time.sleep(1.2)
    assert ear.error is None, "keep-alives keep it"
    stage.state.keep_alive = None
    error = ear.ended()
    assert isinstance(error, Unreachable)
    assert "0.5 s" in str(error)


def test_lines_are_bounded_whatever_is_sent() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65_536

    found = lines(endless(), longest=100_000, most=1_000_000)
    with pytest.raises(TooLarge):
        next(found)
    frames = [b"a" * 5 + b"\nbb", b"b\r\n", b"c" * 50, b"c" * 60, b"c\nd\n", b"tail"]
    assert list(lines(frames, longest=100)) == [b"aaaaa", b"bbb", None, b"d"]


def test_a_frame_of_two_megabytes_is_read_and_one_too_large_makes_the_list_due(stage: Stage) -> None:
    app = stage.app()
    stage.read(5)
    with listening(stage) as ear:
        app.extra = {"spec": {"info": [{"name": "note", "value": "n" * 2_000_000}]}}
        stage.state.sync(app, stage.to(10), "carol")
        ear.until(lambda: ear.news)
        assert "payments-api" in hear(stage, ear)
        app.extra = {"spec": {"notes": "n" * 9_000_000}}
        stage.state.touch(app)
        ear.until(lambda: "an application too large for the stream" in [one.about for one in ear.news])
        hear(stage, ear)
    asked(stage)
    app.extra = {}
    stage.read(12)
    assert asked(stage)[0] == "", "only the list can tell of it"


def test_a_frame_that_is_no_application_is_counted_and_the_stream_goes_on(stage: Stage) -> None:
    app = stage.app()
    stage.read(5)
    with listening(stage) as ear:
        app.extra = {"status": {"sync": "nonsense"}}
        stage.state.touch(app)
        (told,) = ear.settle()
        assert told.unknown
        ear.news = []
        app.extra = {}
        stage.state.sync(app, stage.to(10), "carol")
        assert hear(stage, ear)
        assert ear.error is None


def test_lines_of_json_are_read_as_well(stage: Stage) -> None:
    stage.state.server_sent = False
    app = stage.app()
    stage.read(5)
    with listening(stage) as ear:
        stage.state.sync(app, stage.to(10), "carol")
        assert hear(stage, ear)


def test_only_the_projects_that_are_read_are_streamed(stage: Stage) -> None:
    mine, theirs = stage.app("mine", project="a"), stage.app("theirs", project="b")
    stage.read(5)
    with listening(stage, projects=("a",)) as ear:
        stage.state.sync(theirs, stage.to(10), "carol")
        stage.state.sync(mine, stage.to(10), "carol")
        assert set(hear(stage, ear)) == {"mine"}
