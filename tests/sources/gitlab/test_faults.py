"""Every endpoint, and what broken servers and networks do to it: a named failure, nothing lost, and the next pass makes it good."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from app.errors import SourceError
from app.sources.contract import Want
from app.sources.gitlab.hook import STREAMS as HEARD
from app.sources.gitlab.source import Gitlab

from tests.sources.gitlab.conftest import LATER, REPO, World, after
from tests.sources.harness import events_of, run_pass, run_until_error

# stream, part of the path, whether the stream can do without it
ENDPOINTS = [
    ("pull-requests", r"/projects/bank", False),
    ("pull-requests", r"/merge_requests$", False),
    ("pull-requests", r"/merge_requests/1$", False),
    ("pull-requests", r"/approvals$", True),
    ("pull-requests", r"/commits$", False),
    ("pull-requests", r"/versions$", False),
    ("pull-requests", r"/notes$", False),
    ("pull-requests", r"/resource_state_events$", True),
    ("pull-requests", r"/status_checks$", True),
    ("pull-requests", r"/events$", True),
    ("ranges", r"/merge_base$", False),
    ("ranges", r"/repository/commits$", False),
    ("ranges", r"/[0-9a-f]{40}/merge_requests$", False),
    ("pushes", r"/protected_branches$", True),
    ("pushes", r"/repository/branches/main$", True),
    ("pushes", r"/events$", False),
    ("pushes", r"/merge_base$", False),
    ("rules", r"/protected_branches$", True),
    ("rules", r"\d/approvals$", True),
    ("rules", r"/approval_rules$", True),
]
FAULTS = {
    "401": (401, b'{"message":"401 Unauthorized"}', {}, {"unauthorized"}),
    "403": (403, b'{"message":"403 Forbidden"}', {}, {"forbidden"}),
    "404": (404, b'{"message":"404 Not Found"}', {}, {"not found"}),
    "429": (429, b"Retry later", {"retry-after": "60"}, {"throttled"}),
    "500": (500, b"<html>502</html>", {}, {"server error"}),
    "html": (200, b"<!DOCTYPE html><html>sign in</html>", {}, {"not understood"}),
    "cut": (200, b'[{"id": 1, "iid', {}, {"not understood"}),
    "wrong type": (200, b'"text"', {}, {"not understood"}),
    "null": (200, b"null", {}, {"not understood"}),
}


@pytest.fixture
def told(world: World) -> World:
    """Something of everything: a request whose head was rewritten, merged, and a direct push."""
    n = world.request(2)
    world.state.push(REPO, n, "ada", "Again", ["x"], after(hours=2), force=True)
    world.state.approve(REPO, n, "bob", after(hours=3))
    world.merge(n, after(hours=4))
    world.state.direct_push(REPO, "eve", after(hours=5), ["a"])
    return world


def once(world: World) -> Gitlab:
    """The source, asking each thing once: that it asks again is tested elsewhere, and takes its time."""
    source = world.source()
    source._client.http.attempts = 1
    return source


def wants(world: World) -> list[Want]:
    git = world.state.projects[REPO].git
    first = next(iter(git.commits))
    return [Want(REPO, world.state.projects[REPO].tip, first, "x")]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("stream", "where", "without"), ENDPOINTS, ids=[f"{s} {w}" for s, w, _ in ENDPOINTS])
def test_each_endpoint_and_each_fault(told: World, stream: str, where: str, without: bool, fault: str) -> None:
    status, body, headers, states = FAULTS[fault]
    expected = {event.id for event in events_of(run_pass(told.source(), stream, {}, LATER, wants(told)))}
    told.state.fail_next(4, status, body, headers, path=re.compile(where))
    pages, error = run_until_error(once(told), stream, told.memory, LATER, wants(told))
    told.state.planned.clear()
    early = {event.id for event in events_of(pages)}
    if error is None:
        assert fault in ("403", "404"), "done without, though it is broken"
        assert without or stream == "ranges" or fault == "404"
        return
    assert isinstance(error, SourceError)
    assert error.state in states
    assert early <= expected
    later = LATER + timedelta(minutes=20)
    again, error = run_until_error(told.source(), stream, told.memory, later, wants(told))
    assert error is None
    assert early | {event.id for event in events_of(again)} >= expected


@contextmanager
def silent(close: bool) -> Iterator[str]:
    """A server that takes a connection and says nothing, or hangs up in the middle of an answer."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            if close:
                one.recv(4096)
                one.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n[{")
                one.close()
            else:
                held.append(one)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        for one in held:
            one.close()


@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize("stream", ["pull-requests", "ranges", "pushes", "rules"])
def test_a_server_that_says_nothing_or_hangs_up(told: World, stream: str, close: bool) -> None:
    with silent(close) as url:
        _, error = run_until_error(told.source(url=url, timeout=0.3), stream, {}, LATER, wants(told))
    assert isinstance(error, SourceError)
    assert error.state == "unreachable"


def test_the_webhook_asks_for_streams_that_there_are(world: World) -> None:
    there = {stream.name for stream in world.source().streams()}
    assert {name for streams in HEARD.values() for name in streams} <= there
