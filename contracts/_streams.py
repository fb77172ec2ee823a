"""What only a sequence of events can show.

A generate stream counts its tokens from 1, and ends with the one event that has the whole text, or with an
error. A chat stream ends with a finish reason, unless it is a tool call; then come the usage, if asked for,
and `[DONE]`. A completion stream takes turns: one event of each prompt that has not ended, then again; each
prompt ends with its usage or with an error; then comes `[DONE]`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ._answers import violations_of
from ._framing import DONE, events_of
from ._texts import ends_with_its_tokens, text_of_tokens
from ._tool_stream import could_be_a_call
from ._turns import turns
from ._violation import Violation, shown

__all__ = ["check_stream", "route_of_stream"]


def check_stream(
    events: Iterable[Any] | str | bytes, *, path: str | None = None, prompts: int | None = None
) -> list[Violation]:
    """Each way in which a whole stream breaks its contracts; [] if it keeps them.

    `events` is the stream as sent (one text, bytes, bytes in pieces cut anywhere, or texts in pieces that
    begin with `data:` or `:`), or the data of its events in order, as texts or as `json.loads` gives them,
    with "[DONE]" where it comes. As sent, a chat or completion stream must end with `[DONE]`; of parsed data
    it may have been left out.

    `path` is the route that answered; without it the events tell which kind they are. `prompts` is the
    number of prompts of a completion stream, if known.

    Each event is held to its schema, then all of them to the rules of a stream. `where` names the event:
    `events[2].token.id`.
    """
    values, found, as_sent = _parsed(events)
    route = _route(path, values)
    for i, value in enumerate(values):
        found += [v.inside(f"events[{i}]") for v in violations_of("POST", route, 200, value, event=True)]
    if found:
        return found
    if route not in _WITH_END_MARKER:
        return list(_generate(values))
    if as_sent and (not values or values[-1] != DONE):
        found.append(Violation(f"events[{len(values)}]", "end", DONE, "nothing"))
    for i, value in enumerate(values[:-1]):
        if value == DONE:
            found.append(Violation(f"events[{i + 1}]", "end", f"nothing after {DONE}", shown(values[i + 1])))
    values = [value for value in values if value != DONE]
    found += _chat(values) if route == "/v1/chat/completions" else turns(values, prompts)
    return found


def route_of_stream(events: Sequence[Any]) -> str | None:
    """The route whose streams have such events; None if they do not tell."""
    for event in events:
        if isinstance(event, dict):
            if "token" in event or isinstance(event.get("error"), str):
                return "/generate_stream"
            if event.get("object") == "text_completion":
                return "/v1/completions"
            if event.get("object") == "chat.completion.chunk":
                return "/v1/chat/completions"
    errors = sum(map(_is_openai_error, events))
    if errors > 1:
        return "/v1/completions"  # one of each prompt; a chat has one answer, and so one error
    return "/v1/chat/completions" if errors or DONE in events else None


def _route(path: str | None, events: list[Any]) -> str:
    if path in (None, "/invocations"):
        return route_of_stream(events) or "/generate_stream"
    return path if path in _WITH_END_MARKER else "/generate_stream"


_WITH_END_MARKER = ("/v1/chat/completions", "/v1/completions")


def _is_openai_error(event: Any) -> bool:
    return isinstance(event, dict) and isinstance(event.get("error"), dict)


def _parsed(events: Iterable[Any] | str | bytes) -> tuple[list[Any], list[Violation], bool]:
    if isinstance(events, bytes):
        events = events.decode("utf-8", "replace")
    if not isinstance(events, str):
        values = list(events)
        if values and all(isinstance(value, bytes) for value in values):
            return _parsed(b"".join(values))  # cut anywhere, even inside a character
        pieces = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
        texts = [piece for piece in pieces if isinstance(piece, str)]
        if not texts or len(texts) != len(pieces) or not texts[0].startswith(("data:", ":")):
            return [_data(value) for value in values], [], False
        events = "".join(texts)
    parsed, found = events_of(events)
    return parsed, found, True


def _data(value: Any) -> Any:
    """An event's data given as text is taken for what it says."""
    if not isinstance(value, str) or value == DONE:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


# Below, `.get` where a member may also be null or gone in an event that a client wrote down.


def _generate(events: list[Any]) -> Iterator[Violation]:
    if not events:
        yield Violation("events", "end", "a token, or an error", "no event")
        return
    ends = [i for i, event in enumerate(events) if "error" in event or event["generated_text"] is not None]
    last = len(events) - 1
    if not ends:
        yield Violation(
            f"events[{last}]", "end", "the whole text, or an error, on the last event", shown(events[last])
        )
    elif ends[0] != last:
        yield Violation(f"events[{ends[0] + 1}]", "end", "nothing after the end", shown(events[ends[0] + 1]))
    tokens = [event for event in events if "token" in event]
    for i, event in enumerate(tokens):
        if event.get("index", i + 1) != i + 1:
            yield Violation(f"events[{i}].index", "index", str(i + 1), str(event["index"]))
        if (event.get("top_tokens") is None) != (tokens[0].get("top_tokens") is None):
            yield Violation(f"events[{i}]", "top_tokens", "top tokens on all tokens or none", shown(event))
    if ends and ends[-1] == last and "error" not in events[last]:
        yield from _generate_end(events[last], [event["token"] for event in tokens], f"events[{last}]")


def _generate_end(event: dict[str, Any], tokens: list[dict[str, Any]], where: str) -> Iterator[Violation]:
    whole = event["generated_text"]
    if not ends_with_its_tokens(whole, tokens):
        expected = f"to end with the tokens' texts, {shown(text_of_tokens(tokens))}"
        yield Violation(f"{where}.generated_text", "concatenation", expected, shown(whole))
    details, count = event["details"], len(tokens)
    if details is not None and details["generated_tokens"] != count:
        got = str(details["generated_tokens"])
        yield Violation(f"{where}.details.generated_tokens", "count", f"{count}, the number of tokens", got)


def _chat(events: list[Any]) -> Iterator[Violation]:
    chunks: list[dict[str, Any]] = []
    finish: str | None = None
    usage: dict[str, Any] | None = None
    for i, event in enumerate(events):
        where = f"events[{i}]"
        if "error" in event:
            if i != len(events) - 1:
                yield Violation(f"events[{i + 1}]", "end", "nothing after an error", shown(events[i + 1]))
            if finish is not None or usage is not None:
                yield Violation(where, "end", "no error after the end", shown(event))
            return
        if usage is not None or (finish is not None and event["choices"]):
            yield Violation(where, "end", "nothing after the end", shown(event))
        if not event["choices"]:
            usage = event["usage"]
            continue
        yield from _same_head(event, chunks[-1] if chunks else event, where)
        chunks.append(event)
        finish = finish or event["choices"][0]["finish_reason"]
    yield from _chat_end(
        [chunk["choices"][0] for chunk in chunks], finish, usage, f"events[{len(events) - 1}]"
    )


def _same_head(event: dict[str, Any], before: dict[str, Any], where: str) -> Iterator[Violation]:
    for key in ("model", "system_fingerprint"):
        if event[key] != before[key]:
            yield Violation(f"{where}.{key}", "same", f"{shown(before[key])}, as before", shown(event[key]))
    if event["created"] < before["created"]:
        got = str(event["created"])
        yield Violation(f"{where}.created", "order", f"at least {before['created']}, as before", got)
    if (event["choices"][0]["logprobs"] is None) != (before["choices"][0]["logprobs"] is None):
        got = shown(event["choices"][0]["logprobs"])
        yield Violation(
            f"{where}.choices[0].logprobs", "same", "log-probabilities on all chunks or none", got
        )


def _chat_end(
    choices: list[dict[str, Any]], finish: str | None, usage: dict[str, Any] | None, where: str
) -> Iterator[Violation]:
    calls = [c["delta"]["tool_calls"][0] for c in choices if c["delta"].get("tool_calls")]
    if not calls:
        if choices and finish is None:
            yield Violation(where, "end", "a finish reason on the last chunk", shown(choices[-1]))
        if choices and usage is not None and usage["completion_tokens"] != len(choices):
            got = str(usage["completion_tokens"])
            yield Violation(f"{where}.usage.completion_tokens", "count", f"{len(choices)}, one a chunk", got)
        return
    if calls[0]["function"]["name"] is None:
        yield Violation("events[0]", "tool_calls", "the function's name on the first piece", shown(calls[0]))
    if len({call["id"] for call in calls}) > 1:
        yield Violation("events", "tool_calls", "one id on all pieces", shown([call["id"] for call in calls]))
    # After a whole call, further white space of the model makes the router begin it again.
    first, *others = (call["function"] for call in calls)
    again = next((i for i, piece in enumerate(others) if piece["name"] is not None), len(others))
    rest = "".join(piece["arguments"] for piece in others[:again])
    if finish is None and first["name"] is not None and not could_be_a_call(first["name"], rest):
        yield Violation("events", "tool_calls", "arguments that end a call", shown("{" + rest))
