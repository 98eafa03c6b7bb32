"""What never leaves this folder: values that may be secrets, taken out before anything is digested, stored or compared.

Argo CD masks core Secrets only. Local manifests, Helm values and parameters, plugin environments, Jsonnet variables, Kustomize
patches and annotations, templates of External Secrets, and what an operation was told besides come in clear; their names are
kept, their values are not.
`managedFields` and last-applied copies repeat whole objects.
"""

import re
from typing import Any

REMOVED = "[removed]"
WHOLE = frozenset(
    {
        *("manifests", "values", "valuesObject", "stringData", "patch", "commonAnnotations", "commonLabels"),
        *("literal", "fake"),  # External Secrets: of a template, and the provider that holds its values itself
    }
)
VALUED = frozenset({"parameters", "env", "extVars", "tlas", "info"})  # lists of {name, value, …}: names stay
SELECTS = "matchExpressions"
TEMPLATE = "template"  # of the Secret that an ExternalSecret makes, where it has no `spec`: people write values into its `data`
DROPPED = frozenset({"managedFields"})
LOGIN = re.compile(r"(?i)(\bhttps?://)[^/\s@]+@|(\b[a-z][a-z0-9+.-]*://[^/\s:@]+:)[^/\s@]+@")
COPIES = frozenset({"kubectl.kubernetes.io/last-applied-configuration", "argocd.argoproj.io/last-applied-configuration"})


def redacted(value: Any) -> Any:
    """A copy of decoded JSON without secrets. Raises RecursionError for absurd nesting, which callers refuse."""
    if isinstance(value, dict):
        secret = value.get("kind") == "Secret"
        return {
            key: _without(item) if key in WHOLE or (secret and key == "data") else _field(key, item)
            for key, item in value.items()
            if key not in DROPPED
        }
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if isinstance(value, str) and "://" in value and "@" in value:
        return LOGIN.sub(lambda found: f"{found.group(1) or found.group(2)}{REMOVED}@", value)
    return value


def _field(key: str, item: Any) -> Any:
    if key in COPIES:
        return REMOVED
    if key == TEMPLATE and isinstance(item, dict) and "spec" not in item and "data" in item:
        return redacted({**item, "data": _without(item["data"])})
    if key == SELECTS and isinstance(item, list):
        return [_selecting(one) for one in item]
    if key in VALUED and isinstance(item, list):
        return [_named(one) for one in item]
    return redacted(item)


def _selecting(one: Any) -> Any:
    """A label selector's expression: the `values` of one are labels, which are no secrets."""
    return {key: one.get(key) for key in ("key", "operator", "values")} if isinstance(one, dict) else REMOVED


def _named(one: Any) -> Any:
    """A `{name, value}` pair without its value, whatever the value's key is (`value`, `string`, `array`, `map`, `code`)."""
    if not isinstance(one, dict):
        return REMOVED
    return {
        key: item if key in {"name", "path", "forceString", "code"} and not isinstance(item, dict | list) else REMOVED
        for key, item in one.items()
    }


def _without(item: Any) -> Any:
    if isinstance(item, list):
        return [REMOVED for _ in item]
    if isinstance(item, dict):
        return dict.fromkeys(item, REMOVED)
    return REMOVED if item else item
