"""What any OpenAI-compatible server is asked: what OpenAI's API and TGI both can do."""

from __future__ import annotations

from typing import Any, Final

from ..claims import calls, finishes
from ..question import Fact, Question
from . import making

__all__ = ["OPENAI"]

_CHAT: Final = "/v1/chat/completions"
_COMPLETIONS: Final = "/v1/completions"
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
_TURNS: Final = [
    {"role": "system", "content": "You are brief."},
    {"role": "user", "content": "Say yes."},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Say no."},
]


def _chat(name: str, members: dict[str, Any], says: str, *rules: Any, **further: Any) -> Question:
    body = {"model": Fact("openai_model")} | members
    return making.chat(f"openai.{name}", body, says, *rules, suite="openai", **further)


def _completion(name: str, members: dict[str, Any], says: str, *rules: Any, **further: Any) -> Question:
    body = {"model": Fact("openai_model")} | members
    return making.completion(f"openai.{name}", body, says, *rules, suite="openai", **further)


def _refused(name: str, path: str, says: str, **body: Any) -> Question:
    return Question(
        f"openai.{name}", f"POST {path}", says, "POST", path, status=422, error=True, suite="openai", **body
    )


OPENAI: Final[tuple[Question, ...]] = (
    making.get("openai.models", "/v1/models", "the models there are", suite="openai"),
    _refused("chat.bad_json", _CHAT, "refuses what is no JSON", raw=b"{not json"),
    _refused("chat.no_messages", _CHAT, "refuses a chat without messages", json={"max_tokens": 1}),
    _refused(
        "chat.wrong_type", _CHAT, "refuses messages that are none", json={"messages": 5, "max_tokens": 1},
    ),
    _refused(
        "chat.temperature", _CHAT, "refuses a temperature below 0",
        json={"model": Fact("openai_model"), "messages": making.SKY, "temperature": -1, "max_tokens": 1},
    ),
    _refused("completions.bad_json", _COMPLETIONS, "refuses what is no JSON", raw=b"{not json"),
    _chat("chat", {}, "an answer with its usage", finishes("length", "stop")),
    _chat("chat.one", {"max_tokens": 1}, "one token", finishes("length", "stop")),
    _chat("chat.turns", {"messages": _TURNS}, "several turns, and a system message"),
    _chat("chat.seed", {"temperature": 1, "seed": 42}, "a seed", random=True),
    _chat("chat.top_p", {"temperature": 1, "top_p": 0.9, "seed": 42}, "top_p", random=True),
    _chat("chat.stop", {"stop": ["\n\n\n\n"]}, "a list of stop sequences"),
    _chat("chat.logprobs", {"logprobs": True, "top_logprobs": 2}, "log-probabilities", may_refuse=True),
    _chat(
        "chat.tool", {"tools": [_TOOL], "tool_choice": _NAMED, "max_tokens": 64}, "calls the tool named",
        calls("set_unit", {"unit": str}), may_refuse=True,
    ),
    _chat("chat_stream", {"stream": True}, "chunk by chunk, then [DONE]"),
    _chat(
        "chat_stream.usage",
        {"stream": True, "stream_options": {"include_usage": True}}, "the usage at the end",
        may_refuse=True,
    ),
    _chat(
        "chat_stream.tool", {"tools": [_TOOL], "tool_choice": _NAMED, "max_tokens": 64, "stream": True},
        "calls the tool named, piece by piece", calls("set_unit", {"unit": str}), may_refuse=True,
    ),
    _completion("completions", {}, "an answer with its usage", finishes("length", "stop"), may_refuse=True),
    _completion(
        "completions.two", {"prompt": [making.PROMPT] * 2}, "an answer to each prompt", may_refuse=True,
    ),
    _completion("completions_stream", {"stream": True}, "piece by piece, then [DONE]", may_refuse=True),
)  # fmt: skip
