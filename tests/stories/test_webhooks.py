"""Webhooks at the portal's door: who is believed, what is read of a body, and how soon a change stands on the timeline."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from app.commands import compose
from app.config import load
from app.demo import cast
from app.demo.hooks import SECRETS, Letter, signed
from app.main import create_app
from app.web.pages.webhooks import LONGEST
from app.worker.scheduler import Worker

from tests.ingest.scripted import Hand
from tests.stories.bank import KINDS, REPO, SOURCES, Bank, Texts, bank, servers

__all__ = ["bank", "servers"]

HOUR = 3600
NEW = "Close the payments subnet again"
RUN = {"payload_version": 1, "notifications": [{"trigger": "run:completed"}]}
PUSH = {"ref": "refs/heads/main", "repository": {"full_name": REPO}}
LETTERS = {
    "tfe": signed(cast.TFE, RUN),
    "argocd": signed(cast.ARGOCD, {"app": "payments-api"}),
    "github": signed(cast.GITHUB, PUSH, "push"),
}
DUE = {"tfe": ["runs"], "argocd": ["applications"], "github": ["pull-requests", "pushes"]}


@pytest.fixture
def listening(bank: Bank) -> Iterator[Bank]:
    """Each source may send webhooks, and is read but once an hour."""
    for kind in KINDS:
        secret = bank.folder / f"{kind}.webhook"
        secret.write_text(SECRETS[SOURCES[kind]])
        bank.settings[kind] = {"webhook_secret_file": str(secret), "poll_every": HOUR}
    return bank


class Door:
    """The portal's door, without a network. `now` is its clock."""

    def __init__(self, bank: Bank, now: Any = None) -> None:
        settings = load({"THROUGHLINE_CONFIG": str(bank.write())})
        self.engine = bank.engine
        more = {"clock": now} if now else {}
        self.app = create_app(self.engine, origin="o", vkey="k", hooks=compose.hooks_of(settings), **more)

    def post(self, letter: Letter, path: str = "", body: Any = None, headers: Any = None) -> httpx.Response:
        return self.ask(
            "POST", path or f"/webhooks/{letter.source}", content=body or letter.body, headers=headers or letter.headers
        )

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())


@pytest.fixture
def door(listening: Bank) -> Iterator[Door]:
    assert listening.poll().code == 0
    made = Door(listening)
    yield made
    made.engine.dispose()


def due_at(bank: Bank, kind: str) -> dict[str, datetime]:
    """When each stream is due."""
    rows = bank.rows("SELECT stream, next_poll_at FROM streams WHERE source = :source", source=SOURCES[kind])
    return {row.stream: row.next_poll_at for row in rows}


def waits(bank: Bank, kind: str) -> dict[str, float]:
    """Seconds until each stream is due."""
    return {stream: (at - datetime.now(UTC)).total_seconds() for stream, at in due_at(bank, kind).items()}


# ---- who is believed, and what of


@pytest.mark.parametrize("kind", KINDS)
def test_a_verified_hook_makes_its_streams_due_now_and_only_them(door: Door, listening: Bank, kind: str) -> None:
    answer = door.post(LETTERS[kind])
    assert (answer.status_code, answer.json()["due"]) == (200, DUE[kind])
    for stream, seconds in waits(listening, kind).items():
        assert (seconds < 3) == (stream in DUE[kind]), stream
    assert all(seconds > 60 for other in KINDS if other != kind for seconds in waits(listening, other).values() if seconds > 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_one_does_nothing(door: Door, listening: Bank, kind: str) -> None:
    letter, before = LETTERS[kind], due_at(listening, kind)
    forged = {name: value.replace("a", "b").replace("1", "2") for name, value in letter.headers.items()}
    for headers in ({}, forged, {**letter.headers, **dict.fromkeys(letter.headers, "")}):
        answer = door.post(letter, headers=headers or {"x": "y"})
        assert answer.status_code == 401
        assert SECRETS[letter.source] not in answer.text
    assert due_at(listening, kind) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_that_comes_twice_is_no_signature(door: Door, kind: str) -> None:
    letter = LETTERS[kind]
    (name,) = [one for one in letter.headers if "signature" in one or one == "authorization"]
    for other in ("sha256=00", letter.headers[name]):
        for pairs in ([(name, other), (name, letter.headers[name])], [(name, letter.headers[name]), (name, other)]):
            assert door.post(letter, headers=[("x-github-event", "push"), *pairs]).status_code == 401


def test_the_same_body_again_is_a_replay_whatever_its_delivery_is_called(door: Door, listening: Bank) -> None:
    letter = LETTERS["github"]
    assert door.post(letter).json()["replay"] is False
    assert listening.poll().code == 0
    again = door.post(letter, headers={**letter.headers, "x-github-delivery": "another"})
    assert (again.status_code, again.json()["replay"], again.json()["due"]) == (200, True, [])
    assert min(seconds for stream, seconds in waits(listening, "github").items() if stream != "ranges") > 60


def test_a_ping_and_a_verification_are_answered_and_make_nothing_due(door: Door) -> None:
    ping = door.post(signed(cast.GITHUB, {"zen": "Design for failure.", "hook_id": 1}, "ping"))
    fields = ("run_url", "run_id", "run_message", "run_created_at", "run_created_by", "workspace_id", "organization_name")
    told = [{"message": "Verification", "trigger": "verification", "run_status": None}]
    verification = door.post(signed(cast.TFE, {"payload_version": 1, **dict.fromkeys(fields), "notifications": told}))
    assert [one.status_code for one in (ping, verification)] == [200, 200]
    assert [one.json()["due"] for one in (ping, verification)] == [[], []]


def test_another_content_type_is_told_of(door: Door) -> None:
    """GitHub's other choice, a form, is signed as well, and no JSON."""
    import hashlib
    import hmac

    body = b"payload=%7B%22ref%22%3A%22x%22%7D"
    mac = hmac.new(SECRETS[cast.GITHUB].encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={mac}", "x-github-event": "push"}
    answer = door.post(LETTERS["github"], body=body, headers={**headers, "content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["detail"]


# ---- what is read of a body


def asked(door: Door, path: str, headers: dict[str, str], *, parts: int) -> tuple[int, int]:
    """The status, and how many of the body's parts of 1 MB were taken; `parts` is how many there are."""
    taken, said = 0, {}

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 1_048_576, "more_body": taken < parts}

    async def send(message: Any) -> None:
        said.setdefault(message["type"], message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("portal", 80),
    }
    asyncio.run(door.app(scope, receive, send))
    return said["http.response.start"]["status"], taken


def test_a_gigabyte_is_refused_without_being_read(door: Door) -> None:
    path = f"/webhooks/{cast.GITHUB}"
    assert asked(door, path, {"content-length": str(1024**3)}, parts=1024) == (413, 0)
    status, taken = asked(door, path, {"transfer-encoding": "chunked"}, parts=1024)
    assert status == 413
    assert taken <= LONGEST // 1_048_576 + 1


def test_of_a_source_that_is_not_there_nothing_is_read(door: Door) -> None:
    assert asked(door, "/webhooks/nobody", {"transfer-encoding": "chunked"}, parts=1024) == (404, 0)


def test_a_chunked_body_is_taken(door: Door) -> None:
    letter = LETTERS["tfe"]

    async def parts() -> Any:
        for start in range(0, len(letter.body), 10):
            yield letter.body[start : start + 10]

    assert door.post(letter, body=parts()).status_code == 200


# ---- what a hook does not break


def test_news_of_a_throttled_or_failing_stream_waits_as_long_as_it_must(door: Door, listening: Bank) -> None:
    listening.argocd.throttle(1, 900)
    listening.github.fail_next(times=50, status=401, body=b"{}")
    time.sleep(1.1)
    assert door.post(LETTERS["argocd"]).json()["due"] == ["applications"]
    assert listening.poll().code == 1
    assert listening.states()["argocd-prod/applications"] == "throttled"
    before = {kind: waits(listening, kind) for kind in ("argocd", "github")}
    assert before["argocd"]["applications"] > 800
    more = {"argocd": signed(cast.ARGOCD, {"app": "again"}), "github": signed(cast.GITHUB, {**PUSH, "after": "b" * 40}, "push")}
    assert door.post(more["argocd"]).json()["due"] == []
    assert door.post(more["github"]).json()["due"] == []
    assert waits(listening, "argocd")["applications"] > 800
    assert waits(listening, "github")["pull-requests"] > 60


def test_news_that_comes_during_a_pass_is_followed_by_another(door: Door, listening: Bank) -> None:
    """The pass began before the news, and may have read what was then."""
    from app.canonical import random_id
    from app.ingest.poll import read_stream

    settings = load({"THROUGHLINE_CONFIG": str(listening.write())})
    hand = Hand(datetime.now(UTC) + timedelta(seconds=10))
    with compose.sources(settings, SOURCES["argocd"]) as (source,):
        fetch = source.fetch

        def interrupted(task: Any) -> Any:
            for page in fetch(task):
                if not heard:
                    hand.move(seconds=1)
                    later = Door(listening, hand)
                    heard.append(later.post(LETTERS["argocd"]).json()["due"])
                    later.engine.dispose()
                yield page

        heard: list[Any] = []
        source.fetch = interrupted  # type: ignore[method-assign]
        outcome = read_stream(door.engine, source, source.streams()[0], random_id(), hand, only_due=False)
    assert (outcome.state, heard) == ("read", [["applications"]])
    (due,) = listening.rows("SELECT next_poll_at FROM streams WHERE source = :source", source=SOURCES["argocd"])
    assert due.next_poll_at <= hand() + timedelta(seconds=2)


# ---- how soon


def test_a_change_is_on_the_timeline_within_seconds_of_its_hook(listening: Bank) -> None:
    """Two workers, and an hour between polls: what comes sooner came because of the hook, for no stream is held."""
    listening.settings["argocd"] = {**listening.settings.get("argocd", {}), "stream": False}
    listening.tell()
    settings = load({"THROUGHLINE_CONFIG": str(listening.write())})
    with ExitStack() as opened:
        for _ in range(2):
            engine = listening.engine
            opened.callback(engine.dispose)
            built = opened.enter_context(compose.sources(settings))
            worker = Worker(compose.work_of(settings, engine, built))
            worker.start()
            opened.callback(worker.stop)
        door = Door(listening)
        opened.callback(door.engine.dispose)
        ready = "SELECT count(*) > 6 AND bool_and(succeeded_at IS NOT NULL OR stream = 'ranges') FROM streams"
        _until(lambda: listening.one(ready), 90)
        _until(lambda: Texts().title in door.ask("GET", "/changes").text, 60)
        for kind in KINDS:
            _until(lambda kind=kind: all(s > HOUR / 2 for name, s in waits(listening, kind).items() if name in DUE[kind]), 60)
        told = listening.one("SELECT count(*) FROM leaves")
        listening.tell(Texts(title=NEW, branch="ada/again", message=NEW, workspace="again-production", application="again"))
        time.sleep(2)
        assert listening.one("SELECT count(*) FROM leaves") == told, "nobody looks before the hook"
        began = time.monotonic()
        for kind in KINDS:
            assert door.post(LETTERS[kind]).json()["due"] == DUE[kind]
        _until(lambda: NEW in door.ask("GET", "/changes").text, 60)
        took = time.monotonic() - began
        applied = "SELECT count(*) FROM events WHERE type = 'apply'"
        _until(lambda: listening.one(applied) == 2, 60)
    assert took < 30, "5 s on a quiet machine"
    ids = [row.id for row in listening.rows("SELECT id FROM events")]
    assert len(ids) == len(set(ids)) == listening.one("SELECT count(*) FROM leaves")


def _until(true: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


def test_what_was_heard_is_counted(door: Door) -> None:
    door.post(LETTERS["tfe"])
    door.post(LETTERS["tfe"])
    door.post(LETTERS["tfe"], headers={"x": "y"})
    metrics = door.ask("GET", "/metrics").text
    for outcome in ("heard", "replayed", "refused"):
        assert f'throughline_webhooks_total{{source="{cast.TFE}",outcome="{outcome}"}} 1' in metrics, metrics[-900:]
    assert json.dumps(SECRETS[cast.TFE]) not in metrics
