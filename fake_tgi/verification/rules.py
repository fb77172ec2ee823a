"""What must hold between answers, or within one, that no contract of a single answer states.

Each function here makes a Rule. A rule looks only at answers that keep their contract and have the status
that their question expects, so it may take their form for granted. Greedy answers and seeded ones are taken
to be repeatable, as TGI's are; whoever asks gives a second chance to a machine whose sums wander.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tgi_contracts import Violation

from .facts import Missing, fact
from .question import Rule
from .readings import (
    details,
    error_event,
    finish_reasons,
    header_number,
    prompt_tokens,
    text,
    token_ids,
    tool_call,
    usage,
)
from .seen import Seen

__all__ = [
    "begins_like",
    "calls",
    "calls_if_any",
    "characters_of_template",
    "counted_by",
    "counters_moved",
    "finishes",
    "full_text_of",
    "greedy_is_likeliest",
    "headers_agree",
    "holds_json",
    "matches",
    "model_of",
    "prefill_counts",
    "refused",
    "same_text",
    "same_tokens",
    "same_value",
    "seed_is",
    "shown",
    "stops_at",
    "truncated_to",
    "version_of",
]

Known = Mapping[str, Seen]


def shown(value: object, limit: int = 200) -> str:
    """A value as JSON, cut to `limit` characters."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _unequal(where: str, rule: str, expected: Any, got: Any, why: str = "") -> Iterator[Violation]:
    if expected != got:
        yield Violation(where, rule, shown(expected) + (f", {why}" if why else ""), shown(got))


def same_text(other: str) -> Rule:
    """The same text as the answer to another question."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        yield from _unequal("text", "same text", text(known[other]), text(seen), f"as {other}")

    return Rule(f"the text of {other}", check, (other,))


def begins_like(other: str) -> Rule:
    """The beginning of another answer's text."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        whole, part = text(known[other]) or "", (text(seen) or "").rstrip("\ufffd")
        if not whole.startswith(part):
            yield Violation("text", "same text", f"the beginning of {shown(whole)}, as {other}", shown(part))

    return Rule(f"the beginning of the text of {other}", check, (other,))


def same_tokens(other: str) -> Rule:
    """The same tokens as another answer."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        yield from _unequal("tokens", "same tokens", token_ids(known[other]), token_ids(seen), f"as {other}")

    return Rule(f"the tokens of {other}", check, (other,))


def same_value(other: str) -> Rule:
    """The same body, member for member, as another answer."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        yield from _unequal("body", "same answer", known[other].value, seen.value, f"as {other}")

    return Rule(f"the answer of {other}", check, (other,))


def full_text_of(other: str) -> Rule:
    """The prompt, then the text of another answer."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        whole = _body(seen)["inputs"] + (text(known[other]) or "")
        yield from _unequal("text", "full text", whole, text(seen), f"the prompt and the text of {other}")

    return Rule(f"the prompt, then the text of {other}", check, (other,))


def finishes(*reasons: str) -> Rule:
    """It ends for one of these reasons."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        found = finish_reasons(seen)
        if not found or found[-1] not in reasons:
            yield Violation("finish_reason", "finish reason", " or ".join(map(shown, reasons)), shown(found))

    return Rule(f"ends with {' or '.join(reasons)}", check)


def stops_at(other: str) -> Rule:
    """It ends with the first token after which the text ends with the stop sequence, which it keeps.

    `other` is the same answer without the stop sequence, with its tokens.
    """

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        body = _body(seen)
        (stop,) = body.get("parameters", body)["stop"]
        found = details(known[other])
        whole = ""
        for token in found["tokens"] if found else ():
            whole += "" if token["special"] else token["text"]
            if whole.endswith((stop, stop + "\n")):
                yield from _unequal("text", "stop", whole, text(seen), f"{other} up to {shown(stop)}")
                yield from finishes("stop_sequence").check(seen, known)
                return

    return Rule(f"ends where {other} has the stop sequence", check, (other,))


def seed_is(seed: int) -> Rule:
    """It tells the seed that it was given."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        found = details(seen)
        yield from _unequal("details.seed", "seed", seed, found["seed"] if found else None, "as asked for")

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


def counted_by(other: str, count: Callable[[Seen], int]) -> Rule:
    """The prompt has as many tokens as another answer lists."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        why = f"the tokens of {other}"
        yield from _unequal("prompt_tokens", "prompt tokens", count(known[other]), prompt_tokens(seen), why)

    return Rule(f"its prompt has the tokens of {other}", check, (other,))


def truncated_to(most: int, other: str) -> Rule:
    """The prompt has as many tokens as another answer lists, or `most`."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        count = min(most, len(known[other].value))
        why = f"after truncation to {most}"
        yield from _unequal("prompt_tokens", "prompt tokens", count, prompt_tokens(seen), why)

    return Rule(f"its prompt is cut to {most} tokens", check, (other,))


def headers_agree() -> Rule:
    """The `x-` headers say what the body and the request say, and the two total times are one time."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        counted, found = usage(seen), details(seen)
        generated = counted["completion_tokens"] if counted else found["generated_tokens"] if found else None
        for name, value in (
            ("x-generated-tokens", generated),
            ("x-prompt-tokens", counted["prompt_tokens"] if counted else None),
            ("x-compute-characters", _characters(_body(seen))),
        ):
            told = header_number(seen, name)
            if value is not None and told is not None:
                yield from _unequal(f"headers.{name}", "headers agree", value, told, "as body or request say")
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
    prompt = body.get("prompt")
    return sum(map(len, prompt)) if isinstance(prompt, list) else len(prompt) if prompt is not None else None


def characters_of_template(other: str) -> Rule:
    """The prompt is the text that another answer shows as templated."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        told = header_number(seen, "x-compute-characters")
        count = len(known[other].value["templated_text"])
        why = f"the templated text of {other}"
        yield from _unequal("headers.x-compute-characters", "headers agree", count, told, why)

    return Rule(f"its prompt is the templated text of {other}", check, (other,))


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
        if found and found["prefill"] and len(found["prefill"]) != count:
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


def model_of(other: str, read: Callable[[Seen], str], of: Callable[[Seen], str]) -> Rule:
    """It names the model that another answer names."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        yield from _unequal("model", "same model", read(known[other]), of(seen), f"as {other}")

    return Rule(f"names the model of {other}", check, (other,))


def version_of(other: str) -> Rule:
    """Its fingerprint begins with the version that /info tells."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        version = known[other].value["version"]
        told = (seen.events[0] if seen.is_stream else seen.value)["system_fingerprint"]
        if not told.startswith(f"{version}-"):
            expected = f"{version}-…, as {other}"
            yield Violation("system_fingerprint", "same version", expected, shown(told))

    return Rule(f"its fingerprint has the version of {other}", check, (other,))


def counters_moved(other: str) -> Rule:
    """Since another look at /metrics, as many requests more succeeded as we got whole answers to."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        before, after = (_counter(each.text, "tgi_request_success") for each in (known[other], seen))
        since = list(known.values())[list(known).index(other) + 1 :]
        # What the answer itself says: one whose form is a generation's, whole and without an error.
        ours = sum(_is_generation(each) for each in since)
        if after - before < ours:
            expected = f"at least {before + ours:g}, for {ours} answers came since it was {before:g}"
            yield Violation("tgi_request_success", "metrics", expected, f"{after:g}")

    return Rule("its counters moved with the answers", check, (other,))


def _is_generation(seen: Seen) -> bool:
    whole = seen.status == 200 and seen.question.tokens > 0 and seen.question.leave_after is None
    return whole and error_event(seen) is None


def _counter(exposition: str, name: str) -> float:
    match = re.search(rf"^{name} (\S+)$", exposition, re.MULTILINE)
    return float(match[1]) if match else 0.0


def _body(seen: Seen) -> Any:
    return seen.exchange["request"].get("json", {})
