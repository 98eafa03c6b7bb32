"""Which objects an application manages, as its status lists them: told when that set changed. Pure.

https://argo-cd.readthedocs.io/en/stable/user-guide/app_management/ (`status.resources`; hooks are no objects of the application)
"""

from collections.abc import Iterator
from typing import Any

import orjson

from app.canonical import canonical_json, digest, plain
from app.domain.event import Event, Step
from app.sources.argocd import wire
from app.sources.argocd.maker import Maker
from app.sources.argocd.memory import Memory

PART = 40_000  # bytes of one event's list: a leaf holds under 64 KiB


def managed_events(make: Maker, app: wire.Application, memory: Memory) -> Iterator[Event]:
    """Nothing while its status was never made. A set that comes back is told again: each look is named by the one before, too."""
    listed = app.status.resources if app.status else None
    if listed is None:
        return
    tells = any(one.sync_wave is not None for one in listed)  # then a wave that is left out is 0
    objects = sorted((_object(one, tells) for one in listed if not one.hook), key=canonical_json)
    print_ = digest(canonical_json(objects))[7:23]
    if memory.managed[:1] == [print_]:
        return
    look = digest(f"{memory.managed[1] if len(memory.managed) > 1 else ''} {print_}".encode())[7:23]
    parts = _parts(objects)
    for number, part in enumerate(parts, start=1):
        facts = {"look": look, "part": number, "parts": len(parts), "resources": part}
        yield make.event("managed", f"{make.uid}/{number}", "listed", Step.NOTED, make.now, facts, unique=look)
    memory.managed = [print_, look]


def _object(one: wire.Item, tells: bool) -> dict[str, Any]:
    named = {"group": one.group, "kind": one.kind, "namespace": one.namespace, "name": one.name}
    wave = one.sync_wave if one.sync_wave is not None else 0 if tells else None
    told = {key: plain(value, 300) for key, value in named.items()}
    return told | ({"wave": str(wave)} if wave is not None else {})


def _parts(objects: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    out: list[list[dict[str, Any]]] = [[]]
    size = 0
    for one in objects:
        weight = len(orjson.dumps(one)) + 1
        if out[-1] and size + weight > PART:
            out.append([])
            size = 0
        out[-1].append(one)
        size += weight
    return out
