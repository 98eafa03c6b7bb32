"""The pipeline of the head, and external status checks → check events. Whether they had to pass, the project's settings say."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from app.canonical import plain
from app.domain.event import Event, Step
from app.domain.ref import Ref
from app.sources.gitlab.telling import Telling
from app.sources.gitlab.terms import EXTERNAL, PIPELINES, SYNTHETIC
from app.sources.gitlab.wire import Pipeline, StatusCheck, rows, sha, stamp, when, whole


def checks(telling: Telling) -> Iterator[Event]:
    head = sha(telling.request.sha)
    if head is None:
        return
    listed = list(rows(StatusCheck, telling.whole.get("status_checks")))
    pipeline = telling.request.head_pipeline
    if pipeline is not None and whole(pipeline.id) is not None:
        yield _pipeline(telling, pipeline, head)
    elif not listed:
        yield _nothing(telling, head)
    for check in listed:
        if whole(check.id) is not None:
            yield _external(telling, check, head)


def _pipeline(telling: Telling, pipeline: Pipeline, head: str) -> Event:
    """A merged-results or train pipeline runs on a commit that GitLab made for it: the head it was made of is the present one."""
    own, synthetic = sha(pipeline.sha), bool(SYNTHETIC.fullmatch(pipeline.ref))
    if pipeline.status not in PIPELINES:
        telling.new.append(("pipeline.status", plain(pipeline.status, 100)))
    required = telling.project.only_allow_merge_if_pipeline_succeeds
    facts = {
        "name": "pipeline",
        "head_oid": head if synthetic else own or head,
        "pipeline_oid": own,
        "required": required,
        "because": None if required is not None else "the project's settings do not tell whether pipelines must succeed",
        "skipped_passes": telling.project.allow_merge_on_skipped_pipeline,
        "word": plain(pipeline.status, 100),
        "started_at": stamp(when(pipeline.started_at)),
        "completed_at": stamp(when(pipeline.finished_at)),
        "app": "gitlab-ci",
    }
    at = next((found for one in (pipeline.finished_at, pipeline.started_at, pipeline.created_at) if (found := when(one))), None)
    return _check(
        telling, str(pipeline.id), PIPELINES.get(pipeline.status, pipeline.status), at, facts, pipeline.status in PIPELINES
    )


def _external(telling: Telling, check: StatusCheck, head: str) -> Event:
    if check.status not in EXTERNAL:
        telling.new.append(("status-check.status", plain(check.status, 100)))
    required = telling.project.only_allow_merge_if_all_status_checks_passed
    facts = {
        "name": plain(check.name, 200),
        "head_oid": head,
        "required": required,
        "because": None if required is not None else "the project's settings do not tell whether status checks must pass",
        "word": plain(check.status, 100),
        "started_at": None,
        "completed_at": None,  # GitLab does not date them
        "app": "external status check",
    }
    identity = f"{telling.id}/{head}/{check.id}"
    return _check(telling, identity, EXTERNAL.get(check.status, check.status), None, facts, check.status in EXTERNAL)


def _nothing(telling: Telling, head: str) -> Event:
    """The host was asked, and that head has no check; where the field itself is missing, the token may not see pipelines."""
    request = telling.whole.get("merge_request")
    told = isinstance(request, dict) and "head_pipeline" in request
    because = None if told else "GitLab did not tell of pipelines: the token may not read them"
    facts = {
        "name": None,
        "head_oid": head,
        "required": telling.project.only_allow_merge_if_pipeline_succeeds,
        "because": because,
        "started_at": None,
        "completed_at": None,
        "app": None,
    }
    return _check(telling, f"{telling.id}/{head}", "none" if told else "unavailable", None, facts)


def _check(telling: Telling, identity: str, status: str, at: datetime | None, facts: dict[str, Any], known: bool = True) -> Event:
    ref = Ref("check", identity, f"{telling.name} {facts['name'] or 'checks'}", telling.url)
    return telling.event(
        "check",
        ref,
        Step.NOTED,
        plain(status, 100) or "(no status)",
        at or telling.origin.observed_at,
        facts["completed_at"] or "",  # a pipeline that is run again may succeed twice
        known=known,
        facts={"number": telling.number, **facts},
        commits=(facts["head_oid"],),
    )
