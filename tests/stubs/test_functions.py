"""A user's own function answers; what it raises is kept with its traceback, and told to the caller."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from fake_tgi.generation import Generation, Token
from fake_tgi.matching import Asked
from fake_tgi.stubs import Error, Raw, Stub, ToolCall
from tests.fake.asking import ask_async
from tests.stubs.serving import BODIES, ROUTES, post, said, stubbed


@pytest.mark.parametrize(("path", "stream"), ROUTES)
def test_a_function_gets_what_is_asked_and_its_text_is_said_on_every_route(path: str, stream: bool) -> None:
    def shout(asked: Asked) -> str:
        return f" {asked.inputs.upper()}!"

    assert said(post(stubbed(Stub(answer=shout)), path, stream)).removesuffix("</s>") == " HELLO!"


@pytest.mark.damages_answers  # raw bytes
@pytest.mark.parametrize(
    ("made", "status"),
    [
        ("text", 200),
        (b"bytes", 200),
        (Raw("busy", status=503), 503),
        (Error("overload"), 429),
        ({"error": "validation"}, 422),
        (ToolCall("f"), 200),
        (Generation((Token(5, "x", -0.5),), "x", "eos_token", 1), 200),
        (lambda asked: "nested", 200),
    ],
    ids=lambda each: str(each) if isinstance(each, int) else type(each).__name__,
)
def test_a_function_may_give_anything_that_stands_for_an_answer(made: Any, status: int) -> None:
    assert post(stubbed(Stub(answer=lambda asked: made))).status == status


def test_a_coroutine_function_may_wait() -> None:
    async def later(asked: Asked) -> str:
        await asyncio.sleep(0)
        return " waited"

    assert said(post(stubbed(Stub(answer=later)))) == " waited"


@pytest.mark.damages_answers  # TGI has no such error
@pytest.mark.parametrize(("path", "stream"), ROUTES)
def test_what_a_function_raises_is_kept_and_told_with_the_name_of_its_stub(path: str, stream: bool) -> None:
    def check(asked: Asked) -> str:
        assert asked.inputs == "Goodbye", "the application greets wrongly"
        return ""

    app = stubbed(Stub(answer=check, name="checks greetings"))
    reply = post(app, path, stream)
    assert reply.status == 500
    assert reply.json()["error"].startswith(
        "checks greetings raised AssertionError: the application greets wrongly"
    )
    (failure,) = app.state.stubs.errors
    assert (failure.placed.name, failure.call.path) == ("checks greetings", path)
    with pytest.raises(AssertionError, match="greets wrongly") as caught:
        app.state.stubs.raise_errors()
    assert any(entry.name == "check" for entry in caught.traceback), "the traceback leads to the function"


@pytest.mark.damages_answers
def test_what_is_no_answer_is_an_error_too_and_so_is_a_failing_test() -> None:
    app = stubbed(Stub(answer=lambda asked: 5))
    assert post(app).status == 500
    assert "answer: expected a text, bytes, an answer or a function, got 5" in str(
        app.state.stubs.errors[0].error
    )
    failing = stubbed(Stub(answer=lambda asked: pytest.fail("not like this")))
    assert post(failing).status == 500
    with pytest.raises(pytest.fail.Exception, match="not like this"):
        failing.state.stubs.raise_errors()


@pytest.mark.damages_answers
def test_a_predicate_that_raises_is_told_likewise() -> None:
    app = stubbed(Stub({"inputs": lambda text: text.nothing}, "a", name="broken"))
    reply = post(app)
    assert (reply.status, reply.json()["error_type"]) == (500, "stub")
    assert "broken raised AttributeError" in reply.json()["error"]
    assert len(app.state.stubs.errors) == 1
    app.state.clear()
    assert not app.state.stubs.errors
    app.state.stubs.raise_errors()


def test_a_function_that_takes_its_time_holds_up_nobody_else() -> None:
    release = threading.Event()

    def slow(asked: Asked) -> str:
        assert release.wait(10)
        return " slow"

    app = stubbed(Stub(answer=" quick"), Stub({"inputs": "wait"}, slow))

    async def both() -> list[str]:
        first = asyncio.create_task(ask_async(app, "POST", "/generate", {"inputs": "wait"}))
        await asyncio.sleep(0.05)
        second = await ask_async(app, "POST", "/generate", BODIES["/generate", False])
        assert not first.done()
        release.set()
        return [said(second), said(await first)]

    assert asyncio.run(both()) == [" quick", " slow"]
