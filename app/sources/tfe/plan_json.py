"""A plan's JSON as it streams by: which resources change, how, and the names of what changes in them. Never a value.

https://developer.hashicorp.com/terraform/internals/json-format#plan-representation

Values are met only as digests that live as long as their resource is being read, so that the size of the document does not
matter: `provider_schemas`, most of its bytes, is passed over without being built. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Any

import ijson  # type: ignore[import-untyped]  # it brings no types
import orjson

from app.canonical import JSON, plain
from app.domain.secret import without_secrets
from app.errors import NotUnderstood

Events = Iterator[tuple[str, Any]]

ADDRESS, NAME = 1000, 300  # characters of an address, and of any other text
LONGEST_VALUE = 64 * 1024 * 1024  # bytes that may pass without one token ending
DEEPEST_MODULE = 50
PART, PIECE = 40_000, 8_000  # bytes of the entries of one part, and of the names of one entry: a leaf holds under 64 KiB

_OPENS, _CLOSES = ("start_map", "start_array"), ("end_map", "end_array")
_TEXTS = {
    "address": "address",
    "previous_address": "previous_address",
    "module_address": "module",
    "mode": "mode",
    "type": "type",
    "name": "name",
    "provider_name": "provider",
    "deposed": "deposed",
    "action_reason": "reason",
}
_SIGNS = frozenset({"format_version", "plan_format_version", "terraform_version", "resource_changes", "resource_drift"})


@dataclass(slots=True)
class Plan:
    """`resources` and `drift` are entries as the facts of `plan-resources` hold them; `modules` and `providers` are None when
    the document does not tell them. `unchanged` counts resources of which the plan only says that nothing happens to them,
    `deferred` those whose change it puts off, `unreadable` those without an address."""

    resources: list[dict[str, JSON]] = field(default_factory=list)
    drift: list[dict[str, JSON]] = field(default_factory=list)
    modules: list[dict[str, JSON]] | None = None
    providers: list[dict[str, JSON]] | None = None
    terraform: str | None = None
    unchanged: int = 0
    deferred: int = 0
    unreadable: int = 0


def read_plan(chunks: Iterable[bytes]) -> Plan:
    """What the document tells. Raises NotUnderstood when it is cut short, is not JSON, or is no plan."""
    events = _events(chunks)
    kind, _ = next(events, ("nothing", None))
    if kind != "start_map":
        raise NotUnderstood("the plan's JSON is no object", "a plan's JSON")
    plan, seen = Plan(), set[str]()
    for key, kind, value in _members(events):
        seen.add(key)
        if key == "resource_changes":
            _resources(events, kind, plan.resources, plan)
        elif key == "resource_drift":
            _resources(events, kind, plan.drift, plan)
        elif key == "deferred_changes" and kind == "start_array":
            plan.deferred += sum(_pass(events, one) for one, _ in _items(events))
        elif key == "configuration" and kind == "start_map":
            _configuration(events, plan)
        elif key == "terraform_version" and kind == "string":
            plan.terraform = named(value, NAME)
        else:
            _pass(events, kind)
    for _ in events:
        pass  # to the end, so that a document cut after its last brace, or followed by more, is told from a whole one
    if not seen & _SIGNS:
        raise NotUnderstood("the JSON names neither a format nor resources", "a plan's JSON")
    return plan


def parts_of(plan: Plan) -> list[dict[str, JSON]]:
    """The facts of each part, at least one. Every part says what was told; the counts stand in the first."""
    groups: dict[str, list[dict[str, JSON]] | None] = {
        "resources": plan.resources,
        "drift": plan.drift,
        "modules": plan.modules,
        "providers": plan.providers,
    }
    entries = [(name, piece) for name, group in groups.items() for entry in group or () for piece in _pieces(entry)]
    packs = packed(entries, PART)
    out = []
    for place, pack in enumerate(packs, 1):
        facts: dict[str, JSON] = {"part": place, "parts": len(packs)}
        for name, group in groups.items():
            facts[name] = None if group is None else [entry for of, entry in pack if of == name]
        out.append(facts)
    out[0] |= {
        "unchanged": plan.unchanged,
        "deferred": plan.deferred,
        "unreadable": plan.unreadable,
        "terraform": plan.terraform,
    }
    return out


def packed(entries: Iterable[tuple[str, dict[str, JSON]]], limit: int) -> list[list[tuple[str, dict[str, JSON]]]]:
    """`entries` in their order, parted so that each part is at most `limit` bytes of JSON; at least one part."""
    packs: list[list[tuple[str, dict[str, JSON]]]] = [[]]
    size = 0
    for name, entry in entries:
        weight = len(orjson.dumps(entry)) + 1
        if packs[-1] and size + weight > limit:
            packs.append([])
            size = 0
        packs[-1].append((name, entry))
        size += weight
    return packs


def named(text: str, limit: int) -> str:
    """A name from outside, fit to be kept: without secrets; one that is too long stays told apart by its digest."""
    if len(text) <= limit:
        return plain(without_secrets(text), limit)
    told = sha256(text.encode(errors="replace")).hexdigest()[:16]
    return f"{plain(without_secrets(text[: limit - 60]), limit)}… [{len(text):,} characters, sha256 {told}]"


def _pieces(entry: dict[str, JSON]) -> Iterator[dict[str, JSON]]:
    """An entry, in several pieces when it names more attributes than a leaf could hold: each further one says `more`."""
    names = [(of, name) for of in ("attributes", "redacted") for name in entry.get(of, ())]
    if sum(len(name.encode()) + 3 for _, name in names) <= PIECE:
        yield entry
        return
    bare: dict[str, JSON] = {key: value for key, value in entry.items() if key not in ("attributes", "redacted")}
    head: dict[str, JSON] = {key: bare[key] for key in ("address", "deposed") if key in bare}
    for place, pack in enumerate(packed(((of, {"": name}) for of, name in names), PIECE)):
        lists: dict[str, JSON] = {}
        for of, one in pack:
            lists.setdefault(of, []).append(one[""])
        yield {**(bare if place == 0 else {**head, "more": True}), **lists}


def _events(chunks: Iterable[bytes]) -> Events:
    """The tokens, as they come."""
    sink: Any = ijson.sendable_list()
    parser, waiting = ijson.basic_parse_coro(sink), 0
    try:
        for chunk in chunks:
            parser.send(chunk)
            waiting = 0 if sink else waiting + len(chunk)
            if waiting > LONGEST_VALUE:
                raise NotUnderstood(f"one value of the plan's JSON is over {LONGEST_VALUE:,} bytes long", "a plan's JSON")
            yield from sink
            del sink[:]
        parser.close()
        yield from sink
    except ijson.IncompleteJSONError as error:
        raise NotUnderstood(f"the plan's JSON cannot be read to its end ({_short(error)})", "a plan's JSON") from None
    except (ijson.JSONError, ValueError, ArithmeticError) as error:
        raise NotUnderstood(f"the plan's JSON is none ({_short(error)})", "a plan's JSON") from None


def _short(error: Exception) -> str:
    """The first line of the parser's complaint; what follows it may quote the document."""
    return plain(str(error).split("\n", 1)[0].split(":")[0].strip(), 80) or type(error).__name__


def _members(events: Events) -> Iterator[tuple[str, str, Any]]:
    """(key, kind, value) of each member of the object just opened. Who takes one must read it to its end."""
    for kind, key in events:
        if kind == "end_map":
            return
        first, value = next(events)
        yield key, first, value


def _items(events: Events) -> Iterator[tuple[str, Any]]:
    """The same of the array just opened."""
    for kind, value in events:
        if kind == "end_array":
            return
        yield kind, value


def _pass(events: Events, kind: str) -> int:
    """Pass over the value that begins with `kind`. 1, so that what is passed can be counted."""
    if kind in _OPENS:
        depth = 1
        for one, _ in events:
            if one in _OPENS:
                depth += 1
            elif one in _CLOSES:
                depth -= 1
                if not depth:
                    break
    return 1


def _text(events: Events, kind: str, value: Any, limit: int) -> str:
    _pass(events, kind)
    return named(value, limit) if kind == "string" else ""


def _resources(events: Events, kind: str, into: list[dict[str, JSON]], plan: Plan) -> None:
    if kind != "start_array":
        _pass(events, kind)
        return
    for one, _ in _items(events):
        entry = _resource(events, one)
        if entry is None:
            plan.unreadable += 1
        elif entry.get("actions") == ["no-op"] and not entry.keys() & {"previous_address", "importing", "deposed"}:
            plan.unchanged += 1
        else:
            into.append(entry)


def _resource(events: Events, kind: str) -> dict[str, JSON] | None:
    """One change; None for what has no address."""
    if kind != "start_map":
        _pass(events, kind)
        return None
    entry: dict[str, JSON] = {}
    change = _Change()
    for key, one, value in _members(events):
        if key in _TEXTS:
            text = _text(events, one, value, ADDRESS if key.endswith("address") else NAME)
            entry |= {_TEXTS[key]: text} if text else {}
        elif key == "change" and one == "start_map":
            change.read(events)
        else:
            _pass(events, one)
    if entry.get("previous_address") == entry.get("address"):
        entry.pop("previous_address", None)
    return {**entry, **change.told()} if entry.get("address") else None


class _Change:
    """The `change` of a resource: its actions, and which of its attributes are not the same before and after."""

    def __init__(self) -> None:
        self.actions: list[str] = []
        self.importing = False
        self.values: dict[str, dict[str, bytes] | None] = {"before": None, "after": None}
        self.marked: dict[str, set[str]] = {"after_unknown": set(), "before_sensitive": set(), "after_sensitive": set()}

    def read(self, events: Events) -> None:
        for key, kind, value in _members(events):
            if key in self.values:
                self.values[key] = _attributes(events, kind)
            elif key in self.marked:
                self.marked[key] = _marked(events, kind, value)
            elif key == "actions" and kind == "start_array":
                self.actions = [_text(events, one, said, NAME) for one, said in _items(events)]
            else:
                self.importing = self.importing or (key == "importing" and kind == "start_map")
                _pass(events, kind)

    def told(self) -> dict[str, JSON]:
        out: dict[str, JSON] = {"actions": [action for action in self.actions if action]}
        out |= {"importing": True} if self.importing else {}
        before, after = self.values["before"], self.values["after"]
        if before is None or after is None or self.actions == ["no-op"]:
            return out
        hidden = self.marked["before_sensitive"] | self.marked["after_sensitive"]
        changed, redacted = [], []
        for name in sorted(before.keys() | after.keys() | self.marked["after_unknown"]):
            if before.get(name, _NULL) != after.get(name, _NULL) or name in self.marked["after_unknown"]:
                changed.append(named(name, NAME))
            elif name in hidden or _ALL in hidden:
                redacted.append(named(name, NAME))
        return out | ({"attributes": changed} if changed else {}) | ({"redacted": redacted} if redacted else {})


_ALL = "\x00"  # the whole resource is marked


def _attributes(events: Events, kind: str) -> dict[str, bytes] | None:
    """A digest of each attribute's value; None when it is no object."""
    if kind != "start_map":
        _pass(events, kind)
        return None
    return {key: _digest(events, one, value) for key, one, value in _members(events)}


def _digest(events: Events, kind: str, value: Any) -> bytes:
    """Of one value, whatever its size and depth."""
    hashed, depth = blake2b(digest_size=16), 0
    while True:
        hashed.update(f"{kind}\x00{value}\x00".encode(errors="replace"))
        depth += (kind in _OPENS) - (kind in _CLOSES)
        if depth <= 0:
            return hashed.digest()
        kind, value = next(events)


_NULL = _digest(iter(()), "null", None)


def _marked(events: Events, kind: str, value: Any) -> set[str]:
    """The attributes of which anything is marked true; `_ALL` when all of it is."""
    if kind == "start_map":
        return {key for key, one, said in _members(events) if _any_true(events, one, said)}
    _pass(events, kind)
    return {_ALL} if value is True else set()


def _any_true(events: Events, kind: str, value: Any) -> bool:
    found, depth = value is True, int(kind in _OPENS)
    while depth > 0:
        kind, value = next(events)
        depth += (kind in _OPENS) - (kind in _CLOSES)
        found = found or value is True
    return found


def _configuration(events: Events, plan: Plan) -> None:
    """Module calls and providers as the configuration names them: their sources and versions, none of their arguments."""
    plan.modules, plan.providers = plan.modules or [], plan.providers or []
    for key, kind, _ in _members(events):
        if key == "provider_config" and kind == "start_map":
            for _, one, _ in _members(events):
                plan.providers += _said(
                    events, one, {"full_name": "name", "version_constraint": "version", "module_address": "module"}
                )
        elif key == "root_module" and kind == "start_map":
            _module(events, "", plan.modules, 0)
        else:
            _pass(events, kind)


def _module(events: Events, address: str, into: list[dict[str, JSON]], depth: int) -> None:
    if depth > DEEPEST_MODULE:
        raise NotUnderstood(f"the plan's modules are nested over {DEEPEST_MODULE} deep", "a plan's JSON")
    for key, kind, _ in _members(events):
        if key != "module_calls" or kind != "start_map":
            _pass(events, kind)
            continue
        for name, one, _ in _members(events):
            _call(events, one, f"{address}.module.{name}".lstrip("."), into, depth)


def _call(events: Events, kind: str, address: str, into: list[dict[str, JSON]], depth: int) -> None:
    if kind != "start_map":
        _pass(events, kind)
        return
    entry: dict[str, JSON] = {"address": named(address, ADDRESS)}
    into.append(entry)
    for key, one, value in _members(events):
        if key == "module" and one == "start_map":
            _module(events, address, into, depth + 1)
        elif key in ("source", "version_constraint"):
            entry |= {"version" if key == "version_constraint" else key: _text(events, one, value, NAME)}
        else:
            _pass(events, one)


def _said(events: Events, kind: str, names: dict[str, str]) -> list[dict[str, JSON]]:
    """The texts of one object under our names, as a list of one; of anything else none."""
    if kind != "start_map":
        _pass(events, kind)
        return []
    entry: dict[str, JSON] = {}
    for key, one, value in _members(events):
        text = _text(events, one, value, NAME)
        if key in names and text:
            entry[names[key]] = text
    return [entry] if entry else []
