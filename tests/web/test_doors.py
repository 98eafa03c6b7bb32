"""The three doors of a list, the API's promises, health and metrics, tiles: over real HTTP."""

import csv
import io
import re

import pytest
from app.ledger import merkle
from app.ledger.checkpoint import open_checkpoint
from app.web import schema
from app.web.schema_drift import BlindSpots, Drifts
from app.web.schema_lineage import Lineage
from jsonschema import Draft202012Validator

from tests.web import world
from tests.web.conftest import Site

CHANGE = {
    *("id", "number", "title", "environment", "class", "opened_at", "finished_at", "repository", "pull_requests", "commits"),
    *("people", "runs", "policy", "applies", "syncs", "drift", "verdicts", "summary", "links", "gaps"),
}
EVENT = {
    *("id", "seq", "source", "kind", "step", "status", "known", "subject", "actor", "occurred_at", "observed_at", "recorded_at"),
    *("change", "facts", "leaf_hash"),
}
PUBLISHED = {
    "/api/v1/changes?limit=500": schema.Changes,
    "/api/v1/events?limit=100": schema.Events,
    "/api/v1/people?limit=500": schema.People,
    "/api/v1/lineage?limit=500": Lineage,
    "/api/v1/drift?limit=500": Drifts,
    "/api/v1/blind-spots?limit=500": BlindSpots,
    "/api/v1/sources": schema.SourceList,
    "/api/v1/ledger": schema.LedgerOf,
    "/api/v1/ledger/entries/0": schema.Proof,
}


def everything(site: Site, path: str) -> list[dict[str, object]]:
    """Every item, page by page."""
    items: list[dict[str, object]] = []
    cursor = ""
    while True:
        answer = site.get(f"{path}{'&' if '?' in path else '?'}limit=3&cursor={cursor}").json()
        items += answer["items"]
        cursor = answer["next"]
        if not cursor:
            return items


@pytest.mark.parametrize(
    "query", ["", "?q=verdict:fail", "?q=workspace:net-prod", "?from=2026-10-03&to=2026-10-06", "?q=-author:ana"]
)
def test_the_three_doors_of_changes_give_the_same_ids_in_the_same_order(full: Site, query: str) -> None:
    rows = list(csv.DictReader(io.StringIO(full.get(f"/changes.csv{query}").text)))
    items = everything(full, f"/api/v1/changes{query}")
    page = full.get(f"/changes{query}{'&' if query else '?'}limit=500").text
    shown = re.findall(r'class="row__title"><a href="/changes/([0-9a-f-]{36})"', page)
    ids = [str(item["id"]) for item in items]
    assert ids
    assert [row["id"] for row in rows] == ids == shown
    assert len(ids) == len(set(ids))


def test_the_three_doors_of_events_too(full: Site) -> None:
    rows = list(csv.DictReader(io.StringIO(full.get("/events.csv?q=source:tfe").text)))
    items = everything(full, "/api/v1/events?q=source:tfe")
    shown = re.findall(r'<a href="/events/(\d+)">', full.get("/events?q=source:tfe&limit=500").text)
    seqs = [str(item["seq"]) for item in items]
    assert [row["seq"] for row in rows] == seqs == shown


def test_a_formula_is_guarded_in_the_csv(full: Site) -> None:
    rows = list(csv.DictReader(io.StringIO(full.get("/changes.csv?q=pr:402").text)))
    assert rows[0]["title"] == "'" + world.FORMULA
    answer = full.get("/changes.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="changes-2026-10-14.csv"'


def test_items_have_what_the_contract_names(full: Site) -> None:
    answer = full.get("/api/v1/changes?limit=500").json()
    assert set(answer) == {"items", "next", "sentence"}
    assert all(set(item) >= CHANGE for item in answer["items"])
    assert answer["sentence"].startswith(f"{len(answer['items'])} changes")
    assert all(set(item) >= EVENT for item in full.get("/api/v1/events?limit=500").json()["items"])


def test_answers_follow_the_schema_that_is_published(full: Site) -> None:
    published = full.get("/api/v1/openapi.json").json()
    for path, shape in PUBLISHED.items():
        shape.model_validate(full.get(path).json())
        name = shape.__name__
        validator = Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": published["components"]})
        errors = [error.message for error in validator.iter_errors(full.get(path).json())]
        assert not errors, errors[:3]


def test_every_operation_is_described(full: Site) -> None:
    published = full.get("/api/v1/openapi.json").json()
    for path, operations in published["paths"].items():
        for method, operation in operations.items():
            assert method == ("post" if path.startswith("/webhooks/") else "get"), "the portal changes nothing"
            assert operation["summary"], path
            assert operation["responses"]["200"]["content"], path
            if path.startswith("/api/"):
                errors = [code for code in operation["responses"] if code != "200"]
                assert errors, path
                for code in errors:
                    assert "application/problem+json" in operation["responses"][code]["content"], path
    refs = set(re.findall(r"#/components/schemas/(\w+)", full.get("/api/v1/openapi.json").text))
    assert refs <= set(published["components"]["schemas"])


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/v1/changes?q=colour:red", "q"),
        ("/api/v1/changes?from=never", "from"),
        ("/api/v1/changes?limit=1000000", "limit"),
        ("/api/v1/events?limit=-1", "limit"),
        ("/api/v1/changes?cursor=AAAA", "cursor"),
        ("/changes.csv?q=colour:red", "q"),
    ],
)
def test_what_cannot_be_understood_is_a_problem(full: Site, path: str, parameter: str) -> None:
    answer = full.get(path)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == 400
    assert told["parameter"] == parameter
    schema.Problem.model_validate(told)
    if parameter == "q":
        assert told["position"] == 0


def test_a_half_open_period_includes_its_start_and_not_its_end(full: Site) -> None:
    at = full.get("/api/v1/changes?limit=1").json()["items"][0]["at"]
    assert full.get("/api/v1/changes/count", params={"from": at}).json()["count"] == 1
    everything_before = full.get("/api/v1/changes/count", params={"to": at}).json()["count"]
    assert everything_before == full.get("/api/v1/changes/count").json()["count"] - 1


def test_health(full: Site, empty: Site) -> None:
    assert full.get("/healthz").text == "ok\n"
    assert full.get("/readyz").json() == {"ready": True, "checks": {"database": "ok", "schema": "ok", "heartbeat": "ok"}}
    waiting = empty.get("/readyz")
    assert waiting.status_code == 503
    assert waiting.json()["checks"]["heartbeat"] == "no worker has been heard of"


def test_metrics_are_prometheus_text(full: Site) -> None:
    answer = full.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    sample = re.compile(r'[a-z_]+(\{([a-z_]+="([^"\\\n]|\\.)*",?)*\})? -?[0-9.e+]+')
    names = set()
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            assert sample.fullmatch(line), line
            names.add(line.partition("{")[0].partition(" ")[0])
    assert {
        "throughline_stream_lag_seconds",
        "throughline_stream_failures",
        "throughline_ledger_entries",
        "throughline_http_requests_total",
    } <= names
    assert 'throughline_stream_failures{source="argocd",stream="applications"} 3' in answer.text


def test_a_stranger_can_check_the_ledger_over_http(full: Site) -> None:
    note = full.get("/ledger/checkpoint")
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    _, size, root = open_checkpoint(note.text, world.KEY.vkey(world.ORIGIN))
    hashes: list[bytes] = []
    leaves: list[bytes] = []
    for index in range(-(-size // 256)):
        width = min(256, size - index * 256)
        place = f"{index:03d}" + (f".p/{width}" if width < 256 else "")
        tile = full.get(f"/ledger/tile/0/{place}")
        assert tile.headers["content-type"] == "application/octet-stream"
        hashes += [tile.content[i : i + 32] for i in range(0, len(tile.content), 32)]
        bundle, at = full.get(f"/ledger/tile/entries/{place}").content, 0
        while at < len(bundle):
            end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
            leaves.append(bundle[at + 2 : end])
            at = end
    assert len(leaves) == size
    assert [merkle.leaf_hash(leaf) for leaf in leaves] == hashes
    assert merkle.root_of(hashes) == root


@pytest.mark.parametrize(
    "place",
    ["0/999", "0/x000/001", "0/1", "0/001.p/0", "0/001.p/256", "64/000", "x/000", "entries/900", "0/000.p/300", "0/../../x"],
)
def test_a_place_that_is_none_is_404(full: Site, place: str) -> None:
    answer = full.get(f"/ledger/tile/{place}")
    assert answer.status_code == 404


def test_one_entry_with_its_proof(full: Site) -> None:
    told = full.get("/api/v1/ledger/entries/5").json()
    path = [bytes.fromhex(h) for h in told["path"]]
    leaf = merkle.leaf_hash(told["leaf"].encode())
    assert leaf.hex() == told["leaf_hash"]
    sealed = told["checkpoint"]
    assert merkle.verify_inclusion(leaf, 5, sealed["size"], path, bytes.fromhex(sealed["root"]))
    assert full.get("/api/v1/ledger/entries/123456").status_code == 404
    assert full.get("/api/v1/ledger/entries/x").status_code == 400
