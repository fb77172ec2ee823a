"""What clients of OpenAI's API rely on, whoever's server it is.

Looser than the contracts of TGI's own routes: further members are allowed, names are free, an error may be
refused with any status of the 4xx. What is asked for here holds of OpenAI's API and of TGI alike. Source:
OpenAI's API reference, chat completions and completions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tgi_contracts import Violation

from .event_stream import DONE, data_of
from .readings import error_event
from .seen import Seen
from .telling import shown

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = ["check_openai"]

_COUNT: Final = {"type": "integer", "minimum": 0}
_NAME: Final = {"type": "string"}
_INDEX: Final = {"type": "integer", "minimum": 0}

_USAGE: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {"prompt_tokens": _COUNT, "completion_tokens": _COUNT, "total_tokens": _COUNT},
    "required": ["prompt_tokens", "completion_tokens", "total_tokens"],
}

# TGI tells `stop_sequence`, and in completion streams `eos_token` and, before the end, an empty text.
_REASONS: Final = [
    "stop", "length", "tool_calls", "content_filter", "function_call", "stop_sequence", "eos_token",
]  # fmt: skip


def _function(required: list[str]) -> Mapping[str, Any]:
    texts = {"type": ["string", "null"]}
    return {"type": "object", "properties": {"name": texts, "arguments": texts}, "required": required}


def _calls(required: list[str]) -> Mapping[str, Any]:
    function = _function([] if "index" in required else ["name", "arguments"])
    properties = {"index": _INDEX, "id": {"type": ["string", "null"]}, "function": function}
    items = {"type": "object", "properties": properties, "required": required}
    return {"type": ["array", "null"], "items": items}


_LOGPROB: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "token": _NAME,
        "logprob": {"type": ["number", "null"]},
        "top_logprobs": {"type": "array"},
    },
    "required": ["token", "logprob"],
}
_LOGPROBS: Final[Mapping[str, Any]] = {
    "type": ["object", "null"],
    "properties": {"content": {"type": ["array", "null"], "items": _LOGPROB}},
}


def _answer(
    kind: str, choice: Mapping[str, Any], *, required: list[str], **further: Any
) -> Mapping[str, Any]:
    properties = {
        "id": _NAME,
        "object": {"const": kind},
        "created": _COUNT,
        "model": _NAME,
        "choices": {"type": "array", "items": choice, **further},
        "usage": _USAGE if "usage" in required else {"anyOf": [{"type": "null"}, _USAGE]},
    }
    return {"type": "object", "properties": properties, "required": required}


def _choice(member: str, value: Mapping[str, Any], reasons: list[str | None]) -> Mapping[str, Any]:
    properties = {
        "index": _INDEX,
        member: value,
        "finish_reason": {"enum": reasons},
        "logprobs": _LOGPROBS if member != "text" else {},
    }
    return {"type": "object", "properties": properties, "required": ["index", member, "finish_reason"]}


_ALWAYS: Final = ["id", "object", "created", "model", "choices"]
_MESSAGE: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "role": {"const": "assistant"},
        "content": {"type": ["string", "null"]},
        "tool_calls": _calls(["id", "function"]),
    },
    "required": ["role"],
}
_DELTA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "role": {"enum": ["assistant", None]},
        "content": {"type": ["string", "null"]},
        "tool_calls": _calls(["index"]),
    },
}

_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "models": {
        "type": "object",
        "properties": {
            "object": {"const": "list"},
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"id": {"type": "string", "minLength": 1}, "object": {"const": "model"}},
                    "required": ["id", "object"],
                },
            },
        },
        "required": ["object", "data"],
    },
    "chat": _answer(
        "chat.completion",
        _choice("message", _MESSAGE, [*_REASONS]),
        required=[*_ALWAYS, "usage"],
        minItems=1,
    ),
    "chat chunk": _answer(
        "chat.completion.chunk", _choice("delta", _DELTA, [*_REASONS, None]), required=_ALWAYS
    ),
    "completion": _answer(
        "text_completion", _choice("text", _NAME, [*_REASONS]), required=[*_ALWAYS, "usage"], minItems=1
    ),
    "completion chunk": _answer(
        "text_completion", _choice("text", _NAME, [*_REASONS, "", None]), required=_ALWAYS
    ),
}
_BY_PATH: Final = {
    "/v1/models": ("models", ""),
    "/v1/chat/completions": ("chat", "chat chunk"),
    "/v1/completions": ("completion", "completion chunk"),
}


def check_openai(seen: Seen) -> list[Violation]:
    """Each way in which an answer is not what OpenAI's clients expect; [] if none."""
    if seen.status >= 400:
        return list(_refusal(seen))
    whole, chunk = _BY_PATH[seen.question.path]
    wants_stream = bool((seen.exchange["request"].get("json") or {}).get("stream"))
    wanted = "text/event-stream" if wants_stream else "application/json"
    given = seen.headers.get("content-type", "none")
    if given.partition(";")[0].strip().lower() != wanted:
        return [Violation("headers.content-type", "content type", wanted, given)]
    if wants_stream:
        return list(_stream(seen, chunk))
    found = _against(seen.value, whole, "body")
    return found or list(_sum(seen.value.get("usage"), "body.usage"))


def _refusal(seen: Seen) -> Iterator[Violation]:
    """An error in JSON, if it has a body that says so, has a member `error` with a message, or `message`."""
    if "html" in seen.headers.get("content-type", ""):
        yield Violation("headers.content-type", "error", "JSON or plain text", seen.headers["content-type"])
    elif isinstance(seen.value, dict):
        error = seen.value.get("error", seen.value.get("message", seen.value.get("detail")))
        told = error.get("message") if isinstance(error, dict) else error
        if not told:
            yield Violation("body.error", "error", "a message", shown(seen.value))


def _stream(seen: Seen, schema: str) -> Iterator[Violation]:
    data = data_of(seen.text)
    if not seen.text.endswith(("\n\n", "\r\n\r\n", "\r\r")):
        yield Violation("events", "framing", "an empty line at the end", shown(seen.text[-80:]))
        return
    if DONE not in data:
        got = shown(data[-1]) if data else "no event"
        yield Violation(f"events[{len(data)}]", "end", f"{DONE} at the end", f"{got} as the last")
    elif data.index(DONE) != len(data) - 1:
        i = data.index(DONE) + 1
        yield Violation(f"events[{i}]", "end", f"nothing after {DONE}", shown(data[i]))
    events = seen.events
    found = []
    for i, event in enumerate(events):
        if not (isinstance(event, dict) and event.get("error")):
            found += _against(event, schema, f"events[{i}]")
    yield from found
    if not found and error_event(seen) is None:
        yield from _events(events, _prompts(seen))


def _prompts(seen: Seen) -> int:
    prompt = (seen.exchange["request"].get("json") or {}).get("prompt")
    return len(prompt) if isinstance(prompt, list) else 1


def _events(events: list[Any], prompts: int) -> Iterator[Violation]:
    ended: dict[int, int] = {}
    called = False
    for i, event in enumerate(events):
        yield from _sum(event.get("usage"), f"events[{i}].usage")
        for key in ("id", "model"):
            if event[key] != events[0][key]:
                expected = f"{shown(events[0][key])}, as before"
                yield Violation(f"events[{i}].{key}", "same", expected, shown(event[key]))
        for choice in event["choices"]:
            called = called or bool((choice.get("delta") or {}).get("tool_calls"))
            if choice["index"] in ended:
                yield Violation(f"events[{i}]", "end", "nothing after its finish reason", shown(choice))
            if choice["finish_reason"]:
                ended[choice["index"]] = i
    # TGI ends a streamed call without a finish reason.
    if len(ended) != prompts and not called:
        got = f"{len(ended)} of them"
        yield Violation("events", "end", f"a finish reason for each of {prompts} choices", got)


def _sum(usage: Any, where: str) -> Iterator[Violation]:
    if isinstance(usage, dict):
        total = usage["prompt_tokens"] + usage["completion_tokens"]
        if usage["total_tokens"] != total:
            yield Violation(f"{where}.total_tokens", "sum", f"{total}, the sum", str(usage["total_tokens"]))


def _against(value: Any, schema: str, where: str) -> list[Violation]:
    found = []
    for error in _validator(schema).iter_errors(value):
        rule = str(error.validator)
        wanted: Any = error.validator_value
        got: Any = error.instance
        expected = f"{rule} {shown(wanted)}"
        if rule == "required":
            expected = f"the members {', '.join(name for name in wanted if name not in got)}"
        found.append(Violation(error.json_path, rule, expected, shown(got)).inside(where))
    return sorted(found, key=lambda violation: violation.where)


@cache
def _validator(schema: str) -> Validator:
    from jsonschema.validators import Draft202012Validator

    validator: Validator = Draft202012Validator(_SCHEMAS[schema])
    return validator
