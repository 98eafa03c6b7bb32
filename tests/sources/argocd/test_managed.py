"""Which objects an application manages: told once, and again when that set changes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from app.canonical import canonical_json
from app.domain.event import Event, Keys
from app.sources.argocd import wire
from app.sources.argocd.maker import Maker
from app.sources.argocd.managed import PART, managed_events
from app.sources.argocd.memory import Memory, dump, load

META = wire.Metadata(name="payments-api")
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)
MAKER = Maker("argocd", "uid-1", "payments-api", "https://argocd.bank.example", Keys(application="payments-api"), NOW)


def item(kind: str, name: str, **more: Any) -> wire.Item:
    return wire.Item(kind=kind, name=name, namespace="payments", **more)


def look(memory: Memory, *items: wire.Item) -> list[Event]:
    return list(managed_events(MAKER, wire.Application(META, status=wire.Status(resources=list(items))), memory))


API, CONFIG = item("Deployment", "api", group="apps"), item("ConfigMap", "app")


def test_a_set_is_told_once_whatever_its_order() -> None:
    memory = Memory(uid="uid-1", name="payments-api")
    (told,) = look(memory, API, CONFIG, item("Job", "migrate", hook=True))
    assert told.facts["resources"] == [
        {"group": "", "kind": "ConfigMap", "namespace": "payments", "name": "app"},
        {"group": "apps", "kind": "Deployment", "namespace": "payments", "name": "api"},
    ]
    remembered = load(dump(memory))
    assert remembered is not None
    assert look(remembered, CONFIG, API) == []


def test_what_comes_back_is_told_again_and_nothing_is_told_before_there_is_a_status() -> None:
    memory = Memory(uid="uid-1", name="payments-api")
    ids = [[one.id for one in look(memory, *items)] for items in ((API,), (API, CONFIG), (API,), ())]
    assert len({id_ for told in ids for id_ in told}) == 4
    assert list(managed_events(MAKER, wire.Application(META), memory)) == []


@pytest.mark.parametrize(("wave", "told"), [(None, [None, None]), (2, ["0", "2"])])
def test_a_wave_that_is_left_out_is_zero_where_any_is_told(wave: int | None, told: list[str | None]) -> None:
    (event,) = look(Memory(uid="uid-1", name="x"), item("Deployment", "b", sync_wave=wave), item("ConfigMap", "a"))
    assert [one.get("wave") for one in event.facts["resources"]] == told


def test_a_long_list_is_parted_and_nothing_is_left_out() -> None:
    many = [item("ConfigMap", f"settings-{n:05}") for n in range(3000)]
    events = look(Memory(uid="uid-1", name="x"), *many)
    assert [one.facts["part"] for one in events] == list(range(1, len(events) + 1))
    assert all(len(canonical_json(one.facts)) < PART + 500 and "resources_total" not in one.facts for one in events)
    assert sum(len(one.facts["resources"]) for one in events) == 3000
