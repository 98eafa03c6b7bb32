"""The fake's ApplicationSets: what they made, and how a rolling sync stands for each.

https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Progressive-Syncs/
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.demo.fakes.argocd_types import JSON, NAMESPACE, AnnouncementState, stamp


@dataclass
class SetState:
    """`members` is what it made; `standing` how its rolling sync stands for each: {application: its status as the API tells it}."""

    name: str
    project: str
    repository: str
    uid: str
    created_at: datetime
    namespace: str = NAMESPACE
    steps: Sequence[str] = ()  # the value of the label `env` that each step takes
    members: list[str] = field(default_factory=list)
    standing: dict[str, JSON] = field(default_factory=dict)
    conditions: list[JSON] = field(default_factory=list)
    announcements: list[AnnouncementState] = field(default_factory=list)
    elements: list[JSON] = field(default_factory=list)
    template_path: str = "{{path}}"
    generation: int = 1

    def turn(
        self, application: str, status: str, step: int, at: datetime, message: str = "", revisions: Sequence[str] = ()
    ) -> None:
        self.standing[application] = {
            "application": application, "status": status, "step": str(step), "message": message or f"Application is {status}",
            "lastTransitionTime": stamp(at), "targetrevisions": list(revisions),
        }  # fmt: skip

    def condition(self, kind: str, status: str, reason: str, at: datetime, message: str = "") -> None:
        self.conditions = [one for one in self.conditions if one["type"] != kind]
        self.conditions.append(
            {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": stamp(at)}
        )

    def json(self, tells_resources: bool) -> JSON:
        generators: list[JSON] = [{"git": {"repoURL": self.repository, "revision": "main", "directories": [{"path": "apps/*"}]}}]
        generators += [{"list": {"elements": self.elements}}] if self.elements else []
        source = {"repoURL": self.repository, "path": self.template_path, "targetRevision": "main"}
        place = {"server": "https://kubernetes.default.svc", "namespace": "{{path.basename}}"}
        made: JSON = {"project": self.project, "source": source, "destination": place}
        spec: JSON = {"generators": generators, "template": {"metadata": {"name": "{{path.basename}}"}, "spec": made}}
        if self.steps:
            steps = [{"matchExpressions": [{"key": "env", "operator": "In", "values": [one]}]} for one in self.steps]
            spec["strategy"] = {"type": "RollingSync", "rollingSync": {"steps": steps}}
        status: JSON = {"applicationStatus": list(self.standing.values()), "conditions": self.conditions}
        if tells_resources:
            status["resources"] = [
                {"group": "argoproj.io", "kind": "Application", "name": one, "namespace": self.namespace, "version": "v1alpha1"}
                for one in self.members
            ]
        meta: JSON = {
            "name": self.name, "namespace": self.namespace, "uid": self.uid, "generation": self.generation,
            "creationTimestamp": stamp(self.created_at), "resourceVersion": str(self.generation),
        }  # fmt: skip
        return {"metadata": meta, "spec": spec, "status": status}


def announcement(one: AnnouncementState, owner: SetState) -> JSON:
    return {
        "metadata": {
            "name": one.name, "namespace": owner.namespace, "uid": one.uid, "resourceVersion": str(one.version),
            "creationTimestamp": stamp(one.at),
        },
        "involvedObject": {"kind": "ApplicationSet", "namespace": owner.namespace, "name": owner.name, "uid": owner.uid},
        "reason": one.reason,
        "message": one.message,
        "source": {"component": "applicationset-controller"},
        "firstTimestamp": stamp(one.at),
        "lastTimestamp": stamp(one.at),
        "count": 1,
        "type": "Normal",
    }  # fmt: skip
