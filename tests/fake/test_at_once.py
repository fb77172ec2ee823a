"""The short way to a whole answer says, counts and records what the long way does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_tgi import serve as serving
from fake_tgi.app import Application, create_app
from fake_tgi.call import Call
from fake_tgi.exposition import exposition
from fake_tgi.frames import Body, Head, Work
from fake_tgi.settings import Settings

from ..sweeps import examples
from .asking import make

PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "max_new_tokens": st.sampled_from([0, 1, 5, 16, 1024, 1025, None, 5000]),
        "best_of": st.sampled_from([None, 1, 2]),
        "temperature": st.sampled_from([None, 0.5, 0.0]),
        "do_sample": st.booleans(),
        "seed": st.sampled_from([None, 7]),
        "details": st.booleans(),
        "decoder_input_details": st.booleans(),
        "return_full_text": st.sampled_from([None, True, False]),
        "stop": st.sampled_from([[], ["e"], ["."]]),
        "truncate": st.sampled_from([None, 1, 3, 0]),
        "top_n_tokens": st.sampled_from([None, 0, 2]),
        "watermark": st.booleans(),
        "adapter_id": st.sampled_from([None, "a"]),
        "grammar": st.sampled_from([None, {"type": "regex", "value": "[a-c]{3}"}]),
    },
)
INPUTS = st.sampled_from(["Hello", "", "Why is the sky blue?", "word " * 1200, "é\n", "Deep Learning? "])
BODIES = st.fixed_dictionaries({"inputs": INPUTS, "parameters": PARAMETERS})


def told(app: Application, bodies: list[Any]) -> tuple[list[Any], str, list[Any]]:
    """All answers, the books and the journal of a fake whose clock stands still."""
    answers = []
    for body in bodies:
        data = json.dumps(body).encode()
        call = Call("POST", "/generate", ((b"content-type", b"application/json"),), data)
        said: list[Any] = []
        for frame in app.frames(call):
            if isinstance(frame, Work):
                frame.result = frame.run()
            elif isinstance(frame, Head):
                said.append((frame.status, frame.headers, frame.length))
            elif isinstance(frame, Body):
                said.append(frame.data)
        answers.append(said)
    kept = [(event.status, event.body, event.ended, event.generated) for event in app.state.journal]
    return answers, exposition(app.state.metrics), kept


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(BODIES, min_size=1, max_size=4))
def test_both_ways_lead_to_the_same(bodies: list[Any]) -> None:
    def fresh() -> Application:
        return create_app(Settings(), clock=lambda: 0.0, tokenizer=APP.state.tokenizer)

    with pytest.MonkeyPatch.context() as patch:
        short = told(fresh(), bodies)
        patch.setattr(serving, "at_once", lambda state, call, otherwise: otherwise)
        long = told(fresh(), bodies)
    assert short == long


def test_the_short_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"inputs": "Hello", "parameters": {"max_new_tokens": 5}}).encode()
    call = Call("POST", "/generate", ((b"content-type", b"application/json"),), body)
    monkeypatch.setattr(APP.state.infer, "generate", None)  # what the long way would ask
    assert [type(frame) for frame in APP.frames(call)] == [Head, Body]


APP = make()
