"""The ways a commit comes to a branch and from there to a system, from the fake Git host to the page: squash, rebase merge, merge
queue, cherry-pick, revert, direct push, force push; and the range of an apply over three merged pull requests, one of which touches
another directory."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.demo.fakes import github_branches as branches
from app.demo.fakes.github_things import Protection
from app.demo.fakes.tfe_state import RunState

from tests.stories.bank import REPO, Bank

MINUTE = timedelta(minutes=1)


class Story:
    """Minute by minute, on one workspace that watches `network`."""

    def __init__(self, bank: Bank) -> None:
        self.bank, self.hub = bank, bank.github
        self.now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=20)
        self.place = bank.tfe.add_workspace("network-production", REPO, "network", created_at=self.now)
        self.tip = self.hub.repositories[REPO].tip

    def later(self, minutes: int = 1) -> datetime:
        self.now += minutes * MINUTE
        return self.now

    def proposed(self, title: str, path: str = "network/main.tf", *, commits: int = 1, body: str = "", message: str = "") -> int:
        """Opened by ada, approved by bob."""
        made = [(None, "ada", message or f"{title}: {i}", [path]) for i in range(commits)]
        number = self.hub.add_pull_request(REPO, title, "ada", self.later(5), f"ada/{title.split()[0].lower()}", (), made, body)
        self.hub.review(REPO, number, "bob", "APPROVED", self.later())
        return number

    def merged(self, number: int, method: str = "squash") -> str:
        return self.hub.merge(REPO, number, "bob", self.later(), method)

    def applied(self, commit: str) -> RunState:
        run = self.bank.tfe.add_run(self.place, "Apply", self.later(), "ada", commit, sender="ada")
        run.plan(self.later(), 1, 0)
        run.confirm(self.later(), self.bank.tfe.user("carol"), "Go")
        run.apply(self.later())
        return run

    def told(self) -> "Told":
        ran = self.bank.poll()
        assert ran.code == 0, ran.out + ran.err
        ran = self.bank.poll()  # what the first pass asked of the Git host is answered by now
        assert ran.code == 0, ran.out + ran.err
        return Told(self.bank)


class Told:
    """The changes, as the JSON tells them."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.items: list[dict[str, Any]] = bank.page("/api/v1/changes?limit=100").json()["items"]

    def titled(self, title: str) -> dict[str, Any]:
        (found,) = [one for one in self.items if one["title"].startswith(title)]
        return found

    def of_run(self, run: RunState) -> set[str]:
        return {one["title"] for one in self.items if run.id in {each["id"] for each in one["runs"]}}

    def deployed(self, run: RunState) -> dict[str, Any]:
        found = [each for one in self.items for each in one["deployed"] if each["by"].endswith(run.id)]
        assert found
        assert all(each == found[0] for each in found)
        return found[0]

    def words(self, title: str) -> str:
        page = self.bank.page(f"/changes/{self.titled(title)['id']}")
        assert page.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


@pytest.fixture
def story(bank: Bank) -> Story:
    return Story(bank)


def verdict(item: dict[str, Any], control: str) -> str:
    return next(str(one["verdict"]) for one in item["verdicts"] if one["control"] == control)


def links(item: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(one["from"].split(":")[-1], one["to"].split(":")[-1], one["rule"]) for one in item["links"]}


def test_an_apply_over_three_pull_requests_brings_the_two_that_touch_what_it_watches(story: Story) -> None:
    first = story.applied(story.merged(story.proposed("Base of the network")))
    subnet = story.merged(story.proposed("Subnet for payments"))
    story.merged(story.proposed("Dashboards for ops", "dashboards/main.tf"))
    peering = story.merged(story.proposed("Peering with the bank", commits=2))
    second = story.applied(peering)
    told = story.told()
    assert told.of_run(second) == {"Subnet for payments", "Peering with the bank"}
    one = told.deployed(second)
    assert (one["status"], one["head"], one["paths"]) == ("range", peering, ["network"])
    assert [each["sha"] for each in one["commits"]] == [subnet, peering]
    assert one["base"] == told.deployed(first)["head"]
    assert told.deployed(first)["status"] == "first"
    rules = {one["rule"]: one["strength"] for one in told.titled("Subnet for payments")["links"]}
    assert rules == {"deployed range": "derived"}
    assert told.titled("Dashboards for ops")["applies"] == []
    for title in ("Subnet for payments", "Peering with the bank"):
        assert (verdict(told.titled(title), "AUTH-1"), verdict(told.titled(title), "DEPL-1")) == ("pass", "pass")
    assert "squash, by bob" in told.words("Peering with the bank")
    assert f"2 commits, {one['base'][:12]} to {peering[:12]}, in network" in told.words("Peering with the bank")


def test_each_commit_of_a_rebase_merge_is_its_pull_request_s(story: Story) -> None:
    story.applied(story.merged(story.proposed("Base of the network")))
    last = story.merged(story.proposed("Three steps", commits=3), "rebase")
    run = story.applied(last)
    told = story.told()
    assert told.of_run(run) == {"Three steps"}
    assert len(told.deployed(run)["commits"]) == 3
    assert all(len(each["brought_by"]) == 1 and not each["direct"] for each in told.deployed(run)["commits"])
    assert told.titled("Three steps")["pull_requests"][0]["merge_method"] == "rebase"


def test_a_merge_queue_lands_two_and_each_has_its_own(story: Story) -> None:
    story.applied(story.merged(story.proposed("Base of the network")))
    one, two = story.proposed("Queue one"), story.proposed("Queue two")
    for number in (one, two):
        branches.enqueue(story.hub, REPO, number, "ada", story.later())
    run = story.applied(branches.merge_queue(story.hub, REPO, [one, two], story.later())[-1])
    told = story.told()
    assert told.of_run(run) == {"Queue one", "Queue two"}
    assert not [item for item in told.items if item["push"]]
    assert told.titled("Queue two")["pull_requests"][0]["queued_at"] is not None
    assert "merge queue" in told.words("Queue two")


def test_a_revert_and_a_cherry_pick_are_links_to_what_they_speak_of(story: Story) -> None:
    number = story.proposed("Widen the subnet")
    landed = story.merged(number)
    back = story.proposed("Revert the subnet", body=f"Reverts {REPO}#{number}", message=f"Revert\n\nThis reverts commit {landed}.")
    story.merged(back)
    pick = story.proposed("Again the subnet", message=f"Widen\n\n(cherry picked from commit {landed})")
    story.merged(pick)
    told = story.told()
    reverts, picks = (f"{REPO}#{back}", f"{REPO}#{number}", "reverts"), (f"{REPO}#{pick}", f"{REPO}#{number}", "cherry-picked from")
    assert reverts in links(told.titled("Revert the subnet"))
    assert picks in links(told.titled("Again the subnet"))
    assert {reverts, picks} <= links(told.titled("Widen the subnet"))
    assert "says that it reverts bank/infra#1" in told.words("Revert the subnet")


def test_a_direct_push_is_a_change_of_its_own_with_the_run_that_came_of_it(story: Story) -> None:
    story.applied(story.merged(story.proposed("Base of the network")))
    pushed = story.hub.direct_push(REPO, "mallory", story.later(), ["network/firewall.tf"], "Open everything")
    run = story.applied(pushed)
    told = story.told()
    (title,) = told.of_run(run)
    assert title == "Open everything (pushed straight to main)"
    item = told.titled(title)
    assert {verdict(item, control) for control in ("AUTH-1", "AUTH-2", "AUTH-3", "DEPL-1")} == {"fail"}
    assert ("pusher", "mallory", False) in {(one["role"], one["name"], one["declared"]) for one in item["people"]}
    assert [gap["missing"] for gap in item["gaps"] if gap["what"] == "no pull request"] == ["absent"]
    assert (item["push"]["after"], item["push"]["by"], item["push"]["direct"]) == (pushed, "mallory", True)
    assert "1 commit was pushed straight to main of bank/infra by mallory without a pull request" in told.words(title)


def test_a_force_push_says_what_it_took_off_and_what_followed_it_back(story: Story) -> None:
    base = story.merged(story.proposed("Base of the network"))
    story.applied(base)
    story.applied(story.merged(story.proposed("Subnet for payments")))
    assert story.told().titled("Subnet for payments")["applies"]
    branches.force_push(story.hub, REPO, "mallory", story.later(), base)
    back = story.applied(base)
    told = story.told()
    (title,) = told.of_run(back)
    assert title == f"Force push to main of {REPO} by mallory: 1 commit taken off"
    item = told.titled(title)
    assert "took off the branch" in {rule for _, _, rule in links(item)}
    assert "forced back" in {rule for _, _, rule in links(item)}
    assert verdict(item, "AUTH-1") == "fail"
    assert "took off the branch" in {rule for _, _, rule in links(told.titled("Subnet for payments"))}


def test_the_rules_of_the_branch_and_its_checks_are_judged_as_they_stood(story: Story) -> None:
    """Protected and looked at before; then the protection is weakened, and a red head is merged."""
    strict = Protection(checks=("plan",), approvals=1, admins=True)
    story.hub.admin = True
    branches.protect(story.hub, REPO, "main", strict, story.now)
    story.told()
    story.now = datetime.now(UTC).replace(microsecond=0)
    good = story.proposed("Checked and green")
    branches.check(story.hub, REPO, good, "plan", "SUCCESS", story.now + MINUTE)
    story.merged(good)
    bad = story.proposed("Merged though red")
    branches.check(story.hub, REPO, bad, "plan", "FAILURE", story.now + MINUTE)
    story.merged(bad)
    told = story.told()
    green, red = told.titled("Checked and green"), told.titled("Merged though red")
    assert (verdict(green, "TEST-1"), verdict(red, "TEST-1")) == ("pass", "fail")
    assert (verdict(green, "AUTH-6"), verdict(red, "AUTH-6")) == ("pass", "pass")
    assert green["pull_requests"][0]["checks"][0]["required"] is True
    branches.protect(story.hub, REPO, "main", Protection(checks=("plan",), approvals=0, admins=True), story.later())
    told = story.told()
    weaker = told.titled(f"main of {REPO}: required approvals 1 → 0")
    assert (verdict(weaker, "AUTH-6"), weaker["branch_rules"]["weaker"]) == ("fail", ["required_approvals"])
    assert "weaker, 1 before" in told.words(f"main of {REPO}")


def test_a_rebuild_gives_the_same_twice(story: Story) -> None:
    story.applied(story.merged(story.proposed("Base of the network")))
    pushed = story.hub.direct_push(REPO, "mallory", story.later(), ["network/firewall.tf"])
    story.applied(story.merged(story.proposed("Peering with the bank"), "rebase"))
    branches.force_push(story.hub, REPO, "mallory", story.later(), pushed)
    story.told()
    one, two = (story.bank.run("rebuild") for _ in range(2))
    assert one.code == two.code == 0
    assert re.findall(r"sha256:\w+", one.out) == re.findall(r"sha256:\w+", two.out) != []


def test_a_renamed_repository_keeps_each_pull_request_whole(story: Story) -> None:
    number = story.proposed("Before the rename")
    assert story.told().titled("Before the rename")["repository"] == REPO
    story.hub.rename(REPO, "bank/platform")
    run = story.applied(story.hub.merge("bank/platform", number, "bob", story.later(), "squash"))
    told = story.told()
    item = told.titled("Before the rename")
    assert (item["repository"], item["pull_requests"][0]["state"]) == ("bank/platform", "merged")
    assert told.of_run(run) == {"Before the rename"}
    assert [one["title"] for one in told.items] == ["Before the rename"]
