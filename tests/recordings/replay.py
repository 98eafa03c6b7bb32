"""Serves what a real server answered, as it stood at a chosen second, over real HTTP on 127.0.0.1.

A recording is a folder with `exchanges.jsonl.zst` (or `.jsonl`): one line for each answer that differed from the one before it,
`{"t", "at", "path", "query", "status", "headers", "body"}`. A request gets the last answer at or before the replay's own time.
The same query is preferred; else one with the same filters; else any of the same path. Lists are paged and, for Argo CD, cut
to the fields that its server lets out.
"""

import io
import json
import threading
from bisect import bisect_right
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import zstandard

Query = tuple[tuple[str, str], ...]
HERE = Path(__file__).parent

LET_OUT = {  # what Argo CD's application list lets out of an item when `fields` is given
    *("metadata.name", "metadata.namespace", "metadata.annotations", "metadata.labels"),
    *("metadata.creationTimestamp", "metadata.deletionTimestamp", "operation.sync"),
    *("spec", "spec.destination", "spec.project", "spec.source", "spec.sources", "spec.syncPolicy"),
    *("status.sync.status", "status.sync.revision", "status.health", "status.summary", "status.resources"),
    *("status.operationState.startedAt", "status.operationState.finishedAt", "status.operationState.phase"),
}


def lines(folder: str | Path, name: str) -> list[Any]:
    """The JSON lines of `<name>.jsonl`, compressed or not. A folder without a slash is one of ours."""
    place = HERE / folder
    packed = place / f"{name}.jsonl.zst"
    if packed.exists():
        with packed.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
            return [json.loads(line) for line in io.TextIOWrapper(stream, encoding="utf-8")]
    return [json.loads(line) for line in (place / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def _query(text: str) -> Query:
    return tuple(sorted(parse_qsl(text, keep_blank_values=True)))


def _filters(query: Query) -> frozenset[tuple[str, str]]:
    """What decides which items a list holds. The recorded server took a list of operations with plan_only in it as plan_only."""
    chosen = ((k, v) for k, v in query if k.startswith(("filter[", "search[")))
    return frozenset((k, "plan_only" if k == "filter[operation]" and "plan_only" in v.split(",") else v) for k, v in chosen)


class Recording:
    def __init__(self, folder: str | Path) -> None:
        self.answers: dict[str, dict[Query, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
        self.end = 0.0
        for one in lines(folder, "exchanges"):
            self.answers[one["path"]][_query(one["query"])].append(one)
            self.end = max(self.end, one["t"])

    def answer(self, path: str, query: str, t: float) -> dict[str, Any] | None:
        known, wanted = self.answers.get(path), _query(query)
        if not known:
            return None
        if wanted in known:
            candidates = [known[wanted]]
        else:
            alike = [told for asked, told in known.items() if _filters(asked) == _filters(wanted)]
            candidates = sorted(alike or known.values(), key=lambda told: -len(json.dumps(told[-1]["body"])))
        for told in candidates:
            index = bisect_right([one["t"] for one in told], t)
            if index:
                return told[index - 1]
        return None

    def absent(self, path: str, t: float) -> bool:
        """An Argo CD application that the list of that moment does not hold: deleted, or not made yet."""
        if not path.startswith("/api/v1/applications/"):
            return False
        listed = self.answer("/api/v1/applications", "", t)
        if listed is None or listed["status"] != 200:
            return False
        return path.split("/")[4] not in {item["metadata"]["name"] for item in listed["body"].get("items") or []}


def _cut(body: dict[str, Any], fields: str) -> dict[str, Any]:
    wanted = [f.removeprefix("items.").split(".") for f in fields.split(",") if f.removeprefix("items.") in LET_OUT]
    items = []
    for item in body.get("items") or []:
        out: dict[str, Any] = {}
        for path in wanted:
            found: Any = item
            for part in path:
                found = found.get(part) if isinstance(found, dict) else None
            if found is not None:
                at = out
                for part in path[:-1]:
                    at = at.setdefault(part, {})
                at[path[-1]] = found
        items.append(out)
    return {"metadata": body.get("metadata", {}), "items": items}


def _paged(body: dict[str, Any], size: int, number: int) -> dict[str, Any]:
    data = body["data"]
    last = max(1, -(-len(data) // size))
    pagination = {
        "current-page": number,
        "page-size": size,
        "prev-page": number - 1 or None,
        "next-page": number + 1 if number < last else None,
        "total-pages": last,
        "total-count": len(data),
    }
    chosen = data[(number - 1) * size : number * size]
    return {**body, "data": chosen, "meta": {**body.get("meta", {}), "pagination": pagination}}


class Replay:
    """`with Replay("tfe-api-driven") as server: server.move(12.5)`; `server.log` holds (path, query) of every request."""

    def __init__(self, folder: str | Path, token: str = "") -> None:
        self.recording, self.token, self.t = Recording(folder), token, 0.0
        self.log: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _listener(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def end(self) -> float:
        """The second of the last recorded answer."""
        return self.recording.end

    def move(self, t: float) -> None:
        """Stand at second `t` of the recording."""
        self.t = t

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def __enter__(self) -> "Replay":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def respond(self, path: str, query: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        if self.token and authorization != f"Bearer {self.token}":
            return 401, {}, b'{"errors":[{"status":"401","title":"unauthorized"}],"error":"no session information","code":16}'
        found = None if self.recording.absent(path, self.t) else self.recording.answer(path, query, self.t)
        if found is None:
            return 404, {}, b'{"errors":[{"status":"404","title":"not found"}],"error":"not recorded","code":5}'
        body, params = found["body"], dict(_query(query))
        if found["status"] == 200 and isinstance(body, dict):
            if path == "/api/v1/applications" and "fields" in params:
                body = _cut(body, params["fields"])
            elif isinstance(body.get("data"), list) and "page[size]" in params:
                body = _paged(body, int(params["page[size]"]), int(params.get("page[number]", "1")))
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return found["status"], found["headers"], data


def _listener(replay: Replay) -> type[BaseHTTPRequestHandler]:
    class Listener(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two writes; together with delayed ACKs each answer would take 40 ms

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            replay.log.append((url.path, url.query))
            status, headers, data = replay.respond(unquote(url.path), url.query, self.headers.get("authorization", ""))
            self.send_response(status)
            for name, value in ({"content-type": "application/json"} | headers).items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("content-length", str(len(data)))
            self.end_headers()
            if status != 204:
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Listener
