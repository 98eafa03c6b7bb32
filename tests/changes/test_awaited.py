"""What a sync that waits for a secret is joined to: by time, by how far the run is, and nothing where nothing is known."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from app.changes.lineage.awaited import Pending, awaited, awaiting, waiters
from app.changes.lineage.pending import pending_of, stored_by
from app.domain.lineage import Asked, External, Look, Store, System, Write
from app.domain.order import Stands
from app.lineage.written import TYPES
from app.sources.tfe import objects

from tests.linking.build import at

PATH = "/payments/url"
SYNC: dict[str, Any] = {
    "id": f"uid-1/{at(30).isoformat()}",
    "instance": "argocd",
    "application": "payments-api",
    "started_at": at(30).isoformat(),
    "waits_for": "healthy state of external-secrets.io/ExternalSecret/db and 2 more resources",
}
EXTERNAL = External(
    kind="ExternalSecret",
    name="db",
    ready=False,
    reason="SecretSyncedError",
    asks=(Asked(key=PATH, store_kind="SecretStore", store="s"),),
)
STORE = Store(kind="SecretStore", name="s", system=System.SSM, provider="aws")
LOOK = Look(source="argocd", uid="uid-1", application="payments-api", at=at(40), stores=(STORE,), externals=(EXTERNAL,))


def wrote(minutes: float, run: str = "run-1", **more: Any) -> Write:
    named = {"source": "tfe", "workspace": "db", "address": "aws_ssm_parameter.url", "type": "aws_ssm_parameter"}
    return Write(run=run, system=System.SSM, path=PATH, at=at(minutes), **{**named, "action": "update", **more})


def planned(run: str = "run-9", stands: Stands = Stands.PLANNED) -> Pending:
    return Pending(wrote(20, run, action="create"), stands)


@pytest.mark.parametrize(
    ("writes", "pending", "told"),
    [
        ([], [], (None, None, None, "nobody we watch writes it")),
        ([wrote(10)], [], ("run-1", "applied", -1200, "the run came first")),
        ([wrote(42)], [], ("run-1", "applied", 720, "the sync came first")),
        ([wrote(42, began_at=at(29))], [], ("run-1", "applied", 720, "the sync came while it was applied")),
        ([wrote(10), wrote(42, "run-2")], [planned()], ("run-1", "applied", -1200, "the run came first")),
        ([wrote(10, gone=True)], [planned()], ("run-9", "planned", None, "the sync came first")),
        ([wrote(5), wrote(10, "run-2", gone=True)], [], ("run-2", "applied", None, "the run came first")),
        ([], [planned(stands=Stands.APPLYING)], ("run-9", "applying", None, "the sync came first")),
        ([wrote(42, action="create", value_changed=None)], [], ("run-1", "failed", 720, "the sync came first")),
    ],
)
def test_the_run_that_counts_is_told(writes: list[Write], pending: list[Pending], told: tuple[Any, ...]) -> None:
    (row,) = awaited(waiters({"syncs": [SYNC]}), writes, pending, [LOOK])
    assert (row["run"], row["stands"], row["seconds"], row["came"]) == told


def test_two_workspaces_are_both_told_and_inferred() -> None:
    rows = awaited(waiters({"syncs": [SYNC]}), [wrote(42), wrote(50, "run-2", workspace="other")], [], [LOOK])
    assert [(row["workspace"], row["strength"]) for row in rows] == [("db", "inferred"), ("other", "inferred")]


def test_what_no_look_tells_is_unknown_and_what_nobody_waits_for_is_nothing() -> None:
    (row,) = awaited(waiters({"syncs": [SYNC]}), [wrote(42)], [], [])
    assert (row["run"], row["strength"], row["came"]) == (None, "unknown", "not known")
    healthy = {**SYNC, "waits_for": "completion of hook batch/Job/x", "health": "Healthy"}
    assert waiters({"syncs": [healthy]}) == []
    for odd in (None, [], {"syncs": "x"}, {"syncs": [1, {}, {"started_at": 5, "waits_for": 7, "waited_for": [None]}]}):
        assert waiters(odd) == []


def test_degraded_needs_a_look_since_at_a_secret_that_is_not_ready() -> None:
    told = waiters({"syncs": [{**SYNC, "waits_for": None, "health": "Degraded"}]})
    assert len(awaited(told, [wrote(42)], [], [LOOK])) == 1
    assert awaited(told, [wrote(42)], [], [replace(LOOK, at=at(30) - timedelta(seconds=1))]) == []
    assert awaited(told, [wrote(42)], [], [replace(LOOK, externals=(replace(EXTERNAL, ready=True),))]) == []


def test_the_runs_side_tells_of_what_is_not_ready_alone() -> None:
    mine = frozenset({("tfe", "run-9")})
    (row,) = awaiting(mine, [wrote(10)], [planned()], [LOOK])
    assert (row["application"], row["run"], row["wanted_by"], row["came"]) == (
        "payments-api",
        "run-9",
        None,
        "neither has come yet",
    )
    assert awaiting(mine, [wrote(10)], [], [LOOK]) == []
    assert awaiting(mine, [], [planned()], [replace(LOOK, externals=(replace(EXTERNAL, ready=True),))]) == []


ITEM: dict[str, Any] = {
    "runs": [{"source": "tfe", "id": "run-1", "workspace": "db", "status": "planned", "created_at": at(0).isoformat()}],
    "plans": [{"run": "run-1", "proposed": False, "acted": False}],
    "resources": [
        {
            "run": "run-1",
            "address": "aws_ssm_parameter.url",
            "type": "aws_ssm_parameter",
            "mode": "managed",
            "action": "create",
            "object": {"system": "aws-ssm", "namespace": None, "name": PATH},
        }
    ],
}


@pytest.mark.parametrize(
    ("status", "stands"),
    [
        *(("planned", ["planned"]), ("policy_checked", ["planned"]), ("confirmed", ["confirmed"]), ("apply_queued", ["confirmed"])),
        *(("applying", ["applying"]), ("applied", []), ("discarded", []), ("errored", []), ("a new word", ["planned"])),
    ],
)
def test_a_plan_may_yet_write_until_its_run_is_over(status: str, stands: list[str]) -> None:
    found = list(pending_of({**ITEM, "runs": [{**ITEM["runs"][0], "status": status}]}))
    assert [str(one.stands) for one in found] == stands
    assert stored_by(ITEM) == {("tfe", "run-1")}


@pytest.mark.parametrize("more", [{"proposed": True}, {"acted": True}])
def test_a_plan_that_only_proposes_or_has_acted_writes_nothing_more(more: dict[str, bool]) -> None:
    assert list(pending_of({**ITEM, "plans": [{**ITEM["plans"][0], **more}]})) == []


def test_no_item_breaks_it() -> None:
    for odd in ({}, {"runs": 1, "resources": [None, {"object": 5}]}, {**ITEM, "runs": [{"id": "run-1"}]}):
        assert list(pending_of(odd)) == []


def test_the_types_are_those_that_sources_tell_as_objects_of_a_store() -> None:
    stores = {str(system) for system in System}
    assert {type_ for type_, form in objects.FORMS.items() if form.system in stores} == TYPES
