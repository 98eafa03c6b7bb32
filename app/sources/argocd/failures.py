"""Why an operation failed or waits, in plain words and with the object that was missing, from Argo CD's exact texts. Pure.

Texts: Argo CD's own (gitops-engine's sync context, the application controller) and the Kubernetes API's, which it passes on.
A text that none of them fits is kept as it is and its cause is `unknown`; it is never guessed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from app.canonical import plain

NAME = r"[A-Za-z0-9][A-Za-z0-9.:_-]*"
Q = r"[\"“”']"
RETRY = re.compile(r"\.? (?:Retrying attempt #\d+ at .*|\(retried \d+ times\)\.?)$", re.S)

# (cause, form, words): the first that fits a part of the text. Words take the form's groups.
FORMS: tuple[tuple[str, str, str], ...] = (
    ("namespace-missing", rf"namespaces {Q}(?P<name>{NAME}){Q} not found", "the namespace {name} does not exist in the cluster"),
    (
        "kind-missing",
        rf"could not find (?P<group>{NAME})/(?P<kind>{NAME}) for requested resource (?P<object>\S+?)\.? Make sure",
        "the cluster does not know the kind {kind} of {group}: its CRD is not installed",
    ),
    (
        "version-missing",
        rf"version {Q}(?P<version>{NAME}){Q} of (?P<group>{NAME})/(?P<kind>{NAME}) for requested resource (?P<object>\S+?)\.",
        "the cluster knows {kind} of {group}, but not in the version {version}",
    ),
    (
        "kind-missing",
        rf"(?P<kind>[A-Z][A-Za-z0-9]*)\.(?P<group>{NAME}) {Q}{Q} not found",
        "the cluster does not know the kind {kind} of {group}",
    ),
    (
        "kind-missing",
        rf"no matches for kind {Q}(?P<kind>{NAME}){Q} in version {Q}(?:(?P<group>{NAME})/)?(?P<version>{NAME}){Q}",
        "the cluster does not know the kind {kind} in the version {version}",
    ),
    ("secret-missing", rf"secrets? {Q}(?P<name>{NAME}){Q} not found", "the secret {name} does not exist in the cluster"),
    (
        "role-missing",
        rf"(?P<kind>clusterroles?|roles?|serviceaccounts?)(?:\.rbac\.authorization\.k8s\.io)? {Q}(?P<name>{NAME}){Q} not found",
        "the {kind} {name} does not exist in the cluster",
    ),
    (
        "object-missing",
        rf"(?P<kind>{NAME}?)(?:\.(?P<group>{NAME}))? {Q}(?P<name>{NAME}){Q} not found",
        "the {kind} {name} does not exist in the cluster",
    ),
    (
        "forbidden",
        rf"(?P<kind>{NAME}) {Q}(?P<name>{NAME}){Q} is forbidden: (?P<why>[^\n]+)",
        "the cluster forbade {kind} {name}: {why}",
    ),
    (
        "refused",
        r"admission webhook \"(?P<name>[^\"]+)\" denied the request:? ?(?P<why>[^\n]*)",
        "the admission webhook {name} refused it: {why}",
    ),
    ("invalid", rf"(?P<kind>{NAME}) {Q}(?P<name>[^\"]*){Q} is invalid: (?P<why>[^\n]+)", "{kind} {name} is not valid: {why}"),
    ("too-long", r"metadata\.annotations: Too long[^\n]*", "the object is too large for its last-applied annotation"),
    ("sync-window", r"blocked by sync window", "a sync window of the project did not allow it"),
    (
        "not-permitted",
        rf"(?:resource|namespace) (?P<object>\S+) is not permitted in project {Q}?(?P<name>{NAME}){Q}?",
        "the project {name} does not permit {object}",
    ),
    ("project-missing", r"Failed to load application project: (?P<why>[^\n;]+)", "its project could not be read: {why}"),
    (
        "cluster-unknown",
        r"Failed to get destination cluster: (?P<why>[^\n;]+)",
        "its destination cluster could not be found: {why}",
    ),
    ("not-rendered", r"Failed to load target state: (?P<why>[^\n]+)", "its manifests could not be made from Git: {why}"),
    ("namespace-failed", r"namespace auto creation failed: (?P<why>[^\n]+)", "its namespace could not be made: {why}"),
    ("namespace-failed", r"the namespace failed to apply(?:, reason: (?P<why>[^\n]+))?", "its namespace could not be made"),
    ("shared", r"Shared resource found: (?P<why>[^\n]+)", "another application manages the same object: {why}"),
    (
        "vanished",
        r"Resource (?P<object>\S+) is missing, it might have been deleted",
        "{object} was deleted while the sync waited for it",
    ),
    (
        "history",
        r"failed to record sync to history: (?P<why>[^\n]+)",
        "it was applied, but could not be written to the history: {why}",
    ),
    ("timeout", r"Operation terminated, triggered by controller sync timeout", "Argo CD ended it after its own time limit"),
    ("terminated", r"Operation terminat(?:ed|ion had errors)", "somebody ended it"),
    (
        "hook-failed",
        r"one or more SyncFail hooks failed(?:, reason: (?P<why>[^\n]+))?",
        "a hook that runs after a failure failed too",
    ),
    (
        "dry-run-invalid",
        r"one or more objects failed to apply \(dry run\)",
        "the cluster refused objects when they were only tried",
    ),
    ("conflict", r"conflicts? with \"(?P<name>[^\"]+)\"", "fields are owned by {name}"),
    (
        "unreachable",
        r"connection refused|i/o timeout|no such host|TLS handshake|context deadline exceeded",
        "a server could not be reached",
    ),
)
NAMING = ("kind", "group", "version", "name")
COMPILED = tuple((cause, re.compile(form), words) for cause, form, words in FORMS)
WAITS = re.compile(
    r"waiting for (?P<what>completion of hook|healthy state of|deletion of|pruning confirmation of) (?P<object>[^\n]+)"
)


def failure(text: str) -> dict[str, Any] | None:
    """The cause of one message: `cause`, `words`, and `kind`, `group`, `version`, `name`, `object` where it names them."""
    bare = RETRY.sub("", text).strip()
    if not bare:
        return None
    for cause, form, words in COMPILED:
        found = form.search(bare)
        if found:
            named = {key: plain(value.strip(), 300) for key, value in found.groupdict().items() if value}
            said = words.format_map(_Blank(named)).rstrip(": ")
            return {"cause": cause, "words": plain(said, 500), **{k: v for k, v in named.items() if k != "why"}}
    return {"cause": "unknown", "words": plain(bare, 500)}


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def failures(message: str, resources: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Each cause once, those of resources first: they are the more exact, and name the object that failed (`of`)."""
    out: list[dict[str, Any]] = []
    held: set[tuple[tuple[str, Any], ...]] = set()  # what each that is told says of itself, whole and in part
    for one in _told(message, resources):
        said = [(name, one[name]) for name in NAMING if name in one]
        if (("cause", one["cause"]), *said) not in held:
            out.append(one)
            held |= {(("cause", one["cause"]), *part) for n in range(len(said) + 1) for part in combinations(said, n)}
    known = [one for one in out if one["cause"] != "unknown"]
    return known or out


def _told(message: str, resources: Iterable[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    for one in resources:
        if one.get("status") == "SyncFailed" or one.get("hook_phase") in {"Failed", "Error"}:
            found = failure(one.get("message") or "")
            if found:
                yield found | {"of": {key: one.get(key) or None for key in ("group", "kind", "namespace", "name")}}
    if found := failure(message):
        yield found


def waits_for(message: str) -> str | None:
    """What a running operation waits for, as it says."""
    found = WAITS.search(message)
    if found:
        return plain(f"{found['what']} {found['object']}", 500)
    return "sync window" if "blocked by sync window" in message else None
