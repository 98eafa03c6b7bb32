"""The JSON:API answers we read, as structs. Unknown fields are ignored; a wrong type costs that one field, never the page.

https://developer.hashicorp.com/terraform/enterprise/api-docs (Runs, Plans, Applies, Configuration Versions, Policy Checks).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from app.domain.moment import moment_of
from app.errors import NotUnderstood

IDENTITY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LINK = re.compile(r"/api/v2/users/([A-Za-z0-9_-]{1,128})/?$")


class RunAttributes(msgspec.Struct, rename="kebab", frozen=True):
    status: str = ""
    created_at: str | None = None
    message: str | None = None
    source: str | None = None
    trigger_reason: str | None = None
    auto_apply: bool | None = None
    is_destroy: bool | None = None
    plan_only: bool | None = None
    refresh_only: bool | None = None
    save_plan: bool | None = None
    allow_empty_apply: bool | None = None
    has_changes: bool | None = None
    canceled_at: str | None = None
    status_timestamps: dict[str, Any] | None = None


class WorkAttributes(msgspec.Struct, rename="kebab", frozen=True):
    """Of a plan or of an apply; the counts are null until it has finished."""

    status: str = ""
    status_timestamps: dict[str, Any] | None = None
    has_changes: bool | None = None
    resource_additions: int | None = None
    resource_changes: int | None = None
    resource_destructions: int | None = None
    resource_imports: int | None = None


class ConfigurationAttributes(msgspec.Struct, rename="kebab", frozen=True):
    status: str = ""
    source: str | None = None
    speculative: bool | None = None


class IngressAttributes(msgspec.Struct, rename="kebab", frozen=True):
    identifier: str | None = None
    branch: str | None = None
    commit_sha: str | None = None
    commit_message: str | None = None
    is_pull_request: bool | None = None
    on_default_branch: bool | None = None
    pull_request_number: int | str | None = None
    pull_request_title: str | None = None
    sender_username: str | None = None


class UserAttributes(msgspec.Struct, rename="kebab", frozen=True):
    username: str | None = None
    is_service_account: bool | None = None


class RunEventAttributes(msgspec.Struct, rename="kebab", frozen=True):
    action: str = ""
    description: str | None = None
    created_at: str | None = None


class CheckAttributes(msgspec.Struct, rename="kebab", frozen=True):
    status: str = ""
    scope: str | None = None
    status_timestamps: dict[str, Any] | None = None
    result: dict[str, Any] | None = None


class EvaluationAttributes(msgspec.Struct, rename="kebab", frozen=True):
    """Of a policy evaluation, or of an evaluation of Terraform policy."""

    status: str = ""
    policy_kind: str | None = None
    stage_type: str | None = None
    status_timestamps: dict[str, Any] | None = None
    result_count: dict[str, Any] | None = None


class StageAttributes(msgspec.Struct, rename="kebab", frozen=True):
    status: str = ""
    stage: str | None = None
    updated_at: str | None = None
    status_timestamps: dict[str, Any] | None = None


class TaskAttributes(msgspec.Struct, rename="kebab", frozen=True):
    """Of a run task's result."""

    status: str = ""
    stage: str | None = None
    message: str | None = None
    task_name: str | None = None
    workspace_task_enforcement_level: str | None = None
    task_result_outcomes_count: int | None = None
    updated_at: str | None = None
    status_timestamps: dict[str, Any] | None = None


class CostAttributes(msgspec.Struct, rename="kebab", frozen=True):
    """Costs are decimal strings, for a month."""

    status: str = ""
    prior_monthly_cost: str | None = None
    proposed_monthly_cost: str | None = None
    delta_monthly_cost: str | None = None
    resources_count: int | None = None
    unmatched_resources_count: int | None = None
    error_message: str | None = None
    status_timestamps: dict[str, Any] | None = None


class WorkspaceAttributes(msgspec.Struct, rename="kebab", frozen=True):
    name: str = ""
    created_at: str | None = None
    updated_at: str | None = None
    auto_apply: bool | None = None
    auto_apply_run_trigger: bool | None = None
    execution_mode: str | None = None
    terraform_version: str | None = None
    working_directory: str | None = None
    speculative_enabled: bool | None = None
    queue_all_runs: bool | None = None
    file_triggers_enabled: bool | None = None
    assessments_enabled: bool | None = None
    locked: bool | None = None
    allow_destroy_plan: bool | None = None
    vcs_repo: dict[str, Any] | None = None
    permissions: dict[str, Any] | None = None


class Resource(msgspec.Struct, frozen=True):
    """One JSON:API resource; `raw` is all of it, as decoded."""

    id: str
    type: str
    raw: dict[str, Any]

    @property
    def attributes(self) -> dict[str, Any]:
        found = self.raw.get("attributes")
        return found if isinstance(found, dict) else {}

    @property
    def status(self) -> str:
        found = self.attributes.get("status")
        return found if isinstance(found, str) else ""

    def one(self, relation: str) -> str | None:
        """The id of a to-one relationship; None when it is null, absent, or not an id we could ask for."""
        found = self._relation(relation)
        data = found.get("data")
        if isinstance(data, dict):
            return identity(data.get("id"))
        links = found.get("links")
        related = links.get("related") if isinstance(links, dict) else None
        match = _LINK.search(related) if isinstance(related, str) and len(related) < 1000 else None
        return match.group(1) if match else None

    def many(self, relation: str) -> list[str] | None:
        """The ids of a to-many relationship; None when the server does not say (which is not the same as none)."""
        data = self._relation(relation).get("data")
        if not isinstance(data, list):
            return None
        ids = (identity(item.get("id")) for item in data if isinstance(item, dict))
        return [found for found in ids if found]

    def _relation(self, name: str) -> dict[str, Any]:
        relations = self.raw.get("relationships")
        found = relations.get(name) if isinstance(relations, dict) else None
        return found if isinstance(found, dict) else {}


class Document(msgspec.Struct, frozen=True):
    """An answer. `unreadable` are members of `data` that carry no usable id."""

    data: list[Resource]
    included: dict[str, dict[str, Resource]]  # type → id → resource
    next_page: int | None = None
    unreadable: int = 0

    def following(self, page: int) -> int | None:
        """The page after `page`; None at the end. Totals are not given by every list, so only `next-page` counts."""
        return self.next_page if self.data and self.next_page and self.next_page > page else None

    def sideloaded(self, kind: str, key: str | None) -> Resource | None:
        return self.included.get(kind, {}).get(key) if key else None


T = TypeVar("T", bound=msgspec.Struct)


def identity(value: object) -> str | None:
    """`value` when it is an id that may stand in a path; else None."""
    return value if isinstance(value, str) and IDENTITY.fullmatch(value) else None


def document(body: object, url: str) -> Document:
    """The members of an answer. Raises NotUnderstood unless it is a JSON:API document with a `data` member."""
    if not isinstance(body, dict) or "data" not in body:
        raise NotUnderstood(f"{url} answered JSON without a data member", "a JSON:API document", "check the url and the version")
    data = body["data"]
    if data is not None and not isinstance(data, dict | list):
        raise NotUnderstood(f"{url} answered JSON with {type(data).__name__} as data", "a JSON:API document", "check the version")
    items = data if isinstance(data, list) else [data]
    found = [one for one in map(_resource, items) if one]
    included: dict[str, dict[str, Resource]] = {}
    extra = body.get("included")
    for item in extra if isinstance(extra, list) else ():
        if one := _resource(item):
            included.setdefault(one.type.replace("_", "-"), {})[one.id] = one
    return Document(found, included, _next(body.get("meta")), len(items) - len(found) if data is not None else 0)


def forward(document: Document, before: set[str], page: int, of: str) -> set[str]:
    """The ids on this page. Raises NotUnderstood when it repeats the one before it: such a list would never end."""
    ids = {one.id for one in document.data}
    if ids and ids == before:
        raise NotUnderstood(f"page {page} of {of} repeats the page before it", "the members that follow")
    return ids


def joined(one: Document, other: Document) -> Document:
    """Two pages of one list; a member that came on both is kept once."""
    known = {member.id for member in one.data}
    included = {kind: dict(members) for kind, members in one.included.items()}
    for kind, members in other.included.items():
        included.setdefault(kind, {}).update(members)
    data = one.data + [member for member in other.data if member.id not in known]
    return Document(data, included, None, one.unreadable + other.unreadable)


def _resource(item: object) -> Resource | None:
    if not isinstance(item, dict):
        return None
    key, kind = identity(item.get("id")), item.get("type")
    return Resource(key, kind if isinstance(kind, str) else "", item) if key else None


def _next(meta: object) -> int | None:
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    number = pagination.get("next-page") if isinstance(pagination, dict) else None
    return number if type(number) is int and number > 0 else None


def read(kind: type[T], attributes: Mapping[str, Any]) -> tuple[T, list[str]]:
    """`attributes` as a struct, and the names of those whose type was wrong: they keep their default."""
    try:
        return msgspec.convert(attributes, kind), []
    except msgspec.ValidationError:
        pass
    good, wrong = {}, []
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in attributes:
            continue
        try:
            good[field.name] = msgspec.convert(attributes[field.encode_name], field.type)
        except msgspec.ValidationError:
            wrong.append(field.encode_name)
    return kind(**good), wrong


class _LogAttributes(msgspec.Struct, rename="kebab", frozen=True):
    log_read_url: str | None = None


class _LogData(msgspec.Struct, frozen=True):
    attributes: _LogAttributes


class _LogDocument(msgspec.Struct, frozen=True):
    data: _LogData


def log_address(body: bytes) -> str | None:
    """Where a plan's or an apply's log opens. `Answer.json` takes such addresses out, so this is the only one who sees it."""
    try:
        return msgspec.json.decode(body, type=_LogDocument).data.attributes.log_read_url or None
    except msgspec.DecodeError:
        return None


moment = moment_of


def moments(stamps: Mapping[str, Any] | None) -> tuple[dict[str, datetime], list[tuple[str, str]]]:
    """The readable timestamps by key, and (key, value) of the others. A null has not happened and is neither."""
    good, bad = {}, []
    for key, value in (stamps or {}).items():
        if value is None:
            continue
        if at := moment(value):
            good[key] = at
        else:
            bad.append((key, str(value)[:64]))
    return good, bad
