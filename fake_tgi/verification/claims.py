"""What must hold within one answer, beside its contract: what was asked for is there, and its parts agree.

Each function here makes a Rule. A rule looks only at answers that keep their contract and have the status
that their question expects, so it may take their form for granted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tgi_contracts import Violation

from .facts import Missing, fact
from .question import Rule
from .readings import (
    asked,
    details,
    error_event,
    finish_reasons,
    header_number,
    prompt_tokens,
    text,
    tool_call,
    usage,
)
from .seen import Seen
from .telling import shown, unequal

__all__ = [
    "calls",
    "calls_if_any",
    "finishes",
    "greedy_is_likeliest",
    "headers_agree",
    "holds_json",
    "matches",
    "prefill_counts",
    "refused",
    "seed_is",
]

Known = Mapping[str, Seen]


def finishes(*reasons: str) -> Rule:
    """It ends for one of these reasons."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        found = finish_reasons(seen)
        if not found or found[-1] not in reasons:
            yield Violation("finish_reason", "finish reason", " or ".join(map(shown, reasons)), shown(found))

    return Rule(f"ends with {' or '.join(reasons)}", check)


def seed_is(seed: int) -> Rule:
    """It tells the seed that it was given."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        found = details(seen)
        yield from unequal("details.seed", "seed", seed, found["seed"] if found else None, "as asked for")

    return Rule(f"tells the seed {seed}", check)


def refused(message: str) -> Rule:
    """It says so, in these words. `{name}` in them is a fact, `{#}` any number."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        error = error_event(seen) if seen.is_stream else seen.value
        found = error["error"] if isinstance(error, dict) else error
        got = found["message"] if isinstance(found, dict) else found
        try:
            filled = re.sub(r"\{(\w+)\}", lambda match: str(fact(match[1], known, {})), message)
        except Missing:
            return
        pattern = re.escape(filled).replace(r"\{\#\}", "[0-9]+")
        if not isinstance(got, str) or re.fullmatch(pattern, got) is None:
            yield Violation("error", "message", shown(filled.replace("{#}", "…"), 400), shown(got, 400))

    return Rule(f"says {message}", check)


def headers_agree() -> Rule:
    """The `x-` headers say what the body and the request say, and the two total times are one time."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        counted, found = usage(seen), details(seen)
        generated = counted["completion_tokens"] if counted else found["generated_tokens"] if found else None
        for name, value in (
            ("x-generated-tokens", generated),
            ("x-prompt-tokens", counted["prompt_tokens"] if counted else None),
            ("x-compute-characters", _characters(asked(seen))),
        ):
            told = header_number(seen, name)
            if value is not None and told is not None:
                yield from unequal(f"headers.{name}", "headers agree", value, told, "as body or request say")
        seconds, millis = seen.headers.get("x-compute-time"), header_number(seen, "x-total-time")
        if seconds is not None and millis is not None and abs(float(seconds) * 1e3 - millis) > 1:
            expected = f"the milliseconds of x-compute-time, {seconds}"
            yield Violation("headers.x-total-time", "headers agree", expected, str(millis))

    return Rule("its headers agree with its body", check)


def _characters(body: Any) -> int | None:
    """Code points of the prompts that reach the model as they are; of a chat only the template knows."""
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("inputs"), str):
        return len(body["inputs"])
    prompt = None if "messages" in body else body.get("prompt")
    return sum(map(len, prompt)) if isinstance(prompt, list) else len(prompt) if prompt is not None else None


def greedy_is_likeliest() -> Rule:
    """Without sampling, each token is the likeliest of its top tokens, and they are in order."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        pairs: list[tuple[Any, Any]] = []
        if seen.is_stream:
            pairs = [(event["token"], event["top_tokens"]) for event in seen.events if "token" in event]
        elif found := details(seen):
            pairs = list(zip(found["tokens"], found["top_tokens"], strict=True))
        for i, (token, tops) in enumerate(pairs):
            logprobs = [top["logprob"] for top in tops if top["logprob"] is not None]
            if token["id"] not in [top["id"] for top in tops]:
                yield Violation(f"top_tokens[{i}]", "top tokens", f"token {token['id']} in it", shown(tops))
            elif token["logprob"] is not None and logprobs and token["logprob"] < max(logprobs) - 1e-3:
                expected = f"the likeliest, {max(logprobs)}"
                yield Violation(f"tokens[{i}].logprob", "top tokens", expected, str(token["logprob"]))

    return Rule("each token is the likeliest of its top tokens", check)


def prefill_counts() -> Rule:
    """The prompt's tokens are listed, or none of them: a server lists them only if it was told to."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        found, count = details(seen), prompt_tokens(seen)
        if found and found.get("prefill") and len(found["prefill"]) != count:
            got = str(len(found["prefill"]))
            yield Violation("details.prefill", "prefill", f"{count} tokens, those of the prompt", got)

    return Rule("lists all tokens of the prompt, or none", check)


def matches(pattern: str) -> Rule:
    """The text matches a regular expression; if the length ended it, it is only not looked at."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        found = (text(seen) or "").strip()
        if "length" not in finish_reasons(seen) and re.fullmatch(pattern, found) is None:
            yield Violation("text", "grammar", f"a text like {pattern}", shown(found))

    return Rule(f"its text is like {pattern}", check)


def holds_json(names: Mapping[str, type]) -> Rule:
    """The text is a JSON object with these members of these types, unless the length ended it."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        found = text(seen)
        if "length" not in finish_reasons(seen) and not _is_object(found, names):
            yield Violation("text", "grammar", f"a JSON object with {', '.join(names)}", shown(found))

    return Rule(f"its text is a JSON object with {', '.join(names)}", check)


def calls(name: str, names: Mapping[str, type]) -> Rule:
    """It calls this tool, with a JSON object of these arguments; unless the length cut the call."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        found = tool_call(seen)
        if found is None and "length" in finish_reasons(seen):
            return
        if found is None or found[0] != name:
            yield Violation("tool_calls", "tool", f"a call of {name}", shown(found))
        elif "length" not in finish_reasons(seen) and not _is_object(found[1], names):
            expected = f"the text of a JSON object with {', '.join(names)}"
            yield Violation("tool_calls[0].function.arguments", "tool", expected, shown(found[1]))

    return Rule(f"calls {name}", check)


def calls_if_any(name: str, names: Mapping[str, type]) -> Rule:
    """If it calls a tool, it is this one."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        if tool_call(seen) is not None:
            yield from calls(name, names).check(seen, known)

    return Rule(f"calls {name}, or answers in words", check)


def _is_object(text: str | None, names: Mapping[str, type]) -> bool:
    try:
        value = json.loads(text or "")
    except ValueError:
        return False
    return isinstance(value, dict) and all(isinstance(value.get(key), kind) for key, kind in names.items())
