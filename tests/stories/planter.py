"""Changes a server's answers as they pass: in each value that must never be kept stands a mark of its own, of no form.

No form tells such a value from others; only the place does where it stands. What a real server sends and the fakes do not is added.
"""

import base64
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]
SIGN = "OPAQUE"  # in base64 it begins every mark as well: six bytes are eight letters
SIGNS = (SIGN.encode(), base64.b64encode(SIGN.encode()))
PRINTED = re.compile(
    r"planted-(?:plan|variable)-value|planted-(?:webhook|helm-value|password|local-manifest|last-applied)|ot-planted"
)


@dataclass
class Planter:
    """`places`: the mark that stands in each place, by its name. `rules` changes one object."""

    rules: Callable[["Planter", JSON], JSON]
    places: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def mark(self, place: str) -> str:
        made = f"{SIGN}{next(self.numbers):06}q"
        self.places[made] = place
        return made

    def body(self, data: bytes) -> bytes:
        """What is no JSON (a log) has marks where the fake prints values."""
        try:
            document = json.loads(data)
        except ValueError:
            return PRINTED.sub(lambda _: self.mark("a log"), data.decode("utf-8", "surrogateescape")).encode(
                "utf-8", "surrogateescape"
            )
        return json.dumps(self.grown(document, "")).encode()

    def grown(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {key: self.grown(item, key) for key, item in self.rules(self, value).items()}
        if isinstance(value, list):
            return [self.grown(item, name) for item in value]
        return PRINTED.sub(lambda _: self.mark(name), value) if isinstance(value, str) and "_archivist" not in value else value

    def within(self, text: Any, change: Callable[[JSON], JSON]) -> Any:
        """A JSON document written as a string, changed."""
        found = json.loads(text) if isinstance(text, str) else None
        return json.dumps(change(found)) if isinstance(found, dict) else text


def _put(of: Any, values: JSON) -> JSON:
    return {**(of if isinstance(of, dict) else {}), **values}


# ---- Terraform Enterprise

USER = ("email", "unconfirmed-email", "avatar-url")
STATE = ("hosted-state-download-url", "hosted-json-state-download-url", "hosted-state-upload-url", "hosted-json-state-upload-url")


def tfe(on: Planter, one: JSON) -> JSON:
    mark, kind = on.mark, one.get("type")
    if "resource_changes" in one:
        return _plan(on, one)
    if isinstance(one.get("included"), list) and any(each.get("type") == "task-results" for each in one["included"]):
        outcome = {name: mark(f"task outcome {name}") for name in ("body", "description", "url")}
        made = {"id": "taskrs-outcome-1", "type": "task-result-outcomes", "attributes": outcome}
        return one | {"included": [*one["included"], made]}
    if isinstance(one.get("trace"), dict):
        main = {
            "string": mark("trace.rules.string"),
            "root": {"expression": mark("trace.rules.root"), "value": mark("trace.rules.root")},
        }
        rules = {name: _put(rule, main) for name, rule in one["trace"].get("rules", {}).items()}
        return one | {"trace": _put(one["trace"], {"print": mark("trace.print"), "rules": rules, **main})}
    if "auth" in one and isinstance(one.get("resource"), dict):
        more = {
            "payload": {"variable": {"value": mark("audit payload")}},
            "value": mark("audit value"),
            "vars": [mark("audit list")],
        }
        return one | {
            "resource": _put(one["resource"], {"meta": _put(one["resource"].get("meta"), more)}),
            "request": mark("audit request"),
        }
    return one | {"attributes": _attributes(on, str(kind), one["attributes"])} if isinstance(one.get("attributes"), dict) else one


def _attributes(on: Planter, kind: str, of: JSON) -> JSON:
    mark = on.mark
    if kind == "runs":
        return of | {"variables": [{"key": "region", "value": mark("run variable")}]}
    if kind in ("plans", "applies"):
        return of | {
            "log-read-url": f"{of['log-read-url']}?token={mark('log-read-url')}",
            "hosted-log-download-url": mark("hosted log"),
        }
    if kind == "configuration-versions":
        return of | {"upload-url": mark("upload-url"), "hosted-configuration-download-url": mark("hosted configuration")}
    if kind == "users":
        return of | {name: mark(f"user {name}") for name in USER} | {"two-factor": {"secret": mark("two-factor")}}
    if kind == "state-versions":
        return (
            of
            | {name: mark(name) for name in STATE}
            | {"resources": [{"name": mark("state resource")}], "outputs": mark("state outputs")}
        )
    if kind == "workspaces" and isinstance(of.get("vcs-repo"), dict):
        names = ("oauth-token-id", "webhook-url", "github-app-installation-id")
        return of | {"vcs-repo": of["vcs-repo"] | {name: mark(f"vcs {name}") for name in names}}
    if kind == "task-results":
        return of | {"url": mark("task url"), "task-url": mark("task-url")}
    if isinstance(of.get("outcomes"), list):
        shown = {"output": [{"print": mark("outcome output")}], "diagnostics": [{"code": mark("outcome diagnostics")}]}
        shown["passed_resources"] = [{"info_messages": [mark("outcome passed")]}]
        return of | {"outcomes": [_put(each, shown) for each in of["outcomes"]]}
    return of


def _plan(on: Planter, plan: JSON) -> JSON:
    changes = [_put(one, {"change": _change(on, one["change"])}) for one in plan["resource_changes"]]
    output = {"actions": ["update"], "before": on.mark("output before"), "after": on.mark("output after")}
    more = {
        "variables": {"password": {"value": on.mark("plan variable")}},
        "planned_values": {"outputs": {"x": {"sensitive": False, "value": on.mark("planned output")}}},
        "prior_state": {"values": {"outputs": {"x": {"value": on.mark("prior state")}}}},
        "checks": [{"instances": [{"problems": [{"message": on.mark("check problem")}]}]}],
        "output_changes": {"endpoint": output},
    }
    return {key: value for key, value in plan.items() if key != "resource_changes"} | more | {"resource_changes": changes}


def _change(on: Planter, of: JSON) -> JSON:
    def told(name: str) -> Any:
        return (
            of[name] | {"cidr": on.mark(name), "tags": {"key": [on.mark(f"{name} tags")]}}
            if isinstance(of.get(name), dict)
            else of.get(name)
        )

    more = {"importing": {"id": on.mark("importing id")}} if of.get("importing") else {}
    return of | {"before": told("before"), "after": told("after"), **more}


# ---- Argo CD

LAST = "kubectl.kubernetes.io/last-applied-configuration"
STATES = ("targetState", "liveState", "normalizedLiveState", "predictedLiveState")


def argocd(on: Planter, one: JSON) -> JSON:
    mark = on.mark
    if "repoURL" in one:
        return one | _tools(on)
    if "liveState" in one:
        return one | {name: on.within(one[name], lambda state: _state(on, state)) for name in STATES if name in one}
    if isinstance(one.get("annotations"), dict) and "uid" in one:
        return one | {
            "annotations": one["annotations"] | {LAST: mark("last applied")},
            "managedFields": [{"x": mark("managedFields")}],
        }
    if "sync" in one and "initiatedBy" in one:
        return one | {"info": [{"name": "Reason", "value": mark("info")}]}
    if one.get("manifests"):
        return one | {"manifests": [mark("manifest") for _ in one["manifests"]]}
    return one


def _tools(on: Planter) -> JSON:
    mark = on.mark
    named = {"name": "password"}
    return {
        "helm": {
            "values": f"password: {mark('helm values')}",
            "valuesObject": {"database": {"dsn": mark("helm valuesObject")}},
            "parameters": [named | {"value": mark("helm parameter")}],
        },
        "kustomize": {
            "commonAnnotations": {"a": mark("kustomize annotation")},
            "commonLabels": {"a": mark("kustomize label")},
            "patches": [{"patch": mark("kustomize patch"), "target": {"kind": "Deployment"}}],
        },
        "plugin": {
            "name": "vault",
            "env": [named | {"value": mark("plugin env")}],
            "parameters": [
                named | {"string": mark("plugin string")},
                named | {"array": [mark("plugin array")]},
                named | {"map": {"a": mark("plugin map")}},
            ],
        },
        "directory": {
            "jsonnet": {name: [named | {"value": mark(f"jsonnet {name}"), "code": True}] for name in ("extVars", "tlas")}
        },
    }  # fmt: skip


def _state(on: Planter, state: JSON) -> JSON:
    mark = on.mark
    meta = _put(state.get("metadata"), {"annotations": {LAST: mark("state last applied")}})
    if state.get("kind") == "Secret":
        hidden = base64.b64encode(mark("Secret data").encode()).decode()
        return state | {"metadata": meta, "data": {"password": hidden}, "stringData": {"password": mark("Secret stringData")}}
    container = {"name": "app", "env": [{"name": "A", "value": mark("env")}], "args": [f"--password={mark('argument')}"]}
    config = {"app.properties": f"user=app\ndb.password={mark('ConfigMap line')}", "apiKey": mark("ConfigMap key")}
    spec = {"template": {"spec": {"containers": [container]}}}
    nested = {"source": {"helm": {"values": mark("nested helm values")}}}
    return state | {"metadata": meta, "spec": spec | nested, "data": config}


# ---- Git hosts


def github(on: Planter, one: JSON) -> JSON:
    found = {key: on.mark(f"GitHub {key}") for key in ("body", "patch", "contents_url", "raw_url", "blob_url") if key in one}
    if isinstance(one.get("files"), list):
        return one | {
            "files": [_put(each, {"patch": on.mark("GitHub patch"), "raw_url": on.mark("GitHub raw_url")}) for each in one["files"]]
        }
    return one | found


def gitlab(on: Planter, one: JSON) -> JSON:
    mark = on.mark
    if "path_with_namespace" in one:
        return one | {
            name: mark(f"GitLab {name}") for name in ("runners_token", "import_url", "ci_job_token_scope_note", "description")
        }
    if "external_url" in one:
        return one | {"external_url": mark("GitLab external_url")}
    if "iid" in one and "target_branch" in one:
        return one | {"description": mark("GitLab description"), "incoming_email_token": mark("GitLab e-mail token")}
    return one | {"body": mark("GitLab comment")} if one.get("system") is False else one


RULES = {"tfe": tfe, "argocd": argocd, "github": github, "gitlab": gitlab}
