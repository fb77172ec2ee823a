"""Chat and completions, as TGI answers them."""

from __future__ import annotations

from typing import Any, Final

from ..claims import calls, calls_if_any, finishes, holds_json
from ..comparisons import begins_like, characters_of_template, counted_by, model_of, same_text, version_of
from ..question import Fact, Question
from ..seen import Seen
from .making import FEW, PROMPT, chat, completion

__all__ = ["CHAT"]

_TURNS: Final = [
    {"role": "user", "content": "Say yes."},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Say no."},
]
_PARTS: Final = [{"role": "user", "content": [{"type": "text", "text": "Why is the sky blue?"}]}]
_UNIT: Final = {
    "type": "object",
    "properties": {"unit": {"type": "string", "enum": ["c", "f"]}},
    "required": ["unit"],
}
_TOOL: Final = {
    "type": "function",
    "function": {"name": "set_unit", "description": "Sets it.", "parameters": _UNIT},
}
_NAMED: Final = {"type": "function", "function": {"name": "set_unit"}}
_TOOLS: Final[dict[str, Any]] = {"tools": [_TOOL], "max_tokens": 64}
_YES_OR_NO: Final = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
_ARGUMENTS: Final = {"unit": str}
_SAME: Final = same_text("chat.greedy")
_USAGE: Final = {"stream": True, "stream_options": {"include_usage": True}}


def _templated(seen: Seen) -> int:
    return len(seen.value["tokenize_response"])


def _tokenized(seen: Seen) -> int:
    return len(seen.value)


def _twice(seen: Seen) -> int:
    return 2 * len(seen.value)


def _model(seen: Seen) -> str:
    return str((seen.events[0] if seen.is_stream else seen.value)["model"])


_SERVED: Final = model_of("info", lambda seen: str(seen.value["model_id"]), _model)
_COUNTED: Final = counted_by("chat_tokenize", _templated)

_CHAT: Final = (
    chat(
        "chat.greedy", {}, "an answer with its usage",
        _SERVED, _COUNTED, characters_of_template("chat_tokenize"), version_of("info"),
    ),
    chat("chat.again", {}, "the same, for temperature 0 does not sample", _SAME),
    chat("chat.one", {"max_tokens": 1}, "one token", begins_like("chat.greedy"), finishes("length", "stop")),
    chat("chat.max_completion_tokens", {"max_completion_tokens": FEW}, "the newer name of max_tokens", _SAME),
    chat("chat.model", {"model": "tgi"}, "the model served, if it is tgi", _SAME, _SERVED),
    chat("chat.ignored", {"n": 2, "user": "x", "logit_bias": [0.5], "guess": 1}, "what has no effect", _SAME),
    chat("chat.parts", {"messages": _PARTS}, "a content in parts is their text", _SAME),
    chat("chat.turns", {"messages": _TURNS}, "several turns"),
    chat("chat.seed", {"temperature": 1, "seed": 42}, "a seed"),
    chat(
        "chat.seed.again", {"temperature": 1, "seed": 42}, "the same with the same seed",
        same_text("chat.seed"),
    ),
    chat("chat.logprobs", {"logprobs": True, "top_logprobs": 2}, "log-probabilities", _SAME),
    chat(
        "chat.json", {"response_format": {"type": "json", "value": _YES_OR_NO}, "max_tokens": 24},
        "an object", holds_json({"ok": bool}),
    ),
    chat(
        "chat.tool_named", {**_TOOLS, "tool_choice": _NAMED}, "calls the tool named",
        calls("set_unit", _ARGUMENTS),
    ),
    chat(
        "chat.tool_required", {**_TOOLS, "tool_choice": "required"}, "calls a tool",
        calls("set_unit", _ARGUMENTS),
    ),
    chat("chat.tool_auto", _TOOLS, "calls a tool, or answers", calls_if_any("set_unit", _ARGUMENTS)),
    chat("chat.tool_none", {**_TOOLS, "tool_choice": "none", "max_tokens": FEW}, "answers in words", _SAME),
    chat("chat_stream.greedy", {"stream": True}, "chunk by chunk", _SAME, _SERVED, version_of("info")),
    chat("chat_stream.usage", _USAGE, "the usage at the end", _SAME, _COUNTED),
    chat(
        "chat_stream.seed", {"temperature": 1, "seed": 42, "stream": True}, "the same with the same seed",
        same_text("chat.seed"),
    ),
    chat(
        "chat_stream.logprobs", {"logprobs": True, "top_logprobs": 2, "stream": True}, "log-probabilities",
        _SAME,
    ),
    chat(
        "chat_stream.tool_named", {**_TOOLS, "tool_choice": _NAMED, "stream": True},
        "calls the tool named, piece by piece", calls("set_unit", _ARGUMENTS),
    ),
    chat("invocations.chat", {}, "as the chat route", _SAME, path="/invocations"),
)  # fmt: skip

_COMPLETIONS: Final = (
    completion(
        "completions.greedy", {}, "an answer with its usage",
        same_text("generate.greedy"), counted_by("tokenize", _tokenized), _SERVED,
    ),
    completion("completions.one", {"max_tokens": 1}, "one token", begins_like("completions.greedy")),
    completion(
        "completions.two", {"prompt": [PROMPT, PROMPT]}, "an answer to each prompt",
        counted_by("tokenize", _twice),
    ),
    completion("completions.seed", {"temperature": 1, "seed": 42}, "a seed"),
    completion(
        "completions.seed.again", {"temperature": 1, "seed": 42}, "the same again",
        same_text("completions.seed"),
    ),
    completion(
        "completions.stop", {"stop": [Fact("stop")]}, "ends at its word",
        begins_like("completions.greedy"),
    ),
    completion(
        "completions_stream.greedy", {"stream": True}, "piece by piece",
        counted_by("tokenize", _tokenized),
    ),
    completion("completions_stream.two", {"prompt": [PROMPT, PROMPT], "stream": True}, "the prompts in turn"),
    completion(
        "invocations.completions", {}, "as the completions route", same_text("completions.greedy"),
        path="/invocations",
    ),
)  # fmt: skip

CHAT: Final[tuple[Question, ...]] = (*_CHAT, *_COMPLETIONS)
