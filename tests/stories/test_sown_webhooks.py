"""Secrets in every text of a webhook, of a form that gives them away and of none: only a hook's own words are kept."""

import copy
import itertools
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.canonical import random_id
from app.commands import compose
from app.config import load
from app.demo import cast
from app.demo.fakes.gitlab_state import GitlabState
from app.demo.hooks import SECRETS, Letter, signed
from app.ingest.poll import read_stream

from tests.stories.bank import KINDS, REPO, SOURCES, Bank, bank, servers
from tests.stories.everywhere import LISTS
from tests.stories.planter import SIGN
from tests.stories.test_gitlab import INFRA, gitlab
from tests.stories.test_sown_secrets import FORMS, MARK
from tests.stories.test_webhooks import DUE, HOUR, Door, waits

__all__ = ["bank", "gitlab", "servers"]
SECRET = "gitlab-demo-webhook"

RUN: dict[str, Any] = {
    "payload_version": 1,
    "notification_configuration_id": "nc-1",
    "run_url": "https://tfe.bank.example/app/bank-platform/x/runs/run-1",
    "run_id": "run-1",
    "run_message": "Open the payments subnet",
    "run_created_by": "ada",
    "workspace_id": "ws-1",
    "workspace_name": "payments-production",
    "organization_name": cast.ORGANIZATION,
    "notifications": [{"message": "Run completed", "trigger": "run:completed", "run_status": "applied", "run_updated_by": "bob"}],
}
PULL: dict[str, Any] = {
    "action": "edited",
    "number": 7,
    "pull_request": {"title": "Open it", "body": "why", "head": {"ref": "ada/x", "sha": "0" * 40}, "user": {"login": "ada"}},
    "repository": {"full_name": REPO, "hooks_url": "https://github.bank.example/hooks", "description": "infra"},
    "sender": {"login": "ada"},
}
MERGE: dict[str, Any] = {
    "object_kind": "merge_request",
    "user": {"name": "Ada Ng", "email": "ada@bank.example"},
    "project": {"path_with_namespace": INFRA, "git_ssh_url": "git@gitlab.bank.example:x.git", "ci_config_path": ""},
    "object_attributes": {"action": "update", "title": "Open it", "description": "why", "last_commit": {"message": "Open it"}},
    "changes": {"description": {"previous": "what", "current": "why"}},
}
APP: dict[str, Any] = {
    "app": {"metadata": {"name": "payments-api"}, "spec": {"source": {"helm": {"values": "a: b"}}}},
    "context": "x",
}
BODIES = {"tfe": (RUN, ""), "github": (PULL, "pull_request"), "gitlab": (MERGE, ""), "argocd": (APP, "")}
# The texts of which the portal tells the first words: what kind of news it was, and of which place.
TOLD = {"trigger", "action", "organization_name", "full_name", "object_kind", "path_with_namespace"}
NUMBERS = itertools.count()


def sown(value: Any, name: str = "") -> Any:
    """Beside each text a typed secret; in place of each text that is not told, an opaque value as well."""
    if isinstance(value, dict):
        return {key: sown(item, key) for key, item in value.items()} | {"note": f"{SIGN}{next(NUMBERS):06}q"}
    if isinstance(value, list):
        return [sown(item, name) for item in value]
    if not isinstance(value, str):
        return value
    number = next(NUMBERS)
    secret = FORMS[number % len(FORMS)].format(f"{MARK}{number:06}")
    return f"{value} {secret}" if name in TOLD else f"{SIGN}{number:06}q {secret}"


def letter(kind: str, said: dict[str, Any], event: str) -> Letter:
    if kind != "gitlab":
        return signed(SOURCES[kind], said, event)
    return Letter("gitlab", json.dumps(said).encode(), {"content-type": "application/json", "x-gitlab-token": SECRET})


@pytest.fixture
def door(bank: Bank, gitlab: GitlabState, caplog: pytest.LogCaptureFixture) -> Iterator[Door]:
    """The portal of a bank that takes webhooks of all four, read once; every log is on."""
    bank.kinds = KINDS
    for kind in KINDS:
        secret = bank.folder / f"{kind}.webhook"
        secret.write_text(SECRETS[SOURCES[kind]])
        bank.settings[kind] = {"webhook_secret_file": str(secret), "poll_every": HOUR}
    (bank.folder / "gitlab.webhook").write_text(SECRET)
    bank.more += f'webhook_secret_file = "gitlab.webhook"\npoll_every = {HOUR}\n'
    ran = bank.poll()
    assert ran.code == 0, ran.out + ran.err
    made = Door(bank)
    with caplog.at_level(logging.DEBUG):
        yield made
    made.engine.dispose()


def assert_nothing_kept(bank: Bank, door: Door, caplog: pytest.LogCaptureFixture) -> None:
    shown = {path: door.ask("GET", path).content for path in LISTS}
    for what, data in {"database": bank.dump(), "log": caplog.text.encode() + repr(vars_of(caplog)).encode(), **shown}.items():
        for mark in (MARK.encode(), SIGN.encode()):
            at = data.find(mark)
            assert at < 0, f"{what}: …{data[max(0, at - 160) : at + 80]!r}…"


def vars_of(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [getattr(record, "fields", {}) for record in caplog.records if record.name.startswith("app")]


@pytest.mark.parametrize("kind", BODIES)
def test_a_hook_full_of_secrets_is_heard_and_none_is_kept(
    door: Door, bank: Bank, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    said, event = BODIES[kind]
    for turn in range(len(FORMS)):  # each text has each form once
        full = sown(copy.deepcopy(said))
        for name in ("organization_name",):  # of ours, whatever else it says: else it is not heard
            full |= {name: said[name]} if name in said else {}
        for name, inner in (("repository", "full_name"), ("project", "path_with_namespace")):
            if turn and name in full:
                full[name][inner] = said[name][inner]
        answer = door.post(letter(kind, full, event))
        assert answer.status_code == 200, answer.text
        assert MARK not in answer.text
        assert SIGN not in answer.text
    metrics = door.ask("GET", "/metrics").text
    source = SOURCES.get(kind, "gitlab")
    assert f'throughline_webhooks_total{{source="{source}",outcome="heard"}} {len(FORMS)}' in metrics
    assert_nothing_kept(bank, door, caplog)


@pytest.mark.parametrize("kind", BODIES)
def test_of_a_forged_one_nothing_is_kept_either(door: Door, bank: Bank, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    said, event = BODIES[kind]
    made = letter(kind, sown(copy.deepcopy(said)), event)
    for name in ("authorization", "x-gitlab-token", "x-hub-signature-256", "x-tfe-notification-signature"):
        for number, form in enumerate(FORMS):
            answer = door.post(made, headers={name: form.format(f"{MARK}{number:06}"), "x-github-event": form.format(MARK)})
            assert answer.status_code == 401
            assert MARK not in answer.text
    assert_nothing_kept(bank, door, caplog)


@pytest.mark.parametrize("header", ["x-github-event", "x-github-delivery"])
def test_a_header_that_nobody_signs_is_told_without_secrets(
    door: Door, bank: Bank, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    made = signed(cast.GITHUB, PULL, "pull_request")
    for form in FORMS:
        answer = door.post(made, headers={**made.headers, header: f"push {form.format(f'{MARK}000001')}"})
        assert answer.status_code == 200
        assert MARK not in answer.text
    assert_nothing_kept(bank, door, caplog)


# ---- GitLab at the door, as the others are in `test_webhooks`


def test_a_verified_hook_of_gitlab_makes_its_streams_due_now_and_only_them(door: Door, bank: Bank) -> None:
    answer = door.post(letter("gitlab", {"object_kind": "push", "project": {"path_with_namespace": INFRA}}, ""))
    assert (answer.status_code, answer.json()["due"]) == (200, ["pull-requests", "pushes"])
    rows = bank.rows("SELECT source, stream, next_poll_at - now() < interval '3 seconds' AS due FROM streams")
    assert {row.stream for row in rows if row.due and row.source == "gitlab"} >= {"pull-requests", "pushes"}
    assert not {row.stream for row in rows if row.due and row.source == "gitlab"} & {"rules"}
    for kind in KINDS:
        assert all(seconds > 60 for stream, seconds in waits(bank, kind).items() if stream in DUE[kind])


def test_a_signed_time_and_a_replay_of_gitlab(door: Door, bank: Bank) -> None:
    """The same X-Gitlab-Event-UUID is the same delivery; another body under it does nothing."""
    made = letter("gitlab", MERGE, "")
    headers = {**made.headers, "x-gitlab-event-uuid": "6f1c0d6e-0001"}
    assert door.post(made, headers=headers).json()["replay"] is False
    again = door.post(made, headers=headers)
    assert (again.status_code, again.json()["replay"], again.json()["due"]) == (200, True, [])
    for wrong in ({"x-gitlab-token": SECRET + "x"}, {"x-gitlab-token": ""}, {}):
        answer = door.post(made, headers={"content-type": "application/json", **wrong})
        assert answer.status_code == 401
        assert SECRET not in answer.text
    twice = [("x-gitlab-token", SECRET), ("x-gitlab-token", SECRET)]
    assert door.post(made, headers=twice).status_code == 401


def test_news_of_another_project_of_gitlab_makes_nothing_due(door: Door) -> None:
    answer = door.post(letter("gitlab", {"object_kind": "push", "project": {"path_with_namespace": "bank/other"}}, ""))
    assert (answer.status_code, answer.json()["due"]) == (200, [])


def test_a_merge_request_is_known_after_its_hook(door: Door, bank: Bank, gitlab: GitlabState) -> None:
    """Due only in an hour, but for the hook: a worker that looks for what is due reads it now."""
    commits = [(None, "ada", "Close the gateway", ["network/main.tf"])]
    iid = gitlab.open(INFRA, "Close the gateway", "ada", datetime.now(UTC), "ada/close", [], commits)
    settings = load({"THROUGHLINE_CONFIG": str(bank.write())})
    known = "SELECT count(*) FROM events WHERE source = 'gitlab' AND pull_request = :iid"

    def look(after: float = 0) -> None:
        now = datetime.now(UTC) + timedelta(seconds=after)
        with compose.sources(settings, "gitlab") as (source,):
            for stream in source.streams():
                read_stream(door.engine, source, stream, random_id(), lambda: now, only_due=True)

    look()
    assert bank.one(known, iid=iid) == 0, "nobody looks before the hook"
    said = {**MERGE, "object_attributes": {"action": "open", "iid": iid}}
    assert door.post(letter("gitlab", said, "")).json()["due"] == ["pull-requests"]
    look(after=3)
    assert bank.one(known, iid=iid) >= 1
