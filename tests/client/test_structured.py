"""Structured answers: the right grammar goes out, a validated object comes back."""

from __future__ import annotations

import dataclasses
import json
import re
from enum import Enum
from typing import Any, Literal

import jsonschema
import pydantic
import pytest

from text_generation import errors
from text_generation._structured import plan

from .raw_server import RawServer, response
from .wire import DETAILS, chat_answer, dumps, events, stream

USER = [{"role": "user", "content": "hi"}]


class Colour(Enum):
    RED = "red"
    DARK_RED = "red, but dark"


class Address(pydantic.BaseModel):
    street: str
    email: pydantic.AnyUrl | None = None


class Person(pydantic.BaseModel):
    """Somebody."""

    name: str = pydantic.Field(title="The name", min_length=1)
    age: int
    colour: Colour
    home: Address
    other: list[Address] = []


class Node(pydantic.BaseModel):
    children: list[Node]


@dataclasses.dataclass
class Point:
    x: int
    y: int


PERSON = {"name": "A", "age": 3, "colour": "red", "home": {"street": "s", "email": None}, "other": []}
CASES: list[tuple[Any, str, Any]] = [
    (Person, json.dumps(PERSON), Person.model_validate(PERSON)),
    (Point, '{"x": 1, "y": 2}', Point(1, 2)),
    (Colour, "red, but dark", Colour.DARK_RED),
    (Literal["yes", "no"], " yes", "yes"),
    (Literal[1, 2, None], "2", 2),
    (list[int], '{"value": [1, 2]}', [1, 2]),
    (int, '{"value": 7}', 7),
    ({"type": "object", "properties": {"a": {"type": "integer"}}}, '{"a": 1}', {"a": 1}),
]


def _reply(text: str, reason: str = "eos_token") -> bytes:
    details = {**DETAILS, "finish_reason": reason}
    return response(200, dumps([{"generated_text": text, "details": details}]))


@pytest.mark.parametrize(("output", "text", "expected"), CASES, ids=[str(case[0])[:30] for case in CASES])
def test_an_object_comes_back_from_both_routes(
    face: Any, server: RawServer, output: Any, text: str, expected: Any
) -> None:
    """Whole and streamed; the grammar has the same shape on both routes."""
    server.scripts += [[_reply(text)], [stream(*events([text]))], [response(200, dumps(chat_answer(text)))]]
    client = face.client(server.url)
    assert face.call(client, "generate", "hi", output=output).parsed == expected
    assert face.result(face.stream(client, "generate_stream", "hi", output=output)).parsed == expected
    assert face.call(client, "chat", USER, output=output).parsed == expected
    whole, streamed, chat = (json.loads(seen.body) for seen in server.seen)
    assert whole["parameters"]["grammar"] == streamed["parameters"]["grammar"] == chat["response_format"]


@pytest.mark.parametrize("output", [Person, Point, list[Person], dict[str, int], Point | None])
def test_schemas_are_as_tgi_wants_them(output: Any) -> None:
    """An object with properties at the top, no references, no formats that it does not know."""
    grammar = plan(output).grammar
    schema = grammar["value"]
    assert grammar["type"] == "json"
    assert schema["properties"]
    text = json.dumps(schema)
    assert "$ref" not in text
    assert "$defs" not in text
    assert '"uri"' not in text
    jsonschema.Draft202012Validator.check_schema(schema)


def test_a_property_may_be_called_like_a_keyword() -> None:
    """Names are the user's; only keywords are looked at."""

    class Odd(pydantic.BaseModel):
        title: str
        format: Literal["uri", "email"]
        default: int

    assert list(plan(Odd).value["properties"]) == ["title", "format", "default"]
    assert plan(Odd).value["properties"]["format"]["enum"] == ["uri", "email"]


def test_choices_become_a_regular_expression() -> None:
    """Escaped, the longer ones first."""
    found = plan(Colour)
    assert found.kind == "regex"
    for member in Colour:
        assert re.fullmatch(found.value, member.value)
    assert not re.fullmatch(found.value, "blue")


def test_a_regular_expression_gives_its_match(face: Any, server: RawServer) -> None:
    """With its groups."""
    server.scripts += [[_reply("2024-05")]]
    pattern = re.compile(r"(\d{4})-(\d{2})")
    assert face.call(face.client(server.url), "generate", "hi", output=pattern).parsed.groups() == (
        "2024",
        "05",
    )
    assert json.loads(server.seen[0].body)["parameters"]["grammar"] == {
        "type": "regex",
        "value": pattern.pattern,
    }


@pytest.mark.parametrize(
    ("output", "text"), [(Person, '{"name": "A"'), (Colour, "blue"), (re.compile("a+"), "b"), (int, "[]")]
)
def test_an_answer_that_does_not_fit_is_an_error(
    face: Any, server: RawServer, output: Any, text: str
) -> None:
    """With the text, and a word about `max_new_tokens` when it was cut off."""
    server.scripts += [[_reply(text, "length")], [stream(*events([text]))]]
    client = face.client(server.url)
    with pytest.raises(errors.StructuredOutputError, match="allow more tokens") as caught:
        face.call(client, "generate", "hi", output=output)
    assert caught.value.body == text
    assert caught.value.__cause__ is not None
    with pytest.raises(errors.StructuredOutputError):
        face.result(face.stream(client, "generate_stream", "hi", output=output))


@pytest.mark.parametrize("output", [Node, "text", 7, Literal[""], re.compile(b"x")])
def test_what_no_grammar_can_express_is_refused(face: Any, output: Any) -> None:
    """Before anything is sent."""
    with pytest.raises(errors.ConfigurationError, match="output"):
        face.call(face.client("http://127.0.0.1:9"), "generate", "hi", output=output)


def test_other_servers_get_openais_shape(face: Any, server: RawServer) -> None:
    """Where `omit_nulls` says that the server is none of TGI's."""
    server.scripts += [[response(200, dumps(chat_answer('{"x": 1, "y": 2}')))]]
    assert face.call(face.client(server.url, omit_nulls=True), "chat", USER, output=Point).parsed == Point(
        1, 2
    )
    sent = json.loads(server.seen[0].body)["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"]["properties"].keys() == {"x", "y"}


def test_openais_formats_are_translated_for_tgi(face: Any, server: RawServer) -> None:
    """TGI refuses them as they are."""
    schema = {
        "$defs": {"A": {"type": "integer"}},
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}},
    }
    given = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    server.scripts += [[response(200, dumps(chat_answer()))]] * 3
    client = face.client(server.url)
    face.call(client, "chat", USER, response_format=given)
    face.call(client, "chat", USER, response_format={"type": "text"})
    face.call(client, "chat", USER, response_format=given, omit_nulls=True)
    sent = [json.loads(seen.body).get("response_format") for seen in server.seen]
    flat = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert sent == [{"type": "json", "value": flat}, None, given]


def test_an_output_beside_a_grammar_is_refused(face: Any) -> None:
    """One of them must be meant."""
    client = face.client("http://127.0.0.1:9")
    with pytest.raises(errors.ConfigurationError, match="grammar"):
        face.call(client, "generate", "hi", output=Point, grammar={"type": "regex", "value": "x"})
    with pytest.raises(errors.ConfigurationError, match="tools"):
        face.call(client, "chat", USER, output=Point, response_format={"type": "regex", "value": "x"})
