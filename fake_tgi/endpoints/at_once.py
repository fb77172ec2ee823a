"""`/generate` where nothing stands in the way: the same answer, the same books, and half the work.

Most calls of a load test, and of a suite of tests, are of this kind: no stub or recording may answer them, no
delay, image or grammar makes them wait, one piece is all of the answer, and the model cannot fail. Whatever
is otherwise, a refusal included, takes the long way (endpoints/generate.py), before anything was counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..call import Call
from ..extraction import ExtractionRefusal
from ..frames import Body, Frame, Head
from ..headers import Timings, generation_headers
from ..refusals import Refusal
from ..render.generate import generate_response
from ..render.values import string
from ..requests import GenerateParameters, GenerateRequest
from ..run import Answer
from ..shard import Shard
from ..state import State
from ..validation import CHUNK, ValidRequest
from .reading import read

__all__ = ["at_once"]


def at_once(state: State, call: Call, otherwise: Iterator[Frame]) -> Iterator[Frame]:
    """The answer to `POST /generate`; `otherwise` is the long way to it, which has not begun."""
    if not state.plain or call.method != "POST" or call.broken:
        yield from otherwise
        return
    began = 0.0
    try:
        request = read(state, call, GenerateRequest)
        began = state.clock()
        inputs, parameters = request.inputs, request.parameters
        shard = state.plain_shard(inputs) if _in_one_piece(parameters) else None
        valid = state.infer.validator.validate(inputs, parameters) if shard is not None else None
    except (ExtractionRefusal, Refusal):
        shard = valid = None
    if shard is None or valid is None:
        yield from otherwise
        return
    head, body = _answer(state, call, parameters, shard, valid, began)
    yield head
    yield body


def _in_one_piece(parameters: GenerateParameters) -> bool:
    """Whether the model is asked once, for something that it has at hand."""
    tokens = parameters.max_new_tokens
    return (
        tokens is not None
        and tokens <= CHUNK
        and parameters.best_of is None
        and parameters.grammar is None
        and not parameters.top_n_tokens
        and not parameters.decoder_input_details
    )


def _answer(
    state: State, call: Call, parameters: GenerateParameters, shard: Shard, valid: ValidRequest, began: float
) -> tuple[Head, Body]:
    clock, metrics, asked = state.clock, state.metrics, valid.shard
    metrics.asked()
    queued = clock()
    metrics.scheduled(asked.input_length, asked.max_new_tokens)
    generation = shard.generate(asked)
    tokens = len(generation.tokens)
    metrics.generated(
        tokens,
        clock() - queued,
        failed=False,
        input_length=asked.input_length,
        max_new_tokens=asked.max_new_tokens,
    )
    prompt = asked.inputs if parameters.return_full_text else ""
    if parameters.details:
        assert generation.finish_reason is not None
        answer = Answer(
            generation.tokens, generation.generated_text, generation.finish_reason, tokens,
            asked.input_length, generation.seed, (), (), queued, queued,
        )  # fmt: skip
        body = generate_response(answer, prompt=prompt, details=True)
    else:
        body = b'{"generated_text":%b}' % string(prompt + generation.generated_text)
    now = clock()
    spent = Timings(now - began, queued - began, 0.0, now - queued, asked.input_length, tokens)
    metrics.succeeded(spent)
    headers = generation_headers(state.compute_type, len(asked.inputs), (spent,))
    return Head(200, headers + state.cors.headers(call), len(body)), Body(body)
