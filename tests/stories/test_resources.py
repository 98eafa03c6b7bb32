"""What changed, resource by resource: from a plan's JSON to page, search and files; and what was reviewed of it."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.demo.fakes.tfe_plan_resources import PlannedResource, created, destroyed, replaced, updated
from app.demo.fakes.tfe_plans import archivist_app
from app.demo.fakes.tfe_state import PullRequestState, RunState

from tests.sources.harness import served
from tests.stories.bank import REPO, Bank

WORKERS, ALARM = "module.eks.aws_eks_node_group.workers", 'aws_cloudwatch_metric_alarm.lag["eu.west"]'
RULE = "aws_vpc_security_group_egress_rule.settlements"
AGO = timedelta(hours=3)


@pytest.fixture
def elsewhere(bank: Bank) -> Iterator[Bank]:
    """The plans lie on another server, and logs are read."""
    with served(archivist_app(bank.tfe)) as url:
        bank.tfe.plans.archivist = url
        bank.settings["tfe"] = {"apply_log": True}
        yield bank


def tell(bank: Bank, *, reviewed: list[PlannedResource] | None, applied: list[PlannedResource], **apply: Any) -> RunState:
    """A pull request, planned at its head unless `reviewed` is None, merged, planned again, confirmed, applied or failed."""
    at = datetime.now(UTC) - AGO
    number = bank.github.add_pull_request(
        REPO, "More workers", "ada", at, "ada/workers", [], [(None, "ada", "More", ["eks/main.tf"])]
    )
    head = bank.github.repositories[REPO].pull_requests[number].head
    place = bank.tfe.add_workspace("eks-production", REPO, "eks", created_at=at)
    if reviewed is not None:
        pull = PullRequestState(number, "More workers")
        plan = bank.tfe.add_run(place, "More workers", at + timedelta(minutes=1), "ada", head, pull, speculative=True, branch="w")
        bank.tfe.plans.tell(plan.planned, reviewed)
        plan.plan(at + timedelta(minutes=2), *counted(reviewed))
    bank.github.review(REPO, number, "bob", "APPROVED", at + timedelta(minutes=5))
    sha = bank.github.merge(REPO, number, "bob", at + timedelta(minutes=9), "squash")
    run = bank.tfe.add_run(place, "More workers", at + timedelta(minutes=10), "ada", sha)
    bank.tfe.plans.tell(run.planned, applied, drift=[updated("aws_s3_bucket.logs", "tags")])
    run.plan(at + timedelta(minutes=11), *counted(applied))
    run.confirm(at + timedelta(minutes=14), bank.tfe.user("bob"))
    if apply:
        run.error(at + timedelta(minutes=20), "apply", **apply)
    else:
        run.apply(at + timedelta(minutes=20))
    return run


def counted(resources: list[PlannedResource]) -> tuple[int, int, int]:
    actions = [action for one in resources for action in one.actions]
    return actions.count("create"), actions.count("update"), actions.count("delete")


def the_change(bank: Bank) -> tuple[dict[str, Any], str]:
    """The change of the pull request: its JSON and its page."""
    found = bank.rows("SELECT id FROM changes WHERE pull_requests <> ''")
    assert len(found) == 1
    item, page = bank.pages([f"/api/v1/changes/{found[0].id}", f"/changes/{found[0].id}"])
    assert (item.status_code, page.status_code) == (200, 200)
    return item.json(), page.text


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_from_the_plan_to_page_search_and_files(elsewhere: Bank) -> None:
    both = [updated(WORKERS, "scaling_config"), created(ALARM)]
    run = tell(elsewhere, reviewed=both, applied=[*both, created(RULE), replaced("aws_instance.bastion", "ami")])
    elsewhere.tfe.plans.log(
        run.applied, [(WORKERS, "update", "complete"), (ALARM, "create", "complete"), (RULE, "create", "complete")]
    )
    ran = elsewhere.poll()
    assert ran.code == 0, ran.out + ran.err
    assert elsewhere.tfe.plans.leaked == []
    item, page = the_change(elsewhere)
    applied = {one["address"]: one for one in item["resources"] if one["run"] == run.id}
    assert {address: (one["action"], one["attributes"], one["result"]) for address, one in applied.items()} == {
        WORKERS: ("update", ["scaling_config"], "complete"),
        ALARM: ("create", [], "complete"),
        RULE: ("create", [], "complete"),
        "aws_instance.bastion": ("replace", ["ami"], None),
    }
    assert applied[WORKERS]["redacted"] == ["password"]
    assert [(one["address"], one["attributes"]) for one in item["resource_drift"]] == [("aws_s3_bucket.logs", ["tags"])]
    (reviewed,) = item["reviewed"]
    assert (reviewed["outcome"], reviewed["run"]) == ("different", run.id)
    assert [(d["address"], d["reviewed"], d["applied"]) for d in reviewed["differences"]] == [
        ("aws_instance.bastion", None, "replace (ami)"),
        (RULE, None, "create"),
    ]
    told = text(page)
    assert "Reviewed beside applied" in told
    assert "2 of 4 resources differ" in told
    assert told.count("not in it") == 2
    assert "aws_s3_bucket.logs" in told
    number = item["number"]
    searched = {
        "aws_eks_node_group.*": True,
        "aws_eks_node_group": True,
        WORKERS: True,
        "module.eks": True,
        "module.eks.*": True,
        "module.*": True,
        "module.eks.aws_eks_node_group.w*": True,
        '"AWS_cloudwatch_metric_alarm.lag[\\"eu.west\\"]"': True,
        "aws_cloudwatch_metric_alarm.l*": True,
        "aws_s3_bucket.logs": True,
        "aws_eks_node_group.x*": False,
        "aws_eks.*": False,
        "module.rds.*": False,
    }
    for query, there in searched.items():
        answer = elsewhere.page(f"/api/v1/changes?q=resource:{query}").json()
        assert ([one["number"] for one in answer["items"]] == [number]) is there, query
    assert elsewhere.page("/api/v1/changes?q=-resource:aws_eks_node_group.*+pr:*").json()["items"] == []
    rows = list(csv.DictReader(io.StringIO(elsewhere.page(f"/changes/{number}/resources.csv").text)))
    assert len(rows) == 2 + 4 + 1
    assert {row["address"]: row["reviewed_as"] for row in rows if row["run"] == run.id and row["drift"] == "false"} == {
        WORKERS: "the same",
        ALARM: "the same",
        RULE: "not in it",
        "aws_instance.bastion": "not in it",
    }
    assert b"planted" not in elsewhere.dump()
    assert "planted" not in ran.out + ran.err + page
    elsewhere.tfe.requests.clear()
    elsewhere.tfe.plans.fetched.clear()
    with elsewhere.rewound():
        pass
    digest = elsewhere.run("rebuild").out
    assert elsewhere.poll().code == 0
    assert elsewhere.run("rebuild").out == digest
    elsewhere.tfe.plans.fetched.clear()
    assert elsewhere.poll().code == 0
    assert elsewhere.tfe.plans.fetched == [], "a plan is asked for once"


@pytest.mark.parametrize(
    ("reviewed", "applied", "outcome", "words"),
    [
        ([created(RULE)], [created(RULE)], "same", "the same 1 resource with the same actions"),
        ([created(RULE)], [destroyed(RULE)], "different", "1 of 1 resource differs"),
        ([updated(WORKERS, "a")], [updated(WORKERS, "a", "b")], "different", "1 of 1 resource differs"),
        (None, [created(RULE)], "never planned", "no run planned the pull request in eks-production"),
    ],
)
def test_what_was_reviewed_beside_what_was_applied(
    bank: Bank, reviewed: list[PlannedResource] | None, applied: list[PlannedResource], outcome: str, words: str
) -> None:
    tell(bank, reviewed=reviewed, applied=applied)
    assert bank.poll().code == 0
    item, page = the_change(bank)
    assert [one["outcome"] for one in item["reviewed"]] == [outcome]
    assert words in text(page)


def test_a_plan_whose_json_is_missing_on_one_side_is_unknown(bank: Bank) -> None:
    run = tell(bank, reviewed=[created(RULE)], applied=[created(RULE)])
    bank.tfe.plans.too_old.add(run.planned.id)
    assert bank.poll().code == 0
    item, page = the_change(bank)
    assert item["reviewed"][0]["outcome"] == "unknown"
    assert "before 0.15.2" in item["reviewed"][0]["because"]
    assert "By its counts: 1 added, 0 changed, 0 destroyed" in text(page)
    assert len([one for one in item["resources"] if one["address"] == RULE]) == 1


def test_a_partial_apply_is_a_change_that_happened(elsewhere: Bank) -> None:
    run = tell(elsewhere, reviewed=[], applied=[created(ALARM), created(RULE), destroyed("aws_x.y")], counts=(1, 0, 0, 0))
    ended = [(ALARM, "create", "complete"), (RULE, "create", "errored"), ("aws_x.y", "delete", "started")]
    elsewhere.tfe.plans.log(run.applied, ended)
    assert elsewhere.poll().code == 0
    item, page = the_change(elsewhere)
    assert (item["state"], item["applies"][0]["added"]) == ("finished", 1)
    results = {one["address"]: one["result"] for one in item["resources"]}
    assert results == {ALARM: "complete", RULE: "errored", "aws_x.y": "started"}
    told = text(page)
    assert "failed" in told
    assert "its end is not told" in told


def test_a_server_that_does_not_tell_is_not_asked_for_each_run(bank: Bank) -> None:
    place = bank.tfe.add_workspace("eks-production", REPO, "eks")
    at = datetime.now(UTC) - AGO
    for i in range(12):
        bank.tfe.add_run(place, f"Run {i}", at + timedelta(minutes=i), "ada").plan(at + timedelta(minutes=i + 1), 1)
    bank.tfe.missing.add("json-output-redacted")
    assert bank.poll().code == 0
    assert sum("json-output-redacted" in path for path, _ in bank.tfe.requests) == 3
    page = text(bank.page(f"/changes/{bank.one('SELECT id FROM changes LIMIT 1')}").text)
    assert "Which resources is not known" in page
    bank.tfe.missing.clear()
    bank.rows("UPDATE streams SET reconciled_at = NULL RETURNING 1")
    assert bank.poll().code == 0


def test_nobody_is_asked_when_it_is_switched_off(bank: Bank) -> None:
    bank.settings["tfe"] = {"plan_json": False}
    run = tell(bank, reviewed=[created(RULE)], applied=[created(RULE)])
    bank.tfe.plans.log(run.applied, [])
    assert bank.poll().code == 0
    assert not any("json-output" in path for path, _ in bank.tfe.requests)
    assert bank.tfe.plans.fetched == []


def test_where_the_plans_lie_cannot_be_reached_the_runs_are_read_all_the_same(bank: Bank) -> None:
    bank.tfe.plans.archivist = "http://127.0.0.1:9"
    tell(bank, reviewed=[created(RULE)], applied=[created(RULE)])
    ran = bank.poll()
    assert ran.code == 0, ran.out
    item, page = the_change(bank)
    assert item["reviewed"][0]["outcome"] == "unknown"
    assert "could not be read" in item["reviewed"][0]["because"]
    assert "planted" not in ran.out + ran.err + page


def test_a_cut_plan_is_said_to_be(bank: Bank) -> None:
    run = tell(bank, reviewed=[created(RULE)], applied=[created(RULE)])
    bank.tfe.plans.documents[run.planned.id] = b'{"format_version":"1.2","resource_changes":[{"address":"aws_x.y","change":{"acti'
    assert bank.poll().code == 0
    item, _ = the_change(bank)
    assert item["reviewed"][0]["outcome"] == "unknown"
    assert "cannot be read to its end" in item["reviewed"][0]["because"]


@pytest.mark.parametrize("inline", [True, False])
def test_two_thousand_resources_are_folded_and_all_are_there(bank: Bank, inline: bool) -> None:
    bank.tfe.plans.inline = inline
    many = [created(f"aws_subnet.private[{i}]") for i in range(1200)] + [
        updated(f"aws_instance.node[{i}]", "ami") for i in range(800)
    ]
    tell(bank, reviewed=many, applied=[*many, created(RULE)])
    assert bank.poll().code == 0
    item, page = the_change(bank)
    assert sum(one["address"].startswith("aws_") for one in item["resources"]) == 4001
    assert len(page.encode()) < 200_000
    told = text(page)
    assert "1,200 to create" in told
    assert "1 of 2,001 resources differs" in told
    rows = list(csv.DictReader(io.StringIO(bank.page(f"/changes/{item['number']}/resources.csv").text)))
    assert len(rows) == 4001 + 1
    assert bank.one("SELECT max(length(leaf)) FROM leaves") < 65_536
