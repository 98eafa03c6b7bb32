"""The webhooks of the demo's GitHub are such as GitHub sends: whole, of the right action, and each makes due what it is news of.

They are compared with the vendor's schema where VENDOR_SCHEMAS names the folder that holds it.
"""

import json
import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from app.demo import cast
from app.demo.hooks import SECRETS, Letter, News
from app.demo.journal import Journal, Wishes
from app.demo.world import World
from app.sources.contract import Connection
from app.sources.registry import HOOKS

from tests.demo.living import NOW

SCHEMA = Path(os.environ.get("VENDOR_SCHEMAS", "/nowhere")) / "github" / "webhooks-schema.json"
GITHUB = Connection("github", "github", "https://github.bank.example/api/v3", repositories=(cast.INFRA, cast.MANIFESTS))
DUE = {
    "push": ("pushes", "pull-requests"),
    "pull_request": ("pull-requests",),
    "pull_request_review": ("pull-requests",),
}


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> list[Letter]:
    """Half an hour of the live world, then one of each act that it may not have had."""
    world = World(Journal(tmp_path_factory.mktemp("world") / "journal.jsonl", Wishes(days=1), NOW), lambda: NOW)
    github, news, at, found = world.bank.github, News(world.bank), NOW, []
    assert news.letters(at) == []
    for _ in range(90):
        at += timedelta(seconds=20)
        world.begin_live(at)
        world.play(at)
        found += news.letters(at)
    commits = [(None, "ana-ferreira", "Narrow the subnet", ["network/main.tf"])]
    opened = github.add_pull_request(cast.INFRA, "Narrow the subnet", "ana-ferreira", at, "ana/x", ["network"], commits, "why")
    acts: list[Any] = [
        lambda: None,
        lambda: github.push(cast.INFRA, opened, "ana-ferreira", "And more", ["network/more.tf"], at),
        lambda: github.enable_auto_merge(cast.INFRA, opened, "ben-okafor", "squash", at),
        lambda: github.review(cast.INFRA, opened, "ben-okafor", "APPROVED", at, "Right"),
        lambda: github.close(cast.INFRA, opened, "ana-ferreira", at),
        lambda: github.reopen(cast.INFRA, opened, "ana-ferreira", at),
        lambda: github.merge(cast.INFRA, opened, "ben-okafor", at, "squash"),
        lambda: github.direct_push(cast.INFRA, "renovate[bot]", at, ["a.tf"]),
        lambda: github.delete_user("ana-ferreira"),
        lambda: github.label(cast.INFRA, opened, ["one", "two"], at),
    ]
    for act in acts:
        at += timedelta(seconds=1)
        act()
        found += news.letters(at)
    return [one for one in found if one.source == cast.GITHUB]


def named(letter: Letter) -> tuple[str, str]:
    return letter.headers["x-github-event"], json.loads(letter.body).get("action", "event")


def test_there_is_one_of_each_kind(letters: list[Letter]) -> None:
    told = Counter(map(named, letters))
    actions = {"opened", "synchronize", "edited", "closed", "reopened"}
    assert set(told) == {
        ("push", "event"),
        ("pull_request_review", "submitted"),
        *(("pull_request", action) for action in actions),
    }
    assert sum(told.values()) > 30


def test_each_makes_due_what_it_is_news_of(letters: list[Letter]) -> None:
    for letter in letters:
        heard = HOOKS["github"](GITHUB, SECRETS[cast.GITHUB], letter.headers, letter.body, NOW)
        assert heard.streams == DUE[letter.headers["x-github-event"]], heard


def test_a_push_tells_which_commits_are_new(letters: list[Letter]) -> None:
    bodies = [json.loads(one.body) for one in letters if one.headers["x-github-event"] == "push"]
    tips: dict[str, str] = {}
    for body in bodies:
        name = body["repository"]["full_name"]
        assert tips.setdefault(name, body["before"]) == body["before"], "each begins where the one before ended"
        tips[name] = body["after"]
        assert body["commits"][-1] == body["head_commit"]
        assert body["head_commit"]["id"] == body["after"] != body["before"]
        assert not body["forced"]


@pytest.mark.skipif(not SCHEMA.is_file(), reason="VENDOR_SCHEMAS names no folder with github/webhooks-schema.json")
def test_each_is_as_the_vendors_schema_says(letters: list[Letter]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    definitions = json.loads(SCHEMA.read_text())["definitions"]
    wrong = set()
    for letter in letters:
        event, action = named(letter)
        schema = {"$ref": f"#/definitions/{event}${action}", "definitions": definitions}
        check = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
        for error in check.iter_errors(json.loads(letter.body)):
            wrong.add(f"{event} {action}: {'/'.join(map(str, error.path))}: {error.message[:200]}")
    assert not wrong
