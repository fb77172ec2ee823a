"""From the items of a stream to its text and the whole answer it amounts to. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from . import types as t
from ._ends import ChoicesEnd, GenerationEnd
from ._streams import Protocol

__all__ = ["GENERATION", "chat_complete", "chat_protocol", "completion", "completion_protocol", "response"]


def generation_text(items: Sequence[t.StreamResponse]) -> str:
    """The tokens' texts, special ones left out."""
    return "".join([item.token.text for item in items if not item.token.special])


def chat_text(items: Sequence[t.ChatCompletionChunk]) -> str:
    """The content of the first choice."""
    return "".join(
        [c.delta.content for item in items for c in item.choices if c.index == 0 and c.delta.content]
    )


def completion_text(items: Sequence[t.CompletionChunk]) -> str:
    """The text of the first choice."""
    return "".join([c.text for item in items for c in item.choices if c.index == 0])


GENERATION: Protocol[t.StreamResponse] = Protocol(
    t.StreamResponse.__pydantic_validator__.validate_json, GenerationEnd, generation_text
)


def chat_protocol(expected: int) -> Protocol[t.ChatCompletionChunk]:
    """Chat streams with this many choices."""
    validate = t.ChatCompletionChunk.__pydantic_validator__.validate_json
    return Protocol(validate, lambda: ChoicesEnd(expected), chat_text, vague=True)


def completion_protocol(expected: int) -> Protocol[t.CompletionChunk]:
    """Completion streams of this many prompts."""
    validate = t.CompletionChunk.__pydantic_validator__.validate_json
    return Protocol(validate, lambda: ChoicesEnd(expected), completion_text, vague=True)


def response(items: Sequence[t.StreamResponse]) -> t.Response:
    """The Response that `generate` would have returned. Streams carry no prefill and no other sequences."""
    last = items[-1] if items else None
    text = last.generated_text if last is not None else None
    details = None
    if last is not None and last.details is not None:
        tops = [item.top_tokens or [] for item in items]
        details = t.Details(
            finish_reason=last.details.finish_reason,
            generated_tokens=last.details.generated_tokens,
            seed=last.details.seed,
            prefill=[],
            tokens=[item.token for item in items],
            top_tokens=tops if any(tops) else None,
        )
    return t.Response(generated_text=generation_text(items) if text is None else text, details=details)


def _by_index(items: Iterable[Any]) -> dict[int, list[Any]]:
    """Each choice's pieces, in order of its index."""
    found: dict[int, list[Any]] = {}
    for item in items:
        for choice in item.choices:
            found.setdefault(choice.index, []).append(choice)
    return dict(sorted(found.items()))


def _last(values: Iterable[Any]) -> Any:
    found = None
    for value in values:
        if value:
            found = value
    return found


def _head(items: Sequence[Any]) -> dict[str, Any]:
    first = items[0] if items else None
    names = ("id", "created", "model", "system_fingerprint")
    head = {} if first is None else {name: getattr(first, name) for name in names}
    head["usage"] = _last(item.usage for item in items)
    return head


def chat_complete(items: Sequence[t.ChatCompletionChunk]) -> t.ChatComplete:
    """The ChatComplete that a call without `stream` would have returned."""
    choices = []
    for index, pieces in _by_index(items).items():
        content = "".join(piece.delta.content or "" for piece in pieces)
        calls = _joined_calls(piece.delta.tool_calls or [] for piece in pieces)
        logprobs = [piece.logprobs for piece in pieces if piece.logprobs]
        choices.append(
            t.ChatCompletionComplete(
                index=index,
                message=t.Message(
                    role=_last(piece.delta.role for piece in pieces) or "assistant",
                    content=None if calls and not content else content,
                    tool_calls=calls or None,
                ),
                logprobs=_joined_logprobs(logprobs),
                finish_reason=_last(piece.finish_reason for piece in pieces),
            )
        )
    return t.ChatComplete(object="chat.completion", choices=choices, **_head(items))


def _joined_calls(deltas: Iterable[list[t.ChoiceDeltaToolCall]]) -> list[t.ToolCall]:
    """Tool calls out of their pieces: the name comes first, the arguments piece by piece.

    TGI gives every call of an answer the index 0; a piece that names a function begins another call.
    """
    calls: list[dict[str, Any]] = []
    current: dict[int, dict[str, Any]] = {}
    for delta in deltas:
        for piece in delta:
            call = current.get(piece.index)
            if call is None or (piece.function.name and call["name"]):
                call = {"id": piece.id, "type": piece.type, "name": None, "arguments": []}
                current[piece.index] = call
                calls.append(call)
            call["id"] = call["id"] or piece.id
            call["name"] = call["name"] or piece.function.name
            call["arguments"].append(piece.function.arguments)
    return [
        t.ToolCall(
            id=call["id"] or "0",
            type=call["type"] or "function",
            function=t.FunctionCall(name=call["name"], arguments="".join(call["arguments"]) or "{}"),
        )
        for call in calls
    ]


def _joined_logprobs(pieces: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not pieces:
        return None
    content: list[Any] = []
    for piece in pieces:
        found = piece.get("content")
        if isinstance(found, list):
            content += found
        elif found is not None or "token" in piece:
            content.append(found if found is not None else piece)
    return {"content": content}


def completion(items: Sequence[t.CompletionChunk]) -> t.Completion:
    """The Completion that a call without `stream` would have returned; usage is the sum over the prompts."""
    choices = [
        t.CompletionComplete(
            index=index,
            text="".join(piece.text for piece in pieces),
            finish_reason=_last(piece.finish_reason for piece in pieces),
        )
        for index, pieces in _by_index(items).items()
    ]
    head = _head(items)
    usages = [item.usage for item in items if isinstance(item.usage, dict)]
    if len(usages) > 1:
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        head["usage"] = {name: sum(usage.get(name) or 0 for usage in usages) for name in names}
    return t.Completion(object="text_completion", choices=choices, **head)
