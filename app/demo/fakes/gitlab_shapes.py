"""The fake GitLab's answers, in the shapes of https://docs.gitlab.com/api/rest/."""

from datetime import datetime
from typing import Any

from app.demo.fakes.github_git import Commit
from app.demo.fakes.gitlab_state import GitlabState
from app.demo.fakes.gitlab_things import MergeRequest, Note, Pipeline, Project, Turn, Version

HOST = "https://gitlab.bank.example"
GHOST = {"id": 1, "username": "ghost", "name": "Ghost User", "state": "active"}


def instant(at: datetime) -> str:
    """`2017-04-29T08:46:00.123Z`"""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso(at: datetime | None) -> str | None:
    return instant(at) if at else None


def user(state: GitlabState, username: str | None) -> dict[str, Any] | None:
    """https://docs.gitlab.com/api/users/; a deleted account's deeds are the ghost user's."""
    if username is None:
        return None
    found = state.users.get(username)
    if found is None:
        return dict(GHOST)
    who = {"id": found.id, "username": username, "name": found.name, "state": "active", "locked": False}
    return {**who, "avatar_url": None, "web_url": f"{HOST}/{username}"}


def project(state: GitlabState, found: Project) -> dict[str, Any]:
    group, _, name = found.path.rpartition("/")
    return {
        "id": found.id,
        "name": name,
        "path": name,
        "path_with_namespace": found.path,
        "namespace": {"id": 9, "full_path": group, "kind": "group"},
        "default_branch": found.default_branch,
        "created_at": instant(found.created_at),
        "web_url": f"{HOST}/{found.path}",
        **{key: value for key, value in found.settings.items() if state.premium or not key.startswith("merge_trains")},
    }


def merge_request(state: GitlabState, project: Project, found: MergeRequest) -> dict[str, Any]:
    """As lists have it."""
    return {
        "id": found.id,
        "iid": found.iid,
        "project_id": project.id,
        "title": found.title,
        "description": found.description,
        "state": found.state,
        "created_at": instant(found.created_at),
        "updated_at": instant(found.updated_at),
        "merge_user": user(state, found.merged_by),
        "merged_at": iso(found.merged_at),
        "closed_by": user(state, found.closed_by),
        "closed_at": iso(found.closed_at),
        "target_branch": found.target,
        "source_branch": found.source,
        "source_project_id": project.id,
        "target_project_id": project.id,
        "author": user(state, found.author),
        "reviewers": [user(state, name) for name in found.reviewers],
        "labels": list(found.labels),
        "draft": found.draft,
        "merge_when_pipeline_succeeds": found.auto_merge is not None and found.state == "opened",
        "sha": found.head,
        "merge_commit_sha": found.merge_commit,
        "squash_commit_sha": found.squash_commit,
        "squash": found.squash,
        "web_url": f"{HOST}/{project.path}/-/merge_requests/{found.iid}",
        "references": {"short": f"!{found.iid}", "relative": f"!{found.iid}", "full": f"{project.path}!{found.iid}"},
    }


def single(state: GitlabState, project: Project, found: MergeRequest) -> dict[str, Any]:
    """What one alone has besides."""
    current = next((one for one in reversed(found.pipelines)), None)
    return {
        "diff_refs": {"base_sha": found.base, "head_sha": found.head, "start_sha": found.base},
        "head_pipeline": pipeline(project, current, found) if current else None,
        "changes_count": str(len({path for sha in found.commits for path in project.git.commits[sha].paths})),
        "user": {"can_merge": False},
    }


def pipeline(project: Project, found: Pipeline, of: MergeRequest) -> dict[str, Any]:
    return {
        "id": found.id,
        "sha": found.sha,
        "ref": f"refs/merge-requests/{of.iid}/head",
        "status": found.status,
        "source": found.source,
        "created_at": instant(found.at),
        "started_at": instant(found.at),
        "finished_at": iso(found.finished_at),
        "web_url": f"{HOST}/{project.path}/-/pipelines/{found.id}",
    }


def approvals(state: GitlabState, project: Project, found: MergeRequest) -> dict[str, Any]:
    dated = state.dated_approvals
    rows = [
        {"user": user(state, name), **({"approved_at": instant(at)} if dated else {})} for name, at in found.approved_by.items()
    ]
    out: dict[str, Any] = {"approved": bool(rows), "approved_by": rows, "user_has_approved": False, "user_can_approve": False}
    if state.premium:
        needed = int(project.approvals.get("approvals_before_merge", 0))
        out |= {"approvals_required": needed, "approvals_left": max(0, needed - len(rows)), "approved": len(rows) >= needed}
    return out


def commit(found: Commit) -> dict[str, Any]:
    title = found.message.partition("\n")[0]
    return {
        "id": found.sha,
        "short_id": found.sha[:8],
        "title": title,
        "message": found.message,
        "author_name": found.author.name,
        "author_email": found.author.email,
        "authored_date": instant(found.authored_at).replace("Z", "+00:00"),
        "committer_name": found.committer.name,
        "committer_email": found.committer.email,
        "committed_date": instant(found.at).replace("Z", "+00:00"),
        "created_at": instant(found.at).replace("Z", "+00:00"),
        "parent_ids": list(found.parents),
    }


def version(of: MergeRequest, found: Version) -> dict[str, Any]:
    return {
        "id": found.id,
        "head_commit_sha": found.head,
        "base_commit_sha": found.base,
        "start_commit_sha": found.base,
        "created_at": instant(found.at),
        "merge_request_id": of.id,
        "state": "collected",
        "real_size": "1",
    }


def note(state: GitlabState, of: MergeRequest, found: Note) -> dict[str, Any]:
    return {
        "id": found.id,
        "body": found.body,
        "author": user(state, found.author),
        "created_at": instant(found.at),
        "updated_at": instant(found.at),
        "system": found.system,
        "noteable_id": of.id,
        "noteable_type": "MergeRequest",
        "noteable_iid": of.iid,
    }


def turn(state: GitlabState, of: MergeRequest, found: Turn) -> dict[str, Any]:
    who = user(state, found.by)
    return {
        "id": found.id,
        "user": who,
        "created_at": instant(found.at),
        "resource_type": "MergeRequest",
        "resource_id": of.id,
        "state": found.state,
    }


def event(state: GitlabState, of: Project, found: dict[str, Any]) -> dict[str, Any]:
    who = user(state, found["author"])
    return {
        "id": found["id"],
        "project_id": of.id,
        "action_name": found["action_name"],
        "target_id": None,
        "target_type": None,
        "author_id": who["id"] if who else None,
        "author": who,
        "author_username": found["author"],
        "created_at": instant(found["at"]),
        "push_data": found["push_data"],
    }
