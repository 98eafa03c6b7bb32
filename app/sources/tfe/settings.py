"""A workspace's settings as one look shows them, and what became of each since the look before. Pure.

https://developer.hashicorp.com/terraform/enterprise/api-docs/workspaces: there is no history of settings, so only two looks tell.
What a server does not show (an older version, a narrower permission) is carried over and never told as a change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.canonical import JSON, MAX_INTEGER, plain
from app.sources.tfe.wire import Resource

FLAGS = (
    "auto-apply",
    "auto-apply-run-trigger",
    "speculative-enabled",
    "queue-all-runs",
    "file-triggers-enabled",
    "assessments-enabled",
    "allow-destroy-plan",
    "global-remote-state",
    "project-remote-state",
    "inherits-project-auto-destroy",
)
WORDS = (
    "name",
    "description",
    "execution-mode",
    "terraform-version",
    "working-directory",
    "auto-destroy-at",
    "auto-destroy-activity-duration",
    "effective-state-version-retention-desc",
    "effective-run-data-retention-desc",
)
LISTS = ("trigger-prefixes", "trigger-patterns", "tag-names")
VCS = {"identifier": "repository", "branch": "branch", "tags-regex": "tags_regex", "ingress-submodules": "submodules"}
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`settings` by name, only those that were shown. `wrong`: attributes whose type was not what is documented."""

    settings: dict[str, JSON]
    wrong: tuple[str, ...]

    @property
    def name(self) -> str:
        return str(self.settings["name"])

    @property
    def repository(self) -> str | None:
        found = self.settings.get("repository")
        return found if isinstance(found, str) else None

    @property
    def project(self) -> str | None:
        found = self.settings.get("project")
        return found if isinstance(found, str) else None


def snapshot(workspace: Resource, projects: Mapping[str, str]) -> Snapshot:
    """`projects`: names by id, as far as they are known. No secret is among the settings: neither OAuth tokens nor webhook URLs."""
    attributes, wrong = workspace.attributes, []
    found: dict[str, JSON] = {}
    for names, kind in ((FLAGS, bool), (WORDS, str), (LISTS, list)):
        for name in names:
            if name not in attributes:
                continue
            value = attributes[name]
            if value is not None and not isinstance(value, kind):
                wrong.append(name)
                continue
            found[name.replace("-", "_")] = _kept(value)
    if not found.get("name"):
        found["name"] = workspace.id
    _of_vcs(attributes, found, wrong)
    _of_relations(workspace, projects, found)
    overwrites = attributes.get("setting-overwrites")
    if isinstance(overwrites, Mapping):
        found["overwrites"] = sorted(plain(str(name), 60) for name, on in overwrites.items() if on is True)
    return Snapshot(found, tuple(wrong))


def _of_vcs(attributes: Mapping[str, Any], found: dict[str, JSON], wrong: list[str]) -> None:
    if "vcs-repo" not in attributes:
        return
    vcs = attributes["vcs-repo"]
    if vcs is not None and not isinstance(vcs, Mapping):
        wrong.append("vcs-repo")
        return
    for name, ours in VCS.items():
        if vcs is None or name in vcs:
            found[ours] = _kept(vcs[name]) if vcs else None


def _of_relations(workspace: Resource, projects: Mapping[str, str], found: dict[str, JSON]) -> None:
    """The project by id and by name; the agent pool by id."""
    relations = workspace.raw.get("relationships")
    told = relations if isinstance(relations, Mapping) else {}
    if isinstance(told.get("project"), Mapping) and (key := workspace.one("project")):
        found["project_id"] = key
        found["project"] = projects.get(key) or key
    if isinstance(told.get("agent-pool"), Mapping) and "data" in told["agent-pool"]:
        found["agent_pool"] = workspace.one("agent-pool")


def _kept(value: Any) -> JSON:
    if isinstance(value, str):
        return plain(value, LONGEST)
    if isinstance(value, list):
        return sorted(plain(one if isinstance(one, str) else str(one), LONGEST) for one in value)
    if value is None or isinstance(value, bool):
        return value
    return value if type(value) is int and abs(value) <= MAX_INTEGER else plain(str(value), LONGEST)


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[JSON]]:
    """{name: [before, after]} of what both looks show. A project is the same while its id is, whatever it is called."""
    out = {name: [before[name], now[name]] for name in sorted(now) if name in before and before[name] != now[name]}
    if before.get("project_id") and "project_id" not in out:
        out.pop("project", None)
    out.pop("project_id", None)
    return out


@dataclass(frozen=True, slots=True)
class Lock:
    """`by`: (kind, id) of who holds it, None where that is not told. A run that locks its own workspace is no lock of anybody."""

    locked: bool
    by: tuple[str, str] | None
    reason: str

    def kept(self) -> dict[str, JSON]:
        return {"locked": self.locked, "by": list(self.by) if self.by else None, "reason": self.reason}


def lock_of(workspace: Resource) -> Lock | None:
    """None where it cannot be told: not shown, or locked and not told by whom (every run locks its workspace)."""
    attributes = workspace.attributes
    if not isinstance(attributes.get("locked"), bool):
        return None
    reason = attributes.get("locked-reason")
    said = plain(reason, LONGEST) if isinstance(reason, str) else ""
    if not attributes["locked"]:
        return Lock(False, None, "")
    relations = workspace.raw.get("relationships")
    told = relations.get("locked-by") if isinstance(relations, Mapping) else None
    data = told.get("data") if isinstance(told, Mapping) else None
    kind = data.get("type") if isinstance(data, Mapping) else None
    key = workspace.one("locked-by")
    if kind == "runs":
        return Lock(False, None, "")
    if isinstance(kind, str) and key:
        return Lock(True, (plain(kind, 40), key), said)
    return Lock(True, None, said) if said else None
