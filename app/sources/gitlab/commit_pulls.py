"""The merge requests of one commit → its event. Pure."""

from collections.abc import Sequence
from typing import Any

from app.canonical import plain
from app.domain.event import Event
from app.sources import range_events
from app.sources.gitlab.commits import Landed
from app.sources.gitlab.landing import landing
from app.sources.gitlab.people import authors, committer
from app.sources.gitlab.telling import Origin
from app.sources.gitlab.terms import STATES
from app.sources.gitlab.wire import Commit, Project, sha, shown, stamp, when, whole


def commit_pulls(origin: Origin, oid: str, commit: Commit, project: Project, landed: Sequence[Landed]) -> Event:
    """All merge requests that GitLab associates with a commit it knows, and what the commit declares of itself."""
    told = [_pull(one, project) for one in landed if whole(one.request.iid) is not None]
    committed = when(commit.committed_date)
    said = {
        "headline": shown((commit.message or commit.title).partition("\n")[0], 300),
        "authors": authors(commit),
        "committer": committer(commit),
        "committed_at": stamp(committed),
    }
    return range_events.commit_pulls(origin, oid, told, said, committed)


def _pull(one: Landed, project: Project) -> dict[str, Any]:
    request = one.request
    return {
        "number": whole(request.iid),
        "url": shown(request.web_url),
        "state": STATES.get(request.state, plain(request.state, 100)),
        "merged": request.state == "merged",
        "merged_at": stamp(when(request.merged_at)),
        "base": plain(request.target_branch, 300),
        "head_oid": sha(request.sha),
        "merge_commit": landing(request, project, ()).commit,
        "repository": one.repository,
    }
