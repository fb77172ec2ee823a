"""`/v1/chat/completions` and `/chat_tokenize`: a conversation, by the model's template.

With tools the model's text is read as a call. When it picks no tool it is asked again without them: whole
answers take headers and prompt length from the second generation, streams keep the headers of the first.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ..call import Call
from ..frames import Body, Chunks, Frame, Head, RawHeaders
from ..generation import Generation
from ..headers import JSON, generation_headers, stream_headers
from ..prompt import ChatPrompt, chat_prompt, without_tools
from ..refusals import Refusal
from ..render.chat import ChatWriter, chat_completion
from ..render.values import string
from ..requests import ChatRequest
from ..run import Answer
from ..sse import DONE
from ..state import State
from ..tools import FunctionCall, next_tool_call_id, parse_output
from .about import pieces
from .reading import plain, read
from .streaming import End, begin, play

__all__ = ["chat", "chat_request", "chat_tokenize", "model_of", "prompt_of"]


def chat(state: State, call: Call) -> Iterator[Frame]:
    """`POST /v1/chat/completions`."""
    return chat_request(state, read(state, call, ChatRequest))


def chat_tokenize(state: State, call: Call) -> Iterator[Frame]:
    """`POST /chat_tokenize`: the prompt that the template makes, and its tokens."""
    request = read(state, call, ChatRequest)
    state.metrics.asked()
    inputs = prompt_of(state, request).inputs
    tokens = yield from pieces(state, inputs, add_special_tokens=False)
    body = b'{"tokenize_response":%b,"templated_text":%b}' % (tokens, string(inputs))
    yield from plain(200, JSON, body)


def chat_request(state: State, request: ChatRequest) -> Iterator[Frame]:
    """The chat route once its body is read."""
    state.metrics.asked()
    prompt = prompt_of(state, request)
    return _stream(state, request, prompt) if request.stream else _whole(state, request, prompt)


def prompt_of(state: State, request: ChatRequest) -> ChatPrompt:
    """The prompt of `request`. Raises `Refusal`; only a failing template is counted (I:228-240)."""
    try:
        return chat_prompt(request, state.template)
    except Refusal as refused:
        if refused.cause == "template" and state.template is not None:
            state.metrics.failed("template")
        raise


def model_of(state: State, request: ChatRequest) -> str:
    """The model that the answer names."""
    return state.settings.model_id if request.model is None or request.model == "tgi" else request.model


def _generate(state: State, prompt: ChatPrompt) -> Generator[Frame, None, tuple[Answer, RawHeaders]]:
    began = state.clock()
    state.metrics.asked()
    answer = yield from state.infer.generate(prompt.inputs, prompt.parameters, add_special_tokens=False)
    spent = answer.timings(began, state.clock())
    state.metrics.succeeded(spent)
    return answer, generation_headers(state.compute_type, len(prompt.inputs), (spent,))


def _whole(state: State, request: ChatRequest, prompt: ChatPrompt) -> Iterator[Frame]:
    answer, headers = yield from _generate(state, prompt)
    created, prompt_tokens = state.unix_time(), answer.input_length
    output: str | FunctionCall = answer.text
    if prompt.using_tools:
        call = parse_output(answer.text)
        if call is not None:
            output = call
        else:
            again, headers = yield from _generate(state, prompt_of(state, without_tools(request)))
            output, prompt_tokens = again.text, again.input_length
    body = chat_completion(
        answer,
        output,
        model=model_of(state, request),
        created=created,
        prompt_tokens=prompt_tokens,
        logprobs=bool(request.logprobs),
    )
    yield Head(200, headers, len(body))
    yield Body(body)


def _stream(state: State, request: ChatRequest, prompt: ChatPrompt) -> Iterator[Frame]:
    yield Head(200, stream_headers(state.compute_type, len(prompt.inputs)))
    tool_call_id = next_tool_call_id(request.messages) if prompt.using_tools else None
    complete = yield from _chunks(state, request, prompt, tool_call_id)
    if not complete:
        yield from _chunks(state, request, prompt_of(state, without_tools(request)), None)
    yield Chunks((DONE,))


def _chunks(
    state: State, request: ChatRequest, prompt: ChatPrompt, tool_call_id: str | None
) -> Generator[Frame, None, bool]:
    began = state.clock()
    state.metrics.asked()
    try:
        run = yield from begin(state, prompt.inputs, prompt.parameters, add_special_tokens=False)
    except Refusal as refused:
        yield Chunks((refused.openai_event(),))
        return True
    options = request.stream_options
    writer = ChatWriter(
        model=model_of(state, request),
        logprobs=bool(request.logprobs),
        include_usage=options is not None and options.include_usage,
        tool_call_id=tool_call_id,
    )

    def write(piece: Generation, end: End | None) -> list[bytes] | int:
        events = writer.events(piece.tokens, piece.top_tokens, end, state.unix_time())
        return writer.abandoned_behind if events is None else events

    return (yield from play(state, run, began, write, Refusal.openai_event))
