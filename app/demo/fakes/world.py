"""The demo's own door beside the three fakes: how the one who replays history moves it on. No real system has this."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event, RLock
from typing import Any

from fastapi import FastAPI

from app.demo.world import World


class Turn:
    """The world's clock: where history has come to, or the real time once it is live. `begun`: it stands somewhere."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock, self._lock = clock, RLock()
        self._at: datetime | None = None
        self.live = False
        self.begun = Event()

    def now(self) -> datetime:
        return self._clock() if self.live or self._at is None else self._at

    @contextmanager
    def moving(self, world: World) -> Iterator[None]:
        """Nobody else moves the world, and nobody reads it half moved."""
        with self._lock, world.bank.locked():
            yield

    def stands(self, at: datetime) -> None:
        self._at = at
        self.begun.set()


def world_app(world: World, turn: Turn, clock: Callable[[], datetime]) -> FastAPI:
    """`POST /play?until=` all that is due until then · `POST /next?until=` up to Argo CD's next act · `POST /live`."""
    app = FastAPI(openapi_url=None)

    @app.get("/")
    def state() -> dict[str, Any]:
        return {"start": world.start.isoformat(), "began": world.journal.began.isoformat(), "live": turn.live}

    @app.post("/play")
    def play(until: datetime) -> dict[str, Any]:
        with turn.moving(world):
            world.play(until)
            turn.stands(until)
        return {"at": until.isoformat()}

    @app.post("/next")
    def next_act(until: datetime) -> dict[str, Any]:
        with turn.moving(world):
            reached, touched = world.next(until)
            at = until if reached is None else reached
            turn.stands(at)
        return {"at": at.isoformat(), "touched": touched}

    @app.post("/live")
    def go_live() -> dict[str, Any]:
        with turn.moving(world):
            now = clock()
            world.play(now)
            turn.live = True
            turn.stands(now)
        return {"live": True}

    return app
