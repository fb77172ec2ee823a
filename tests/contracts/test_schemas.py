"""The schema files: valid, told in words, with examples that hold, and read alike by both of our checks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import tgi_contracts
from tgi_contracts import Violation, is_valid, names, schema, violations

ALL = names()
REGISTRY: Registry[Any] = Registry().with_resources(
    [(schema(name)["$id"], Resource.from_contents(schema(name))) for name in ALL]
)


def plain_validator(name: str) -> Draft202012Validator:
    """What a user of another language has: a validator that knows the files, and nothing of ours."""
    return Draft202012Validator(schema(name), registry=REGISTRY)


@pytest.mark.parametrize("name", ALL)
def test_each_file_is_json_schema_2020_12_and_named_by_itself(name: str) -> None:
    found = schema(name)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["$id"].endswith(f"/schemas/{name}.json")
    Draft202012Validator.check_schema(found)


@pytest.mark.parametrize("name", ALL)
def test_each_schema_has_a_title_a_description_and_an_example(name: str) -> None:
    found = schema(name)
    assert found["title"]
    assert found["description"].endswith((".", "`", ")"))
    assert found["examples"]


@pytest.mark.parametrize("name", ALL)
def test_each_example_satisfies_its_schema_for_us_and_for_a_plain_validator(name: str) -> None:
    validator = plain_validator(name)
    for example in schema(name)["examples"]:
        assert violations(example, name) == []
        assert list(validator.iter_errors(example)) == []


@pytest.mark.parametrize("name", ALL)
def test_references_name_files_that_exist(name: str) -> None:
    text = (files("tgi_contracts") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    for target in re.findall(r'"\$ref": "([^"]*)"', text):
        assert target.removesuffix(".json") in ALL, target


def test_every_object_of_an_answer_of_the_router_is_closed() -> None:
    """Requests, the hosted API and JSON Schema itself alone may have members that are not named."""
    open_on_purpose = {
        "ChatTokenizeRequest", "CompletionRequest", "FunctionDefinition", "FunctionName",
        "GenerateParameters", "GenerateRequest", "GenerateVertexInstance", "GrammarType",
        "JsonSchemaConfig", "Message",
        "MessageChunk", "StreamOptions", "TokenizeRequest", "Tool", "ToolCall", "ToolChoice", "Url",
        "VertexRequest", "DeployedModel", "HostedError", "ModelStatus", "OpenapiDocument",
    }  # fmt: skip
    found = set()
    for name in ALL:
        for part in subschemas(schema(name)):
            is_object = "properties" in part and part.get("type") == "object" and "required" in part
            if is_object and "additionalProperties" not in part:
                found.add(name)
    assert found <= open_on_purpose


def subschemas(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [each for item in part for each in subschemas(item)]
    if isinstance(part, dict):
        inner = (value for key, value in part.items() if key not in ("examples", "if"))
        return [part, *(each for value in inner for each in subschemas(value))]
    return []


def test_a_violation_says_where_which_rule_what_was_expected_and_what_came() -> None:
    token = {"id": "7", "text": "a", "logprob": -1.0, "special": False}
    assert violations(token, "Token") == [Violation("$.id", "type", "integer", '"7"')]
    assert str(violations(token, "Token")[0]) == '$.id: expected integer, got "7" (type)'


def test_a_missing_member_is_named_at_the_object_that_lacks_it() -> None:
    [violation] = violations({"generated_text": "x", "details": {}}, "GenerateResponse")[:1]
    assert (violation.where, violation.rule) == ("$.details", "required")
    assert "finish_reason" in violation.expected


def test_of_several_alternatives_the_one_that_comes_closest_is_told() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": "2"}
    chunk = {**schema("ChatCompletionChunk")["examples"][1], "usage": usage}
    assert violations(chunk, "ChatCompletionChunk") == [
        Violation("$.usage.total_tokens", "type", "integer", '"2"')
    ]


@pytest.mark.parametrize("number", [3.0, float("nan"), float("inf"), True])
def test_what_the_router_never_writes_as_an_integer_is_none(number: object) -> None:
    assert not is_valid({"prompt_tokens": number, "completion_tokens": 1, "total_tokens": 4}, "Usage")


def test_an_unknown_schema_is_a_lookup_error_that_suggests_the_nearest() -> None:
    with pytest.raises(LookupError, match=r"did you mean .*GenerateResponse"):
        schema("GenerateRespons")


def test_the_schema_handed_out_is_the_callers_own() -> None:
    schema("Token")["properties"].clear()
    assert schema("Token")["properties"]


def test_importing_the_package_imports_nothing_but_the_standard_library() -> None:
    """Nor does looking something up: jsonschema is for judging values."""
    code = (
        "import sys; before = set(sys.modules); import tgi_contracts as c\n"
        "c.schema('Token'), c.endpoint('POST', '/generate'), c.error_rows(), c.openapi()\n"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before}\n"
        "print(*sorted(new - sys.stdlib_module_names - {'tgi_contracts'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == []


def test_without_jsonschema_a_judgement_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['jsonschema'] = None; import tgi_contracts as c\n"
        "try: c.violations('length', 'FinishReason')\n"
        "except ImportError as error: print(error)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'text-generation[fake]'" in out.stdout


def test_what_is_public_is_listed() -> None:
    assert sorted(tgi_contracts.__all__, key=str) == sorted(set(tgi_contracts.__all__), key=str)
    assert all(hasattr(tgi_contracts, name) for name in tgi_contracts.__all__)


@pytest.mark.parametrize("name", ALL)
def test_files_are_laid_out_alike(name: str) -> None:
    text = (files("tgi_contracts") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_what_is_public_can_be_asked_for_and_nothing_else() -> None:
    assert set(tgi_contracts.__all__) <= set(dir(tgi_contracts))
    assert set(tgi_contracts._PARTS) == set(tgi_contracts.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        tgi_contracts.nope  # noqa: B018
