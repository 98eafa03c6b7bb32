"""The same wishes, beginning and live stories give the same world, whoever was killed in between; and it holds what it must."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from app.demo import cast
from app.demo.bank import TOKENS
from app.demo.journal import Journal, Wishes
from app.demo.world import World

from tests.demo.living import NOW, Living, living

SHORT = Wishes(days=2)


def made(folder: Path, wishes: Wishes = SHORT, now: datetime = NOW) -> World:
    return World(Journal(folder / "journal.jsonl", wishes, now), lambda: now)


def answers(here: Living) -> dict[str, Any]:
    """What the three servers tell of everything they know, without the addresses they listen on, and without what says how
    long ago it was: Argo CD compares again every three minutes."""
    bank, out = here.world.bank, dict[str, Any]()
    with httpx.Client() as client:

        def get(kind: str, path: str) -> Any:
            answer = client.get(here.urls[kind] + path, headers={"authorization": f"Bearer {TOKENS[kind]}"})
            assert answer.status_code == 200, path
            return re.sub(r'127\.0\.0\.1:\d+|"generation":\d+|"reconciledAt":"[^"]*"', "here", answer.text)

        for path in ("/api/v1/applications", *(f"/api/v1/applications/{name}/events" for name in bank.argocd.applications)):
            out[path] = get("argocd", path)
        for run in bank.tfe.runs:
            for path in (f"/api/v2/runs/{run.id}", f"/api/v2/runs/{run.id}/policy-checks", f"/api/v2/runs/{run.id}/run-events"):
                out[path] = get("tfe", path)
    return out


def test_the_same_wishes_and_journal_give_the_same_answers(tmp_path: Path) -> None:
    rng = Random(5)
    begun = NOW + timedelta(minutes=3)
    with living(tmp_path, SHORT) as one:
        at = NOW
        while at < begun:  # as the live process does: now and then a story, and play
            at += timedelta(seconds=rng.uniform(0.2, 9))
            if rng.random() < 0.3:
                one.world.begin_live(at)
            one.world.play(at)
        first, states = answers(one), git(one.world)
    assert len(one.world.journal.live) > 5
    with living(tmp_path, SHORT, begun) as again:
        again.world.play(at)
        assert git(again.world) == states
        assert answers(again) == first


def git(world: World) -> Any:
    """Everything GitHub has, down to the commits."""
    return {name: (one.git.commits, one.git.branches, one.pull_requests) for name, one in world.bank.github.repositories.items()}


def test_another_seed_tells_another_story(tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), made(tmp_path / "other", Wishes(seed=8, days=2))
    for world in (one, other):
        world.play(NOW)
    assert git(one) != git(other)


def test_nothing_is_of_the_future(tmp_path: Path) -> None:
    world = made(tmp_path)
    world.play(NOW - timedelta(hours=9))
    at = NOW - timedelta(hours=9)
    assert max(run.created_at for run in world.bank.tfe.runs) <= at
    assert all(pull.updated_at <= at for one in world.bank.github.repositories.values() for pull in one.pull_requests.values())


def test_a_live_story_never_begins_before_what_was_played(tmp_path: Path) -> None:
    """A clock that is set back must not change the order in which a restart plays."""
    world = made(tmp_path)
    world.play(NOW + timedelta(seconds=30))
    world.begin_live(NOW)
    assert world.journal.live == [NOW + timedelta(seconds=30)]


@pytest.mark.parametrize("hour", [0, 4, 9, 13, 18, 23])
def test_the_past_ends_busy_whatever_the_hour(tmp_path: Path, hour: int) -> None:
    """There is ordinary work in the last day and a half, and none of it before the history begins."""
    world = made(tmp_path, Wishes(), NOW.replace(hour=hour))
    world.play(world.journal.began)
    opened = [p.created_at for one in world.bank.github.repositories.values() for p in one.pull_requests.values()]
    assert min(opened) >= world.start
    assert sum(at > world.journal.began - timedelta(hours=36) for at in opened) >= 4


@pytest.mark.parametrize("days", [2, 3, 14])
@pytest.mark.parametrize("seed", [1, 7])
def test_every_kind_of_trouble_is_there(tmp_path: Path, days: int, seed: int) -> None:
    """As the three servers hold it; test_past.py asks the same of the changes that come out."""
    world = made(tmp_path, Wishes(seed=seed, days=days))
    seen = watched(world)
    bank = world.bank
    runs = bank.tfe.runs
    checks = [(run, check) for run in runs for check in run.checks]
    pulls = [p for one in bank.github.repositories.values() for p in one.pull_requests.values()]
    kinds = {
        "a hard-mandatory failure": any(check.status == "hard_failed" and run.status == "errored" for run, check in checks),
        "an override": any(check.status == "overridden" and run.status == "applied" for run, check in checks),
        "an apply without a pull request": any(run.status == "applied" and not run.commit for run in runs),
        "a discarded run": days < 14 or any(run.status == "discarded" for run in runs),
        "a bot": any(p.author == cast.BOT.removesuffix("[bot]") for p in pulls),
        "a merge without review": any(p.state == "MERGED" and not p.reviews for p in pulls),
        "a self-approval": any(approved_own(world, p) for p in pulls),
        "a rollback": "initiated rollback" in seen,
        "a heal": "Initiated automated partial sync" in seen or "Partial sync" in seen,
        "a sync that was too early": 'namespaces "settlements" not found' in seen,
        "drift left open": bank.argocd.applications["fraud-detector"].sync == "OutOfSync",
    }
    assert [name for name, there in kinds.items() if not there] == []
    assert bank.argocd.applications["settlements"].history[-1]["id"] > 12  # more syncs in an outage than the history remembers


def watched(world: World) -> str:
    """Every announcement that was ever made."""
    world.play(world.journal.began)
    return "\n".join(one.message for app in world.bank.argocd.applications.values() for one in app.announcements)


def approved_own(world: World, pull: Any) -> bool:
    commits = world.bank.github.repositories[pull.repository].git.commits
    wrote = {commits[oid].author.login for oid in pull.commits}
    return any(review.state == "APPROVED" and review.author in wrote for review in pull.reviews)


def test_every_live_story_can_be_told_again_and_again(tmp_path: Path) -> None:
    """An hour of stories, in every mix: none asks a server for what it refuses."""
    world = made(tmp_path, Wishes(apps=5, workspaces=4, days=1))
    at = NOW
    world.play(at)
    for _ in range(500):
        at += timedelta(seconds=20)
        world.begin_live(at)
        world.play(at)
    assert len(world.bank.tfe.runs) > 200


@pytest.mark.parametrize("wishes", [Wishes(apps=3, workspaces=1, days=1), Wishes(apps=50, workspaces=50, days=3)])
def test_small_and_large_worlds_can_be_told(tmp_path: Path, wishes: Wishes) -> None:
    world = made(tmp_path, wishes)
    world.play(NOW)
    assert len(world.bank.argocd.applications) == wishes.apps + len(cast.QUIET)
    assert len(world.bank.tfe.workspaces) == wishes.workspaces + 1
    assert len({app.uid for app in world.bank.argocd.applications.values()}) == wishes.apps + len(cast.QUIET)
