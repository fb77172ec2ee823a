"""`/generate`, `/generate_stream` and `POST /`: TGI's own routes (router/src/server.rs:126-610).

One generation, two faces. Whatever fails before the first byte of a plain answer becomes its status;
in a stream the status is already sent, so it becomes an event.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..call import Call
from ..frames import Body, Chunks, Frame, Head
from ..generation import Generation
from ..headers import generation_headers, stream_headers
from ..refusals import Refusal
from ..render.generate import generate_response
from ..render.stream import StreamWriter
from ..requests import CompatGenerateRequest, GenerateParameters, GenerateRequest
from ..run import Answer
from ..state import State
from .reading import read
from .streaming import End, begin, play

__all__ = ["compat", "compat_request", "generate", "generate_stream"]


def generate(state: State, call: Call) -> Iterator[Frame]:
    """`POST /generate`: a whole answer."""
    request = read(state, call, GenerateRequest)
    yield from _whole(state, request.inputs, request.parameters, bool(request.parameters.return_full_text))


def generate_stream(state: State, call: Call) -> Iterator[Frame]:
    """`POST /generate_stream`: an event for each token."""
    request = read(state, call, GenerateRequest)
    return _stream(state, request.inputs, request.parameters, bool(request.parameters.return_full_text))


def compat(state: State, call: Call) -> Iterator[Frame]:
    """`POST /`: either of them, as `stream` says; a whole answer stands in a list of one."""
    return compat_request(state, read(state, call, CompatGenerateRequest))


def compat_request(state: State, request: CompatGenerateRequest) -> Iterator[Frame]:
    """The compatibility route once its body is read."""
    full_text = request.parameters.return_full_text
    if full_text is None:  # a model with no pipeline tag, or tagged text-generation, gives the prompt back
        full_text = True
    if request.stream:
        return _stream(state, request.inputs, request.parameters, full_text)
    return _whole(state, request.inputs, request.parameters, full_text, listed=True)


def _whole(
    state: State, inputs: str, parameters: GenerateParameters, full_text: bool, *, listed: bool = False
) -> Iterator[Frame]:
    began = state.clock()
    state.metrics.asked()
    others: list[Answer] | None = None
    if parameters.best_of is not None and parameters.best_of > 1:
        answer, others = yield from state.infer.best_of(inputs, parameters, parameters.best_of)
    else:
        answer = yield from state.infer.generate(inputs, parameters)
    body = generate_response(
        answer,
        prompt=inputs if full_text else "",
        details=parameters.details or parameters.decoder_input_details,
        others=others,
    )
    if listed:
        body = b"[%b]" % body
    spent = answer.timings(began, state.clock())
    state.metrics.succeeded(spent)
    yield Head(200, generation_headers(state.compute_type, len(inputs), (spent,)), len(body))
    yield Body(body)


def _stream(state: State, inputs: str, parameters: GenerateParameters, full_text: bool) -> Iterator[Frame]:
    began = state.clock()
    state.metrics.asked()
    yield Head(200, stream_headers(state.compute_type, len(inputs)))
    try:
        run = yield from begin(state, inputs, parameters)
    except Refusal as refused:
        yield Chunks((refused.event(),))
        return
    writer = StreamWriter(prompt=inputs if full_text else "", details=parameters.details)

    def write(piece: Generation, end: End | None) -> list[bytes]:
        return writer.events(piece.tokens, piece.top_tokens, piece.generated_text, end)

    yield from play(state, run, began, write, Refusal.event)
