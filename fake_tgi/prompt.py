"""A chat becomes one prompt: messages flattened, tools added, the template rendered.

The same rules serve `/v1/chat/completions`, `/chat_tokenize` and the chats of `/vertex`
(ChatRequest::try_into_generate in router/src/lib.rs, ChatTemplate::apply in infer/chat_template.rs). Only a
message's role and text ever reach the template.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .refusals import refusal
from .render.values import string, value
from .requests import (
    ChatRequest,
    CompletionRequest,
    ContentBody,
    FunctionDefinition,
    GenerateParameters,
    GrammarType,
    JsonGrammar,
    Message,
    MessageChunk,
    TextChunk,
    Tool,
    ToolCall,
)
from .template_error import TemplateError
from .tools import DEFAULT_TOOL_PROMPT, tool_grammar, tools_to_use
from .whitespace import WHITESPACE

if TYPE_CHECKING:
    from .templates import ChatTemplate

__all__ = ["ChatPrompt", "chat_prompt", "completion_parameters", "without_tools"]

_F32 = struct.Struct("<f")


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """What the model is asked: `inputs` goes to it without special tokens being added.

    `using_tools`: the answer is to be read as a tool call.
    """

    inputs: str
    parameters: GenerateParameters
    using_tools: bool


def chat_prompt(request: ChatRequest, template: ChatTemplate | None) -> ChatPrompt:
    """`request` as one generation. `template` None: the model has none.

    Raises `Refusal`: `tool` for tools beside a response_format or a function that is not there, `template`
    for a missing template or one that fails.
    """
    if request.response_format is not None and request.tools is not None:
        raise refusal("tool", "Grammar and tools are mutually exclusive")
    grammar = request.response_format
    tools: tuple[Tool, ...] = ()
    if request.tools is not None:
        tools = tools_to_use(request.tools, request.tool_choice)
        if tools:
            grammar = JsonGrammar(tool_grammar(tools))
    if template is None:
        raise refusal("template", "template not found")
    try:
        inputs = _render(request, template, tools)
    except TemplateError as error:
        raise refusal("template", error) from None
    return ChatPrompt(inputs, _parameters(request, grammar), bool(tools))


def without_tools(request: ChatRequest) -> ChatRequest:
    """What is asked after a `no_tool` answer."""
    return replace(request, tools=None, response_format=None)


def completion_parameters(request: CompletionRequest) -> GenerateParameters:
    """The parameters of every prompt of a completion request (server.rs:734-805)."""
    do_sample, temperature = _sampling(request.temperature)
    return GenerateParameters(
        temperature=temperature,
        repetition_penalty=request.repetition_penalty,
        frequency_penalty=request.frequency_penalty,
        top_p=request.top_p,
        do_sample=do_sample,
        max_new_tokens=request.max_tokens,
        stop=request.stop or (),
        details=True,
        decoder_input_details=not request.stream,
        seed=request.seed,
        adapter_id=_adapter(request.model),
    )


def _parameters(request: ChatRequest, grammar: GrammarType | None) -> GenerateParameters:
    do_sample, temperature = _sampling(request.temperature)
    repetition_penalty = None
    if request.presence_penalty is not None:
        repetition_penalty = float(_F32.unpack(_F32.pack(request.presence_penalty + 2.0))[0])
    return GenerateParameters(
        temperature=temperature,
        repetition_penalty=repetition_penalty,
        frequency_penalty=request.frequency_penalty,
        top_p=request.top_p,
        do_sample=do_sample,
        max_new_tokens=request.max_tokens,
        stop=request.stop or (),
        details=True,
        seed=request.seed,
        top_n_tokens=request.top_logprobs,
        grammar=grammar,
        adapter_id=_adapter(request.model),
    )


def _sampling(temperature: float | None) -> tuple[bool, float | None]:
    """The OpenAI routes sample unless the temperature is 0, which the generate routes refuse."""
    return (False, None) if temperature == 0.0 else (True, temperature)


def _adapter(model: str | None) -> str | None:
    return None if model == "tgi" else model


def _render(request: ChatRequest, template: ChatTemplate, tools: tuple[Tool, ...]) -> str:
    messages = [(message.role, _content(message)) for message in request.messages]
    context = None
    if tools:
        context = [(tool, value(tool.function.arguments).decode()) for tool in tools]
        text = f"\n---\n{request.tool_prompt or DEFAULT_TOOL_PROMPT}"
        if not template.uses_tools:
            listed = b",".join(_tool_json(tool) for tool in tools).decode()
            text = f"\n---\n[{listed}]\n{request.tool_prompt or DEFAULT_TOOL_PROMPT}"
        if messages and isinstance(request.messages[-1].body, ContentBody):
            role, content = messages[-1]
            messages[-1] = (role, content + text)
    rendered = template.render(messages, context)
    if messages and messages[-1][0] == "assistant":
        # The model continues what the assistant said, wherever that stands last in the prompt.
        content = messages[-1][1]
        place = rendered.rfind(content)
        if place >= 0:
            return rendered[: place + len(content)].rstrip(WHITESPACE)
    return rendered


def _content(message: Message) -> str:
    """A message's text: its chunks joined, images as Markdown; of tool calls, their JSON."""
    body = message.body
    if isinstance(body, ContentBody):
        return body.content if isinstance(body.content, str) else "".join(map(_chunk, body.content))
    return f"[{b','.join(map(_tool_call_json, body.tool_calls)).decode()}]"


def _chunk(chunk: MessageChunk) -> str:
    return chunk.text if isinstance(chunk, TextChunk) else f"![]({chunk.image_url.url})"


def _function_json(function: FunctionDefinition) -> bytes:
    return b'{"description":%b,"name":%b,"arguments":%b}' % (
        b"null" if function.description is None else string(function.description),
        string(function.name),
        string(value(function.arguments).decode()),
    )


def _tool_json(tool: Tool) -> bytes:
    return b'{"type":%b,"function":%b}' % (string(tool.type), _function_json(tool.function))


def _tool_call_json(call: ToolCall) -> bytes:
    return b'{"id":%b,"type":%b,"function":%b}' % (
        string(call.id),
        string(call.type),
        _function_json(call.function),
    )
