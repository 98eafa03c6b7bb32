"""Each kind and outcome of an operation, from the fake Argo CD over HTTP to ledger, page, JSON, CSV and search: see syncs.py."""

import csv
import html
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.demo.fakes.argocd_types import ApplicationState
from app.web.schema import Change

from tests.stories.bank import Bank, founded, servers
from tests.stories.gate import Gate
from tests.stories.syncs import MANY, TALES, Plot, Tale, nothing, sha, url

__all__ = ["servers"]
STEP = timedelta(minutes=10)


@dataclass
class Told:
    bank: Bank
    began: datetime
    items: dict[str, list[dict[str, Any]]]  # of each application, its changes
    pages: dict[str, str]  # of each change

    def sync(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The change and the operation that the tale is about."""
        tale = TALES[name]
        start = self.began + len(tale.parts) * STEP + timedelta(seconds=tale.seconds)
        found = [(item, sync) for item in self.items[name] for sync in item["syncs"] if sync["application"] == name]
        far = [abs((datetime.fromisoformat(sync["started_at"]) - start).total_seconds()) for _, sync in found]
        best = [one for one, distance in zip(found, far, strict=True) if distance == min(far)]
        return next((one for one in best if one[1]["kind"] == tale.json.get("kind")), best[0])

    def words(self, name: str) -> str:
        return words(self.pages[self.sync(name)[0]["id"]])


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def plant(bank: Bank, name: str, tale: Tale, at: datetime) -> ApplicationState:
    app = bank.argocd.add_application(
        name, project="payments", repository=url(name, tale), path=name, at=at, revision=sha("one"), **tale.settings
    )
    bank.argocd.sync(app, at, "alice")
    return app


@pytest.fixture(scope="module")
def told(servers: dict[str, tuple[Gate, str]], module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Told:
    bank = founded(servers, module_database, tmp_path_factory.mktemp("syncs"))
    bank.kinds = ("argocd",)
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=50)
    apps = {name: plant(bank, name, tale, began) for name, tale in {**TALES, "held": Tale((nothing,), {})}.items()}
    polled(bank)
    for n in range(2):
        for name, app in apps.items():
            tale = TALES.get(name, Tale((nothing,), {}))
            if n < len(tale.parts):
                tale.parts[n](Plot(bank.argocd, app, began + (n + 1) * STEP, app.sources[0].repository))
        polled(bank)
    return read(bank, began)


def polled(bank: Bank) -> None:
    ran = bank.poll()
    assert ran.code == 0, ran.out + ran.err


def read(bank: Bank, began: datetime) -> Told:
    names = [*TALES, "held"]
    answers = bank.pages([f"/api/v1/changes?limit=50&q=app:{name}" for name in names])
    items = {name: answer.json()["items"] for name, answer in zip(names, answers, strict=True)}
    ids = sorted({item["id"] for listed in items.values() for item in listed})
    pages = dict(zip(ids, [answer.text for answer in bank.pages([f"/changes/{one}" for one in ids])], strict=True))
    return Told(bank, began, items, pages)


@pytest.mark.parametrize("name", TALES)
def test_it_is_told_whole(told: Told, name: str) -> None:
    tale = TALES[name]
    item, sync = told.sync(name)
    assert {key: sync[key] for key in tale.json} == tale.json
    assert item["title"].startswith(tale.title)
    verdicts = {one["control"]: (one["verdict"], one["because"]) for one in item["verdicts"]}
    assert {control: verdicts[control][0] for control in tale.verdicts} == tale.verdicts, verdicts
    page = told.words(name)
    assert [text for text in tale.words if html.unescape(text) not in page] == [], page
    assert [text for text in tale.never if text in page] == []
    assert len(told.pages[item["id"]].encode()) < 200_000


def order(sync: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["name"], one["phase"], one["wave"], one["hook_phase"], one["status"]) for one in sync["resources"]]


def test_results_stand_in_the_order_of_execution_with_phases_waves_and_hooks(told: Told) -> None:
    assert order(told.sync("in-waves")[1]) == [
        ("prepare", "PreSync", None, "Succeeded", "Synced"), ("migrate", "PreSync", None, "Succeeded", "Synced"),
        ("in-waves-config", "Sync", 0, None, "Synced"), ("in-waves", "Sync", 1, None, "Synced"),
        ("smoke", "PostSync", None, "Succeeded", "Synced"),
    ]  # fmt: skip
    assert [one["images"] for one in told.sync("in-waves")[1]["resources"]][3] == ["registry.bank.example/api:1.4"]
    assert [one[:4] for one in order(told.sync("hook-failed")[1])] == [
        ("prepare", "PreSync", None, "Succeeded"), ("migrate", "PreSync", None, "Failed"), ("alert", "SyncFail", None, "Succeeded"),
    ]  # fmt: skip


def test_attempts_are_told_with_what_was_not_seen_of_them(told: Told) -> None:
    for name in ("retrying", "retried-well", "retried-badly"):
        (attempt,) = told.sync(name)[1]["attempts"]
        assert (attempt["number"], attempt["unseen"], attempt["failures"][0]["cause"]) == (2, 1, "namespace-missing")
        assert attempt["message"].startswith("one or more objects failed to apply")
    failed = told.sync("retried-badly")[1]["failures"][0]
    assert (failed["cause"], failed["name"], failed["of"]["kind"]) == ("namespace-missing", "settlements", "ConfigMap")


def test_a_newer_commit_does_not_displace_what_is_still_retried(told: Told) -> None:
    syncs = [sync for item in told.items["displaced"] for sync in item["syncs"]]
    assert [(one["phase"], one["revision"]) for one in sorted(syncs, key=lambda one: one["started_at"])] == [
        ("Succeeded", sha("one")), ("Failed", sha("two")), ("Succeeded", sha("three")),
    ]  # fmt: skip


def test_an_injected_operation_is_put_on_nobody(told: Told) -> None:
    item, _ = told.sync("injected")
    assert item["people"] == []
    assert [gap["what"] for gap in item["gaps"] if gap["what"] == "initiator unknown"]
    assert "alice" not in told.words("injected").replace("alice was", "")


def test_drift_repaired_as_a_by_product_is_a_deployment_and_the_end_of_the_drift(told: Told) -> None:
    item, sync = told.sync("by-product")
    drifted = [one for one in told.items["by-product"] if one["drift"]]
    assert [one["state"] for one in drifted] == ["finished"]
    links = [link for one in (item, *drifted) for link in one["links"]]
    assert ("ended by", f"operation:argocd-prod:{sync['id']}") in {(link["rule"], link["to"]) for link in links}
    assert sync["kind"] == "automated"
    assert sync["sources"][0]["previous_revision"] == sha("one")


def test_two_operations_within_one_second_are_two(told: Told) -> None:
    kinds = sorted(sync["kind"] for item in told.items["at-once"] for sync in item["syncs"])
    assert kinds == ["dry-run", "manual", "selective"]


def test_what_a_window_holds_back_leaves_only_that_it_is_out_of_sync(told: Told) -> None:
    assert [sync["kind"] for item in told.items["held"] for sync in item["syncs"]] == ["manual"]
    statuses = told.bank.page("/api/v1/events?q=app:held type:sync-status&limit=50").json()["items"]
    assert statuses[0]["status"] == "OutOfSync"


def test_five_thousand_results_are_all_reachable(told: Told) -> None:
    item, sync = told.sync("many")
    assert len(sync["resources"]) == MANY
    assert [one["name"] for one in sync["resources"] if one["status"] == "SyncFailed"] == ["part-04321"]
    at = f"/changes/{item['id']}/syncs/{sync['id'].replace('/', '%2F')}"
    assert f'href="{at}"' in told.pages[item["id"]].replace("%3A", ":")
    first, last, past, missing = told.bank.pages([at, f"{at}?first=4300", f"{at}?first=999999", f"{at}x"])
    assert "1 to 100 of 5,000" in words(first.text)
    assert "part-04321" in last.text
    assert "4,901 to 5,000 of 5,000" in words(past.text)
    assert [one.status_code for one in (first, last, past, missing)] == [200, 200, 200, 404]
    assert max(len(one.text.encode()) for one in (first, last, past)) < 200_000
    rows = list(csv.DictReader(io.StringIO(told.bank.page(f"/changes/{item['number']}/syncs.csv").text)))
    assert [row["resource_name"] for row in rows if row["kind"] == "manual"] == [f"part-{n:05d}" for n in range(MANY)]
    assert told.bank.one("SELECT max(length(leaf)) FROM leaves") < 65_536


FINDS = {
    "sync:rollback": "rollback", "sync:injected": "injected", "sync:local": "local", "sync:dry-run": "dry-run",
    "sync:terminated": "terminated", "sync:forced": "forced", "sync:replaced": "replaced", "sync:pruned": "pruning",
    "sync:retried sync:failed": "retried-badly", "sync:partial sync:automated": "hole",
    "sync:cause/namespace-missing": "no-namespace", "sync:[self-heal,prune]": "healed",
}  # fmt: skip


def test_each_is_found(told: Told) -> None:
    asked = [f"/api/v1/changes?q={query} app:{app}" for query, name in FINDS.items() for app in (name, "unkept")]
    found = [[one["id"] for one in answer.json()["items"]] for answer in told.bank.pages(asked)]
    assert found == [ids for name in FINDS.values() for ids in ([told.sync(name)[0]["id"]], [])]


def test_the_json_is_of_the_shape_it_promises_and_a_rebuild_gives_the_same(told: Told) -> None:
    for item in (one for listed in told.items.values() for one in listed):
        whole = Change.model_validate(item).model_dump(mode="json", by_alias=True)
        assert [set(one) for one in whole["syncs"]] == [set(one) for one in item["syncs"]]
    rows = list(csv.DictReader(io.StringIO(told.bank.page("/changes.csv?q=app:rollback sync:rollback").text)))
    assert rows[0]["syncs"].endswith(", rollback to history entry 0, by bob")
    digest = told.bank.run("rebuild").out
    assert told.bank.run("rebuild").out == digest
    assert told.bank.poll().code == 0
    assert told.bank.run("rebuild").out == digest, "looked at again nothing is told twice"
