"""A bank whose Git host is GitLab: merge request, speculative run, approval, merge, apply and sync, from the servers to the page.

Then an approval that went stale, and a push that no merge request brought.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app.demo.fakes.gitlab import gitlab_app
from app.demo.fakes.gitlab_merge import merge
from app.demo.fakes.gitlab_state import GitlabState
from app.demo.fakes.tfe_state import PullRequestState

from tests.sources.harness import served
from tests.stories.bank import Bank

INFRA = "bank/platform/network/infra"
TOKEN = "glpat-T0ken-never-shown-51d0"
CLONE = f"git@gitlab.bank.example:{INFRA}.git"
PEOPLE = """person,kind,gitlab_username,emails,tfe_username,argocd_username
Ada Ng,human,ada,ada@bank.example,ada,
Bob Vo,human,bob,bob@bank.example,bob,alice
Carol Ek,human,carol,carol@bank.example,carol,
Eve Ro,human,eve,eve@bank.example,eve,
"""


@pytest.fixture
def gitlab(bank: Bank) -> Iterator[GitlabState]:
    """The bank's GitLab, in its settings, beside its Terraform Enterprise and its Argo CD."""
    state = GitlabState(token=TOKEN)
    state.add_project(INFRA, datetime.now(UTC) - timedelta(days=3))
    with served(gitlab_app(state)) as url:
        (bank.folder / "gitlab.token").write_text(TOKEN)
        (bank.folder / "people.csv").write_text(PEOPLE)
        bank.kinds = ("tfe", "argocd")
        bank.more = f"""
[identities]
file = "people.csv"
[[source]]
name = "gitlab"
kind = "gitlab"
url = "{url}"
repositories = ["{INFRA}"]
token_file = "gitlab.token"
requests_per_second = 1000
"""
        yield state


class Story:
    """One change after the other, an hour apart, on one workspace and one application of a nested project."""

    def __init__(self, bank: Bank, gitlab: GitlabState) -> None:
        self.bank, self.gitlab = bank, gitlab
        self.at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
        self.workspace = bank.tfe.add_workspace("network-production", INFRA, "network", created_at=self.at)
        first = gitlab.projects[INFRA].tip
        self.application = bank.argocd.add_application(
            "gateway", project="platform", repository=CLONE, path="apps/gateway", at=self.at, revision=first
        )
        bank.argocd.sync(self.application, self.after(1), "alice")

    def after(self, minutes: float) -> datetime:
        return self.at + timedelta(minutes=minutes)

    def propose(self, title: str) -> tuple[int, str]:
        """Opened by ada with a commit that touches both, planned at its head, its pipeline green. Gives its iid and head."""
        self.at += timedelta(hours=1)
        commits = [(None, "ada", title, ["network/main.tf", "apps/gateway/values.yaml"])]
        iid = self.gitlab.open(INFRA, title, "ada", self.after(0), f"ada/{title.split()[0].lower()}", commits=commits)
        head = self.gitlab.projects[INFRA].merge_requests[iid].head
        self.gitlab.pipeline(INFRA, iid, "success", self.after(1), self.after(3))
        plan = self.bank.tfe.add_run(
            self.workspace, title, self.after(2), "ada", head, PullRequestState(iid, title), speculative=True, branch="ada"
        )
        plan.plan(self.after(3), 1, 0)
        return iid, head

    def deploy(self, title: str, sha: str) -> None:
        """Applied and synced from a commit on main."""
        run = self.bank.tfe.add_run(self.workspace, title, self.after(30), "ada", sha, branch="main")
        run.plan(self.after(31), 1, 0)
        run.confirm(self.after(32), self.bank.tfe.user("carol"))
        run.apply(self.after(34))
        self.bank.argocd.commit(sha, at=self.after(20), author="Ada Ng", message=title)
        self.bank.argocd.push(CLONE, sha, self.after(35))
        self.bank.argocd.sync(self.application, self.after(36), "alice")

    def tell(self) -> dict[str, str]:
        """Three changes; gives the commit on main of each."""
        out = {}
        iid, _ = self.propose("Open the gateway")
        self.gitlab.approve(INFRA, iid, "bob", self.after(10))
        out["clean"] = merge(self.gitlab, INFRA, iid, "carol", self.after(20))
        self.deploy("Open the gateway", out["clean"])

        iid, _ = self.propose("Widen the subnet")
        self.gitlab.approve(INFRA, iid, "bob", self.after(10))
        self.gitlab.push(INFRA, iid, "ada", "And one more thing", ["network/main.tf"], self.after(12))
        self.gitlab.pipeline(INFRA, iid, "success", self.after(13), self.after(15))
        out["stale"] = merge(self.gitlab, INFRA, iid, "carol", self.after(20), squash=True)
        self.deploy("Widen the subnet", out["stale"])

        self.at += timedelta(hours=1)
        out["direct"] = self.gitlab.direct_push(
            INFRA, "eve", self.after(20), ["network/main.tf", "apps/gateway/values.yaml"], "Quick fix", author="ada"
        )
        self.deploy("Quick fix", out["direct"])
        return out


def changes(bank: Bank) -> dict[str, dict[str, Any]]:
    """Every change by its title, as the API tells it."""
    ids = [row.id for row in bank.rows("SELECT id FROM changes")]
    items = [answer.json() for answer in bank.pages([f"/api/v1/changes/{one}" for one in ids])]
    return {item["title"]: item for item in items}


def verdicts(item: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["control"]: (one["verdict"], one["because"]) for one in item["verdicts"]}


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_from_a_merge_request_to_the_page(bank: Bank, gitlab: GitlabState) -> None:
    commits = Story(bank, gitlab).tell()
    for _ in range(2):  # what syncs and runs asked of the Git host is answered by then
        ran = bank.poll()
        assert ran.code == 0, ran.out + ran.err
    told = changes(bank)
    clean, stale = told["Open the gateway"], told["Widen the subnet"]
    direct = told["Quick fix (pushed straight to main)"]

    for number, item in ((1, clean), (2, stale)):
        assert [(pull["repository"], pull["number"]) for pull in item["pull_requests"]] == [(INFRA, number)]
        assert [run["kind"] for run in sorted(item["runs"], key=lambda one: one["created_at"])] == ["plan_only", "plan_and_apply"]
        assert len(item["applies"]) == 1
        assert [sync["application"] for sync in item["syncs"]] == ["gateway"]
    people = {(who["role"], who["person"]) for who in clean["people"]}
    assert {("author", "Ada Ng"), ("approver", "Bob Vo"), ("merger", "Carol Ek"), ("confirmer", "Carol Ek")} <= people
    assert commits["clean"] in clean["commits"]
    judged = verdicts(clean)
    for control in ("AUTH-1", "AUTH-2", "AUTH-2b", "SOD-1"):
        assert judged[control][0] == "pass", (control, judged[control])

    judged = verdicts(stale)
    assert judged["AUTH-1"][0] == "pass", judged["AUTH-1"]
    assert judged["AUTH-2"][0] == "pass", judged["AUTH-2"]
    assert judged["AUTH-2b"][0] == "fail", judged["AUTH-2b"]
    assert "was merged" in judged["AUTH-2b"][1]

    assert direct["pull_requests"] == []
    assert commits["direct"] in direct["commits"]
    assert (len(direct["applies"]), [sync["revision"] for sync in direct["syncs"]]) == (1, [commits["direct"]])
    judged = verdicts(direct)
    assert judged["AUTH-1"][0] == "fail", judged["AUTH-1"]
    assert INFRA in judged["AUTH-1"][1]
    assert ("pusher", "Eve Ro") in {(who["role"], who["person"]) for who in direct["people"]}
    assert f"to main of {INFRA}" in words(bank.page(f"/changes/{direct['id']}").text)
    for item in (clean, stale):
        assert bank.page(f"/changes/{item['id']}").status_code == 200
    again = bank.run("rebuild")
    assert again.code == 0
    assert {title: item["summary"] for title, item in changes(bank).items()} == {t: item["summary"] for t, item in told.items()}


def test_planted_secrets_are_nowhere(bank: Bank, gitlab: GitlabState) -> None:
    """In a title, a description, a commit, a comment, a note, a label, and in fields that GitLab itself fills."""
    story = Story(bank, gitlab)
    secret, login = "glpat-planted0123456789abcd", "hunter2-planted"
    text = f"use {secret} at https://bot:{login}@gitlab.bank.example/x"
    commits = [(None, "ada", f"{text}\n\n{text}", ["network/main.tf"])]
    iid = gitlab.open(INFRA, text, "ada", story.after(1), "ada/leak", [secret], commits, text)
    gitlab.comment(INFRA, iid, "bob", f"my password is swordfish-planted; {text}", story.after(2))
    gitlab.note(gitlab.projects[INFRA].merge_requests[iid], f"changed title from **{text}** to **x**", "ada", story.after(3))
    gitlab.approve(INFRA, iid, "bob", story.after(4))
    story.deploy("Leak", merge(gitlab, INFRA, iid, "carol", story.after(20)))
    gitlab.direct_push(INFRA, "eve", story.after(50), ["network/main.tf"], text)
    for _ in range(2):
        assert bank.poll().code == 0
    ids = [row.id for row in bank.rows("SELECT id FROM changes")]
    paths = [path for one in ids for path in (f"/changes/{one}", f"/api/v1/changes/{one}")]
    shown = b"".join(page.content for page in bank.pages([*paths, "/events.csv", "/changes.csv", "/sources"]))
    assert INFRA.encode() in shown
    for where in (bank.dump(), shown):
        for planted in (secret, login, "swordfish-planted", "planted-runner-token", TOKEN):
            assert planted.encode() not in where, planted


def test_check_tells_a_token_that_could_write(bank: Bank, gitlab: GitlabState) -> None:
    assert bank.run("check").row("gitlab")
    gitlab.scopes = ("api",)
    ran = bank.run("check")
    assert ran.code == 1
    assert "can write" in ran.out + ran.err
