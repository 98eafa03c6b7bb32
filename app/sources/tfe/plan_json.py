"""A plan's JSON as it streams by: which resources change, how, and the names of what changes in them. Never a value.

https://developer.hashicorp.com/terraform/internals/json-format#plan-representation

Values are met only as digests that live as long as their resource is being read, so that the size of the document does not
matter: `provider_schemas`, most of its bytes, is passed over without being built. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson

from app.canonical import JSON
from app.errors import NotUnderstood
from app.sources.tfe.plan_change import Change
from app.sources.tfe.plan_tokens import ADDRESS, NAME, Events, items, members, named, skip, text_of, tokens

DEEPEST_MODULE = 50
PART, PIECE = 40_000, 8_000  # bytes of the entries of one part, and of the names of one entry: a leaf holds under 64 KiB

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
    the document does not tell them. `unchanged` counts resources of which the plan only says that nothing happens to them, `holds`
    are those of them that stand for an object we know; `deferred` counts those whose change it puts off, `unreadable` those
    without an address."""

    resources: list[dict[str, JSON]] = field(default_factory=list)
    drift: list[dict[str, JSON]] = field(default_factory=list)
    holds: list[dict[str, JSON]] = field(default_factory=list)
    modules: list[dict[str, JSON]] | None = None
    providers: list[dict[str, JSON]] | None = None
    terraform: str | None = None
    unchanged: int = 0
    deferred: int = 0
    unreadable: int = 0


def read_plan(chunks: Iterable[bytes]) -> Plan:
    """What the document tells. Raises NotUnderstood when it is cut short, is not JSON, or is no plan."""
    events = tokens(chunks)
    kind, _ = next(events, ("nothing", None))
    if kind != "start_map":
        raise NotUnderstood("the plan's JSON is no object", "a plan's JSON")
    plan, seen = Plan(), set[str]()
    for key, kind, value in members(events):
        seen.add(key)
        if key == "resource_changes":
            _resources(events, kind, plan.resources, plan)
        elif key == "resource_drift":
            _resources(events, kind, plan.drift, plan)
        elif key == "deferred_changes" and kind == "start_array":
            plan.deferred += sum(skip(events, one) for one, _ in items(events))
        elif key == "configuration" and kind == "start_map":
            _configuration(events, plan)
        elif key == "terraform_version" and kind == "string":
            plan.terraform = named(value, NAME)
        else:
            skip(events, kind)
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
        "holds": plan.holds,
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


def _resources(events: Events, kind: str, into: list[dict[str, JSON]], plan: Plan) -> None:
    if kind != "start_array":
        skip(events, kind)
        return
    for one, _ in items(events):
        entry = _resource(events, one)
        if entry is None:
            plan.unreadable += 1
        elif entry.get("actions") == ["no-op"] and not entry.keys() & {"previous_address", "importing", "deposed"}:
            plan.unchanged += 1
            if "object" in entry and into is plan.resources:
                plan.holds.append({key: entry[key] for key in ("address", "type", "object") if key in entry})
        else:
            into.append(entry)


def _resource(events: Events, kind: str) -> dict[str, JSON] | None:
    """One change; None for what has no address."""
    if kind != "start_map":
        skip(events, kind)
        return None
    entry: dict[str, JSON] = {}
    change = Change()
    for key, one, value in members(events):
        if key in _TEXTS:
            text = text_of(events, one, value, ADDRESS if key.endswith("address") else NAME)
            entry |= {_TEXTS[key]: text} if text else {}
        elif key == "change" and one == "start_map":
            change.read(events)
        else:
            skip(events, one)
    if entry.get("previous_address") == entry.get("address"):
        entry.pop("previous_address", None)
    return {**entry, **change.told(str(entry.get("type", "")), str(entry.get("mode", "")))} if entry.get("address") else None


def _configuration(events: Events, plan: Plan) -> None:
    """Module calls and providers as the configuration names them: their sources and versions, none of their arguments."""
    plan.modules, plan.providers = plan.modules or [], plan.providers or []
    for key, kind, _ in members(events):
        if key == "provider_config" and kind == "start_map":
            for _, one, _ in members(events):
                plan.providers += _said(
                    events, one, {"full_name": "name", "version_constraint": "version", "module_address": "module"}
                )
        elif key == "root_module" and kind == "start_map":
            _module(events, "", plan.modules, 0)
        else:
            skip(events, kind)


def _module(events: Events, address: str, into: list[dict[str, JSON]], depth: int) -> None:
    if depth > DEEPEST_MODULE:
        raise NotUnderstood(f"the plan's modules are nested over {DEEPEST_MODULE} deep", "a plan's JSON")
    for key, kind, _ in members(events):
        if key != "module_calls" or kind != "start_map":
            skip(events, kind)
            continue
        for name, one, _ in members(events):
            _call(events, one, f"{address}.module.{name}".lstrip("."), into, depth)


def _call(events: Events, kind: str, address: str, into: list[dict[str, JSON]], depth: int) -> None:
    if kind != "start_map":
        skip(events, kind)
        return
    entry: dict[str, JSON] = {"address": named(address, ADDRESS)}
    into.append(entry)
    for key, one, value in members(events):
        if key == "module" and one == "start_map":
            _module(events, address, into, depth + 1)
        elif key in ("source", "version_constraint"):
            entry |= {"version" if key == "version_constraint" else key: text_of(events, one, value, NAME)}
        else:
            skip(events, one)


def _said(events: Events, kind: str, names: dict[str, str]) -> list[dict[str, JSON]]:
    """The texts of one object under our names, as a list of one; of anything else none."""
    if kind != "start_map":
        skip(events, kind)
        return []
    entry: dict[str, JSON] = {}
    for key, one, value in members(events):
        text = text_of(events, one, value, NAME)
        if key in names and text:
            entry[names[key]] = text
    return [entry] if entry else []
