"""What `check` says of a server and of a token."""

import json
from datetime import timedelta

import pytest
from app.demo.fakes import tfe_shapes
from app.domain.able import spoken, writes
from app.errors import Missing, Unauthorized, Unreachable

from tests.sources.tfe.conftest import Bench, Serve


def test_all_is_well(bench: Bench) -> None:
    probe = bench.source.probe(bench.now)
    assert (probe.version, probe.read_only, probe.problems) == ("1.1.0", True, ())
    assert probe.capabilities["organization run list"] is True
    assert "sentinel" in probe.capabilities["entitlements"].split(", ")
    assert isinstance(probe.clock_offset, timedelta)


def test_a_token_that_can_write_is_named(bench: Bench) -> None:
    bench.workspace.settings["permissions"] = tfe_shapes.PERMISSIONS | {"can-queue-apply": True, "can-read-variable": True}
    probe = bench.source.probe(bench.now)
    assert probe.read_only is False
    assert "the token can write: can-queue-apply on 1 of 1 workspaces" in probe.problems
    assert "the token sees more than runs: can-read-variable on 1 of 1 workspaces" in probe.problems


def test_a_server_that_does_not_tell_permissions_leaves_it_open(bench: Bench) -> None:
    bench.workspace.settings["permissions"] = None
    assert bench.source.probe(bench.now).read_only is None


def test_what_is_missing_is_a_line(bench: Bench) -> None:
    with pytest.raises(Missing, match="elsewhere"):
        bench.connect(organization="elsewhere").probe(bench.now)
    with pytest.raises(Unauthorized, match="401"):
        bench.connect(token="wrong").probe(bench.now)
    assert "no organization is named" in bench.connect(organization=None).probe(bench.now).problems[0]
    bench.state.missing |= {"organization-runs", "entitlement-set", "account"}
    probe = bench.source.probe(bench.now)
    assert probe.capabilities["organization run list"] is False
    assert probe.problems == ()
    bench.state.workspaces.clear()
    assert "no workspace" in bench.source.probe(bench.now).problems[0]


def test_nothing_listens(bench: Bench) -> None:
    bench.url = "http://127.0.0.1:9"
    with pytest.raises(Unreachable, match="could not be read"):
        bench.connect().probe(bench.now)


def test_an_organization_token_is_refused(bench: Bench) -> None:
    bench.state.estate.account = bench.state.user("api-org-bank-platform-x1", service=True)
    probe = bench.source.probe(bench.now)
    assert probe.read_only is False
    assert "this is an organization token, which can change variables; use a team token that may only read runs" in probe.problems


def test_an_organization_token_whose_account_cannot_be_read_is_known_by_what_it_may(bench: Bench) -> None:
    bench.state.missing.add("account")
    bench.state.estate.powers = {"can-create-workspace": True, "can-update-api-token": True}
    probe = bench.source.probe(bench.now)
    assert probe.read_only is False
    assert "the token can write: can-create-workspace on 1 of 1 organizations" in probe.problems
    assert any(line.startswith("whose token it is cannot be read (/account/details)") for line in probe.problems)
    bench.state.estate.powers = {}
    probe = bench.source.probe(bench.now)
    assert (probe.read_only, probe.problems) == (True, ())


def test_a_token_that_could_override_a_policy_can_write(bench: Bench, serve: Serve) -> None:
    run = bench.run()
    document = {"data": [{**tfe_shapes.run(run)}], "meta": {}}
    document["data"][0]["attributes"]["permissions"] |= {"can-override-policy-check": True}
    bench.state.fail_next(200, 2, json.dumps(document), path="/organizations/bank-platform/runs")
    probe = bench.source.probe(bench.now)
    assert probe.read_only is False
    assert "the token can write: can-override-policy-check on 2 of 2 runs" in probe.problems


def test_what_the_metadata_of_states_needs_is_no_problem_where_it_is_wanted(bench: Bench) -> None:
    bench.workspace.settings["permissions"] = tfe_shapes.PERMISSIONS | {"can-read-state-versions": True}
    assert "can-read-state-versions" in bench.source.probe(bench.now).problems[0]
    assert bench.connect(state_metadata=True).probe(bench.now).problems == ()


def test_what_the_server_can_is_said_in_words(bench: Bench) -> None:
    bench.story()
    bench.state.missing.add("task-stages")
    words = bench.source.probe(bench.now).capabilities
    sideloads = words["sideloads"].split(", ")
    assert {"plan", "apply", "created_by", "configuration_version"} <= set(sideloads)
    assert (words["organization run list"], words["confirmed-by"], words["newest first"]) == (True, True, True)
    assert (words["policy checks"], words["task stages"]) == (True, False)
    assert (words["filter[operation]"], words["unfiltered list"]) == ("tells the truth", "leaves runs out")
    assert words["health assessments in the list of workspaces"] is True
    line = spoken(words)
    assert line.startswith("version: 1.1.0; ")
    assert ", organization run list, " in line
    assert "; lacks task stages" in line
    assert "; sideloads: plan, apply, " in line


def test_what_a_pass_meets_of_the_server_is_remembered_for_the_page(bench: Bench) -> None:
    bench.story()
    bench.state.estate.includes.discard("current_assessment_result")
    bench.look()
    words = bench.memory["server"]
    assert (words["version"], words["confirmed-by"], words["run events"]) == ("1.1.0", True, True)
    bench.look("workspaces")
    assert bench.memory["server"] == {
        "token": "read-only",
        "sideloads of workspaces": "current_run, locked_by, project",
        "run triggers": True,
    }
    bench.workspace.settings["permissions"] = tfe_shapes.PERMISSIONS | {"can-lock": True}
    bench.look("workspaces")
    assert writes(bench.memory["server"]) == "can write: can-lock on 1 of 1 workspaces"
