"""The same thing read out of any route's answer: its text, its tokens, its counts.

Only for answers that keep their contract. A reading is None where an answer does not tell.
"""

from __future__ import annotations

from typing import Any

from .seen import Seen

__all__ = [
    "asked",
    "details",
    "error_event",
    "finish_reasons",
    "header_number",
    "prompt_tokens",
    "spent_tokens",
    "text",
    "token_ids",
    "tool_call",
    "usage",
]


def asked(seen: Seen) -> Any:
    """The body's value as it was sent; {} if it was sent as bytes, or not at all."""
    return seen.exchange["request"].get("json", {})


def text(seen: Seen) -> str | None:
    """The text that the model produced; of several choices that of index 0."""
    if seen.is_stream:
        return _streamed_text(seen.events)
    value = _one(seen.value)
    if not isinstance(value, dict):
        return None
    if "generated_text" in value:
        return _text_or_none(value["generated_text"])
    for choice in value.get("choices", ()):
        if choice.get("index", 0) == 0:
            return _text_or_none(choice["text"] if "text" in choice else choice["message"].get("content"))
    return None


def _streamed_text(events: list[Any]) -> str | None:
    parts = []
    for event in events:
        if event.get("generated_text") is not None:
            return _text_or_none(event["generated_text"])
        for choice in event.get("choices", ()):
            if choice.get("index", 0) == 0:
                part = choice.get("text", choice.get("delta", {}).get("content"))
                parts.append(part if isinstance(part, str) else "")
    return "".join(parts)


def details(seen: Seen) -> dict[str, Any] | None:
    """The details of a generate answer, or of the last event of a stream."""
    if seen.is_stream:
        events = [event for event in seen.events if isinstance(event.get("details"), dict)]
        return events[-1]["details"] if events else None
    value = _one(seen.value)
    found = value.get("details") if isinstance(value, dict) else None
    return found if isinstance(found, dict) else None


def token_ids(seen: Seen) -> list[int] | None:
    """The ids of the generated tokens, where the answer shows them."""
    if seen.is_stream:
        return [event["token"]["id"] for event in seen.events if "token" in event] or None
    found = details(seen)
    return [token["id"] for token in found["tokens"]] if found else None


def usage(seen: Seen) -> dict[str, int] | None:
    """The usage of an answer; of a stream the sum of its events'."""
    if not seen.is_stream:
        value = seen.value
        return value.get("usage") if isinstance(value, dict) else None
    each = [event["usage"] for event in seen.events if event.get("usage")]
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {name: sum(usage[name] for usage in each) for name in names} if each else None


def prompt_tokens(seen: Seen) -> int | None:
    """How many tokens the prompt had, by whichever member or header tells."""
    found = details(seen)
    if found and "input_length" in found:
        return int(found["input_length"])
    counted = usage(seen)
    return counted["prompt_tokens"] if counted else header_number(seen, "x-prompt-tokens")


def spent_tokens(seen: Seen) -> int:
    """How many tokens the model generated for it, as far as the answer tells."""
    counted, found = usage(seen), details(seen)
    if counted:
        return counted["completion_tokens"]
    if found:
        return int(found["generated_tokens"])
    if seen.is_stream:
        return sum("token" in event or bool(event.get("choices")) for event in seen.events)
    return header_number(seen, "x-generated-tokens") or 0


def finish_reasons(seen: Seen) -> list[str]:
    """Each finish reason that the answer gives, in its order."""
    found = details(seen)
    if found:
        return [found["finish_reason"]]
    values = seen.events if seen.is_stream else [seen.value] if isinstance(seen.value, dict) else []
    choices = [choice for value in values for choice in value.get("choices", ())]
    return [choice["finish_reason"] for choice in choices if choice["finish_reason"]]


def tool_call(seen: Seen) -> tuple[str | None, str] | None:
    """Name and arguments of the first tool called; of a stream put together. None if there is none."""
    if not seen.is_stream:
        calls = seen.value["choices"][0]["message"].get("tool_calls") or ()
        return (calls[0]["function"]["name"], calls[0]["function"]["arguments"]) if calls else None
    choices = [choice for event in seen.events for choice in event.get("choices", ())]
    deltas = [call for choice in choices for call in choice["delta"].get("tool_calls") or ()]
    if not deltas:
        return None
    first = [call["function"] for call in deltas if call.get("index", 0) == deltas[0].get("index", 0)]
    name = next((part["name"] for part in first if part.get("name")), None)
    return name, "".join(part.get("arguments") or "" for part in first)


def error_event(seen: Seen) -> dict[str, Any] | None:
    """The first event of a stream that tells an error."""
    if not seen.is_stream:
        return None
    return next((e for e in seen.events if isinstance(e, dict) and e.get("error") is not None), None)


def header_number(seen: Seen, name: str) -> int | None:
    """A header that is a whole number."""
    value = seen.headers.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else None


def _one(value: Any) -> Any:
    """The answer itself: POST / answers with a list of one."""
    return value[0] if isinstance(value, list) and value else value


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None
