"""Ways in which an answer can be wrong, each a function on it; what it leaves alone it leaves as it was."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

from .damaged import Answer, Damage


def on(path: str, *, status: int | None = 200, stream: bool | None = None) -> Callable[[Damage], Damage]:
    """Only answers of this route; of this status, None for any; streams, whole answers, or both."""

    def only(damage: Damage) -> Damage:
        def guarded(answer: Answer) -> None:
            right = answer.method == "POST" or path in ("/info", "/metrics", "/v1/models")
            right = right and answer.path == path and answer.status == (status or answer.status)
            if right and stream in (None, answer.is_stream):
                damage(answer)

        return guarded

    return only


def edit(change: Callable[[Any], None]) -> Damage:
    """Changes the body's JSON value in place, or each event's."""

    def damage(answer: Answer) -> None:
        if answer.is_stream:
            events = answer.events
            for event in events:
                if isinstance(event, dict):
                    change(event)
            answer.events = events
        elif (value := answer.value) is not None:
            change(value)
            answer.value = value

    return damage


def on_details(change: Callable[[dict[str, Any]], None]) -> Damage:
    """Changes the details of an answer that has them."""

    def damage(value: Any) -> None:
        if isinstance(value, dict) and isinstance(value.get("details"), dict):
            change(value["details"])

    return edit(damage)


def rename(value: dict[str, Any], old: str, new: str) -> None:
    """Gives a member another name, in its place."""
    items = [(new if key == old else key, each) for key, each in value.items()]
    value.clear()
    value.update(items)


def events_changed(change: Callable[[list[Any]], list[Any]]) -> Damage:
    """Another list of events in place of a stream's."""

    def damage(answer: Answer) -> None:
        if answer.is_stream:
            answer.events = change(answer.events)

    return damage


def header(name: str, change: Callable[[str], str] | None) -> Damage:
    """Changes a header that is there; with None takes it away."""

    def damage(answer: Answer) -> None:
        if name in answer.headers:
            if change is None:
                del answer.headers[name]
            else:
                answer.headers[name] = change(answer.headers[name])

    return damage


def status_becomes(new: int) -> Damage:
    def damage(answer: Answer) -> None:
        answer.status = new

    return damage


def content_type(new: str) -> Damage:
    return header("content-type", lambda old: new)


def html_error(answer: Answer) -> None:
    """What a proxy says when the server behind it does not answer."""
    if answer.status == 422:
        answer.status, answer.headers = 502, {"content-type": "text/html", "content-length": "0"}
        answer.chunks = [b"<html><body><h1>502 Bad Gateway</h1></body></html>"]


def as_status(answer: Answer) -> None:
    """An error that belongs into the stream as a status of its own."""
    events = answer.events
    if events and isinstance(events[0], dict) and "error" in events[0]:
        answer.status = 422
        kept = {"vary": answer.headers["vary"], "content-length": "0"}
        answer.headers = {"content-type": "application/json"} | kept
        answer.value = events[0]


def not_repeatable() -> Damage:
    """Something else each time it is asked: another last token."""
    number = itertools.count(1)

    def change(details: dict[str, Any]) -> None:
        details["tokens"][-1]["id"] = 1000 + next(number)

    return on_details(change)


def stop_removed(answer: Answer) -> None:
    """The stop sequence is cut off, as OpenAI does it."""
    value, stop = answer.value, (answer.asked.get("parameters") or {}).get("stop")
    if stop and value["details"]["finish_reason"] == "stop_sequence":
        value["generated_text"] = value["generated_text"].removesuffix(stop[0])
        answer.value = value


def prompt_forgotten(answer: Answer) -> None:
    value, asked = answer.value, answer.asked
    if asked["parameters"].get("return_full_text"):
        value["generated_text"] = value["generated_text"].removeprefix(asked["inputs"])
        answer.value = value


def text_in_place(pattern: str, text: str) -> Damage:
    """Where a grammar was asked for, something that does not obey it."""

    def damage(answer: Answer) -> None:
        value = answer.value
        if pattern in answer.request.decode():
            value["generated_text"] = text
            value["details"]["finish_reason"] = "eos_token"
            answer.value = value

    return damage


def frozen_counters() -> Damage:
    """A /metrics that never moves again."""
    first: list[bytes] = []

    def damage(answer: Answer) -> None:
        first[:] = first or answer.chunks
        answer.chunks = list(first)

    return damage


def seconds_for_millis(answer: Answer) -> None:
    if "x-total-time" in answer.headers:
        answer.headers["x-total-time"] = str(int(answer.headers["x-total-time"]) + 1000)


def offsets_in_characters(answer: Answer) -> None:
    tokens, inputs = answer.value, answer.asked["inputs"].encode()
    for token in tokens:
        for name in ("start", "stop"):
            token[name] = len(inputs[: token[name]].decode("utf-8", "ignore"))
    answer.value = tokens


def swap_last(tokens: list[Any]) -> None:
    """Says of the first token that a likelier one was there."""
    if tokens and len(tokens[0]) > 1:
        tokens[0][-1]["logprob"] = 0.0


def lines_as(old: bytes, new: bytes) -> Damage:
    def damage(answer: Answer) -> None:
        answer.chunks = [chunk.replace(old, new) for chunk in answer.chunks]

    return damage


def cut_off(answer: Answer) -> None:
    answer.chunks, answer.cut = answer.chunks[:1], True


def argument_object(value: Any) -> None:
    for call in value["choices"][0].get("message", {}).get("tool_calls") or ():
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])


def any_version(value: Any) -> None:
    value["system_fingerprint"] = re.sub(r"^[^-]+", "9.9.9", value["system_fingerprint"])


def words_for_call(value: Any) -> None:
    """Answers in words where a tool was to be called."""
    for choice in value["choices"]:
        said = choice.get("message") or choice["delta"]
        if said.pop("tool_calls", None):
            said["content"] = "It is warm."
            choice["finish_reason"] = "stop" if "message" in choice else None


def words_for_pieces(events: list[Any]) -> list[Any]:
    """The same in a stream, which then ends as one of words does."""
    called = any("tool_calls" in event["choices"][0]["delta"] for event in events[:-1] if event["choices"])
    for event in events[:-1]:
        words_for_call(event)
    if called:
        events[-2]["choices"][0]["finish_reason"] = "stop"
    return events


def other_first_letter(value: Any) -> None:
    if len(value.get("details", {}).get("tokens", "12")) == 1:
        value["generated_text"] = "X" + value["generated_text"][1:]
