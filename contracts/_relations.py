"""Rules between the members of one value, which JSON Schema cannot state.

Each rule is given a value that satisfies the schema it is listed under, and looks at that value alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, Final

from ._metrics import metrics_violations
from ._texts import ends_with_its_tokens, last_byte, text_of_tokens
from ._violation import Violation, shown

__all__ = ["relations"]

#: Of the mean of 32-bit floats.
_ROUNDING: Final = 1e-4

Rule = Callable[[Any], Iterator[Violation]]


def relations(value: Any, name: str) -> list[Violation]:
    """Each way in which a value that satisfies the schema `name` contradicts itself; [] if none."""
    rule = _RULES.get(name)
    return list(rule(value)) if rule else []


def _generate(value: Mapping[str, Any]) -> Iterator[Violation]:
    details = value.get("details")
    if details is not None:
        yield from _sequence(details, value["generated_text"], "$.details")
        others = details.get("best_of_sequences") or ()
        for i, other in enumerate(others):
            yield from _sequence(other, other["generated_text"], f"$.details.best_of_sequences[{i}]")
        yield from _best(details, others)


def _best(chosen: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Iterator[Violation]:
    """Of several the router answers with the one whose tokens are most likely on average."""
    best = _likelihood(chosen)
    for i, other in enumerate(others):
        likelihood = _likelihood(other)
        if best is not None and likelihood is not None and likelihood > best + _ROUNDING:
            where = f"$.details.best_of_sequences[{i}].tokens"
            yield Violation(where, "best_of", f"at most {best} as mean log-probability", str(likelihood))


def _likelihood(sequence: Mapping[str, Any]) -> float | None:
    found = [token["logprob"] for token in sequence["tokens"]]
    return fmean(found) if found and None not in found else None


def _sequence(value: Mapping[str, Any], text: str, where: str) -> Iterator[Violation]:
    if not ends_with_its_tokens(text, value["tokens"]):
        expected = f"those of the generated text, {shown(text)}"
        yield Violation(f"{where}.tokens", "concatenation", expected, shown(text_of_tokens(value["tokens"])))
    given, count = len(value["tokens"]), value["generated_tokens"]
    if count != given:
        yield Violation(f"{where}.generated_tokens", "count", f"{given}, the number of tokens", str(count))
    tops = value.get("top_tokens")
    if tops is not None and len(tops) != given:
        yield Violation(f"{where}.top_tokens", "count", f"{given} lists, one a token", str(len(tops)))


def _compat(value: list[Any]) -> Iterator[Violation]:
    for violation in _generate(value[0]):
        yield violation.inside("$[0]")


def _usage(value: Mapping[str, Any]) -> Iterator[Violation]:
    usage = value.get("usage")
    if usage is not None:
        total = usage["prompt_tokens"] + usage["completion_tokens"]
        if usage["total_tokens"] != total:
            yield Violation("$.usage.total_tokens", "sum", f"{total}, the sum", str(usage["total_tokens"]))


def _chat(value: Mapping[str, Any]) -> Iterator[Violation]:
    yield from _usage(value)
    choice = value["choices"][0]
    for i, call in enumerate(choice["message"].get("tool_calls") or ()):
        where = f"$.choices[0].message.tool_calls[{i}].function.arguments"
        yield from _json_object(call["function"]["arguments"], where)
    logprobs = choice["logprobs"]
    if logprobs is not None and len(logprobs["content"]) != value["usage"]["completion_tokens"]:
        expected = f"{value['usage']['completion_tokens']} tokens, as usage says"
        yield Violation("$.choices[0].logprobs.content", "count", expected, str(len(logprobs["content"])))


def _json_object(text: str, where: str) -> Iterator[Violation]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        yield Violation(where, "json", "the text of a JSON object", shown(text))


def _completions(value: Mapping[str, Any]) -> Iterator[Violation]:
    yield from _usage(value)
    indexes = sorted(choice["index"] for choice in value["choices"])
    if indexes != list(range(len(indexes))):
        yield Violation("$.choices", "indexes", f"each index from 0 to {len(indexes) - 1} once", str(indexes))


def _models(value: Mapping[str, Any]) -> Iterator[Violation]:
    model = value["data"][0]
    if model["owned_by"] != model["id"]:
        expected = f"{shown(model['id'])}, the id"
        yield Violation("$.data[0].owned_by", "same", expected, shown(model["owned_by"]))


def _info(value: Mapping[str, Any]) -> Iterator[Violation]:
    if value["max_input_tokens"] >= value["max_total_tokens"]:
        expected = f"less than max_total_tokens, {value['max_total_tokens']}"
        yield Violation("$.max_input_tokens", "order", expected, str(value["max_input_tokens"]))


def _tokens(value: list[Any]) -> Iterator[Violation]:
    for i, token in enumerate(value):
        if token["start"] > token["stop"]:
            expected = f"at least {token['start']}, the start"
            yield Violation(f"$[{i}].stop", "order", expected, str(token["stop"]))


def _chat_tokens(value: Mapping[str, Any]) -> Iterator[Violation]:
    for violation in _tokens(value["tokenize_response"]):
        yield violation.inside("$.tokenize_response")
    size = last_byte(value["templated_text"])
    for i, token in enumerate(value["tokenize_response"]):
        if token["stop"] > size:
            where, expected = f"$.tokenize_response[{i}].stop", f"at most {size}, the bytes of templated_text"
            yield Violation(where, "range", expected, str(token["stop"]))


def _sagemaker(value: Any) -> Iterator[Violation]:
    if isinstance(value, list):
        yield from _compat(value)
    else:
        yield from _completions(value) if value["object"] == "text_completion" else _chat(value)


def _event(value: Any) -> Iterator[Violation]:
    if isinstance(value, dict):
        yield from _usage(value)


_RULES: Final[Mapping[str, Rule]] = {
    "GenerateResponse": _generate,
    "CompatGenerateResponse": _compat,
    "ChatCompletion": _chat,
    "CompletionFinal": _completions,
    "SagemakerResponse": _sagemaker,
    "ChatStreamEvent": _event,
    "CompletionStreamEvent": _event,
    "SagemakerStreamEvent": _event,
    "ModelsInfo": _models,
    "Info": _info,
    "TokenizeResponse": _tokens,
    "ChatTokenizeResponse": _chat_tokens,
    "Metrics": metrics_violations,
}
