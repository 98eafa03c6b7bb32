"""The fake answers as GitHub does: exactly what is selected, with ids that are the same on every machine."""

import httpx
import pytest
from app.demo.fakes.github_graphql import QueryError, read
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_types import schema
from app.sources.github import query
from graphql import parse

from tests.sources.github.conftest import REPO, START, TOKEN, World, after

QUERIES = [query.PULL_REQUESTS, *query.MORE.values(), query.FIELDS, query.REPOSITORY, query.MORE_PULLS, query.sha_to_pulls(3)]


@pytest.mark.parametrize("text", QUERIES)
def test_what_the_source_sends_is_graphql(text: str) -> None:
    parsed = parse(text)
    assert read(text).operation == parsed.definitions[0].name.value  # type: ignore[attr-defined]


def test_exactly_what_is_selected_is_answered() -> None:
    state = GithubState()
    state.add_repository(REPO, START)
    document = read('query Q($o: String!) { r: repository(owner: $o, name: "infra") { __typename nameWithOwner } }')
    assert schema(state).answer(document, state, {"o": "bank"}) == {"r": {"__typename": "Repository", "nameWithOwner": REPO}}
    with pytest.raises(QueryError, match="doesn't exist on type 'Repository'"):
        schema(state).answer(read("query Q { repository(owner: bank, name: infra) { secrets } }"), state, {})


def test_the_same_story_has_the_same_ids() -> None:
    def tell(seed: str) -> str:
        state = GithubState(seed=seed)
        state.add_repository(REPO, START)
        n = state.add_pull_request(REPO, "T", "ada", after(hours=1), "t", commits=[(None, "ada", "m", ["a"])])
        return state.merge(REPO, n, "carol", after(hours=2), "rebase")

    assert tell("one") == tell("one") != tell("two")


def test_rest_beside_graphql(world: World) -> None:
    n = world.pull()
    head = world.state.merge(REPO, n, "carol", after(hours=2), "squash")
    asks = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=world.address, headers=asks) as client:
        (pull,) = client.get(f"/repos/{REPO}/commits/{head}/pulls").json()
        assert pull["merge_commit_sha"] == head
        found = client.get(f"/repos/{REPO}")
        assert found.json()["permissions"] == {"admin": False, "push": False, "pull": True}
        assert int(found.headers["x-ratelimit-remaining"]) < 5000
        assert client.get("/repos/bank/none").status_code == 404
        assert client.get("/elsewhere").status_code == 404
        assert client.get("/meta", headers={"authorization": "Bearer no"}).status_code == 401
        world.state.rename(REPO, "bank/new")
        assert client.get(f"/repos/{REPO}").status_code == 301
