"""A recorded day read by one whose server refuses to tell its announcements."""

from datetime import timedelta
from typing import Any

import httpx
from app.sources.argocd.source import STREAM, Argocd
from app.sources.contract import Connection, Page

from tests.recordings.replay import Replay
from tests.sources.argocd.day import begun, first_list
from tests.sources.harness import run_pass


class Deaf(httpx.BaseTransport):
    """Everything but announcements, which are forbidden."""

    def __init__(self) -> None:
        self.real = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            return httpx.Response(403, json={"error": "permission denied", "code": 7, "message": "permission denied"})
        return self.real.handle_request(request)


def read_deaf(folder: str, step: float) -> list[Page]:
    """The whole recording, a pass every `step` seconds, and one at its very end."""
    memory: dict[str, Any] = {}
    pages: list[Page] = []
    with Replay(folder, token="recorded") as server:
        zero, t = begun(server), first_list(server)
        connection = Connection("argocd-a", "argocd", server.url, token="recorded", per_second=10_000)
        source = Argocd(connection, lambda: zero + timedelta(seconds=t), Deaf())
        while True:
            server.move(t)
            pages += run_pass(source, STREAM, memory, zero + timedelta(seconds=t))
            if t >= server.end:
                break
            t = min(t + step, server.end)
        source.close()
    return pages
