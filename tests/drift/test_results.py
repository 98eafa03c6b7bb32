"""What an operation touched beyond what its own event holds: told in parts, and each object of them is ended by it too."""

from typing import Any

import pytest
from app.domain.drift import Ended
from app.domain.event import Event

from tests.drift.build import UID, differing, event, iso, of_app, operation, told


def config(n: int) -> dict[str, Any]:
    return {"group": "", "kind": "ConfigMap", "namespace": "payments", "name": f"config-{n:02}"}


def results(start: float, end: float, part: int, parts: int, *objects: dict[str, Any], attempt: int | None = None) -> Event:
    listed = [{"message": "configured", **one, "status": "Synced"} for one in objects]
    ident = f"{UID}/{iso(start)}"
    bare = of_app("operation", "Succeeded", end, id_=ident)
    facts = {"uid": UID, "part": part, "parts": parts, "attempt": attempt, "resources": listed}
    return event("argocd-prod", "operation-results", ident, "listed", end, end, bare.keys, facts)


def test_every_object_of_a_heal_is_an_episode_whichever_event_names_it() -> None:
    many = [config(n) for n in range(6)]
    episodes, _, _ = told(
        [
            differing(0), operation(5, 6, "self-heal", *many[:2]),
            results(5, 6, 1, 2, *many[:4]), results(5, 6, 2, 2, *many[4:]), differing(7),
        ]
    )  # fmt: skip
    assert sorted(one.name for one in episodes.values()) == [one["name"] for one in many]
    assert {one.ended_by for one in episodes.values()} == {Ended.SELF_HEAL}


def test_what_stood_open_is_ended_by_the_heal_that_names_it_in_a_part() -> None:
    many = [config(n) for n in range(4)]
    episodes, _, _ = told(
        [
            differing(0), differing(2, *many, after=0), operation(5, 6, "self-heal", many[0]),
            results(5, 6, 1, 1, *many), differing(7, after=2),
        ]
    )  # fmt: skip
    assert sorted((one.name, str(one.ended_by)) for one in episodes.values()) == [(one["name"], "self-heal") for one in many]


def test_what_a_failed_attempt_touched_is_not_what_the_operation_did() -> None:
    one, other = config(0), config(1)
    episodes, _, _ = told([differing(0), operation(5, 6, "self-heal", one), results(5, 6, 1, 1, other, attempt=1), differing(7)])
    assert [episode.name for episode in episodes.values()] == ["config-00"]


@pytest.mark.parametrize(
    ("message", "differed"),
    [
        ("configmap/config-00 unchanged", False),
        ("configmap/config-00 unchanged. Warning: resource configmaps/config-00 is missing an annotation", False),
        ("configmap/config-00 configured", True),
        ("configmap/unchanged configured", True),
        ("configmap/config-00 configured. Warning: the spec is unchanged", True),
        ("configmap/config-00 serverside-applied", True),  # it says so of every object: nothing is told of this one
        ("", True),
    ],
)
def test_what_a_heal_found_as_declared_is_no_episode(message: str, differed: bool) -> None:
    quiet = {**config(0), "message": message}
    healed = {**config(1), "message": "configmap/config-01 configured"}
    names = ["config-00", "config-01"] if differed else ["config-01"]
    whole = told([differing(0), operation(5, 6, "self-heal", quiet, healed), differing(7)])[0]
    assert sorted(one.name for one in whole.values()) == names
    first = operation(5, 6, "self-heal", healed)
    parts = told([differing(0), first, results(5, 6, 1, 1, quiet, healed), differing(7)])[0]
    assert sorted(one.name for one in parts.values()) == names
