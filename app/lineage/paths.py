"""Paths of secret stores, spelled alike, and whether a reader's key is a writer's path.

Parameter Store: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html; Vault's KV version 2
puts `data/` behind the mount: https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2; how the operator joins them:
https://external-secrets.io/latest/provider/hashicorp-vault/.
"""

import re

from app.domain.lineage import Asked, Match, Store, System

REMOVED = "[removed]"  # where a secret was taken out of a name: two such names are not compared
PLACED = (System.GOOGLE, System.AZURE)  # a path is `<project or vault>/<name>`, or the name alone where that is not told
_SSM_ARN = re.compile(r"arn:aws[\w-]*:ssm:[\w-]*:\d*:parameter/?(.+)", re.ASCII)
_SECRET_ARN = re.compile(r"arn:aws[\w-]*:secretsmanager:[\w-]*:\d*:secret:(.+?)(?:-[A-Za-z0-9]{6})?", re.ASCII)
_GOOGLE = re.compile(r"projects/([^/]+)/secrets/([^/]+)(?:/versions/[^/]+)?")
_AZURE = re.compile(r"https://([^./]+)\.[^/]+/secrets/([^/]+)(?:/[^/]+)?")


def spelled(system: System, text: str) -> str:
    """The path as this product writes it: what differs in spelling alone comes out the same. Empty for what names nothing."""
    text = text.strip()
    match system:
        case System.SSM:
            found = _SSM_ARN.fullmatch(text)
            bare = (found[1] if found else text).strip("/")
            return f"/{bare}" if bare else ""
        case System.SECRETS_MANAGER:
            found = _SECRET_ARN.fullmatch(text)
            return found[1] if found else text
        case System.GOOGLE:
            found = _GOOGLE.fullmatch(text)
            return f"{found[1]}/{found[2]}" if found else text
        case System.AZURE:
            found = _AZURE.fullmatch(text)
            return (f"{found[1]}/{found[2]}" if found else text.removeprefix("secret/")).lower()
        case System.VAULT:
            parts = [part for part in text.split("/") if part]
            data = next((n for n, part in enumerate(parts) if part == "data" and n), None)
            return "/".join(part for n, part in enumerate(parts) if n != data)
    return text.strip("/")


def asked(one: Asked, store: Store | None) -> str:
    """The whole path that is asked for: behind the store's prefix, within its mount, its project or its vault."""
    if store is None or not one.key:
        return one.key
    if store.system is System.VAULT and store.mount:
        bare = one.key.strip("/")
        return bare if bare.startswith(f"{store.mount}/") else f"{store.mount}/{bare}"
    if store.system in PLACED and store.place:
        bare = one.key.removeprefix("secret/")
        return one.key if "/" in bare else f"{store.place}/{bare}"
    return store.prefix + one.key


def token(system: System, text: str) -> str:
    """What writers and readers of one path share, whatever either knows of the store: its name, without edges and places."""
    path = spelled(system, text)
    return "" if REMOVED in path else path.rpartition("/")[2] if system in PLACED else path.strip("/")


def matched(system: System, path: str, one: Asked, store: Store | None) -> tuple[Match, str] | None:
    """Whether `one` reads what stands at `path` of `system`, and why it is taken to. None: it does not, or cannot be compared."""
    whole = asked(one, store)
    if REMOVED in path or REMOVED in whole or not path:
        return None
    if store is None or store.system is System.UNKNOWN:
        return _named(system, path, one, whole)
    if store.system is not system:
        return None
    if one.how == "find":
        return _found(system, path, one, whole)
    if not whole:
        return None
    if path == whole:
        return Match.EXACT, "the same path on both sides"
    if spelled(system, path) == spelled(system, whole):
        return Match.DERIVED, f"the same path, which Terraform spells {_short(path)} and the application {_short(whole)}"
    if system in PLACED and ("/" in path) != ("/" in spelled(system, whole)) and token(system, path) == token(system, whole):
        return Match.INFERRED, "the names are the same; the project, or the vault, is told on one side only"
    return None


def _named(system: System, path: str, one: Asked, whole: str) -> tuple[Match, str] | None:
    if one.how == "find" or not whole or token(system, path) != token(system, whole):
        return None
    return Match.INFERRED, "the names are the same; the store, which would say where the key stands, is not among what was read"


def _found(system: System, path: str, one: Asked, whole: str) -> tuple[Match, str] | None:
    """A path that `find` would find. A pattern is followed where it is plain: words with `.*` between, and anchors."""
    name, stem = spelled(system, path), spelled(system, whole)
    within = not stem or name == stem or name.startswith(stem.rstrip("/") + "/")
    if not within or not (one.key or one.pattern) or (one.pattern and not (followed(one.pattern) and fits(one.pattern, name))):
        return None
    said = [f"begins with {_short(whole)}"] if one.key else []
    said += [f"fits the pattern {_short(one.pattern)}"] if one.pattern else []
    return Match.INFERRED, f"the path {' and '.join(said)}; what a find leaves out is not known"


def followed(pattern: str) -> bool:
    """Whether a pattern is plain enough to be followed; no foreign expression is ever run."""
    return not re.search(r"[\\()\[\]{}|?+*^$]", _body(pattern).replace(".*", "").replace("\\.", ""))


def _body(pattern: str) -> str:
    return pattern.removeprefix("^").removesuffix("$")


def fits(pattern: str, name: str) -> bool:
    """A plain pattern: its words stand in `name` in this order; ^ and $ hold its ends."""
    words = [word.replace("\\.", ".") for word in _body(pattern).split(".*")]
    if (pattern.startswith("^") and not name.startswith(words[0])) or (pattern.endswith("$") and not name.endswith(words[-1])):
        return False
    at = 0
    for word in words:
        place = name.find(word, at)
        if place < 0:
            return False
        at = place + len(word)
    return True


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:120]}…"
