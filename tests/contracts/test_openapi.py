"""Our OpenAPI document: valid, whole, and right where the published one is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tgi_contracts import endpoints, is_valid, openapi, recordings, schema, violations

from .answered import answered
from .published import difference_table

DOCUMENT = openapi()


def test_it_is_what_our_own_contract_of_such_a_document_asks_for() -> None:
    assert violations(DOCUMENT, "OpenapiDocument") == []
    assert DOCUMENT["openapi"] == "3.1.0"


@pytest.mark.sweep
def test_it_is_valid_openapi_3_1() -> None:
    validate(DOCUMENT)


def test_every_route_is_in_it_with_every_status_and_content_type() -> None:
    for each in endpoints():
        operation = DOCUMENT["paths"][each.path][each.method.lower()]
        assert set(operation["responses"]) == {str(status) for status in each.answers}
        for status, forms in each.answers.items():
            content = operation["responses"][str(status)].get("content", {})
            assert set(content) == {form.content_type for form in forms if form.content_type is not None}
        assert ("requestBody" in operation) == (each.request is not None)
        assert ("security" in operation) == (each.api_key or each.origin == "fake")


def test_every_reference_leads_to_a_schema_and_every_schema_is_needed() -> None:
    text = json.dumps(DOCUMENT)
    named = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', text))
    assert named == set(DOCUMENT["components"]["schemas"])
    assert ".json" not in re.sub(r"openapi\.json", "", json.dumps(DOCUMENT["paths"]))


def test_operation_ids_are_one_of_a_kind() -> None:
    ids = [o["operationId"] for operations in DOCUMENT["paths"].values() for o in operations.values()]
    assert len(set(ids)) == len(ids)


def component(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    )


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_a_schema_in_it_means_what_its_file_means(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])
    for example in schema(name)["examples"]:
        assert component(name).is_valid(example)
    for value in (None, 5, "x", [], {}, {"unexpected": 1}):
        assert component(name).is_valid(value) == is_valid(value, name)


def test_every_recorded_answer_is_allowed_by_it() -> None:
    """One event or answer of each shape; those of one shape read alike."""
    seen: set[tuple[Any, ...]] = set()
    for exchange in recordings():
        request, response = exchange["request"], exchange["response"]
        path, method = request["path"].partition("?")[0], request["method"].lower()
        operation = DOCUMENT["paths"].get(path, {}).get(method)
        if operation is None or response["status"] == 405:
            continue
        media = dict(map(tuple, response["headers"])).get("content-type")
        answer = operation["responses"][str(response["status"])]
        assert (media is None) == ("content" not in answer)
        for value, _ in answered(exchange) if media is not None else ():
            key = (path, response["status"], media, str(value)[:40])
            if key not in seen:
                seen.add(key)
                schema = {**answer["content"][media]["schema"], "components": DOCUMENT["components"]}
                assert Draft202012Validator(schema).is_valid(value), exchange["name"]
    assert len(seen) > 300


def test_streams_are_described_by_their_events() -> None:
    content = DOCUMENT["paths"]["/v1/chat/completions"]["post"]["responses"]["200"]["content"][
        "text/event-stream"
    ]
    assert content["schema"] == {"$ref": "#/components/schemas/ChatStreamEvent"}
    assert content["x-event-stream"]["done"] is True


def test_the_hosted_routes_can_be_left_out_and_the_version_set() -> None:
    own = openapi(version="9.9.9", hosted=False)
    assert own["info"]["version"] == "9.9.9"
    assert not any(path.startswith(("/models", "/status", "/framework")) for path in own["paths"])
    assert "ModelStatus" not in own["components"]["schemas"]


def test_the_document_handed_out_is_the_callers_own() -> None:
    openapi()["components"]["schemas"]["Token"]["examples"][0].clear()
    openapi()["components"]["schemas"]["Token"].clear()
    openapi()["paths"]["/generate"]["post"]["responses"]["200"]["headers"]["vary"]["schema"].clear()
    assert openapi() == DOCUMENT


@pytest.mark.sweep
@pytest.mark.needs_shared
def test_the_docs_list_every_disagreement_of_the_published_document_with_its_router(shared: Path) -> None:
    document = json.loads((shared / "spec" / "openapi.json").read_text(encoding="utf-8"))
    docs = Path(__file__).parents[2] / "docs" / "contracts.md"
    listed = docs.read_text(encoding="utf-8").partition("<!-- published -->\n")[2].partition("\n<!--")[0]
    assert listed == difference_table(document)
