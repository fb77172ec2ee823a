"""What must hold between answers: the same text, the same counts, the same names.

Each function here makes a Rule. A rule looks only at answers that keep their contract and have the status
that their question expects, so it may take their form for granted. Greedy answers and seeded ones are taken
to be repeatable, as TGI's are; whoever asks gives a second chance to a machine whose sums wander.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from tgi_contracts import Violation

from .claims import finishes
from .question import Rule
from .readings import (
    asked,
    details,
    error_event,
    header_number,
    prompt_tokens,
    text,
    token_ids,
)
from .seen import Seen
from .telling import shown, unequal

__all__ = [
    "begins_like",
    "characters_of_template",
    "counted_by",
    "counters_moved",
    "full_text_of",
    "model_of",
    "same_text",
    "same_tokens",
    "same_value",
    "stops_at",
    "truncated_to",
    "version_of",
]

Known = Mapping[str, Seen]


def same_text(other: str) -> Rule:
    """The same text as the answer to another question."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        yield from unequal("text", "same text", text(known[other]), text(seen), f"as {other}")

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
        yield from unequal("tokens", "same tokens", token_ids(known[other]), token_ids(seen), f"as {other}")

    return Rule(f"the tokens of {other}", check, (other,))


def same_value(other: str) -> Rule:
    """The same body, member for member, as another answer."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        yield from unequal("body", "same answer", known[other].value, seen.value, f"as {other}")

    return Rule(f"the answer of {other}", check, (other,))


def full_text_of(other: str) -> Rule:
    """The prompt, then the text of another answer."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        whole = asked(seen)["inputs"] + (text(known[other]) or "")
        yield from unequal("text", "full text", whole, text(seen), f"the prompt and the text of {other}")

    return Rule(f"the prompt, then the text of {other}", check, (other,))


def stops_at(other: str) -> Rule:
    """It ends with the first token after which the text ends with the stop sequence, which it keeps.

    `other` is the same answer without the stop sequence, with its tokens.
    """

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        body = asked(seen)
        (stop,) = body.get("parameters", body)["stop"]
        found = details(known[other])
        whole = ""
        for token in found["tokens"] if found else ():
            whole += "" if token["special"] else token["text"]
            if whole.endswith((stop, stop + "\n")):
                yield from unequal("text", "stop", whole, text(seen), f"{other} up to {shown(stop)}")
                yield from finishes("stop_sequence").check(seen, known)
                return

    return Rule(f"ends where {other} has the stop sequence", check, (other,))


def counted_by(other: str, count: Callable[[Seen], int]) -> Rule:
    """The prompt has as many tokens as another answer lists."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        why = f"the tokens of {other}"
        yield from unequal("prompt_tokens", "prompt tokens", count(known[other]), prompt_tokens(seen), why)

    return Rule(f"its prompt has the tokens of {other}", check, (other,))


def truncated_to(most: int, other: str) -> Rule:
    """The prompt has as many tokens as another answer lists, or `most`."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        count = min(most, len(known[other].value))
        why = f"after truncation to {most}"
        yield from unequal("prompt_tokens", "prompt tokens", count, prompt_tokens(seen), why)

    return Rule(f"its prompt is cut to {most} tokens", check, (other,))


def characters_of_template(other: str) -> Rule:
    """The prompt is the text that another answer shows as templated."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        told = header_number(seen, "x-compute-characters")
        count = len(known[other].value["templated_text"])
        why = f"the templated text of {other}"
        yield from unequal("headers.x-compute-characters", "headers agree", count, told, why)

    return Rule(f"its prompt is the templated text of {other}", check, (other,))


def model_of(other: str, read: Callable[[Seen], str], of: Callable[[Seen], str]) -> Rule:
    """It names the model that another answer names."""

    def check(seen: Seen, known: Known) -> Iterator[Violation]:
        yield from unequal("model", "same model", read(known[other]), of(seen), f"as {other}")

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
