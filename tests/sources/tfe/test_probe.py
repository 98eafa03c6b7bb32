"""What `check` says of a server and of a token."""

from datetime import timedelta

import pytest
from app.demo.fakes import tfe_shapes
from app.errors import Missing, Unauthorized, Unreachable

from tests.sources.tfe.conftest import Bench


def test_all_is_well(bench: Bench) -> None:
    probe = bench.source.probe(bench.now)
    assert (probe.version, probe.read_only, probe.problems) == ("1.1.0", True, ())
    assert probe.capabilities["organization_runs"] is True
    assert probe.capabilities["entitlements"]["sentinel"] is True
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
    assert probe.capabilities["organization_runs"] is False
    assert probe.problems == ()
    bench.state.workspaces.clear()
    assert "no workspace" in bench.source.probe(bench.now).problems[0]


def test_nothing_listens(bench: Bench) -> None:
    bench.url = "http://127.0.0.1:9"
    with pytest.raises(Unreachable, match="could not be read"):
        bench.connect().probe(bench.now)
