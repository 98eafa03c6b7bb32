"""What a source keeps elsewhere: asked without the token, over one redirect, with its address in no message."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from app.errors import Missing, Refused, SourceError, Throttled, TooLarge, Unreachable
from app.sources import http
from app.sources.contract import Connection
from app.sources.http import Http
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.sources.harness import served

SECRET, TOKEN = "capability-7f3a", "token-91bc"


class Store:
    """The other server: what it was asked, and what it answers with."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.answer: Callable[[], Response] = lambda: PlainTextResponse("the object")
        self.app = Starlette(routes=[Route("/{rest:path}", self.serve)])

    def serve(self, request: Request) -> Response:
        self.asked.append((request.url.path, request.headers.get("authorization")))
        return self.answer()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def place(store: Store) -> Iterator[str]:
    with served(store.app) as url:
        yield url


@pytest.fixture
def source(place: str) -> Iterator[Callable[..., Http]]:
    """A source whose `/thing` redirects to the other server, or wherever it is told."""
    with ExitStack() as stack:

        def made(to: str = f"{place}/{SECRET}", status: int = 307, **more: Any) -> Http:
            async def thing(request: Request) -> Response:
                assert request.headers["authorization"] == f"Bearer {TOKEN}"
                return RedirectResponse(to, status) if status >= 300 else PlainTextResponse("here", status)

            url = stack.enter_context(served(Starlette(routes=[Route("/thing", thing)])))
            connection = Connection("tfe", "tfe", url, token=TOKEN, per_second=1000, timeout=5, **more)
            return Http(connection, lambda: datetime.now(UTC), ["/thing"], attempts=2)

        yield made


def test_a_redirect_is_followed_once_without_the_token(source: Callable[..., Http], store: Store) -> None:
    answer = source().get_elsewhere("/thing")
    assert (answer.body, answer.status) == (b"the object", 200)
    assert store.asked == [(f"/{SECRET}", None)]
    assert SECRET not in answer.url


def test_an_answer_that_is_there_already_is_taken(source: Callable[..., Http], store: Store) -> None:
    assert source(status=200).get_elsewhere("/thing").body == b"here"
    assert source(status=204).get_elsewhere("/thing").status == 204
    assert store.asked == []


def test_an_address_that_opens_by_itself_gets_no_token(source: Callable[..., Http], store: Store, place: str) -> None:
    with source().stream_elsewhere(f"{place}/{SECRET}") as streamed:
        assert b"".join(streamed.chunks) == b"the object"
    assert store.asked == [(f"/{SECRET}", None)]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: Response(status_code=404), Missing),
        (lambda: Response(status_code=429, headers={"retry-after": "900"}), Throttled),
        (lambda: RedirectResponse("https://other.example/"), Refused),
        (lambda: Response(status_code=503), SourceError),
    ],
)
def test_failures_there_say_which_server_and_not_the_address(
    source: Callable[..., Http], store: Store, answer: Callable[[], Response], error: type[Exception]
) -> None:
    store.answer = answer
    with pytest.raises(error) as failed:
        source().get_elsewhere("/thing")
    assert SECRET not in str(failed.value)
    assert all(token is None for _, token in store.asked)


@pytest.mark.parametrize(
    "to", ["ftp://other.example/x", "http://user:pw@127.0.0.1/x", "http://[::1", "file:///etc/passwd", "http://127.0.0.1:1/x"]
)
def test_an_address_that_is_none_of_ours_to_ask(source: Callable[..., Http], to: str) -> None:
    with pytest.raises(Unreachable):
        source(to).get_elsewhere("/thing")


def test_from_https_nobody_is_sent_to_http() -> None:
    one = Http(Connection("tfe", "tfe", "https://tfe.bank.example", token=TOKEN), lambda: datetime.now(UTC), ["/thing"])
    with pytest.raises(Unreachable, match="https"):
        one.get_elsewhere(f"http://127.0.0.1:9/{SECRET}")
    one.close()


def test_a_path_that_is_not_on_the_list_is_not_asked(source: Callable[..., Http]) -> None:
    with pytest.raises(Refused):
        source().get_elsewhere("/other")


def test_a_large_answer_is_refused_whole_and_streams_on_demand(source: Callable[..., Http], store: Store) -> None:
    assert http.LARGEST_STREAM > 500_000_000
    store.answer = lambda: StreamingResponse(b"x" * 100_000 for _ in range(50))
    one = source(max_bytes=1_000_000)
    with pytest.raises(TooLarge):
        one.get_elsewhere("/thing")
    with one.stream_elsewhere("/thing") as streamed:
        assert sum(map(len, streamed.chunks)) == 5_000_000


def test_a_body_that_breaks_off_is_said_to(source: Callable[..., Http], store: Store) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 1000
        raise OSError("gone")

    store.answer = lambda: StreamingResponse(broken())
    with pytest.raises(Unreachable, match="broke off"):
        source().get_elsewhere("/thing")
