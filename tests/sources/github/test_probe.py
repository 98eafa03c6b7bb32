"""What `check` learns of GitHub, and how GraphQL's errors are told apart."""

from datetime import UTC, datetime
from typing import Any

import pytest
from app.demo.fakes import github_branches as branches
from app.demo.fakes.github_things import Protection
from app.errors import Forbidden, Missing, NotUnderstood, Refused, ServerFailed, SourceError, Throttled, Unauthorized
from app.sources.contract import Want
from app.sources.github.client import VERSION, graphql_error, graphql_url
from app.sources.github.query import PULL_REQUESTS, lacking, without
from app.sources.http import Answer

from tests.sources.github.conftest import LATER, REPO, World
from tests.sources.harness import run_pass, run_until_error


def test_all_is_well(world: World) -> None:
    found = world.source().probe(LATER)
    assert found.problems == ()
    assert found.read_only is True
    assert found.version == "github.com"
    assert found.clock_offset is not None


def test_what_the_server_tells_is_said_in_plain_words(world: World) -> None:
    branches.protect(world.state, REPO, "main", Protection(approvals=2, checks=("build",)))
    n = world.pull()
    branches.check(world.state, REPO, n, "build", "SUCCESS", LATER)
    found = world.source().probe(LATER).capabilities
    assert found == {
        "scopes": "not told",
        "may in bank/infra": "READ",
        "pull requests": True,
        "activity": True,
        "checks": True,
        "required checks": True,
        "rulesets": True,
        "classic protection": "its summary",
        "merge queue": True,
        "left out": "nothing",
    }
    world.state.absent = frozenset({"/activity", "/rules/"})
    world.state.lacking = frozenset({"ADDED_TO_MERGE_QUEUE_EVENT", "REMOVED_FROM_MERGE_QUEUE_EVENT", "isInMergeQueue"})
    world.state.checks_permitted, world.state.admin = False, True
    found = world.source().probe(LATER).capabilities
    assert {key: found[key] for key in ("activity", "checks", "required checks", "rulesets", "merge queue")} == dict.fromkeys(
        ("activity", "checks", "required checks", "rulesets", "merge queue"), False
    )
    assert found["classic protection"] == "in full"
    assert found["left out"] == "isInMergeQueue, ADDED_TO_MERGE_QUEUE_EVENT, REMOVED_FROM_MERGE_QUEUE_EVENT"


def test_what_the_server_tells_is_remembered_by_each_stream(world: World) -> None:
    for stream, words in (("pushes", {"activity"}), ("rules", {"rulesets", "classic protection"})):
        memory: dict[str, Any] = {}
        run_pass(world.source(), stream, memory, LATER)
        assert set(memory["server"]) == words


def test_an_enterprise_server_tells_its_version(world: World) -> None:
    world.state.enterprise = "3.17.2"
    assert world.source().probe(LATER).version == "3.17.2"


@pytest.mark.parametrize(("scopes", "read_only", "says"), [
    ("repo, read:org", False, "classic token with repo scope can write"),
    ("read:org, read:user", True, ""),
    ("", True, ""),
    ("public_repo, write:packages", False, "public_repo, write:packages"),
])  # fmt: skip
def test_a_classic_token_is_judged_by_its_scopes(world: World, scopes: str, read_only: bool, says: str) -> None:
    world.state.scopes = scopes
    found = world.source().probe(LATER)
    assert found.read_only is read_only
    assert says in "; ".join(found.problems)


def test_a_token_whose_account_may_write_is_not_proved_read_only(world: World) -> None:
    world.state.repositories[REPO].permission = "ADMIN"
    found = world.source().probe(LATER)
    assert found.read_only is None
    assert REPO in found.problems[0]


def test_each_repository_that_cannot_be_read_is_a_line(world: World) -> None:
    world.state.rename(REPO, "bank/infrastructure")
    found = world.source(repositories=(REPO, "bank/hidden")).probe(LATER)
    assert len(found.problems) == 2
    assert "is now bank/infrastructure" in found.problems[0]
    assert "bank/hidden" in found.problems[1]
    assert found.read_only is None


def test_no_repository_is_a_problem(world: World) -> None:
    assert "no repository" in world.source(repositories=()).probe(LATER).problems[0]


def test_a_wrong_token_raises(world: World) -> None:
    with pytest.raises(Unauthorized):
        world.source(token="wrong").probe(LATER)


@pytest.mark.parametrize(("error", "kind"), [
    ({"type": "RATE_LIMITED", "message": "limit"}, Throttled),
    ({"message": "You have exceeded a secondary rate limit"}, Throttled),
    ({"type": "FORBIDDEN", "message": "Resource not accessible by integration"}, Forbidden),
    ({"type": "INSUFFICIENT_SCOPES", "message": "scopes"}, Forbidden),
    ({"type": "NOT_FOUND", "message": "Could not resolve"}, Missing),
    ({"type": "RESOURCE_LIMITS_EXCEEDED", "message": "x"}, ServerFailed),
    ({"message": "Something went wrong while executing your query"}, ServerFailed),
    ({"message": "Field 'x' doesn't exist on type 'PullRequest'"}, NotUnderstood),
    ({}, NotUnderstood),
    ("text", NotUnderstood),
    (None, NotUnderstood),
])  # fmt: skip
def test_errors_in_a_200(error: object, kind: type[SourceError]) -> None:
    answer = Answer("https://api.github.com/graphql", 200, {}, b"", datetime(2025, 3, 3, tzinfo=UTC))
    assert type(graphql_error([error], answer)).__mro__.index(kind) <= 1
    assert type(graphql_error(error, answer)).__mro__.index(kind) <= 1


def test_where_graphql_is() -> None:
    assert graphql_url("https://api.github.com") == "https://api.github.com"
    assert graphql_url("https://github.bank.example/api/v3/") == "https://github.bank.example/api"


def test_only_queries_are_sent(world: World) -> None:
    client = world.source()._client
    with pytest.raises(Refused):
        client.ask("mutation { mergePullRequest(input: {}) { clientMutationId } }")
    with pytest.raises(Refused):
        client.rest.get("/repos/bank/infra/pulls/1/merge")
    with pytest.raises(Refused):
        client.rest.get("/repos/../../meta/commits")
    assert world.state.asked == []
    assert client.rest._client.headers["x-github-api-version"] == VERSION


def test_a_stream_that_is_not_there(world: World) -> None:
    _, error = run_until_error(world.source(), "tags", {}, LATER, [Want(REPO, "0" * 40)])
    assert isinstance(error, Missing)
    assert {stream.name for stream in world.source().streams()} == {"pull-requests", "checks", "pushes", "rules", "ranges"}


def test_optional_fields_are_left_out_by_line() -> None:
    short = without(PULL_REQUESTS, lacking({"id", "autoMergeRequest"}))
    assert "fullDatabaseId" not in short
    assert "isInMergeQueue" not in short
    assert "autoMergeRequest { enabledAt" in short
    assert without(PULL_REQUESTS, ()) == PULL_REQUESTS
