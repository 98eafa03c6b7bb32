"""An apply's structured log: three kinds of line tell something, the rest is dropped unread."""

import json
from collections.abc import Iterator
from typing import Any

from app.canonical import canonical_json
from app.sources.tfe.apply_log import LONGEST_LINE, log_parts_of, read_log
from hypothesis import given, settings
from hypothesis import strategies as st

SECRET = "PLANTED-91bc-value"


def line(kind: str, **more: Any) -> bytes:
    return json.dumps({"@level": "info", "@message": SECRET, "@timestamp": "2026-03-02T12:00:00Z", "type": kind, **more}).encode()


def hook(address: str, action: str) -> dict[str, Any]:
    resource = {"addr": address, "module": "", "resource_type": "aws_x", "implied_provider": "aws"}
    return {"hook": {"resource": resource, "action": action, "id_key": "id", "id_value": SECRET, "elapsed_seconds": 3}}


LINES = [
    b"Terraform v1.9.8",
    line("version", terraform="1.9.8"),
    line("apply_start", **hook("aws_x.a", "create")),
    line("provision_progress", hook={"output": SECRET, "resource": {"addr": "aws_x.a"}}),
    line("apply_complete", **hook("aws_x.a", "create")),
    line("apply_start", **hook("aws_x.b", "delete")),
    line("apply_complete", **hook("aws_x.b", "delete")),
    line("apply_start", **hook("aws_x.b", "create")),
    line("apply_errored", **hook("aws_x.b", "create")),
    line("diagnostic", diagnostic={"summary": SECRET}),
    line("apply_start", **hook("aws_x.c", "update")),
    line("outputs", outputs={"password": {"value": SECRET}}),
]
TOLD = [
    {"address": "aws_x.a", "action": "create", "result": "complete"},
    {"address": "aws_x.b", "action": "delete", "result": "complete"},
    {"address": "aws_x.b", "action": "create", "result": "errored"},
    {"address": "aws_x.c", "action": "update", "result": "started"},
]


def cut(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[i : i + size] for i in range(0, len(data), size))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.sampled_from([b"\n", b"\r\n"]))
def test_each_resource_and_what_became_of_it_however_it_is_cut(size: int, end: bytes) -> None:
    log = read_log(cut(b"\x02" + end.join(LINES) + end + b"\x03", size))
    assert (log.resources, log.structured, log.complete, log.unread) == (TOLD, True, True, 0)
    assert SECRET not in repr(log)


def test_a_log_of_plain_text_is_not_structured() -> None:
    text = b"\x02\x1b[0maws_x.a: Creating...\napply_start {\n\x1b[1mApply complete! Resources: 1 added\x1b[0m\n\x03"
    log = read_log([text])
    assert (log.structured, log.resources) == (False, [])
    assert not read_log([]).structured


def test_a_cut_log_is_not_complete() -> None:
    log = read_log([b"\x02" + b"\n".join(LINES[:3])])
    assert (log.complete, log.structured) == (False, True)
    assert log.resources == [{"address": "aws_x.a", "action": "create", "result": "started"}]


def test_lines_that_are_wrong_are_counted_and_a_huge_one_is_never_held() -> None:
    wrong = [
        b'{"@level":1,"type":"apply_start"}',
        b'{"@level":1,"type":"apply_start","hook":[]}',
        b'{"@level":1,"type":"apply_start","hook":{"resource":{"addr":7}}}',
        b'{"@level":1,"type":"apply_complete", cut',
        b'{"type":"apply_errored","hook":' + b"[" * 100_000,
        b'{"@level":1,"@message":"\\"apply_start\\"","type":["apply_start"]}',
        b'{"@level":"info","type":"apply_start","hook":"' + b"x" * (3 * LONGEST_LINE),
        line("apply_complete", **hook("aws_x.\x00" + "y" * 5000, "a" * 5000)),
    ]
    log = read_log(cut(b"\n".join(wrong), 65_536))
    assert log.unread == 6
    assert len(log.resources) == 1
    assert all(canonical_json(part) for part in log_parts_of(log))


def test_many_resources_are_told_in_parts() -> None:
    log = read_log([b"\n".join(line("apply_complete", **hook(f"aws_x.y[{i}]", "create")) for i in range(2000)) + b"\x03"])
    parts = log_parts_of(log)
    assert len(parts) > 1
    assert sum(len(part["resources"]) for part in parts) == 2000
    assert parts[0]["complete"] is True
    assert "complete" not in parts[1]
