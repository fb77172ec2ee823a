"""What a type checker makes of programs that script a fake. Checked by mypy, never run."""

from __future__ import annotations

import re
from collections import deque

from typing_extensions import assert_type

from fake_tgi.app import create_app
from fake_tgi.fault_plans import Cut
from fake_tgi.generation import Generation, Token
from fake_tgi.matching import (
    Absent,
    Asked,
    Contains,
    Difference,
    Equals,
    FormError,
    Matches,
    RequestPattern,
    Satisfies,
    Schema,
    Subset,
)
from fake_tgi.scenarios import START, Scenarios
from fake_tgi.settings import Settings
from fake_tgi.stubs import (
    Error,
    Faulty,
    Function,
    Generated,
    PlacedStub,
    Raw,
    Step,
    Stub,
    StubFailure,
    StubMap,
    StubToken,
    Text,
    Tokens,
    ToolCall,
    Unscripted,
    read_stub,
)


def patterns() -> None:
    pattern = RequestPattern(
        ["/", "/generate"],
        model="tgi",
        streaming=False,
        inputs=Contains("a"),
        messages=Schema({"minItems": 1}),
        parameters={"seed": Absent(), "top_p": 0.5, "stop": Equals([]), "temperature": lambda t: t > 0},
        headers={"x-a": Matches("^a"), "x-b": re.compile("b"), "x-c": Satisfies(str.isupper)},
        body=Subset({"inputs": "a"}),
        predicate=lambda asked: asked.generating,
    )
    assert_type(RequestPattern.parse({"route": "/"}), RequestPattern)
    (difference,) = pattern.difference(next(iter(create_app().state.journal)).call)
    assert_type(difference, Difference)
    assert_type(difference.expected, str)


def shout(asked: Asked) -> str:
    return f"{asked.inputs}!"


async def later(asked: Asked) -> Tokens:
    return Tokens(["a", StubToken("b", logprob=-0.5), Token(5, "c", None)], "length")


def stubs() -> None:
    state = create_app(Settings(strict=True, stubs="stubs.yaml")).state
    assert_type(state.stubs, StubMap)
    assert_type(state.scenarios, Scenarios)
    placed = state.stubs.add(Stub(RequestPattern(inputs="a"), "text", times=2, priority=1, name="n"))
    assert_type(placed, PlacedStub)
    assert_type(placed.hits, int)
    generation = Generation((Token(1, "a", -0.5),), "a", "length", 1)
    for answer in (
        Text("a", "length"), ToolCall("f", {"a": 1}), Error("overload"), Raw(b"a", status=502),
        Generated(generation), Unscripted("echo"), Function(shout), shout, later, b"bytes", generation,
        ["first", Error("incomplete", after_tokens=2)], Faulty(Text("a"), "cut(tokens=1)", Cut()),
    ):  # fmt: skip
        state.stubs.add(Stub(None, answer))
    assert_type(state.stubs.add_in_order(Stub(answer="a"), Stub(answer="b")), list[PlacedStub])
    state.stubs.replace([read_stub({"answer": {"text": "a"}})])
    state.stubs.add(Stub({"inputs": "a"}, "b", step=Step("login", START, "in")))
    state.stubs.remove(placed)
    assert_type(state.stubs.errors, deque[StubFailure])
    state.stubs.raise_errors()
    try:
        Stub(answer=5)
    except FormError as error:
        assert_type(error.differences[0].where, str)
