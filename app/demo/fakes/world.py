"""The demo's own door beside the three fakes: how the one who replays history moves it on. No real system has this."""

from datetime import datetime
from threading import RLock
from typing import Any

from fastapi import FastAPI

from app.demo.world import World


class Turn:
    """The world's clock: where history has come to, or the real time once it is live."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.at: datetime | None = None
        self.live = False


def world_app(world: World, turn: Turn) -> FastAPI:
    """`POST /play?until=` everything due until then · `POST /next?until=` up to Argo CD's next act · `POST /live`."""
    app = FastAPI(openapi_url=None)

    @app.get("/")
    def state() -> dict[str, Any]:
        return {"start": world.start.isoformat(), "began": world.journal.began.isoformat(), "live": turn.live}

    @app.post("/play")
    def play(until: datetime) -> dict[str, Any]:
        with turn.lock:
            turn.at = until
            world.play(until)
        return {"at": until.isoformat()}

    @app.post("/next")
    def next_act(until: datetime) -> dict[str, Any]:
        with turn.lock:
            due = world.script.next_at()
            reached, touched = (None, False) if due is None or due > until else world.next(until)
            turn.at = reached or until
        return {"at": turn.at.isoformat(), "touched": touched, "done": reached is None}

    @app.post("/live")
    def go_live() -> dict[str, Any]:
        with turn.lock:
            turn.live = True
        return {"live": True}

    return app
