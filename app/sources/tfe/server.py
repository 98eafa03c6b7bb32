"""What a server of this API was found to do, in words that stand on the page Sources and in `check`. Pure.

Nothing of it is in the reference, or it differs between versions: it is met, not assumed, and said as it was met.
"""

from collections.abc import Mapping
from typing import Any

from app.sources.tfe.abilities import Abilities
from app.sources.tfe.terms import INCLUDES
from app.sources.tfe.wire import Document, Resource

# The name of an include → the relationship that links to it, and the type of what comes.
SIDELOADS = {
    "plan": ("plan", "plans"),
    "apply": ("apply", "applies"),
    "created_by": ("created-by", "users"),
    "cost_estimate": ("cost-estimate", "cost-estimates"),
    "configuration_version": ("configuration-version", "configuration-versions"),
    "task_stages": ("task-stages", "task-stages"),
}
SHOWN = ("confirmed-by", "canceled-by", "updated-at")
LINKED = {"run-events": "ids of run events in lists", "policy-checks": "ids of policy checks in lists"}
PARTS = {
    "run-events": "run events",
    "policy-checks": "policy checks",
    "task-stages": "task stages",
    "tf-policy-evaluations": "Terraform policy",
    "plan-json": "plans by resource",
    "apply-log": "apply logs",
}
Words = dict[str, bool | str]


def met(known: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """What one page of runs adds: which sideloads came, which relationships and attributes runs have."""
    out = dict(known)
    came = set(out.get("sideloads", ()))
    for run in document.data:
        relations = run.raw.get("relationships")
        relations = relations if isinstance(relations, Mapping) else {}
        for name in SHOWN:
            out[name] = bool(out.get(name)) or name in relations or name in run.attributes
        for name in LINKED:
            out[name] = bool(out.get(name)) or run.many(name) is not None
        came |= {
            include for include, (relation, kind) in SIDELOADS.items() if _came(run, relation, document.included.get(kind, {}))
        }
    if document.data:
        out["sideloads"] = sorted(came)
    return out


def _came(run: Resource, relation: str, held: Mapping[str, Resource]) -> bool:
    return run.one(relation) in held or any(key in held for key in run.many(relation) or ())


def words(abilities: Abilities, versions: Mapping[str, str]) -> Words:
    """In this order; what was not met yet is left out."""
    out: Words = {}
    version = versions.get("x-tfe-current-version") or versions.get("x-tfe-version") or versions.get("tfp-appname")
    out |= {"version": version} if version else {}
    out["organization run list"] = abilities.organization_runs
    if abilities.met:
        asked = INCLUDES[min(abilities.include, len(INCLUDES) - 1)].split(",")
        came = [name for name in asked if name in abilities.met.get("sideloads", ())]
        out["sideloads"] = ", ".join(came) or "none"
        out["filter[operation]"] = "leaves runs out" if abilities.named_missed else "tells the truth"
        out["unfiltered list"] = "leaves runs out" if abilities.plain_missed else "tells the same"
        out["newest first"] = not abilities.disordered
        out |= {name: bool(abilities.met.get(name)) for name in SHOWN}
        out |= {said: bool(abilities.met.get(name)) for name, said in LINKED.items()}
    for name, said in PARTS.items():
        if name in abilities.present:
            out[said] = True if name in abilities.told or name not in ("run-events",) else "answers, but tells none"
        elif name in abilities.absent:
            out[said] = False
    if limit := versions.get("x-ratelimit-limit"):
        out["limit told"] = f"{limit} requests"
    if "etag" in versions:
        out["ETag"] = True
    return out
