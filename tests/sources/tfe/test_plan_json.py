"""A plan's JSON, streamed: names and actions come out of any cut of it, values of none."""

import json
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from app.canonical import canonical_json
from app.errors import NotUnderstood
from app.sources.tfe.plan_json import PART, parts_of, read_plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SECRET = "PLANTED-7f3a91-value"


def change(actions: list[str], before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    return {"actions": actions, "before": before, "after": after, "after_unknown": {}, **more}


def resource(address: str, told: dict[str, Any], **more: Any) -> dict[str, Any]:
    local = address.rsplit("module.", 1)[-1].split(".")[-2:]
    return {
        "address": address,
        "mode": "managed",
        "type": local[0],
        "name": local[-1],
        "provider_name": "aws",
        "change": told,
        **more,
    }


def plan_of(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"plan_format_version": "1.2", "resource_changes": list(resources), **more}


def read(document: Any, size: int = 1000) -> Any:
    return read_plan(cut(json.dumps(document).encode(), size))


def cut(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[i : i + size] for i in range(0, len(data), size))


def test_what_changes_is_named_and_no_value_is_kept() -> None:
    before = {"size": 3, "tags": {"a": SECRET}, "same": [1, {"x": None}], "password": None, "gone": 1}
    after = {"size": 5, "tags": {"a": SECRET + "2"}, "same": [1, {"x": None}], "password": None, "arn": None}
    told = change(
        ["update"], before, after, after_unknown={"arn": True, "tags": {}}, before_sensitive={"password": True, "tags": {"a": True}}
    )
    plan = read(plan_of(resource("module.eks.aws_eks_node_group.x", told, module_address="module.eks", action_reason="requested")))
    assert plan.resources == [
        {
            "address": "module.eks.aws_eks_node_group.x",
            "module": "module.eks",
            "mode": "managed",
            "type": "aws_eks_node_group",
            "name": "x",
            "provider": "aws",
            "reason": "requested",
            "actions": ["update"],
            "attributes": ["arn", "gone", "size", "tags"],
            "redacted": ["password"],
        }
    ]


@pytest.mark.parametrize(
    ("told", "more", "kept"),
    [
        (change(["no-op"], {"a": 1}, {"a": 1}), {}, False),
        (change(["no-op"], {"a": 1}, {"a": 1}, importing={"id": SECRET}), {}, True),
        (change(["no-op"], {"a": 1}, {"a": 1}, importing=None), {}, False),
        (change(["no-op"], {"a": 1}, {"a": 1}), {"previous_address": "aws_x.old"}, True),
        (change(["no-op"], {"a": 1}, {"a": 1}), {"previous_address": "aws_x.y"}, False),
        (change(["no-op"], {}, {}), {"deposed": "ab12cd34"}, True),
        (change(["forget"], {"a": SECRET}, None), {}, True),
        (change(["read"]), {"mode": "data"}, True),
        (change(["something-new"]), {}, True),
    ],
)
def test_what_only_stays_as_it_is_is_counted_not_listed(told: dict[str, Any], more: dict[str, Any], kept: bool) -> None:
    plan = read(plan_of(resource("aws_x.y", told, **more)))
    assert (len(plan.resources), plan.unchanged) == (int(kept), int(not kept))
    assert SECRET not in repr(plan)


def test_drift_modules_and_providers_are_told_where_the_document_has_them() -> None:
    call = {
        "source": "app.terraform.io/bank/eks/aws",
        "version_constraint": "~> 4.1",
        "expressions": {"password": {"constant_value": SECRET}},
        "module": {"module_calls": {"nodes": {"source": "./nodes", "module": {}}}, "resources": [{"expressions": SECRET}]},
    }
    configuration = {
        "provider_config": {"aws": {"full_name": "registry/aws", "version_constraint": ">= 5", "expressions": {"token": SECRET}}},
        "root_module": {"module_calls": {"eks": call}, "variables": {"x": {"default": SECRET}}},
    }  # fmt: skip
    drift = [resource("aws_x.y", change(["update"], {"a": 1}, {"a": 2}))]
    plan = read(plan_of(resource_drift=drift, configuration=configuration, terraform_version="1.9.8", deferred_changes=[{}, {}]))
    assert plan.modules == [
        {"address": "module.eks", "source": "app.terraform.io/bank/eks/aws", "version": "~> 4.1"},
        {"address": "module.eks.module.nodes", "source": "./nodes"},
    ]
    assert plan.providers == [{"name": "registry/aws", "version": ">= 5"}]
    assert [one["attributes"] for one in plan.drift] == [["a"]]
    assert (plan.terraform, plan.deferred) == ("1.9.8", 2)
    assert SECRET not in repr(plan)
    bare = read(plan_of())
    assert (bare.modules, bare.providers, bare.terraform) == (None, None, None)
    assert parts_of(bare)[0]["modules"] is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
attributes = st.dictionaries(st.sampled_from(["ami", "tags", "size", "name", "ports"]), json_values, max_size=5)
ACTIONS = (["no-op"], ["create"], ["read"], ["update"], ["delete"], ["delete", "create"], ["create", "delete"], ["forget"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, Any], list[tuple[str, list[str], set[str]]]]:
    """A plan, and what must be read of it: address, actions, names of what changes."""
    made, wanted = [], []
    for number in range(draw(st.integers(0, 5))):
        before, after = draw(attributes), draw(attributes)
        actions = draw(st.sampled_from(ACTIONS))
        one = change(list(actions), before, after)
        keys = list(one)
        draw(st.randoms()).shuffle(keys)
        made.append(resource(f"aws_x.y[{number}]", {key: one[key] for key in keys}))
        missing = object()
        changed = {k for k in before.keys() | after.keys() if not same(before.get(k), after.get(k), missing)}
        if actions != ["no-op"]:
            wanted.append((f"aws_x.y[{number}]", list(actions), changed))
    return plan_of(
        *made, provider_schemas=draw(json_values), variables={"v": {"value": SECRET}}, prior_state=draw(json_values)
    ), wanted


def same(one: Any, other: Any, missing: object) -> bool:
    return json.dumps(one) == json.dumps(other)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.integers(1, 40))
def test_any_plan_cut_anywhere_is_read_alike(made: tuple[dict[str, Any], list[tuple[str, list[str], set[str]]]], size: int) -> None:
    document, wanted = made
    plan = read(document, size)
    assert [(one["address"], one["actions"], set(one.get("attributes", ()))) for one in plan.resources] == wanted
    assert SECRET not in repr(plan)
    assert plan == read(document, 10**9)


@settings(max_examples=150, deadline=None)
@given(
    json_values
    | st.dictionaries(st.sampled_from(["resource_changes", "resource_drift", "configuration", "format_version"]), json_values)
)
def test_no_shape_of_json_makes_it_fail_in_another_way(document: Any) -> None:
    try:
        parts = parts_of(read(document, 7))
    except NotUnderstood:
        return
    assert all(canonical_json(part) for part in parts)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_document_that_was_cut_is_said_to_be(data: st.DataObject) -> None:
    whole = json.dumps(plan_of(*(resource(f"aws_x.y[{i}]", change(["create"], None, {"a": SECRET})) for i in range(3)))).encode()
    end = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(NotUnderstood) as error:
        read_plan(cut(whole[:end], data.draw(st.integers(1, 50))))
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"{}", b'{"errors":[]}', b'{"format_version":"1"} x', b"\xff\xfe{}"]
)
def test_what_is_no_plan_is_not_taken_for_an_empty_one(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        read_plan([body])


@pytest.mark.parametrize(
    "wrong",
    [
        {"resource_changes": {"a": 1}},
        {"resource_changes": [None, 1, "x", [], {}, {"address": 7}, {"address": ""}, {"change": 5}]},
        {"resource_changes": [{"address": "a.b", "change": None}, {"address": "a.c", "change": {"actions": "x", "before": 3}}]},
        {"resource_changes": [{"address": "a.b", "change": {"actions": [1, ["x"]], "before": {}, "after": {}}}]},
        {"configuration": {"provider_config": [1], "root_module": {"module_calls": [1]}}},
        {"configuration": {"provider_config": {"a": 1}, "root_module": {"module_calls": {"a": None, "b": {"source": 5}}}}},
        {"resource_drift": "x", "deferred_changes": {"a": []}, "terraform_version": 3},
    ],
)  # fmt: skip
def test_wrong_types_are_passed_over(wrong: dict[str, Any]) -> None:
    parts = parts_of(read({"format_version": "1.0", **wrong}, 11))
    assert len(parts) == 1
    assert canonical_json(parts[0])


def test_hostile_addresses_stay_apart_and_small() -> None:
    huge = "aws_x." + "y" * 10_000_000
    names = [huge, huge[:-1] + "z", "a.b\x00<script>", "a.\ud800", 'aws_x.y["https://user:hunter2@host/"]']
    plan = read(plan_of(*(resource(name, change(["create"])) for name in names)), 65_536)
    told = [one["address"] for one in plan.resources]
    assert len(set(told)) == 5
    assert max(map(len, told)) < 1100
    assert "hunter2" not in told[4]
    assert "10,000,006 characters" in told[0]
    assert all(canonical_json(part) for part in parts_of(plan))


def test_deep_nesting_is_no_trouble() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    one = b'{"address":"a.b","change":{"actions":["update"],"before":{"x":%s},"after":{"x":1},"after_unknown":{"x":%s}}}' % (
        deep,
        deep,
    )
    plan = read_plan(cut(b'{"format_version":"1","provider_schemas":%s,"resource_changes":[%s]}' % (deep, one), 65_536))
    assert plan.resources[0]["attributes"] == ["x"]
    calls: dict[str, Any] = {}
    for _ in range(60):
        calls = {"module_calls": {"m": {"module": calls}}}
    with pytest.raises(NotUnderstood, match="nested"):
        read(plan_of(configuration={"root_module": calls}))


def test_no_part_is_larger_than_a_leaf_and_nothing_is_left_out() -> None:
    wide = {f"attribute_{i:05}": i for i in range(5000)}
    many = [resource(f"aws_x.y[{i}]", change(["update"], {"a": 1}, {"a": 2})) for i in range(3000)]
    plan = read(plan_of(*many, resource("aws_x.wide", change(["update"], {}, wide)), resource_drift=many[:500]), 65_536)
    parts = parts_of(plan)
    assert max(len(orjson.dumps(part)) for part in parts) < PART + 2_000
    assert [part["part"] for part in parts] == list(range(1, len(parts) + 1))
    assert {part["parts"] for part in parts} == {len(parts)}
    listed = [one for part in parts for one in part["resources"]]
    assert len({one["address"] for one in listed}) == 3001
    names = [name for one in listed if one["address"] == "aws_x.wide" for name in one["attributes"]]
    assert names == sorted(wide)
    assert sum(len(part["drift"]) for part in parts) == 500


def test_memory_does_not_grow_with_the_values() -> None:
    """30 MB of schemas and values are read in a few hundred kilobytes."""
    block = json.dumps({"block": {"attributes": {f"a{i}": {"type": "string", "description": "x" * 50} for i in range(500)}}})
    large = json.dumps({"policy": "v" * 20_000, "rules": list(range(2000))})

    def chunks() -> Iterator[bytes]:
        yield b'{"plan_format_version":"1.2","provider_schemas":{'
        for i in range(600):
            yield f'{"," if i else ""}"p{i}":{block}'.encode()
        yield b'},"resource_changes":['
        for i in range(200):
            one = f'{{"address":"aws_x.y[{i}]","change":{{"actions":["update"],"before":{large},"after":{{"policy":{i}}}}}}}'
            yield ("," if i else "").encode() + one.encode()
        yield b"]}"

    assert sum(map(len, chunks())) > 30_000_000
    random.seed(1)
    tracemalloc.start()
    plan = read_plan(chunks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(plan.resources) == 200
    assert peak < 4_000_000, f"{peak:,} bytes at most"


def test_one_endless_value_is_refused() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"format_version":"'
        for _ in range(70):
            yield b"x" * 1024 * 1024

    with pytest.raises(NotUnderstood, match="one value"):
        read_plan(chunks())
