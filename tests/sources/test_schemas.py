"""The fake Argo CD's answers are those of the vendor's swagger document, where VENDOR_SCHEMAS names the folder that holds it.

The fake Terraform Enterprise's and GitHub's are compared in `tfe/test_fake_schema.py` and `github/test_vendor_schema.py`.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.sources.line import places
from tests.sources.test_faults import scene

jsonschema = pytest.importorskip("jsonschema")
DOCUMENT = Path(os.environ.get("VENDOR_SCHEMAS", "/nowhere")) / "argocd-swagger-v3.5.1.json"
pytestmark = pytest.mark.skipif(not DOCUMENT.is_file(), reason="VENDOR_SCHEMAS names no folder with argocd-swagger-v3.5.1.json")
ANSWERS = {
    "GET /api/v1/applications": "v1alpha1ApplicationList",
    "GET /api/v1/applications/{}": "v1alpha1Application",
    "GET /api/v1/applications/{}/events": "eventsEventList",
    "GET /api/v1/applications/{}/managed-resources": "applicationManagedResourcesResponse",
    "GET /api/v1/applications/{}/revisions/{}/metadata": "v1alpha1RevisionMetadata",
}
TIMES = ("v1Time", "v1MicroTime")  # protobuf's shape in the document; on the wire they are RFC 3339 texts


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DOCUMENT.read_text())
    for name in TIMES:
        if name in found["definitions"]:
            found["definitions"][name] = {"type": ["string", "null"]}
    found["definitions"]["v1FieldsV1"] = {}  # any JSON
    return found


@pytest.mark.parametrize("endpoint", ANSWERS)
def test_an_answer_has_the_shape_of_its_type(document: dict[str, Any], endpoint: str) -> None:
    body = scene("argocd").line.answers[endpoint].document
    schema = {"$ref": f"#/definitions/{ANSWERS[endpoint]}", "definitions": nullable(document["definitions"])}
    wrong = [
        f"{'/'.join(map(str, error.path))}: {error.message[:200]}"
        for error in jsonschema.Draft202012Validator(schema).iter_errors(body)
    ]
    assert wrong == []


def nullable(value: Any) -> Any:
    """Go writes an empty list or object as null: the document does not say so."""
    if isinstance(value, list):
        return [nullable(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: nullable(item) for key, item in value.items()}
    return made | {"type": [made["type"], "null"]} if made.get("type") in ("array", "object") else made


@pytest.mark.parametrize("endpoint", ANSWERS)
def test_an_answer_has_no_field_that_its_type_has_not(document: dict[str, Any], endpoint: str) -> None:
    body = scene("argocd").line.answers[endpoint].document
    known = document["definitions"]
    odd = [".".join(path) for path in places(body) if path and not _known(known, ANSWERS[endpoint], path)]
    assert odd == []


def _known(definitions: dict[str, Any], name: str, path: tuple[str, ...]) -> bool:
    """Whether the document has such a place; where it says nothing of an object's fields, any may stand."""
    found: Any = {"$ref": f"#/definitions/{name}"}
    for part in path:
        found = _resolved(definitions, found)
        if part == "*":
            found = found.get("items", {})
        elif part in found.get("properties", {}):
            found = found["properties"][part]
        elif found.get("additionalProperties") or not found.get("properties"):
            found = found.get("additionalProperties") or {}
            found = found if isinstance(found, dict) else {}
        else:
            return False
    return True


def _resolved(definitions: dict[str, Any], found: Any) -> Any:
    while "$ref" in found:
        found = definitions[found["$ref"].rpartition("/")[2]]
    return found
