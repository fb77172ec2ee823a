"""Whether an answer says what the model produced, where a recording knows both.

Each recorded generation is one call of the model. Several belong to one answer when `best_of` asked for
them, when each prompt has its own, when the router went on past 1,024 tokens, or when it threw the first
away because the model chose no tool; then the answer shows the last ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ._asked import Asked
from ._framing import DONE
from ._model_chat import chat, chat_stream
from ._model_tokens import (
    SPELLED,
    Generations,
    answers_of,
    equal,
    knows_length,
    text_of,
    tokens_of,
    unlike,
)
from ._turns import is_last
from ._violation import Violation, shown

__all__ = ["model_side"]


_NEEDED: Final = {"tokens", "top_tokens", "prefill", "input_length"}
_OF_AN_END: Final = ("generated_text", "generated_tokens", "finish_reason")


def model_side(asked: Asked, value: Any, generations: Generations, *, is_stream: bool) -> Iterator[Violation]:
    """Each way in which an answer with status 200 says something else than the model."""
    rule = _RULES.get((asked.route, is_stream))
    if rule is not None and generations and all(map(_is_whole, generations)):
        yield from rule(asked, value, generations)


def _is_whole(generation: Mapping[str, Any]) -> bool:
    """Whether it says what the model produced, and not only what it shall."""
    if not generation.keys() >= _NEEDED.union(_OF_AN_END):
        return False
    tops, ended = generation["top_tokens"], all(generation[name] is not None for name in _OF_AN_END)
    return (tops is None or len(tops) == len(generation["tokens"])) and (ended or "error" in generation)


def _sequence(value: Mapping[str, Any], generations: Generations, where: str) -> Iterator[Violation]:
    first, last = generations[0], generations[-1]
    yield from unlike(value["tokens"], tokens_of(generations), f"{where}.tokens")
    # Going on, the router asks for the prompt's tokens again, and shows what it got last.
    yield from unlike(value["prefill"], last["prefill"] or [], f"{where}.prefill")
    yield from unlike(
        value.get("top_tokens", []), tokens_of(generations, "top_tokens"), f"{where}.top_tokens"
    )
    yield from equal(f"{where}.finish_reason", value["finish_reason"], last["finish_reason"])
    if first.get("parameters"):
        yield from equal(f"{where}.seed", value["seed"], first["parameters"]["seed"])


def _generate(asked: Asked, value: Mapping[str, Any], generations: Generations) -> Iterator[Violation]:
    details = value.get("details")
    several = ((asked.parameters or {}).get("best_of") or 1) > 1
    if not several:
        yield from _text(asked, value["generated_text"], text_of(generations), "$.generated_text")
        if details is not None:
            yield from _sequence(details, generations, "$.details")
        return
    texts = [each["generated_text"] for each in generations]
    if not any(value["generated_text"].endswith(text) for text in texts):
        yield Violation("$.generated_text", "model", f"one of {shown(texts)}", shown(value["generated_text"]))
    if details is None:
        return
    remaining = list(generations)
    chosen = [(details, value["generated_text"], "$.details", "$.generated_text")]
    for i, other in enumerate(details["best_of_sequences"]):
        where = f"$.details.best_of_sequences[{i}]"
        chosen.append((other, other["generated_text"], where, f"{where}.generated_text"))
    for sequence, text, where, place in chosen:
        tried = [list(_sequence(sequence, [each], where)) for each in remaining]
        fits = next((i for i, found in enumerate(tried) if not found), None)
        if fits is None:
            yield from min(tried, key=len, default=[])
            continue
        yield from _text(asked, text, remaining.pop(fits)["generated_text"], place)


def _text(asked: Asked, got: str, text: str, where: str) -> Iterator[Violation]:
    """A text as the model produced it, behind the prompt where that is asked for."""
    if not (asked.may_repeat and got == asked.body["inputs"] + text):
        yield from equal(where, got, text)


def _compat(asked: Asked, value: list[Any], generations: Generations) -> Iterator[Violation]:
    for violation in _generate(asked, value[0], generations):
        yield violation.inside("$[0]")


def _generate_stream(asked: Asked, events: list[Any], generations: Generations) -> Iterator[Violation]:
    tokens = [event for event in events if "token" in event]
    yield from unlike([event["token"] for event in tokens], tokens_of(generations), "events")
    tops = [event["top_tokens"] for event in tokens if "top_tokens" in event]
    yield from unlike(tops, tokens_of(generations, "top_tokens"), "events.top_tokens")
    where = f"events[{len(events) - 1}]"
    failed = any(each.get("error") for each in generations)
    if failed != ("error" in events[-1]):
        yield Violation(where, "model", "an error" if failed else "the whole text", shown(events[-1]))
    elif not failed:
        end = events[-1]
        yield from _text(asked, end["generated_text"], text_of(generations), f"{where}.generated_text")
        if end["details"] is not None:
            details, first = end["details"], generations[0]
            yield from equal(
                f"{where}.details.finish_reason", details["finish_reason"], generations[-1]["finish_reason"]
            )
            if knows_length(first):
                yield from equal(
                    f"{where}.details.input_length", details["input_length"], first["input_length"]
                )
            if first.get("parameters"):
                yield from equal(f"{where}.details.seed", details["seed"], first["parameters"]["seed"])


def _completions(asked: Asked, value: Mapping[str, Any], generations: Generations) -> Iterator[Violation]:
    prompts = asked.prompts
    if len(generations) != len(prompts):
        return
    for i, choice in enumerate(value["choices"]):
        own = [each for each in generations if each["inputs"] == prompts[choice["index"]]]
        wanted = [(each["generated_text"], SPELLED.get(each["finish_reason"])) for each in own]
        if (choice["text"], choice["finish_reason"]) not in wanted:
            yield Violation(f"$.choices[{i}]", "model", f"one of {shown(wanted)}", shown(choice))
    usage, count = value["usage"], sum(each["generated_tokens"] for each in generations)
    yield from equal("$.usage.completion_tokens", usage["completion_tokens"], count)
    if all(map(knows_length, generations)):
        length = sum(each["input_length"] for each in generations)
        yield from equal("$.usage.prompt_tokens", usage["prompt_tokens"], length)


def _completions_stream(asked: Asked, events: list[Any], generations: Generations) -> Iterator[Violation]:
    prompts, answers = asked.prompts, answers_of(generations)
    texts: dict[int, list[str | int]] = {}
    for event in events:
        if event != DONE and "error" not in event:
            choice = event["choices"][0]
            texts.setdefault(choice["index"], []).append(choice["text"])
            if is_last(event):
                texts[choice["index"]].append(choice["finish_reason"])
                if knows_length({"inputs": prompts[choice["index"]]}):
                    texts[choice["index"]].append(event["usage"]["prompt_tokens"])
    wanted = {
        prompt: Counter(_pieces(answer) for answer in answers if answer[0]["inputs"] == prompt)
        for prompt in prompts
    }
    for index, pieces in texts.items():
        if len(answers) <= len(prompts) and not wanted[prompts[index]][tuple(pieces)]:
            yield Violation(
                "events", "model", f"prompt {index}: {shown([*wanted[prompts[index]]])}", shown(pieces)
            )
    failed = sum(bool(each.get("error")) for each in generations)
    errors = sum(event != DONE and "error" in event for event in events)
    if errors < failed:
        yield Violation("events", "model", f"{failed} errors, as the model failed", str(errors))


def _pieces(answer: Generations) -> tuple[str | int, ...]:
    pieces: list[str | int] = [token["text"] for token in tokens_of(answer)]
    if not answer[-1].get("error"):
        pieces.append(answer[-1]["finish_reason"])
        if knows_length(answer[0]):
            pieces.append(answer[0]["input_length"])
    return tuple(pieces)


def _vertex(asked: Asked, value: Mapping[str, Any], generations: Generations) -> Iterator[Violation]:
    predictions, texts = value["predictions"], [each["generated_text"] for each in generations]
    if len(texts) == len(predictions) and Counter(predictions) != Counter(texts):
        full = Counter(each["inputs"] + each["generated_text"] for each in generations)
        if Counter(predictions) - Counter(texts) - full:
            yield from equal("$.predictions", predictions, texts)


_RULES: Final[Mapping[tuple[str, bool], Callable[[Asked, Any, Generations], Iterator[Violation]]]] = {
    ("/generate", False): _generate,
    ("/", False): _compat,
    ("/generate_stream", True): _generate_stream,
    ("/", True): _generate_stream,
    ("/v1/chat/completions", False): chat,
    ("/v1/chat/completions", True): chat_stream,
    ("/v1/completions", False): _completions,
    ("/v1/completions", True): _completions_stream,
    ("/vertex", False): _vertex,
}
