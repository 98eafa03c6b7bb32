"""The fake's stream of applications: what is written is sent the moment it is written, as far as the asked fields tell it.

Server-sent events with keep-alives, or lines of JSON without any; a snapshot first, and no going on from where one broke off. An
event goes out only where its fields differ from those sent last of that name; a reader that is too slow loses some, unsaid.
https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/ (`WatchApplications`)
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from app.demo.fakes import argocd_shapes as shapes
from app.demo.fakes.argocd_state import ArgocdState
from app.demo.fakes.argocd_types import ApplicationState

SLOT = 1000  # events that wait for a slow reader
LOOK = 0.02


class Listener:
    """One reader. `feed` is called by the state at each write."""

    def __init__(self, state: ArgocdState, request: Request) -> None:
        params = request.query_params
        self.state, self.projects = state, params.getlist("projects") or params.getlist("project")
        self.fields = [one.split(".") for one in (params.get("fields") or "").split(",") if one]
        self.waiting: deque[dict[str, Any]] = deque()
        self.sent: dict[str, str] = {}
        self.cuts = state.cuts

    def feed(self, type_: str, app: ApplicationState) -> None:
        if app.project in self.state.hidden or (self.projects and app.project not in self.projects):
            return
        if len(self.waiting) < SLOT:
            body = json.loads(json.dumps(shapes.application(app, self.state.now())))
            self.waiting.append({"result": {"type": type_, "application": body}})

    def lines(self) -> list[str]:
        """What is to be sent now, projected; of each application only what differs from what was sent of it."""
        out = []
        while self.waiting:
            frame = self.waiting.popleft()
            name, type_ = frame["result"]["application"]["metadata"]["name"], frame["result"]["type"]
            shown = chosen(frame, self.fields) if self.fields else frame
            said = json.dumps(shown["result"].get("application"), sort_keys=True)
            if type_ == "DELETED":
                self.sent.pop(name, None)
            elif self.sent.get(name) == said:
                continue
            else:
                self.sent[name] = said
            out.append(json.dumps(shown))
        return out


def chosen(value: Any, fields: list[list[str]]) -> Any:
    """The generic filter: these paths, through lists."""
    if isinstance(value, list):
        return [chosen(one, fields) for one in value]
    if not isinstance(value, Mapping) or [] in fields:
        return value
    out = {}
    for key, item in value.items():
        below = [one[1:] for one in fields if one[0] == key]
        if below:
            out[key] = item if [] in below else chosen(item, below)
    return out


def stream(state: ArgocdState, request: Request) -> StreamingResponse:
    """Ends when the reader goes, or when the state's streams are cut."""
    events = state.server_sent and request.headers.get("accept") == "text/event-stream"
    one = Listener(state, request)
    with state.lock:
        for _, app in sorted(state.applications.items()):
            one.feed("ADDED", app)
        state.listeners.append(one)
        state.streams += 1
    media = "text/event-stream" if events else "application/json"
    return StreamingResponse(_sent(state, one, events, request), media_type=media)


async def _sent(state: ArgocdState, one: Listener, events: bool, request: Request) -> AsyncIterator[bytes]:
    silent = 0.0
    try:
        while one.cuts == state.cuts and not await request.is_disconnected():
            with state.lock:
                found = one.lines()
                broken, state.stream_error = state.stream_error, None
            if broken:
                found.append(json.dumps({"error": broken}))
            for line in found:
                yield (f"data: {line} \n\n" if events else f"{line}\n").encode()
            if broken:
                return
            if events and state.keep_alive is not None and silent >= state.keep_alive:
                silent = 0.0
                yield b":\n"
            await asyncio.sleep(LOOK)
            silent += LOOK
    finally:
        with state.lock:
            state.listeners.remove(one)
