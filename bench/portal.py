"""The portal's own pages over the longest lists: statements and time of each. Only told; nothing is promised."""

from collections.abc import Iterator
from statistics import median

import httpx
from app.ledger.checkpoint import generate_key
from app.main import create_app
from sqlalchemy import Engine, event, text

from bench.figure import Figure, milliseconds, seconds
from bench.many_changes import many_changes
from bench.many_episodes import fill
from bench.place import Place
from bench.served import served

ORIGIN = "bench.example/throughline"
ADDRESSES = (
    "/",
    "/changes",
    "/changes?q=verdict:fail",
    "/changes?q=env:production+-author:ana-ferreira",
    "/changes?q=payments",
    "/api/v1/changes?limit=100",
    "/changes/{id}",
    "/drift",
    "/drift?q=env:production+is:closed",
    "/api/v1/drift?limit=100",
    "/drift/{episode}",
)
EPISODES = 50  # changes for each of them


class _Statements:
    """How many statements the program sent, the session's own settings left out."""

    def __init__(self, engine: Engine) -> None:
        self.count = 0
        event.listen(engine, "before_cursor_execute", self._one)

    def _one(self, *_: object) -> None:
        self.count += 1


def run(place: Place) -> Iterator[Figure]:
    size = place.size.changes[-1]
    engine = place.engine(many_changes(place, size))
    statements = _Statements(engine)
    with engine.connect() as connection:
        newest = connection.execute(text("SELECT id FROM changes ORDER BY at DESC, id DESC LIMIT 1")).scalar_one()
        fill(place.owner(engine.url.database or ""), max(300, size // EPISODES))
        episode = connection.execute(text("SELECT id FROM episodes ORDER BY at DESC, id DESC LIMIT 1")).scalar_one()
    app = create_app(engine, origin=ORIGIN, vkey=generate_key().vkey(ORIGIN))
    with served(app) as url, httpx.Client(base_url=url, timeout=300) as client:
        for address in ADDRESSES:
            yield _measured(client, address.format(id=newest, episode=episode), address, statements, place.size.repetitions)


def _measured(client: httpx.Client, address: str, name: str, statements: _Statements, repetitions: int) -> Figure:
    answer = client.get(address)
    assert answer.status_code == 200, f"{address} answered {answer.status_code}: {answer.text[:300]}"
    statements.count = 0
    client.get(address)
    count = statements.count
    length = median(seconds(lambda: client.get(address)) for _ in range(max(2, repetitions // 3)))
    return Figure(f"portal: {name}", milliseconds(length), f"{count} statements", f"{len(answer.content) // 1024} KB", None)
