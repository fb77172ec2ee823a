"""What Python hands over for a stub is checked as a file is: what was expected, what came."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from fake_tgi import FakeTGI
from fake_tgi.matching import Absent, Contains, Equals, FormError, Matches, RequestPattern, Schema, Subset
from fake_tgi.stubs import Error, Generated, Raw, Recorded, Step, Stub, StubToken, Text, Tokens, ToolCall

DEEP: list[Any] = []
DEEP.append(DEEP)


def in_words(make: Callable[[], Any]) -> str:
    with pytest.raises(FormError) as caught:
        make()
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Stub(answer="a", priority="x"), 'priority: expected a whole number, got "x"'),
        (lambda: Stub(answer="a", priority=1.5), "priority: expected a whole number, got 1.5"),
        (lambda: Stub(answer="a", priority=float("nan")), "priority: expected a whole number, got NaN"),
        (lambda: Stub(answer="a", priority=True), "priority: expected a whole number, got true"),
        (lambda: Stub(answer="a", priority=10**4000), "priority: expected a number of at most 3000 digits"),
        (lambda: Stub(answer="a", times=10**4000), "times: expected a number of at most 3000 digits"),
        (lambda: Stub(answer="a", name=""), "name: expected a text that is not empty"),
        (lambda: Stub(answer="a", name=5), "name: expected a text that is not empty"),
        (lambda: Stub(answer="a", step="s"), 'scenario: expected a Step, got "s"'),
        (lambda: Step(""), 'scenario.name: expected a text that is not empty'),
        (lambda: Step("s", ""), "scenario.state: expected a text"),
        (lambda: Step("s", None, 5), "scenario.next: expected a text"),
        (lambda: Stub(5, "a"), "when: expected a RequestPattern, an object in its form, or None"),
        (lambda: Stub(0, "a"), "when: expected a RequestPattern, an object in its form, or None"),
        (lambda: Stub(answer={"raw": {"json": {5: 1}}}), "raw.json: expected names that are texts, got 5"),
    ],
)  # fmt: skip
def test_a_stub_is_checked_where_it_is_made(make: Callable[[], Any], told: str) -> None:
    assert in_words(make).startswith(told)


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: RequestPattern(inputs=object()), "inputs"),
        (lambda: RequestPattern(inputs=b"bytes"), "inputs"),
        (lambda: RequestPattern(inputs=[1, {2}]), "inputs[1]"),
        (lambda: RequestPattern(inputs="\ud800"), "inputs"),
        (lambda: RequestPattern(parameters={"seed": float("inf")}), "parameters.seed"),
        (lambda: RequestPattern(parameters={5: 1}), "parameters"),
        (lambda: RequestPattern(5), "route"),
        (lambda: RequestPattern("/\ud800"), "route"),
        (lambda: RequestPattern(predicate=5), "predicate"),
        (lambda: Equals({"a": object()}), "equals.a"),
        (lambda: Equals(DEEP), "equals[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]…"),
        (lambda: Contains(object()), "contains"),
        (lambda: Subset(5), "subset"),
        (lambda: Subset({"a": {1}}), "subset.a"),
        (lambda: Schema(5), "schema"),
        (lambda: Schema({"const": object()}), "schema.const"),
        (lambda: Matches(re.compile(b"a")), "matches"),
        (lambda: Matches("a{99999999999999999999}"), "matches"),
        (lambda: Matches("(" * 5000), "matches"),
        (lambda: Absent("no"), "absent"),
    ],
)  # fmt: skip
def test_a_pattern_is_checked_where_it_is_made(make: Callable[[], Any], where: str) -> None:
    with pytest.raises(FormError) as caught:
        make()
    assert [each.where for each in caught.value.differences] == [where]


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: Raw(5), "raw.body"),
        (lambda: Raw(["a", 5]), "raw.body"),
        (lambda: Raw(headers=5), "raw.headers"),
        (lambda: Raw(headers={5: "a"}), 'raw.headers["5"]'),
        (lambda: Raw(headers={"a": 5}), "raw.headers.a"),
        (lambda: Recorded(5), "exchange"),
        (lambda: Generated(5), "generation"),
        (lambda: Text("a", []), "finish_reason"),
        (lambda: Tokens(5), "tokens"),
        (lambda: Tokens(b"ab"), "tokens"),
        (lambda: Tokens([StubToken(5)]), "tokens[0].text"),
        (lambda: Tokens(["a", StubToken("a", -1)]), "tokens[1].id"),
        (lambda: Tokens([StubToken("a", logprob="b")]), "tokens[0].logprob"),
        (lambda: Tokens([StubToken("a", special=5)]), "tokens[0].special"),
        (lambda: ToolCall("f", 5), "tool_call.arguments"),
        (lambda: ToolCall("f", {"a": {1}}), "tool_call.arguments.a"),
        (lambda: Error([]), "error"),
        (lambda: Error("validation", 5), "message"),
    ],
)  # fmt: skip
def test_an_answer_is_checked_where_it_is_made(make: Callable[[], Any], where: str) -> None:
    with pytest.raises(FormError) as caught:
        make()
    assert [each.where for each in caught.value.differences] == [where]


def test_the_verbs_say_what_they_expected_and_place_nothing() -> None:
    with FakeTGI() as fake:
        assert in_words(lambda: fake.on(5)).startswith("route: expected a path")
        assert "a function of the value" in in_words(lambda: fake.on(inputs=object()))
        assert "a value that JSON has" in in_words(lambda: fake.on().json({1, 2}))
        assert in_words(lambda: fake.on().in_scenario("").reply("a")).startswith("scenario.name: expected")
        assert in_words(lambda: fake.on().priority("x").reply("a")).startswith("priority: expected")
        with pytest.raises(TypeError, match=r"near_misses: expected a request that the fake saw.*, got 5"):
            fake.near_misses(5)
        assert list(fake._control.state.stubs) == []


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"$ref": "http://127.0.0.1:1/x.json"}, "schema.$ref"),
        ({"properties": {"a": {"items": {"$ref": "#/$defs/b"}}}}, "schema.properties.a.items.$ref"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$dynamicRef": "#b"}}}, "schema.$defs.a.$dynamicRef"),
        ({"$ref": "#/here", "here": {"$ref": "#/there"}}, "schema.here.$ref"),
        ({"$ref": "#/here", "here": {"type": 5}}, "schema.$ref"),
        ({"$ref": "#/const/0", "const": [5]}, "schema.$ref"),
        ({"$ref": "http://[::1"}, "schema.$ref"),
        ({"$ref": "#/prefixItems/x", "prefixItems": [{}]}, "schema.$ref"),
    ],
)
def test_a_reference_that_leads_to_no_schema_is_refused_with_its_place(
    schema: dict[str, Any], where: str
) -> None:
    with pytest.raises(FormError) as caught:
        Schema(schema)
    (wrong,) = caught.value.differences
    assert wrong.where.replace('["$', ".$").replace('"]', "") == where
    assert "in the schema itself (nothing is fetched)" in wrong.expected


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}},
        {"$ref": "#/here", "here": {"$ref": "#/there"}, "there": {"type": "string"}},
        {"$id": "http://a.b/c", "$ref": "d",
         "$defs": {"d": {"$id": "d", "$ref": "c#e"}, "e": {"$anchor": "e"}}},
        {"$defs": {"own": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a",
         "definitions": {"a": {"type": "string"}}},
        {"enum": ["a", {"$ref": "nowhere, and no reference"}]},
        True,
    ],
)  # fmt: skip
def test_a_reference_inside_the_schema_is_followed(schema: Any) -> None:
    assert list(Schema(schema).differences("a", "body")) == []


def test_a_schema_that_never_ends_says_so_of_every_value() -> None:
    endless = Schema({"$ref": "#"})
    (difference,) = endless.differences("a", "body")
    assert "both go too deep" in difference.got


@pytest.mark.parametrize(
    ("compiled", "written"),
    [
        (re.compile("a"), "a"),
        (re.compile("(?i)a"), "(?i)a"),
        (re.compile("a b", re.I | re.X), "(?ix)a b"),
        (re.compile("(?m)^a", re.S), "(?sm)^a"),
        (re.compile(r"\w", re.A), r"(?a)\w"),
    ],
)
def test_a_regular_expression_is_shown_with_its_flags(compiled: re.Pattern[str], written: str) -> None:
    shown = Matches(compiled).as_json()
    assert shown == ("matches", written)
    assert re.compile(written).flags == compiled.flags
    assert Matches(written).as_json() == shown
