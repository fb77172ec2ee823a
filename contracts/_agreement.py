"""Whether a successful answer shows what its request asked for, and nothing that it did not.

One function for each kind of answer; each is given values that satisfy their schemas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ._asked import Asked
from ._framing import DONE
from ._model_tokens import AT_A_TIME
from ._texts import before_its_tokens, last_byte, text_of_tokens
from ._turns import is_last
from ._violation import Violation, shown

__all__ = ["agreement"]


def agreement(asked: Asked, value: Any, *, is_stream: bool) -> Iterator[Violation]:
    """Each way in which an answer with status 200 is not what a request that is understood asked for.

    `value` is the body, or for a stream the list of its events' data.
    """
    rule = _RULES.get((asked.route, is_stream))
    if rule is not None:
        yield from rule(asked, value)


def _generate(asked: Asked, value: Mapping[str, Any]) -> Iterator[Violation]:
    parameters = asked.parameters
    if parameters is None:
        return
    yield from _full_text(asked, value["generated_text"], "$.generated_text")
    wanted = bool(parameters.get("details") or parameters.get("decoder_input_details"))
    details = value.get("details")
    yield from _presence("$.details", details is not None, wanted, "details")
    if details is None:
        return
    yield from _nothing_before(asked, value["generated_text"], details["tokens"], "$.generated_text")
    where = "$.details"
    others = details.get("best_of_sequences") or []
    best_of = parameters.get("best_of") or 1
    if len(others) != best_of - 1:
        yield Violation(
            f"{where}.best_of_sequences", "best_of", f"{best_of - 1} other sequences", str(len(others))
        )
    yield from _sequence(asked, parameters, details, where)
    for i, other in enumerate(others):
        yield from _sequence(asked, parameters, other, f"{where}.best_of_sequences[{i}]")


def _sequence(
    asked: Asked, parameters: Mapping[str, Any], value: Mapping[str, Any], where: str
) -> Iterator[Violation]:
    yield from _presence(
        f"{where}.top_tokens", "top_tokens" in value, bool(parameters.get("top_n_tokens")), "top_n_tokens"
    )
    if value["prefill"] and not parameters.get("decoder_input_details"):
        yield Violation(
            f"{where}.prefill", "asked", "none, for decoder_input_details is not set", shown(value["prefill"])
        )
    yield from _seed(asked, value["seed"], f"{where}.seed")
    yield from _length(
        parameters.get("max_new_tokens"), value["generated_tokens"], value["finish_reason"], where
    )
    yield from _stop(parameters.get("stop"), value["finish_reason"], where)


def _compat(asked: Asked, value: list[Any]) -> Iterator[Violation]:
    for violation in _generate(asked, value[0]):
        yield violation.inside("$[0]")


def _generate_stream(asked: Asked, events: list[Any]) -> Iterator[Violation]:
    parameters = asked.parameters
    if parameters is None:
        return
    for i, event in enumerate(events):
        if "error" in event:
            continue
        where = f"events[{i}]"
        wanted = bool(parameters.get("top_n_tokens"))
        yield from _presence(f"{where}.top_tokens", "top_tokens" in event, wanted, "top_n_tokens")
        if event["generated_text"] is None:
            continue
        yield from _full_text(asked, event["generated_text"], f"{where}.generated_text")
        yield from _cut_off(asked, events, event["generated_text"], f"{where}.generated_text")
        details = event["details"]
        yield from _presence(
            f"{where}.details", details is not None, bool(parameters.get("details")), "details"
        )
        if details is not None:
            where += ".details"
            yield from _seed(asked, details["seed"], f"{where}.seed")
            wanted_tokens = parameters.get("max_new_tokens")
            yield from _length(wanted_tokens, details["generated_tokens"], details["finish_reason"], where)
            yield from _stop(parameters.get("stop"), details["finish_reason"], where)


def _presence(where: str, there: bool, wanted: bool, parameter: str) -> Iterator[Violation]:
    if there != wanted:
        expected = f"to be there, for {parameter} asks for it" if wanted else f"nothing without {parameter}"
        yield Violation(where, "asked", expected, "there" if there else "absent or null")


def _full_text(asked: Asked, text: str, where: str) -> Iterator[Violation]:
    if (asked.parameters or {}).get("return_full_text") is True and not text.startswith(asked.body["inputs"]):
        yield Violation(
            where, "return_full_text", f"to begin with {shown(asked.body['inputs'])}", shown(text)
        )


def _cut_off(asked: Asked, events: list[Any], text: str, where: str) -> Iterator[Violation]:
    """A text that is not that of its tokens is empty, the prompt aside: see check_stream."""
    tokens = [event["token"] for event in events if "token" in event]
    texts = text_of_tokens(tokens)
    empty = ("", asked.body["inputs"])
    if before_its_tokens(text, texts) is None and text not in empty:
        expected = f"to end with the tokens' texts, {shown(texts)}, or nothing"
        yield Violation(where, "concatenation", expected, shown(text))
    yield from _nothing_before(asked, text, tokens, where)


def _nothing_before(asked: Asked, text: str, tokens: list[Any], where: str) -> Iterator[Violation]:
    """Before its tokens a text has the prompt, where that is asked for."""
    before = before_its_tokens(text, text_of_tokens(tokens))
    prompt = asked.body["inputs"]
    if before and not (asked.may_repeat and before in (prompt, prompt.removesuffix(" "))):
        yield Violation(where, "return_full_text", "nothing before the tokens' texts", shown(before))


def _seed(asked: Asked, seed: int | None, where: str) -> Iterator[Violation]:
    if seed is None and asked.must_sample:
        yield Violation(where, "seed", "a seed, for the request samples", "null")
    elif seed is not None and not asked.may_sample:
        yield Violation(where, "seed", "null, for the request does not sample", str(seed))


def _length(limit: int | None, count: int, finish: str, where: str) -> Iterator[Violation]:
    if limit is None:
        return
    most = limit if limit <= AT_A_TIME else -(-limit // AT_A_TIME) * AT_A_TIME
    if count > most:
        yield Violation(where, "max_new_tokens", f"at most {most} tokens", str(count))
    elif finish == "length" and limit <= AT_A_TIME and count != limit:
        yield Violation(where, "max_new_tokens", f"{limit} tokens, if the length ended it", str(count))


def _stop(stop: list[str] | None, finish: str, where: str) -> Iterator[Violation]:
    if finish == "stop_sequence" and not stop:
        yield Violation(where, "stop", "another finish reason, for the request has no stop sequence", finish)


def _chat(asked: Asked, value: Mapping[str, Any]) -> Iterator[Violation]:
    body, choice, where = asked.body, value["choices"][0], "$.choices[0]"
    yield from _model(body, value, "$.model")
    yield from _logprobs(body, choice, where)
    yield from _length(_max_tokens(body), value["usage"]["completion_tokens"], choice["finish_reason"], where)
    yield from _stop(body.get("stop"), choice["finish_reason"], where)
    yield from _calls_only_with_tools(body, "tool_calls" in choice["message"], f"{where}.message")


def _chat_stream(asked: Asked, events: list[Any]) -> Iterator[Violation]:
    body = asked.body
    events = [event for event in events if event != DONE]
    failed = any("error" in event for event in events)
    for i, event in enumerate(events):
        for choice in event.get("choices", ()):
            where = f"events[{i}].choices[0]"
            yield from _model(body, event, f"events[{i}].model")
            yield from _logprobs(body, choice, where)
            yield from _same_token(choice, where)
            yield from _stop(body.get("stop"), choice["finish_reason"], where)
            yield from _calls_only_with_tools(body, "tool_calls" in choice["delta"], f"{where}.delta")
    yield from _call_ids(body, events)
    if not any(event.get("choices") for event in events) and not failed and body.get("tools") is None:
        yield Violation("events", "tools", "a chunk or an error, for the request has no tools", "neither")
    wanted = bool((body.get("stream_options") or {}).get("include_usage")) and not failed
    there = any(event.get("choices") == [] for event in events)
    yield from _presence("events", there, wanted, "stream_options.include_usage")


def _call_ids(body: Mapping[str, Any], events: list[Any]) -> Iterator[Violation]:
    """A streamed call has the id after the greatest of the calls in the messages, if those are numbers."""
    wanted = 0
    for message in body["messages"]:
        calls = message.get("tool_calls") if message.get("content") is None else None
        for call in calls or ():
            if re.fullmatch(r"\+?[0-9]{1,18}", call["id"]) is None:
                return  # a random one
            wanted = max(wanted, int(call["id"]) + 1)
    for i, event in enumerate(events):
        for choice in event.get("choices", ()):
            for call in choice["delta"].get("tool_calls", ()):
                if call["id"] != str(wanted):
                    where = f"events[{i}].choices[0].delta.tool_calls[0].id"
                    yield Violation(where, "tool_calls", shown(str(wanted)), shown(call["id"]))


def _max_tokens(body: Mapping[str, Any]) -> int | None:
    limit: int | None = body.get("max_tokens", body.get("max_completion_tokens"))
    return limit


def _model(body: Mapping[str, Any], value: Mapping[str, Any], where: str) -> Iterator[Violation]:
    model = body.get("model")
    if model not in (None, "tgi", value["model"]):
        yield Violation(where, "model", f"{shown(model)}, as in the request", shown(value["model"]))


def _logprobs(body: Mapping[str, Any], choice: Mapping[str, Any], where: str) -> Iterator[Violation]:
    wanted, logprobs = body.get("logprobs") is True, choice["logprobs"]
    yield from _presence(f"{where}.logprobs", logprobs is not None, wanted, "logprobs")
    for i, token in enumerate((logprobs or {}).get("content", ())):
        place = f"{where}.logprobs.content[{i}].top_logprobs"
        yield from _presence(
            place, bool(token["top_logprobs"]), bool(body.get("top_logprobs")), "top_logprobs"
        )


def _same_token(choice: Mapping[str, Any], where: str) -> Iterator[Violation]:
    """A streamed chunk of a text is one token; of a special one the text is left out."""
    content, logprobs = choice["delta"].get("content"), choice["logprobs"]
    if content and logprobs is not None and logprobs["content"][0]["token"] != content:
        place = f"{where}.logprobs.content[0].token"
        yield Violation(
            place, "same", f"{shown(content)}, as its text", shown(logprobs["content"][0]["token"])
        )


def _calls_only_with_tools(body: Mapping[str, Any], called: bool, where: str) -> Iterator[Violation]:
    if called and (body.get("tools") is None or body.get("tool_choice") == "none"):
        yield Violation(where, "tools", "words, for the request has no tools", "a call")


def _completions(asked: Asked, value: Mapping[str, Any]) -> Iterator[Violation]:
    prompts, choices = asked.prompts, value["choices"]
    if len(choices) != len(prompts):
        yield Violation("$.choices", "prompts", f"{len(prompts)}, one for each prompt", str(len(choices)))
    for i, choice in enumerate(choices):
        yield from _stop(asked.body.get("stop"), choice["finish_reason"], f"$.choices[{i}]")
    if len(choices) == 1:
        count, finish = value["usage"]["completion_tokens"], choices[0]["finish_reason"]
        yield from _length(asked.body.get("max_tokens"), count, finish, "$.usage")


def _completions_stream(asked: Asked, events: list[Any]) -> Iterator[Violation]:
    for i, event in enumerate(events):
        if isinstance(event, dict) and is_last(event):
            count, finish = event["usage"]["completion_tokens"], event["choices"][0]["finish_reason"]
            yield from _length(asked.body.get("max_tokens"), count, finish, f"events[{i}]")
            yield from _stop(asked.body.get("stop"), finish, f"events[{i}]")


def _tokenize(asked: Asked, value: list[Any]) -> Iterator[Violation]:
    yield from _slices(asked.body["inputs"], value, "$")


def _chat_tokenize(asked: Asked, value: Mapping[str, Any]) -> Iterator[Violation]:
    yield from _slices(value["templated_text"], value["tokenize_response"], "$.tokenize_response")


def _slices(text: str, tokens: list[Any], where: str) -> Iterator[Violation]:
    data = text.encode("utf-8", "surrogatepass")
    end = last_byte(text)
    for i, token in enumerate(tokens):
        there = data[token["start"] : token["stop"]].decode("utf-8", "replace")
        # A token that the tokenizer added stands at 0 with an empty text.
        if token["text"] != there or token["stop"] > end:
            yield Violation(
                f"{where}[{i}].text", "slice", f"bytes start to stop, {shown(there)}", shown(token["text"])
            )


def _vertex(asked: Asked, value: Mapping[str, Any]) -> Iterator[Violation]:
    count = len(asked.body["instances"])
    if len(value["predictions"]) != count:
        got = str(len(value["predictions"]))
        yield Violation("$.predictions", "instances", f"{count}, one for each instance", got)


_RULES: Final[Mapping[tuple[str, bool], Callable[[Asked, Any], Iterator[Violation]]]] = {
    ("/generate", False): _generate,
    ("/", False): _compat,
    ("/generate_stream", True): _generate_stream,
    ("/", True): _generate_stream,
    ("/v1/chat/completions", False): _chat,
    ("/v1/chat/completions", True): _chat_stream,
    ("/v1/completions", False): _completions,
    ("/v1/completions", True): _completions_stream,
    ("/tokenize", False): _tokenize,
    ("/chat_tokenize", False): _chat_tokenize,
    ("/vertex", False): _vertex,
}
