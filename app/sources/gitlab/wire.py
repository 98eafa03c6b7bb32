"""GitLab's answers as structs. Unknown fields are ignored; a wrong type costs that one field, never the answer.

https://docs.gitlab.com/api/rest/
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from app.canonical import MAX_INTEGER, plain
from app.domain.commits import COMMIT_ID
from app.domain.moment import moment_of
from app.errors import NotUnderstood

Node = Mapping[str, Any]
T = TypeVar("T", bound=msgspec.Struct)


class User(msgspec.Struct, frozen=True):
    id: int | None = None
    username: str = ""
    name: str = ""


class Pipeline(msgspec.Struct, frozen=True):
    id: int | None = None
    sha: str = ""
    ref: str = ""
    status: str = ""
    source: str = ""
    created_at: str | None = None
    updated_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None


class MergeRequest(msgspec.Struct, frozen=True):
    id: int | None = None
    iid: int | None = None
    title: str = ""
    description: str | None = None
    state: str = ""
    created_at: str | None = None
    updated_at: str | None = None
    merged_at: str | None = None
    closed_at: str | None = None
    merge_user: User | None = None
    merged_by: User | None = None  # before 14.7
    closed_by: User | None = None
    author: User | None = None
    reviewers: list[User] | None = None
    target_branch: str = ""
    source_branch: str = ""
    source_project_id: int | None = None
    target_project_id: int | None = None
    labels: list[str] | None = None
    draft: bool | None = None
    merge_when_pipeline_succeeds: bool | None = None
    sha: str | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    web_url: str | None = None
    diff_refs: dict[str, Any] | None = None
    head_pipeline: Pipeline | None = None


class Approval(msgspec.Struct, frozen=True):
    user: User | None = None
    approved_at: str | None = None


class Approvals(msgspec.Struct, frozen=True):
    approved_by: list[Approval] | None = None
    approvals_required: int | None = None
    approvals_left: int | None = None


class Commit(msgspec.Struct, frozen=True):
    id: str = ""
    title: str = ""
    message: str = ""
    author_name: str = ""
    author_email: str = ""
    authored_date: str | None = None
    committer_name: str = ""
    committer_email: str = ""
    committed_date: str | None = None
    parent_ids: list[str] | None = None


class Version(msgspec.Struct, frozen=True):
    id: int | None = None
    head_commit_sha: str = ""
    created_at: str | None = None


class Note(msgspec.Struct, frozen=True):
    id: int | None = None
    body: str = ""
    author: User | None = None
    created_at: str | None = None
    system: bool | None = None


class Turn(msgspec.Struct, frozen=True):
    """A resource state event."""

    id: int | None = None
    state: str = ""
    user: User | None = None
    created_at: str | None = None


class StatusCheck(msgspec.Struct, frozen=True):
    id: int | None = None
    name: str = ""
    status: str = ""


class Project(msgspec.Struct, frozen=True):
    id: int | None = None
    path_with_namespace: str = ""
    default_branch: str | None = None
    merge_method: str | None = None
    squash_option: str | None = None
    only_allow_merge_if_pipeline_succeeds: bool | None = None
    only_allow_merge_if_all_status_checks_passed: bool | None = None
    allow_merge_on_skipped_pipeline: bool | None = None
    only_allow_merge_if_all_discussions_are_resolved: bool | None = None
    merge_trains_enabled: bool | None = None
    merge_pipelines_enabled: bool | None = None


class PushData(msgspec.Struct, frozen=True):
    action: str = ""
    ref_type: str = ""
    ref: str | None = None
    commit_from: str | None = None
    commit_to: str | None = None
    commit_title: str | None = None
    commit_count: int | None = None


class PushEvent(msgspec.Struct, frozen=True):
    id: int | None = None
    author: User | None = None
    created_at: str | None = None
    push_data: PushData | None = None


class Level(msgspec.Struct, frozen=True):
    access_level: int | None = None
    access_level_description: str = ""
    user_id: int | None = None
    group_id: int | None = None
    deploy_key_id: int | None = None


class Protected(msgspec.Struct, frozen=True):
    name: str = ""
    push_access_levels: list[Level] | None = None
    merge_access_levels: list[Level] | None = None
    allow_force_push: bool | None = None
    code_owner_approval_required: bool | None = None
    inherited: bool | None = None


def read(kind: type[T], value: Any) -> T:
    """`value` as a struct; fields whose type is wrong keep their default. Anything but an object is an empty one."""
    if not isinstance(value, Mapping):
        return kind()
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, UnicodeError):
        pass
    good = {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name in value:
            try:
                good[field.name] = msgspec.convert(value[field.encode_name], field.type)
            except (msgspec.ValidationError, UnicodeError):
                continue
    return kind(**good)


def rows(kind: type[T], value: Any) -> Iterator[T]:
    """Each object of a list as a struct; anything else in it is passed over."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield read(kind, item)


def whole(value: int | None) -> int | None:
    """An integer that has a canonical form and can be a number of something."""
    return value if value is not None and 0 <= value <= MAX_INTEGER else None


def sha(value: str | None) -> str | None:
    """A full commit id, None for anything else."""
    return value if value and COMMIT_ID.fullmatch(value) else None


def when(value: str | None) -> datetime | None:
    """Aware UTC; None when it is no time."""
    return moment_of(value)


def stamp(at: datetime | None) -> str | None:
    """The form in which facts carry a time."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def needed_object(value: Any, what: str) -> Node:
    """Raises NotUnderstood when it is none."""
    if not isinstance(value, Mapping):
        raise NotUnderstood(
            f"GitLab answered {what} with {type(value).__name__}", "an object", "check that url is GitLab's address"
        )
    return value


def needed_list(value: Any, what: str) -> list[Any]:
    """Raises NotUnderstood when it is none: an absent list is not an empty one."""
    if not isinstance(value, list):
        raise NotUnderstood(f"GitLab answered {what} with {type(value).__name__}", "a list", "check that url is GitLab's address")
    return value


def needed_id(value: int | None, what: str) -> int:
    if whole(value) is None or value is None:
        raise NotUnderstood(f"{what} has no number of its own", "a whole number")
    return value


def shown(value: str | None, limit: int = 1000) -> str | None:
    """Text fit to be stored; None when there is none."""
    return plain(value, limit) or None
