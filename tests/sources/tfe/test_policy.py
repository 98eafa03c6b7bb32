"""Sentinel in both of its shapes, policy evaluations, and shapes nobody has seen."""

from typing import Any

import pytest
from app.sources.tfe.policy import check_facts, evaluation_facts, sentinel_policies

from tests.sources.tfe.conftest import of
from tests.sources.tfe.test_normalise import resource, tell


def policy(name: str, result: object, allowed: object = False, **more: Any) -> dict[str, Any]:
    return {"allowed-failure": allowed, "error": None, "policy": name, "result": result, "trace": {"description": "why"}} | more


MODERN = {
    "schema": 1,
    "data": {
        "costs": {"can-override": True, "result": False, "policies": [policy("costs/limit", False), policy("costs/tags", True)]},
        "network": {
            "can-override": False,
            "result": False,
            "policies": [policy("network/open", False), policy("network/n", False, True)],
        },
    },
}
OLD = {"can-override": True, "result": False, "policies": [policy("limit.sentinel", False), policy("broken", False, error="boom")]}


def test_the_shape_with_policy_sets() -> None:
    found = sentinel_policies(MODERN)
    assert found is not None
    assert [(p["set"], p["policy"], p["level"], p["verdict"]) for p in found] == [
        ("costs", "limit", "soft-mandatory", "failed"),
        ("costs", "tags", None, "passed"),  # the level of a policy that passed is not said
        ("network", "open", "hard-mandatory", "failed"),
        ("network", "n", "advisory", "failed"),
    ]
    assert found[0]["description"] == "why"


def test_the_shape_of_2017() -> None:
    found = sentinel_policies(OLD)
    assert found is not None
    assert [(p["set"], p["policy"], p["level"], p["verdict"]) for p in found] == [
        ("", "limit.sentinel", "soft-mandatory", "failed"),
        ("", "broken", None, "errored"),
    ]


@pytest.mark.parametrize(
    "sentinel", [None, 7, [], {}, {"data": None}, {"data": {"s": {}}}, {"data": {"s": []}}, {"policies": {}}, {"results": []}]
)
def test_another_shape_keeps_its_counts_and_says_so(sentinel: object) -> None:
    facts = check_facts({"passed": 2, "hard-failed": 1, "soft-failed": "x", "sentinel": sentinel})
    assert facts == {
        "parsed": False,
        "counts": {"passed": 2, "hard_failed": 1, "soft_failed": None, "advisory_failed": None},
        "policies": [],
    }


@pytest.mark.parametrize("result", [None, "yes", 1, [], {}])
def test_a_result_that_is_not_said_is_not_a_pass(result: object) -> None:
    found = sentinel_policies({"data": {"s": {"can-override": True, "policies": [policy("s/p", result)]}}})
    assert found is not None
    assert (found[0]["verdict"], found[0]["level"]) == ("unknown", None)


@pytest.mark.parametrize("override", [None, "true", 1])
def test_a_level_is_not_guessed(override: object) -> None:
    found = sentinel_policies({"data": {"s": {"can-override": override, "policies": [policy("s/p", False)]}}})
    assert found is not None
    assert found[0]["level"] is None


def test_a_check_tells_each_status_it_went_through() -> None:
    stamps = {f"{s}-at": f"2026-03-01T10:0{n}:00Z" for n, s in enumerate(("queued", "soft-failed", "overridden"))}
    result = {"passed": 1, "hard-failed": 0, "soft-failed": 1, "advisory-failed": 0, "sentinel": MODERN}
    check = resource(
        "policy-checks",
        "polchk-1",
        {"status": "overridden", "scope": "organization", "status-timestamps": stamps, "result": result},
    )
    events = of(tell(checks=[check])[0], "policy-check")
    assert [(e.status, e.step.value) for e in events] == [
        ("queued", "noted"),
        ("soft_failed", "judged"),
        ("overridden", "overridden"),
    ]
    assert events[0].facts == {"system": "sentinel", "scope": "organization"}
    assert [p["verdict"] for p in events[1].facts["policies"]] == ["failed", "passed", "failed", "failed"]
    assert events[2].facts["counts"]["soft_failed"] == 1
    assert events[2].actor.name == ""
    assert "does not name who overrode it" in events[2].actor.because


def test_a_check_whose_detail_cannot_be_read_is_told_again_when_it_can() -> None:
    def check(sentinel: object) -> Any:
        result = {"passed": 1, "sentinel": sentinel}
        return resource(
            "policy-checks",
            "polchk-1",
            {"status": "passed", "status-timestamps": {"passed-at": "2026-03-01T10:00:00Z"}, "result": result},
        )

    events, unknown = tell(checks=[check({"strange": 1})])
    (unread,) = of(events, "policy-check")
    assert unread.facts["parsed"] is False
    assert ("policy-checks.result.sentinel", "polchk-1") in unknown
    (readable,) = of(tell(checks=[check(MODERN)])[0], "policy-check")
    assert unread.id != readable.id


def test_an_unknown_verdict_is_kept_with_its_policies() -> None:
    check = resource("policy-checks", "polchk-1", {"status": "waived", "result": {"passed": 1, "sentinel": MODERN}})
    (event,) = of(tell(checks=[check])[0], "policy-check")
    assert (event.status, event.known) == ("waived", False)
    assert len(event.facts["policies"]) == 4


def test_a_policy_evaluation_says_the_same_in_its_own_levels() -> None:
    outcomes = [
        {
            "policy-set-name": "opa",
            "outcomes": [
                {
                    "policy_name": "no-public",
                    "status": "failed",
                    "enforcement_level": "mandatory",
                    "description": "d",
                    "output": ["secret"],
                },
                {"policy_name": "odd", "status": "weird", "enforcement_level": None},
            ],
        }
    ]
    facts = evaluation_facts({"passed": 0, "mandatory-failed": 1, "advisory-failed": 0, "errored": 0}, outcomes)
    assert facts["parsed"] is True
    assert [(p["set"], p["policy"], p["level"], p["verdict"]) for p in facts["policies"]] == [
        ("opa", "no-public", "mandatory", "failed"),
        ("opa", "odd", None, "unknown"),
    ]
    assert "secret" not in repr(facts)
    assert evaluation_facts(None, None)["parsed"] is False
