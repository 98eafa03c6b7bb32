"""ApplicationSets as they come: only what is read, every field allowed to be absent or null.

https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/ and Progressive-Syncs there. Generators and templates hold
values of every kind (a list's elements, Helm values, a plugin's input): of them repositories, kinds and names are kept.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.canonical import plain
from app.sources.argocd import wire
from app.sources.argocd.names import manager_of, repository, sources_of
from app.sources.argocd.redact import REMOVED, SELECTS
from app.sources.argocd.states import masked

STATUSES = frozenset({"Waiting", "Pending", "Progressing", "Healthy"})
NEVER = frozenset({"elements", "elementsYaml", "values", "valuesObject", "parameters", "templatePatch", "input", "helm", "plugin"})


class Step(wire.Wire):
    match_expressions: list[dict[str, Any]] | None = None
    max_update: int | str | None = None


class Rolling(wire.Wire):
    steps: list[Step] | None = None


class Strategy(wire.Wire):
    type: str | None = None
    rolling_sync: Rolling | None = None


class Policy(wire.Wire):
    applications_sync: str | None = None
    preserve_resources_on_deletion: bool | None = None


class Template(wire.Wire):
    spec: wire.Spec | None = None


class SetSpec(wire.Wire):
    generators: list[dict[str, Any]] | None = None
    strategy: Strategy | None = None
    sync_policy: Policy | None = None
    template: Template | None = None


class Member(wire.Wire):
    """How a rolling sync stands for one application. `step` is counted from 1, and written as a text."""

    application: str | None = None
    status: str | None = None
    step: str | None = None
    message: str | None = None
    last_transition_time: str | None = None
    target_revisions: list[str] | None = msgspec.field(default=None, name="targetrevisions")


class SetCondition(wire.Wire):
    type: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class SetStatus(wire.Wire):
    application_status: list[Member] | None = None
    conditions: list[SetCondition] | None = None
    resources: list[wire.Item] | None = None
    resources_count: int | None = None


class ApplicationSet(wire.Wire):
    metadata: wire.Metadata
    spec: SetSpec | None = None
    status: SetStatus | None = None


def bare(item: Any) -> Any:
    """A set as it is kept: without the values that its generators and its template hold."""
    if isinstance(item, dict):
        return {
            key: value if key == SELECTS else REMOVED if key in NEVER and value else bare(value)
            for key, value in masked(item).items()
        }  # fmt: skip
    return [bare(one) for one in item] if isinstance(item, list) else item


def members(one: ApplicationSet) -> list[str] | None:
    """The applications that it has made; None where this server does not tell them."""
    status = one.status or SetStatus()
    if status.resources is not None:
        return sorted({plain(r.name, 300) for r in status.resources if r.kind == "Application" and r.name})
    if status.application_status:
        return sorted({plain(m.application, 300) for m in status.application_status if m.application})
    return None


def settings(one: ApplicationSet) -> dict[str, Any]:
    """What of its specification decides which applications it makes, and in which order they are synced."""
    spec = one.spec or SetSpec()
    strategy, policy = spec.strategy or Strategy(), spec.sync_policy or Policy()
    steps = (strategy.rolling_sync.steps if strategy.rolling_sync else None) or []
    template = spec.template.spec if spec.template else None
    return {
        "generators": [found for one in (spec.generators or [])[:50] for found in _generators(one)],
        "strategy": plain(strategy.type, 100) or ("RollingSync" if steps else "AllAtOnce"),
        "steps": [_step(step) for step in steps[:100]],
        "applications_sync": plain(policy.applications_sync, 100) or None,
        "preserves_resources": bool(policy.preserve_resources_on_deletion),
        "project": plain(template.project if template else None, 200) or None,
        "sources": [
            {
                "repository": repository(s.repo_url) or plain(s.repo_url, 500),
                "path": plain(s.path, 500),
                "chart": plain(s.chart, 200),
            }
            for s in sources_of(template)
        ],
        "managed_by": manager_of(one.metadata) or None,
    }


def _generators(one: Mapping[str, Any], deep: int = 0) -> list[dict[str, str]]:
    """Each generator's kind, and the repository that a Git one reads; those inside a matrix or a merge too."""
    out = []
    for kind, body in one.items():
        if not isinstance(body, Mapping) or kind == "selector":
            continue
        url = body.get("repoURL")
        said = {"kind": plain(kind, 100), "repository": repository(url) if isinstance(url, str) else None}
        revision = body.get("revision")
        said["revision"] = plain(revision, 200) if isinstance(revision, str) else None
        out.append({key: value for key, value in said.items() if value})
        inner = body.get("generators")
        for item in inner if isinstance(inner, list) and deep < 3 else ():
            out += _generators(item, deep + 1) if isinstance(item, Mapping) else []
    return out[:50]


def _step(step: Step) -> dict[str, Any]:
    wanted = []
    for one in (step.match_expressions or [])[:20]:
        values = one.get("values")
        said = ", ".join(str(v) for v in values[:50]) if isinstance(values, list) else ""
        wanted.append(plain(f"{one.get('key')} {one.get('operator')} {said}".strip(), 300))
    return {"matches": wanted, "max_update": plain(str(step.max_update), 40) if step.max_update is not None else None}
