"""What is asked is GitHub's GraphQL, and what the fake answers is its OpenAPI's, where VENDOR_SCHEMAS names the folder of both.

The documents are not ours to keep, so without them there is nothing to compare with.
"""

import os
from functools import cache
from pathlib import Path

import pytest
from app.sources.github import query, query_branches, query_checks
from graphql import GraphQLSchema, build_schema, parse, validate

FOLDER = Path(os.environ.get("VENDOR_SCHEMAS", "/nowhere")) / "github"
SCHEMA = FOLDER / "schema-2025-02.graphql"

QUERIES = {
    "pull requests": query.PULL_REQUESTS,
    **{f"more {name}": text for name, text in query.MORE.items()},
    "pull requests of an older server": query.without(query.PULL_REQUESTS, query.lacking({"MERGED_EVENT"})),
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
