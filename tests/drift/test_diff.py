"""Two states of one object as lines: each side's own are all there, what differs is marked, what is hidden is said."""

import json
from collections.abc import Iterable
from typing import Any

from app.drift.diff import LEAST, diff, stretches
from app.drift.manifest import inline
from app.drift.merge import BOTH, DECLARED, LIVE, Line
from app.drift.words import marked
from hypothesis import given
from hypothesis import strategies as st

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=6), st.sampled_from(["a\nb", "a\nb\n", " x\n\ny\n\n", "yes", "1"])
)
NAMES = st.sampled_from(["name", "kind", "spec", "a", "b.c", "metadata"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=5)

DEPLOYMENT: dict[str, Any] = {
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "env": [{"name": "ENDPOINT", "value": "https://x"}],
                        "image": "registry.bank.example/payments-api:2.5.1",
                        "name": "payments-api",
                        "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
                    }
                ]
            }
        },
        "replicas": 3,
    },
    "metadata": {"namespace": "banking-prod", "name": "payments-api", "uid": "1", "generation": 7},
    "kind": "Deployment",
    "apiVersion": "apps/v1",
    "status": {"readyReplicas": 3},
}


def changed(path: Iterable[Any], value: Any, document: dict[str, Any] = DEPLOYMENT) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    *way, last = path
    at: Any = copy
    for key in way:
        at = at[key]
    at[last] = value
    return copy


def shown(lines: Iterable[Line]) -> list[str]:
    return [f"{line.sign}{line.text}" for line in lines if line.sign != BOTH]


def bare(lines: Iterable[str]) -> list[str]:
    """Without the dashes and blanks, which tell where a line stands: a field of an item may come first on one side only."""
    return sorted(line.strip(" -") for line in lines)


@given(DOCUMENTS, DOCUMENTS)
def test_each_side_has_all_of_its_lines_numbered_without_a_gap(declared: dict[str, Any], live: dict[str, Any]) -> None:
    found = diff(declared, live)
    lines = [*found.lines, *found.server]
    for document, sign in ((declared, DECLARED), (live, LIVE)):
        mine = [line for line in lines if line.sign in (BOTH, sign)]
        meta = {key: value for key, value in document.items() if key != "metadata" or value != {}}
        if document == meta and not isinstance(document.get("metadata"), dict) and document:
            assert bare(line.text for line in mine) == bare(text for text, _ in inline(document, "", ""))
        numbers = [line.declared if sign == DECLARED else line.live for line in mine]
        assert numbers == list(range(1, len(mine) + 1))
    assert all((line.declared is None) == (line.sign == LIVE) and (line.live is None) == (line.sign == DECLARED) for line in lines)


@given(DOCUMENTS, DOCUMENTS)
def test_lines_differ_exactly_where_documents_do(declared: dict[str, Any], live: dict[str, Any]) -> None:
    assert not shown(diff(declared, declared).lines)
    found = diff(declared, live)
    same = json.dumps(declared, sort_keys=True) == json.dumps(live, sort_keys=True)
    assert bool(shown([*found.lines, *found.server])) != same


@given(DOCUMENTS, DOCUMENTS)
def test_stretches_are_all_of_the_lines_once(declared: dict[str, Any], live: dict[str, Any]) -> None:
    lines = diff(declared, live).lines
    found = stretches(lines)
    assert [n for one in found for n in range(one.start, one.end)] == list(range(len(lines)))
    assert all(line.sign == BOTH for one in found if not one.differs for line in lines[one.start : one.end])


@given(st.text(alphabet="ab c:.\n", max_size=30), st.text(alphabet="ab c:.\n", max_size=30) | st.none())
def test_the_pieces_of_a_line_are_the_line(text: str, other: str | None) -> None:
    assert "".join(piece for piece, _ in marked(text, other)) == text


def test_it_is_written_as_people_write_manifests() -> None:
    lines = [line.text for line in diff(DEPLOYMENT, DEPLOYMENT).lines]
    assert lines == [
        "apiVersion: apps/v1",
        "kind: Deployment",
        "metadata:",
        "  name: payments-api",
        "  namespace: banking-prod",
        "spec:",
        "  replicas: 3",
        "  template:",
        "    spec:",
        "      containers:",
        "        - name: payments-api",
        "          image: registry.bank.example/payments-api:2.5.1",
        "          env:",
        "            - name: ENDPOINT",
        "              value: https://x",
        "          resources:",
        "            limits:",
        '              cpu: "2"',
        "              memory: 1Gi",
    ]


def test_a_changed_value_is_one_line_of_each_side_and_the_word_is_marked() -> None:
    path = ("spec", "template", "spec", "containers", 0, "resources", "limits", "memory")
    mine, theirs = [line for line in diff(DEPLOYMENT, changed(path, "4Gi")).lines if line.sign != BOTH]
    assert (mine.text.strip(), theirs.text.strip()) == ("memory: 1Gi", "memory: 4Gi")
    assert mine.path == "spec.template.spec.containers[payments-api].resources.limits.memory"
    assert [piece for piece, differs in marked(theirs.text, theirs.other) if differs] == ["4Gi"]
    assert [piece for piece, differs in marked(mine.text, mine.other) if differs] == ["1Gi"]


def test_an_added_item_does_not_move_those_around_it() -> None:
    env = [{"name": "RETRY", "value": "0"}, {"name": "ENDPOINT", "value": "https://x"}]
    live = changed(("spec", "template", "spec", "containers", 0, "env"), env)
    assert shown(diff(DEPLOYMENT, live).lines) == ["+            - name: RETRY", '+              value: "0"']


def test_what_the_api_server_writes_is_apart_and_never_dropped() -> None:
    live = changed(("status", "readyReplicas"), 1, changed(("metadata", "generation"), 9))
    live["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "payments"}
    found = diff(DEPLOYMENT, live)
    assert shown(found.lines) == ["+  annotations:", "+    team: payments"]
    last = "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]"
    assert found.written == ("metadata.generation", "metadata.uid", last, "status")
    assert shown(found.server) == [
        "+  annotations:",
        '+    kubectl.kubernetes.io/last-applied-configuration: "{}"',
        "-  generation: 7",
        "+  generation: 9",
        "-  readyReplicas: 3",
        "+  readyReplicas: 1",
    ]


def test_masks_that_differ_are_said_to_hide_a_difference_and_equal_ones_are_not() -> None:
    declared = {"kind": "Secret", "data": {"a": "++++++++", "b": "++++++++"}}
    live = {"kind": "Secret", "data": {"a": "++++++++++++", "b": "++++++++"}}
    found = diff(declared, live)
    assert [(line.text.strip(), line.hidden) for line in found.lines if line.sign != BOTH] == [
        ('a: "++++++++"', True),
        ('a: "++++++++++++"', True),
    ]
    assert found.hidden == 2
    assert [piece for piece, differs in marked(found.lines[2].text, found.lines[2].other) if differs] == ["++++++++"]


def test_a_value_that_was_taken_out_on_both_sides_differs_where_the_source_told_so() -> None:
    one = {"data": {"password": "[removed]", "b": "[removed]", "file": "user: x\npassword: [removed]\n"}}
    assert not shown(diff(one, one).lines)
    found = diff(one, one, {"data.password", "data.file"})
    assert shown(found.lines) == [
        "-    password: [removed]",
        "+    password: [removed]",
        '-  password: "[removed]"',
        '+  password: "[removed]"',
    ]
    assert found.hidden == 4


def test_a_missing_and_an_extra_object_are_all_of_one_side() -> None:
    assert {line.sign for line in diff(DEPLOYMENT, None).lines} == {DECLARED}
    assert {line.sign for line in diff(None, DEPLOYMENT).lines} == {LIVE}
    assert {line.sign for line in diff(None, DEPLOYMENT).server} == {LIVE}
    assert diff(None, None).lines == ()


def test_what_is_one_to_python_and_two_to_json_differs() -> None:
    assert shown(diff({"a": 1}, {"a": True}).lines) == ["-a: 1", "+a: true"]
    assert shown(diff({"a": "1"}, {"a": 1}).lines) == ['-a: "1"', "+a: 1"]
    assert shown(diff({"a": "null"}, {"a": None}).lines) == ['-a: "null"', "+a: null"]
    assert shown(diff({"a": {}}, {"a": None}).lines) == ["-a: {}", "+a: null"]


def test_equal_lines_are_folded_from_so_many_on() -> None:
    declared = {f"k{n:03}": n for n in range(100)}
    lines = diff(declared, declared | {"k010": 0, "k050": 0, "k058": 0, "k098": 0}).lines
    assert [(one.end - one.start, one.differs) for one in stretches(lines)] == [
        (7, False),
        (8, True),
        (33, False),
        (17, True),
        (33, False),
        (6, True),
    ]
    assert LEAST == 4


def test_fields_of_which_none_is_alike_stand_under_the_one_key() -> None:
    found = diff({"data": {"a": 1}, "items": [{"b": 1}]}, {"data": {"c": 2}, "items": [{"d": 2}]})
    assert [f"{line.sign}{line.text}" for line in found.lines] == [
        " data:",
        "-  a: 1",
        "+  c: 2",
        " items:",
        "-  - b: 1",
        "+  - d: 2",
    ]


def test_absurd_depth_is_written_all_the_same() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = {"a": deep}
    lines = diff({"x": deep}, {"x": {"a": deep}}).lines
    assert 60 < len(lines) < 80
    assert lines[-1].text.count('{"a":') > 100
