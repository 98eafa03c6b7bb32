"""What is asked is GitHub's GraphQL, and what the fake answers is its OpenAPI's, where VENDOR_SCHEMAS names the folder of both.

The documents are not ours to keep, so without them there is nothing to compare with.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from app.demo.fakes import github_branches as branches
from app.demo.fakes.github_graphql import read
from app.demo.fakes.github_things import Protection
from app.demo.fakes.github_types import schema as fake_schema
from app.sources.github import query, query_branches, query_checks
from graphql import GraphQLSchema, build_schema, execute, parse, validate

from tests.sources.github.conftest import REPO, TOKEN, World, after

FOLDER = Path(os.environ.get("VENDOR_SCHEMAS", "/nowhere")) / "github"
SCHEMA = FOLDER / "schema-2025-02.graphql"

OLDER = query.lacking({kind for kind in query.KINDS if "QUEUE" not in kind})
QUERIES = {
    "pull requests": query.PULL_REQUESTS,
    **{f"more {name}": text for name, text in query.MORE.items()},
    "pull requests of an older server": query.without(query.PULL_REQUESTS, OLDER),
    "repository": query.REPOSITORY,
    "fields": query.FIELDS,
    "more pulls": query.MORE_PULLS,
    "sha to pulls": query.sha_to_pulls(40),
    "heads": query_checks.HEADS,
    "checks, required or not": query_checks.checks(50, required=True),
    "checks": query_checks.checks(1, required=False),
    "more checks, required or not": query_checks.more_checks(required=True),
    "more checks": query_checks.more_checks(required=False),
    "tips": query_branches.tips(0),
    "tips of branches": query_branches.tips(3),
    "named": query_branches.NAMED,
    "merged into": query_branches.MERGED_INTO,
    "line": query_branches.LINE,
    "rules": query_branches.rules(),
    "rules of an older server": query_branches.rules(newest=False),
}


@cache
def schema() -> GraphQLSchema:
    """Published as it is: it repeats a field, and deprecates what an interface does not."""
    return build_schema(SCHEMA.read_text(), assume_valid=True)


@pytest.mark.skipif(not SCHEMA.is_file(), reason="VENDOR_SCHEMAS names no folder with github/schema-2025-02.graphql")
@pytest.mark.parametrize("name", QUERIES)
def test_each_query_is_of_githubs_schema(name: str) -> None:
    assert [error.message for error in validate(schema(), parse(QUERIES[name]))] == []


OPENAPI = FOLDER / "openapi-subset-api.github.com.json"
with_openapi = pytest.mark.skipif(not OPENAPI.is_file(), reason="VENDOR_SCHEMAS names no folder with GitHub's OpenAPI")


def plain_schema(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(value, list):
        return [plain_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {
        key: plain_schema(item) for key, item in value.items() if key not in ("nullable", "discriminator", "example", "examples")
    }
    return {"anyOf": [made, {"type": "null"}]} if value.get("nullable") is True else made


@pytest.fixture
def story(world: World) -> World:
    """Something of everything."""
    branches.protect(world.state, REPO, "main", Protection(checks=("build",), approvals=1, queue=True, ruleset=True))
    n = world.pull(2)
    branches.check(world.state, REPO, n, "build", "SUCCESS", after(hours=1))
    branches.check(world.state, REPO, n, "scan", "FAILURE", after(hours=1), app=None)
    world.state.review(REPO, n, "bob", "APPROVED", after(hours=1))
    branches.enqueue(world.state, REPO, n, "carol", after(hours=2))
    branches.merge_queue(world.state, REPO, [n], after(hours=3))
    branches.force_push(world.state, REPO, "mallory", after(hours=4), world.state.repositories[REPO].tip, ["a"])
    world.state.direct_push(REPO, "renovate[bot]", after(hours=5), ["b"])
    return world


@with_openapi
@pytest.mark.parametrize("path", ["/activity", "/rules/branches/main"])
def test_the_fake_answers_as_the_document_says(story: World, path: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    document = plain_schema(json.loads(OPENAPI.read_text()))
    template = "/repos/{owner}/{repo}" + path.replace("/main", "/{branch}")
    answer = document["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    body = httpx.get(f"{story.address}/repos/{REPO}{path}", headers={"authorization": f"Bearer {TOKEN}"}).raise_for_status().json()
    assert len(body) > 3
    jsonschema.Draft202012Validator({**answer, "components": document["components"]}).validate(body)


@pytest.mark.skipif(not SCHEMA.is_file(), reason="VENDOR_SCHEMAS names no folder with github/schema-2025-02.graphql")
def test_the_fakes_graphql_has_the_types_and_words_of_the_schema(story: World) -> None:
    """Each answer of the fake, put through the schema itself: every word of an enum, every null where one may be."""
    head = story.state.repositories[REPO].tip
    named: dict[str, dict[str, Any]] = {
        "pull requests": {"n": 5, "after": None}, "heads": {"n": 5, "after": None, "states": None}, "tips": {},
        "tips of branches": {"b0": "refs/heads/main", "b1": "refs/heads/none", "b2": "refs/heads/x"},
        "line": {"tip": head, "n": 10, "after": None}, "rules": {"ref": "refs/heads/main"}, "merged into": {}, "repository": {},
    }  # fmt: skip
    asked = {name: (QUERIES[name], {"owner": "bank", "name": "infra", **more}) for name, more in named.items()}
    asked["checks"] = (query_checks.checks(1, required=True), {"owner": "bank", "name": "infra", "n0": 1})
    asked["sha to pulls"] = (query.sha_to_pulls(1), {"owner": "bank", "name": "infra", "s0": head})
    with story.state.locked():
        for name, (text, variables) in asked.items():
            data, errors = fake_schema(story.state).told(read(text), story.state, variables)
            assert errors == [], name
            root = json.loads(json.dumps(data))
            found = execute(schema(), parse(text), root_value=root, variable_values=variables, type_resolver=_type_of,
                            field_resolver=lambda source, info, **_: source.get(info.path.key))  # fmt: skip
            assert found.errors is None, f"{name}: {found.errors}"


def _type_of(value: Any, info: Any, abstract: Any) -> str | None:
    return value.get("__typename") or {"Node": "PullRequest", "GitObject": "Commit"}.get(abstract.name)
