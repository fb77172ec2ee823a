"""`responses`, `streams` and `chat_completions`: answers as the fake gives them, with what led to them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.drawing import draw
from fake_tgi.segmentation import Segmentation
from fake_tgi.strategies import Response, Stream, chat_completions, responses, segmentations, streams
from fake_tgi.strategies.asking import GET_ROUTES, POST_ROUTES, STREAMING_ROUTES
from tgi_contracts import check_stream, violations

from ..fake.asking import Reply, ask, make
from .judging import SOME, broken, least

WORLDS = pytest.mark.parametrize("adversarial", [False, True], ids=["plain", "adversarial"])
WHOLE = [route for route in POST_ROUTES if route != "/generate_stream"]


@WORLDS
@pytest.mark.parametrize("route", WHOLE)
@SOME
@given(st.data())
def test_a_response_keeps_its_contracts(route: str, adversarial: bool, data: st.DataObject) -> None:
    drawn = data.draw(responses(route, adversarial=adversarial))
    assert drawn.status == 200
    assert broken(drawn.exchange(), odd=adversarial) == []


@pytest.mark.parametrize("route", ["GET /", *GET_ROUTES])
@SOME
@given(st.data())
def test_what_a_server_says_of_itself_keeps_its_contracts(route: str, data: st.DataObject) -> None:
    assert broken(data.draw(responses(route)).exchange()) == []


@WORLDS
@pytest.mark.parametrize("route", STREAMING_ROUTES)
@SOME
@given(st.data())
def test_a_stream_keeps_its_contracts(route: str, adversarial: bool, data: st.DataObject) -> None:
    drawn = data.draw(streams(route, adversarial=adversarial))
    assert drawn.header("content-type") == "text/event-stream"
    assert broken(drawn.exchange(), odd=adversarial) == []


@SOME
@given(responses(), streams())
def test_what_is_written_down_is_a_recording(response: Response, stream: Stream) -> None:
    assert violations(response.exchange("a"), "Exchange") == []
    assert violations(stream.exchange("b"), "Exchange") == []


# The strategies and a running fake must not drift apart: asked the same, with the same said by its model, it
# sends the same bytes. Only times and the random id of a call may differ.

VARYING = re.compile(
    rb'"created":[0-9]+|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab0][0-9a-f]{3}-[0-9a-f]{12}'
)
TIMES = re.compile(
    "x-(?:compute|total|validation|queue|inference)-time|x-time-per-token"
    "|content-length"  # a time of day has more digits than another
)


def told(drawn: Response | Stream) -> Reply:
    """What a running fake answers."""
    ask(APP, "POST", "/__admin/reset")
    queued = {"generations": [call.recorded() for call in drawn.calls], "replace": True}
    assert ask(APP, "POST", "/__admin/generations", queued).status == 200
    request = drawn.request
    return ask(APP, request.method, request.path, raw=request.body, headers=dict(request.headers))


APP = make()


def alike(drawn: Response | Stream, reply: Reply) -> None:
    assert reply.status == drawn.status
    expected = {name: value for name, value in drawn.headers if not TIMES.fullmatch(name)}
    assert {name: value for name, value in reply.headers.items() if not TIMES.fullmatch(name)} == expected
    assert VARYING.sub(b"", reply.body) == VARYING.sub(b"", drawn_body(drawn))


def drawn_body(drawn: Response | Stream) -> bytes:
    if isinstance(drawn, Response):
        return drawn.body
    return b"".join(chunk for chunk in drawn.chunks if not chunk.startswith(b":"))


def lists_no_tools(drawn: Response | Stream) -> bool:
    """What the witness of the test server would hold against the router's own way with calls."""
    return b'"tools"' not in drawn.request.body


@WORLDS
@pytest.mark.parametrize("route", ["/", "/generate", "/v1/completions", "/vertex", "/tokenize"])
@SOME
@given(st.data())
def test_a_running_fake_sends_the_same_response(route: str, adversarial: bool, data: st.DataObject) -> None:
    drawn = data.draw(responses(route, adversarial=adversarial))
    alike(drawn, told(drawn))


@WORLDS
@SOME
@given(st.data())
def test_a_running_fake_sends_the_same_chat(adversarial: bool, data: st.DataObject) -> None:
    drawn = data.draw(chat_completions(adversarial=adversarial))
    alike(drawn, told(drawn))


@WORLDS
@pytest.mark.parametrize("route", STREAMING_ROUTES)
@SOME
@given(st.data())
def test_a_running_fake_sends_the_same_stream(route: str, adversarial: bool, data: st.DataObject) -> None:
    drawn = data.draw(streams(route, adversarial=adversarial).filter(lists_no_tools))
    alike(drawn, told(drawn))


# What a stream says of itself


def accumulated(stream: Stream) -> str:
    """The text that a reader of the first prompt's events ends up with."""
    text = ""
    for event in stream.events:
        if event == "[DONE]" or not event.get("choices", True):
            continue
        if "token" in event:
            text = event["generated_text"] if event["generated_text"] is not None else text
        elif event["object"] == "text_completion":
            text += event["choices"][0]["text"] if event["choices"][0]["index"] == 0 else ""
        else:
            text += event["choices"][0]["delta"].get("content", "")
    return text


@WORLDS
@pytest.mark.parametrize("route", ["/generate_stream", "/"])
@SOME
@given(st.data())
def test_the_text_of_a_generate_stream_is_what_its_last_event_tells(
    route: str, adversarial: bool, data: st.DataObject
) -> None:
    stream = data.draw(streams(route, adversarial=adversarial))
    assert accumulated(stream) == stream.generated_text
    assert [event["token"]["text"] for event in stream.events] == [token.text for token in stream.tokens]
    details = stream.events[-1]["details"]
    assert details is None or details["finish_reason"] == stream.finish_reason


@SOME
@given(streams("/v1/chat/completions").filter(lambda stream: b"tool_calls" not in stream.to_bytes()))
def test_the_text_of_a_chat_stream_is_that_of_its_pieces(stream: Stream) -> None:
    ends_inside_a_character = stream.tokens[-1].text == ""
    assert accumulated(stream) == stream.generated_text or ends_inside_a_character


@SOME
@given(streams("/v1/completions"))
def test_a_completion_stream_shows_special_tokens(stream: Stream) -> None:
    assert accumulated(stream) == "".join(token.text for token in stream.tokens)


@WORLDS
@SOME
@given(st.data())
def test_however_a_stream_is_cut_it_is_the_same(adversarial: bool, data: st.DataObject) -> None:
    stream = data.draw(streams(adversarial=adversarial))
    cuts = data.draw(segmentations(adversarial=adversarial))
    assert b"".join(stream.to_bytes(cuts)) == stream.to_bytes() == b"".join(stream.chunks)


def test_a_stream_can_be_cut_at_given_offsets() -> None:
    (stream,) = draw(streams("/generate_stream"), 1)
    whole = stream.to_bytes()
    assert stream.to_bytes([5, 3]) == [whole[:3], whole[3:5], whole[5:]]
    assert stream.to_bytes(Segmentation((4,))) == [whole[:4], whole[4:]]


@SOME
@given(streams(adversarial=True))
def test_keep_alives_are_no_events(stream: Stream) -> None:
    spoken = [chunk for chunk in stream.chunks if not chunk.startswith(b":")]
    assert len(stream.events) == len(spoken)
    assert json.loads(json.dumps(stream.events)) == stream.events


def test_the_adversarial_world_has_keep_alives() -> None:
    drawn = draw(streams("/generate_stream", adversarial=True), 100)
    silent = next(stream for stream in drawn if b":\n\n" in stream.chunks)
    assert check_stream(silent.to_bytes()) == []


# Chats


@WORLDS
@SOME
@given(st.data())
def test_a_chat_can_be_words_or_a_call_as_asked(adversarial: bool, data: st.DataObject) -> None:
    words = data.draw(chat_completions(tools=False, adversarial=adversarial)).json()
    call = data.draw(chat_completions(tools=True, adversarial=adversarial)).json()
    assert "content" in words["choices"][0]["message"]
    assert isinstance(
        json.loads(call["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]), dict
    )


def test_a_model_may_choose_no_tool_and_be_asked_again() -> None:
    drawn = draw(chat_completions(), 200)
    again = next(response for response in drawn if len(response.calls) == 2)
    assert [call.request.grammar is None for call in again.calls] == [False, True]


# Shrinking


def test_answers_shrink_to_a_model_that_says_nothing() -> None:
    response = least(responses("/generate"), lambda drawn: True)
    assert response.json() == {"generated_text": ""}
    assert [token.special for token in response.calls[0].generation.tokens] == [True]


def test_a_failing_stream_shrinks_to_what_makes_it_fail() -> None:
    stream = least(
        streams("/generate_stream", adversarial=True), lambda stream: "\u2028" in stream.generated_text
    )
    assert [token.text for token in stream.tokens[:-1]] == ["\u2028"]
    assert stream.request.payload == {"inputs": " "}
