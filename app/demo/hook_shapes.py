"""What GitHub's webhooks hold, whole, of the events that the demo sends.

https://docs.github.com/en/webhooks/webhook-events-and-payloads. Addresses are of the kinds that GitHub tells;
none of them is ever asked.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.demo.fakes.github_git import Commit, Signature
from app.demo.fakes.github_rest import simple_user
from app.demo.fakes.github_state import GithubState
from app.demo.fakes.github_things import NO_COMMIT, PullRequest, Repository, Review

JSON = dict[str, Any]
HOST = "https://github.bank.example"
MOST = 2048  # commits of one push that are told
PLACES = (
    *("forks", "teams", "hooks", "events", "tags", "languages", "stargazers", "contributors", "subscribers", "subscription"),
    *("merges", "downloads", "deployments"),
)
TEMPLATES = {
    "keys": "keys{/key_id}",
    "collaborators": "collaborators{/collaborator}",
    "issue_events": "issues/events{/number}",
    "assignees": "assignees{/user}",
    "branches": "branches{/branch}",
    "blobs": "git/blobs{/sha}",
    "git_tags": "git/tags{/sha}",
    "git_refs": "git/refs{/sha}",
    "trees": "git/trees{/sha}",
    "statuses": "statuses/{sha}",
    "commits": "commits{/sha}",
    "git_commits": "git/commits{/sha}",
    "comments": "comments{/number}",
    "issue_comment": "issues/comments{/number}",
    "contents": "contents/{+path}",
    "compare": "compare/{base}...{head}",
    "archive": "{archive_format}{/ref}",
    "issues": "issues{/number}",
    "pulls": "pulls{/number}",
    "milestones": "milestones{/number}",
    "notifications": "notifications{?since,all,participating}",
    "labels": "labels{/name}",
    "releases": "releases{/id}",
}
LONE = (  # what a pull request has only in events of its own
    *("changed_files", "merged", "commits", "merged_by", "maintainer_can_modify", "comments", "rebaseable", "deletions"),
    *("mergeable", "mergeable_state", "additions", "review_comments"),
)


def push(state: GithubState, known: Repository, before: str | None, after: str) -> JSON:
    """A push to the default branch, by whoever the activity view says."""
    start = before or NO_COMMIT
    new = known.git.between(start, after) if start in known.git.commits else [known.git.commits[after]]
    moved = next((one for one in reversed(known.activity) if one.after == after), None)
    who = (moved.actor if moved else None) or known.git.commits[after].author.login
    forced = start in known.git.commits and start not in known.git.reachable(after)
    return {
        "ref": f"refs/heads/{known.default_branch}",
        "before": start,
        "after": after,
        "created": start == NO_COMMIT,
        "deleted": False,
        "forced": forced,
        "base_ref": None,
        "compare": f"{HOST}/{known.name}/compare/{start[:12]}...{after[:12]}",
        "commits": [_commit(known, one) for one in new[-MOST:]],
        "head_commit": _commit(known, known.git.commits[after]),
        "repository": told(state, known),
        "pusher": {"name": who or "web-flow", "email": None},
        "sender": account(state, who),
    }


def pull_request(state: GithubState, known: Repository, of: PullRequest, action: str, sender: str | None, **more: Any) -> JSON:
    """`more`: what this action tells besides."""
    shown = _whole(state, known, of)
    body = {"action": action, "number": of.number, "pull_request": shown, **more}
    return {**body, "repository": told(state, known), "sender": account(state, sender)}


def review(state: GithubState, known: Repository, of: PullRequest, one: Review) -> JSON:
    """A review that was submitted."""
    here = f"{HOST}/{known.name}/pull/{of.number}"
    number = of.reviews.index(one) + 1
    said = {
        "id": known.database_id % 1_000_000 * 1_000 + number,
        "node_id": one.id,
        "user": account(state, one.author),
        "body": one.body or None,
        "commit_id": one.commit,
        "submitted_at": _time(one.submitted_at),
        "state": one.state.lower(),
        "html_url": f"{here}#pullrequestreview-{number}",
        "pull_request_url": f"{_api(known)}/pulls/{of.number}",
        "author_association": "MEMBER",
        "_links": {"html": {"href": here}, "pull_request": {"href": f"{_api(known)}/pulls/{of.number}"}},
    }
    shown = {key: value for key, value in _whole(state, known, of).items() if key not in LONE}
    told_of = {"repository": told(state, known), "sender": account(state, one.author)}
    return {"action": "submitted", "review": said, "pull_request": shown, **told_of}


def account(state: GithubState, login: str | None) -> JSON:
    """Of an account that is gone, GitHub shows its ghost."""
    return simple_user(state, login) or {**_owner("ghost"), "type": "User"}


def told(state: GithubState, known: Repository) -> JSON:
    """A repository, as every event has it."""
    owner, _, name = known.name.partition("/")
    here, there = f"{HOST}/{known.name}", _api(known)
    moved = max([one.at for one in known.activity], default=known.created_at)
    counts = ("size", "stargazers_count", "watchers_count", "forks_count", "open_issues_count", "forks", "open_issues", "watchers")
    return {
        "id": known.database_id,
        "node_id": known.id,
        "name": name,
        "full_name": known.name,
        "private": True,
        "owner": _owner(owner),
        "html_url": here,
        "description": None,
        "fork": False,
        "url": there,
        **{f"{place}_url": f"{there}/{place}" for place in PLACES},
        **{f"{place}_url": f"{there}/{path}" for place, path in TEMPLATES.items()},
        "created_at": _time(known.created_at),
        "updated_at": _time(moved),
        "pushed_at": _time(moved),
        "git_url": f"git://{HOST[8:]}/{known.name}.git",
        "ssh_url": f"git@{HOST[8:]}:{known.name}.git",
        "clone_url": f"{here}.git",
        "svn_url": here,
        "homepage": None,
        "language": "HCL",
        "mirror_url": None,
        "license": None,
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(("has_issues", "has_projects", "has_downloads", "has_wiki"), True),
        **dict.fromkeys(("has_pages", "archived", "is_template", "web_commit_signoff_required"), False),
        "default_branch": known.default_branch,
        "topics": [],
        "visibility": "private",
        "custom_properties": {},
    }


def _whole(state: GithubState, known: Repository, of: PullRequest) -> JSON:
    here, there = f"{HOST}/{known.name}/pull/{of.number}", f"{_api(known)}/pulls/{of.number}"
    issue = f"{_api(known)}/issues/{of.number}"
    links = {
        "commits": f"{there}/commits",
        "review_comments": f"{there}/comments",
        "review_comment": f"{_api(known)}/pulls/comments{{/number}}",
        "comments": f"{issue}/comments",
        "statuses": f"{_api(known)}/statuses/{of.head}",
    }
    auto, merged = of.auto_merge, of.merged_at is not None
    files = {path for oid in of.commits for path in known.git.commits[oid].paths}
    return {
        "url": there,
        "id": known.database_id % 1_000_000 * 1_000 + of.number,
        "node_id": of.id,
        "html_url": here,
        "diff_url": f"{here}.diff",
        "patch_url": f"{here}.patch",
        "issue_url": issue,
        "number": of.number,
        "state": "open" if of.state == "OPEN" else "closed",
        "locked": False,
        "title": of.title,
        "user": account(state, of.author),
        "body": of.body or None,
        "created_at": _time(of.created_at),
        "updated_at": _time(of.updated_at),
        "closed_at": _time(of.closed_at),
        "merged_at": _time(of.merged_at),
        "merge_commit_sha": of.merge_commit,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [_label(known, name) for name in of.labels],
        "milestone": None,
        **{f"{name}_url": place for name, place in links.items()},
        "head": _end(state, known, of.branch, of.head) | ({"repo": None} if of.fork else {}),
        "base": _end(state, known, of.base, of.base_oid),
        "_links": {name: {"href": place} for name, place in {"self": there, "html": here, "issue": issue, **links}.items()},
        "author_association": "MEMBER",
        "active_lock_reason": None,
        "draft": of.draft,
        "merged": merged,
        "auto_merge": _auto(state, *auto[:2]) if auto else None,
        "mergeable": None,
        "rebaseable": None,
        "mergeable_state": "unknown",
        "merged_by": account(state, of.merged_by) if merged else None,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(of.commits),
        "additions": len(files),
        "deletions": 0,
        "changed_files": len(files),
    }


def _auto(state: GithubState, login: str, method: str) -> JSON:
    return {
        "enabled_by": account(state, login),
        "merge_method": method.lower(),
        "commit_title": None,
        "commit_message": None,
    }


def _end(state: GithubState, known: Repository, branch: str, sha: str) -> JSON:
    owner = known.name.partition("/")[0]
    return {"label": f"{owner}:{branch}", "ref": branch, "sha": sha, "user": _owner(owner), "repo": told(state, known)}


def _label(known: Repository, name: str) -> JSON:
    shown = {"id": known.database_id, "node_id": f"LA_{known.database_id:08x}", "url": f"{_api(known)}/labels/label"}
    return {**shown, "name": name, "color": "ededed", "default": False, "description": None}


def _commit(known: Repository, one: Commit) -> JSON:
    return {
        "id": one.sha,
        "tree_id": one.sha,
        "distinct": True,
        "message": one.message,
        "timestamp": _time(one.at),
        "url": f"{HOST}/{known.name}/commit/{one.sha}",
        "author": _signed(one.author),
        "committer": _signed(one.committer),
        **_touched(one.paths),
    }


def _signed(by: Signature) -> JSON:
    return {"name": by.name, "email": by.email, **({"username": by.login} if by.login else {})}


def _touched(paths: Sequence[str]) -> JSON:
    return {"added": [], "removed": [], "modified": list(paths)}


def _owner(login: str) -> JSON:
    api = f"{HOST}/api/v3/users/{login}"
    places = ("followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events", "received_events")
    return {
        "login": login,
        "id": 1,
        "node_id": "O_1",
        "avatar_url": f"{HOST}/avatars/{login}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{HOST}/{login}",
        "type": "Organization",
        "site_admin": False,
        **{f"{place}_url": f"{api}/{place}" for place in places},
    }


def _api(known: Repository) -> str:
    return f"{HOST}/api/v3/repos/{known.name}"


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
