"""`/v1/completions`: one or several prompts, answered side by side (server.rs:715-1155).

All prompts start at once, each with a permit of its own. Whole answers stand in the order in which they are
complete, shortest first, as a batch that gains a token a step would finish them; streams take turns.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ..batch import Batch
from ..call import Call
from ..frames import Body, Chunks, Frame, Head, Wait
from ..generation import Generation
from ..headers import generation_headers, stream_headers
from ..prompt import completion_parameters
from ..refusals import Refusal, refusal
from ..render.completions import CompletionWriter, completion
from ..requests import CompletionRequest, GenerateParameters
from ..sse import DONE
from ..state import State
from .reading import read
from .streaming import End, begin, play

__all__ = ["completion_request", "completions"]


def completions(state: State, call: Call) -> Iterator[Frame]:
    """`POST /v1/completions`."""
    return completion_request(state, read(state, call, CompletionRequest))


def completion_request(state: State, request: CompletionRequest) -> Iterator[Frame]:
    """The completions route once its body is read."""
    state.metrics.asked()
    most = state.settings.max_client_batch_size
    refused = None
    if request.suffix is not None:
        refused = refusal("suffix")
    elif len(request.prompt) > most:
        refused = refusal("batch", most)
    if refused is not None:
        state.metrics.failed("validation")
        raise refused
    parameters = completion_parameters(request)
    return _stream(state, request, parameters) if request.stream else _whole(state, request, parameters)


def _whole(state: State, request: CompletionRequest, parameters: GenerateParameters) -> Iterator[Frame]:
    began, created = state.clock(), state.unix_time()
    answers = yield from state.infer.together(
        [(prompt, parameters, True) for prompt in request.prompt], counted=state.metrics.asked
    )
    now = state.clock()
    spent = [answer.timings(began, now) for answer in answers]
    for timings in spent:
        state.metrics.succeeded(timings)
    body = completion(
        sorted(enumerate(answers), key=lambda item: item[1].generated_tokens),
        model=state.settings.model_id,
        created=created,
    )
    characters = sum(map(len, request.prompt))
    yield Head(200, generation_headers(state.compute_type, characters, spent, compute_time=False), len(body))
    yield Body(body)


def _stream(state: State, request: CompletionRequest, parameters: GenerateParameters) -> Iterator[Frame]:
    yield Head(200, stream_headers(state.compute_type, sum(map(len, request.prompt))))
    several = len(request.prompt) > 1
    batch = Batch(len(request.prompt)) if several else None
    streams = [
        _events(state, index, prompt, parameters, batch) for index, prompt in enumerate(request.prompt)
    ]
    try:
        yield from _in_turns(streams) if several else streams[0]
    finally:
        for stream in streams:
            stream.close()
    yield Chunks((DONE,))


def _in_turns(streams: list[Generator[Frame, None, None]]) -> Iterator[Frame]:
    """One event of each stream in turn; a stream that waits or has ended loses its turn (S:957-978)."""
    live = list(streams)
    waiting: dict[Generator[Frame, None, None], float] = {}
    while live:
        ready = [stream for stream in live if stream not in waiting]
        if not ready:
            until = min(waiting.values())
            yield Wait(until)
            ready = [stream for stream in live if waiting[stream] <= until]
        for stream in ready:
            waiting.pop(stream, None)
            for frame in stream:
                if isinstance(frame, Wait):
                    waiting[stream] = frame.until
                    break
                yield frame
                if isinstance(frame, Chunks):
                    break
            else:
                live.remove(stream)


def _events(
    state: State, index: int, prompt: str, parameters: GenerateParameters, batch: Batch | None
) -> Generator[Frame, None, None]:
    began = state.clock()
    state.metrics.asked()
    try:
        run = yield from begin(state, prompt, parameters, batch=batch)
    except Refusal as refused:
        yield Chunks((refused.openai_event(),))
        return
    writer = CompletionWriter(index=index, model=state.settings.model_id)

    def write(piece: Generation, end: End | None) -> list[bytes]:
        return writer.events(piece.tokens, end, state.unix_time())

    yield from play(state, run, began, write, Refusal.openai_event, singly=batch is not None)
