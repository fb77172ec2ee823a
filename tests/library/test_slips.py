"""Slips of the pen: a name that there is not is told with those that are near, and where it was written."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from fake_tgi import FakeTGI
from fake_tgi.library import LiveStub, RemoteFake, SeenRequest, Sentence, StubBuilder, Then
from fake_tgi.library.near_names import NearNames


@pytest.fixture
def fake() -> Iterator[FakeTGI]:
    with FakeTGI(listen=False) as fake:
        yield fake


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        (lambda fake: fake.on_genrate, "a fake has no on_genrate: did you mean on_generate"),
        (
            lambda fake: fake.on_generate().repyl,
            "a stub that has no answer yet has no repyl: did you mean reply",
        ),
        (lambda fake: fake.reply("x").call_cuont, "a stub has no call_cuont: did you mean call_count"),
        (lambda fake: fake.reply("x").call_args, "a stub has no call_args: did you mean calls"),
        (lambda fake: fake.ok().than, "a sentence of faults has no than: did you mean then"),
        (lambda fake: fake.zebra, "a fake has no zebra: nothing like that is there"),
    ],
)
def test_a_member_that_there_is_not(fake: FakeTGI, slip: Callable[[Any], Any], told: str) -> None:
    with pytest.raises(AttributeError) as raised:
        slip(fake)
    assert str(raised.value).startswith(told)
    assert not hasattr(fake, "_zebra")


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        (lambda fake: fake.on_generate(input="x"), "on_generate has no argument input: did you mean inputs?"),
        (lambda fake: fake.on_chat(prompt="x"), "on_chat has no argument prompt: did you mean inputs?"),
        (lambda fake: fake.assert_request_made("/", count=2), "has no argument count: did you mean times?"),
        (lambda fake: fake.overloaded(time=2), "overloaded has no argument time: did you mean times?"),
        (lambda fake: fake.on().reply("x", zebra=1), "reply has no argument zebra: it takes finish, text"),
        (lambda fake: fake.reset(zebra=1), "reset has no argument zebra: it takes none"),
    ],
)
def test_an_argument_that_there_is_not(fake: FakeTGI, slip: Callable[[Any], Any], told: str) -> None:
    with pytest.raises(TypeError) as raised:
        slip(fake)
    assert str(raised.value).endswith(told)


def test_a_request_that_has_not_come_is_told_with_what_has(fake: FakeTGI) -> None:
    stub, where = fake.on_generate(inputs="Hello").reply("Hi."), here()
    with pytest.raises(IndexError, match=r"^there is no requests\[0\]: no request has come$"):
        _ = fake.requests[0]
    with requests.Session() as session:
        session.mount(fake.base_url, fake.requests_adapter())
        session.post(fake.base_url + "/generate", json={"inputs": "Hallo"}, timeout=5)
    with pytest.raises(IndexError) as raised:
        _ = stub.calls[0]
    told = str(raised.value)
    assert told.startswith("there is no calls[0]: stub 1 (")
    assert f"{where} has answered no call; 1 request has come:\n  1. POST /generate " in told
    assert stub.calls == stub.calls[:1] == []
    assert fake.requests[-1].inputs == "Hallo"


def test_what_a_property_raises_is_told_as_it_was_raised() -> None:
    class Handle(NearNames):
        @property
        def broken(self) -> object:
            return object().nothing  # type: ignore[attr-defined]  # what is tried here

    with pytest.raises(AttributeError, match="'object' object has no attribute 'nothing'"):
        _ = Handle().broken


@pytest.mark.parametrize("kind", [FakeTGI, RemoteFake, StubBuilder, LiveStub, SeenRequest, Sentence, Then])
def test_methods_still_show_what_they_take(kind: type) -> None:
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        if not name.startswith("_"):
            assert "named" not in inspect.signature(method).parameters, name


def here() -> str:
    """The line that calls this, as reports say it."""
    return f"test_slips.py:{sys._getframe(1).f_lineno})"


def test_a_near_miss_names_the_line_that_placed_the_stub(fake: FakeTGI) -> None:
    fake.on_generate(inputs="Hello").reply("Hi."), (wanted := here())
    fake.on_generate(inputs="Hell").reply("Hi.").times(2)
    fake.inject(fake_tgi_case()), (injected := here())
    told = [placed.told for placed in fake.state.stubs]
    assert told[-1].endswith(wanted)
    assert told[0].endswith(injected)
    assert len({each.rpartition(":")[2] for each in told}) == 3


def fake_tgi_case() -> Any:
    from fake_tgi import fake_tgi_cases

    return fake_tgi_cases("/generate")[0]


def test_a_path_that_is_nearly_one_is_warned_of_where_it_was_written(fake: FakeTGI) -> None:
    with pytest.warns(UserWarning, match="did you mean /generate") as told:
        fake.on("/generat").reply("Hi.")
    assert told[0].filename == __file__
