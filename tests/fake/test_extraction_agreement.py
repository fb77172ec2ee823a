"""Two ways lead through the extractor: what the fast one accepts, the exact one reads alike."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi import request_shapes as shapes
from fake_tgi.extraction import ExtractionRefusal, extract
from fake_tgi.requests import (
    ChatRequest,
    CompatGenerateRequest,
    CompletionRequest,
    GenerateRequest,
    SagemakerRequest,
    VertexRequest,
)
from fake_tgi.serde.enums import AdjacentlyTagged, InternallyTagged, Untagged
from fake_tgi.serde.plain import scan
from fake_tgi.serde.reader import DecodeError, JsonReader
from fake_tgi.serde.shapes import Converted, ListOf, Optional, Shape
from fake_tgi.serde.structs import REQUIRED, Field, Struct
from fake_tgi.serde.text import JsonSource

SHAPES: dict[Any, Shape[Any]] = {
    GenerateRequest: shapes.GENERATE_REQUEST,
    CompatGenerateRequest: shapes.COMPAT_GENERATE_REQUEST,
    ChatRequest: shapes.CHAT_REQUEST,
    CompletionRequest: shapes.COMPLETION_REQUEST,
    VertexRequest: shapes.VERTEX_REQUEST,
    SagemakerRequest: shapes.SAGEMAKER_REQUEST,
}


def structs(shape: object) -> Iterator[Struct[Any]]:
    """Every struct in a shape, outermost first."""
    if isinstance(shape, Struct):
        yield shape
        for field in (*shape.fields, *filter(None, [shape.flattened])):
            yield from structs(field.shape)
    elif isinstance(shape, (Optional, ListOf, Converted)):
        yield from structs(shape.shape)
    elif isinstance(shape, Untagged):
        for variant in shape.variants:
            yield from structs(variant)
    elif isinstance(shape, (InternallyTagged, AdjacentlyTagged)):
        for tagged in shape.variants:
            yield from structs(tagged.shape)


ALL_STRUCTS = {struct.kind: struct for shape in SHAPES.values() for struct in structs(shape)}

# Fragments that JSON, Python and serde_json see differently, among plain ones.
ODD_NUMBERS = """
    0 1 -1 -0 -0.0 1.0 0.5 1e2 1E+2 01 1. .5 - NaN -Infinity 1e309 1e-400 0e99999999999 1e99999999999
    2147483648 4294967296 9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616
    123456789012345678901234567890 0.1234567890123456789 5.0e-324 8.41e21 3.4028236e38 16777217
    9007199791611905 0.9463945146625085
"""
ODD_CHARACTERS = "a\u00e9\U0001f600\x01\u2028"
ESCAPES = r"\n \\ \" \/ \x \u0041 \ud83d \ude00 \ud83d\ude00 \u00"
ODD_WORDS = 'null true false nul user "auto" "json" "regex" "text" "function"'

NUMBERS = st.sampled_from(ODD_NUMBERS.split()) | st.floats().map(repr)
STRINGS = st.lists(st.sampled_from([*ODD_CHARACTERS, *ESCAPES.split()]), max_size=4).map(
    lambda parts: f'"{"".join(parts)}"'
)
WORDS = st.sampled_from(ODD_WORDS.split())
SPACE = st.sampled_from(["", "", "", " ", "\n"])


def keys(struct: Struct[Any]) -> list[tuple[str, Field]]:
    return [(key, field) for field in struct.fields for key in (field.name, *field.aliases)]


NAMES = sorted({"x"} | {key for struct in ALL_STRUCTS.values() for key, _ in keys(struct)})


def array(items: list[str]) -> str:
    return f"[{','.join(items)}]"


def object_(entries: list[tuple[str, str, str]]) -> str:
    return "{" + ",".join(f"{space}{json.dumps(key)}:{value}" for key, space, value in entries) + "}"


JSON_TEXTS = st.recursive(
    NUMBERS | STRINGS | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3).map(array)
        | st.lists(st.tuples(st.sampled_from(NAMES), SPACE, inner), max_size=3).map(object_)
    ),
    max_leaves=8,
)


@st.composite
def fitting(draw: st.DrawFn, shape: object) -> str:
    """JSON text that mostly fits `shape`, and now and then anything else."""
    if draw(st.integers(0, 19)) == 0:
        return draw(JSON_TEXTS)
    if isinstance(shape, Struct):
        entries = [
            (name, draw(SPACE), draw(fitting(field.shape)))
            for name, field in keys(shape)
            if field.default is REQUIRED or draw(st.integers(0, 7)) == 0
        ]
        if shape.flattened is not None:
            variant = draw(st.sampled_from(shape.flattened.shape.variants))  # type: ignore[attr-defined]
            entries += [(field.name, "", draw(fitting(field.shape))) for field in variant.fields]
        if draw(st.integers(0, 9)) == 0:
            return array([value for _, _, value in entries])
        return object_(entries)
    if isinstance(shape, Optional):
        return draw(st.just("null") | fitting(shape.shape))
    if isinstance(shape, Converted):
        return draw(fitting(shape.shape))
    if isinstance(shape, ListOf):
        return array(draw(st.lists(fitting(shape.shape), max_size=2)))
    if isinstance(shape, Untagged):
        return draw(st.sampled_from(shape.variants).flatmap(fitting))
    if isinstance(shape, AdjacentlyTagged):
        variant = draw(st.sampled_from(shape.variants))
        entries = [("type", "", json.dumps(draw(st.sampled_from(variant.names))))]
        entries.append(("value", "", draw(fitting(variant.shape))))
        return object_(draw(st.permutations(entries)))
    if isinstance(shape, InternallyTagged):
        variant = draw(st.sampled_from(shape.variants))
        text = draw(fitting(variant.shape))
        return f'{{"type":"{variant.names[0]}",{text[1:]}' if text[:1] == "{" else text
    return draw(NUMBERS | STRINGS | WORDS)


@st.composite
def bodies(draw: st.DrawFn, shape: Shape[Any]) -> bytes:
    """Request bodies: fitting, nearly fitting, and damaged."""
    text = draw(fitting(shape) | JSON_TEXTS)
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(text)))
        text = (
            text[:at] + draw(st.sampled_from(["", ",", "}", "]", '"', "\\", " ", "\ufeff"])) + text[at + 1 :]
        )
    return text.encode()


def outcome(shape: Shape[Any], body: bytes) -> str:
    """What the exact way makes of a body. A repr tells 1 from 1.0 from True and shows the order of keys."""
    try:
        return repr(shape.decode(JsonSource(JsonReader(body))))
    except DecodeError as error:
        return f"refused: {error.message}"


@pytest.mark.parametrize(
    "request_type", SHAPES, ids=lambda each: getattr(each, "__name__", "SagemakerRequest")
)
@given(data=st.data())
def test_what_the_fast_way_accepts_the_exact_way_reads_alike(request_type: Any, data: st.DataObject) -> None:
    shape = SHAPES[request_type]
    body = data.draw(bodies(shape))
    try:
        fast = repr(shape.plain(scan(body)))
    except DecodeError:
        return
    assert fast == outcome(shape, body)


@given(body=JSON_TEXTS.map(str.encode))
def test_what_is_scanned_is_what_would_have_been_read(body: bytes) -> None:
    try:
        scanned = scan(body)
    except DecodeError:
        return
    assert repr(scanned) == repr(JsonReader(body).anything())


def test_plain_requests_take_the_fast_way() -> None:
    """Without this the agreement could be an empty one."""
    for request_type, body in {
        GenerateRequest: b'{"inputs":"a","parameters":{"temperature":0.7,"stop":["\\n"],"grammar":null}}',
        ChatRequest: b'{"messages":[{"role":"user","content":"\\ud83d\\ude00"}],"tool_choice":"auto","x":[]}',
        CompletionRequest: b'{"prompt":["a","b"],"max_tokens":20}',
        VertexRequest: b'{"instances":[{"inputs":"a"},{"messages":[]}]}',
    }.items():
        assert repr(SHAPES[request_type].plain(scan(body))) == outcome(SHAPES[request_type], body)


def test_deep_text_is_left_to_the_exact_way() -> None:
    nested = b"[" * 127 + b"]" * 127
    assert repr(scan(nested)) == repr(JsonReader(nested).anything())
    many = b"[" + b",".join([b"[[]]"] * 200) + b"]"
    assert repr(scan(many)) == repr(JsonReader(many).anything())
    with pytest.raises(DecodeError):
        scan(b"[" + nested + b"]")


@pytest.mark.parametrize("struct", ALL_STRUCTS.values(), ids=lambda struct: struct.kind)
def test_a_request_class_has_the_defaults_of_its_table(struct: Struct[Any]) -> None:
    """The fast way leaves defaults to the class, so the class and the table must say the same."""
    if not dataclasses.is_dataclass(struct.build):
        assert all(not field.may_be_left_out() for field in struct.fields)
        return
    defaults = {field.name: field.default for field in dataclasses.fields(struct.build)}
    for field in struct.fields:
        assert field.name in defaults
        if field.may_be_left_out():
            assert repr(defaults[field.name]) == repr(field.missing())


@pytest.mark.parametrize(
    "request_type", SHAPES, ids=lambda each: getattr(each, "__name__", "SagemakerRequest")
)
@given(body=st.binary(max_size=40) | JSON_TEXTS.map(str.encode))
def test_any_bytes_are_read_or_refused(request_type: Any, body: bytes) -> None:
    status, text = 200, "Failed to"
    try:
        extract(request_type, "application/json", body, 1000)
    except ExtractionRefusal as refusal:
        status, text = refusal.status, refusal.text
    assert status in (200, 400, 422)
    assert text.startswith("Failed to")
