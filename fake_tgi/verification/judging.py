"""Whether an answer is what it must be: it holds, it differs, or the question could not really be asked.

In this order, the first finding decides: the answer came whole; it keeps the contract of its route; it is
the one expected; it agrees with the other answers. An answer that keeps its contract but is not the expected
one may have an excuse: the server is overloaded, its limits are too small, its model has no chat template.
An excuse must itself be an answer as the contract has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tgi_contracts import Violation, check_error, check_exchange, endpoints

from .openai_contract import check_openai
from .readings import error_event
from .seen import Seen
from .telling import shown

__all__ = ["Excuse", "Kind", "Verdict", "is_busy", "judge"]

Kind = Literal["holds", "differs", "unasked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind`, and the violations if it differs, or why it could not be asked.

    `by_choice`: it was not even tried, for a reason of ours. `shaky`: only a comparison with other answers
    failed, which a second try may settle.
    """

    kind: Kind
    violations: tuple[Violation, ...] = ()
    reason: str = ""
    by_choice: bool = False
    shaky: bool = False


@dataclass(frozen=True, slots=True)
class Excuse:
    """An error that is nobody's fault. `message` is a pattern for all of its text.

    `busy`: worth a retry. `limit`: no excuse for a question that expects to be refused.
    """

    message: str
    reason: str
    busy: bool = False
    limit: bool = False


_SMALL: Final = "the server's limits are small"

_EXCUSES: Final = (
    Excuse("Model is overloaded", "the server is overloaded", busy=True),
    Excuse(r"Model .* is currently loading|.*[Ll]oading.*", "the model is loading", busy=True),
    Excuse("Request failed during generation: .*", "the model failed"),
    # All that /vertex says of any failure, an overload included.
    Excuse("Incomplete generation(?: stream)?", "the model failed"),
    Excuse("Template error: template not found", "the model has no chat template"),
    Excuse("Template error: .*", "the model's chat template refuses the messages"),
    Excuse("Input validation error: grammar is not supported", "the server was told to have no grammars"),
    Excuse("Tool error: Failed to parse generated text.*", "the model's answer was no whole call"),
    Excuse("Input validation error: `inputs`.* must (?:be <=|have less than) .*", _SMALL, limit=True),
    Excuse("Input validation error: `stop` supports up to .*", _SMALL, limit=True),
    Excuse("Input validation error: `top_n_tokens` must be .*", _SMALL, limit=True),
    Excuse("Input validation error: `best_of` != 1 is not allowed .*", _SMALL, limit=True),
    Excuse("Number of prompts exceeds .*", _SMALL, limit=True),
)  # fmt: skip


def judge(seen: Seen, known: Mapping[str, Seen]) -> Verdict:
    """What an answer is worth, beside the earlier ones in `known`."""
    question = seen.question
    if seen.fault is not None:
        return _differs(Violation("answer", "whole", "a whole answer", seen.fault))
    if question.key in ("none", "wrong") and seen.status != question.status and not _keyless(seen):
        return Verdict("unasked", reason="the server asks for no key")
    found = check_openai(seen) if question.suite == "openai" else _contract(seen)
    if found:
        return _differs(*found)
    found = _expected(seen)
    if found:
        excuse = _excuse(seen)
        if excuse is None and question.may_refuse and 400 <= seen.status < 500:
            excuse = f"refused: {_told(seen)}"
        if excuse is not None:
            return Verdict("unasked", reason=excuse)
        return _differs(*found)
    found = [
        violation
        for rule in question.rules
        if all(name in known for name in rule.needs)
        for violation in rule.check(seen, known)
    ]
    excuse = _excuse(seen) if found and question.error else None
    if excuse is not None:
        return Verdict("unasked", reason=excuse)
    shaky = bool(found) and any(rule.needs for rule in question.rules)
    return Verdict("differs", tuple(found), shaky=shaky) if found else Verdict("holds")


def is_busy(seen: Seen) -> bool:
    """Whether the server asks to come back later, and says so as the contract has it."""
    if seen.fault is not None or seen.question.status in (429, 503):
        return False
    return any(excuse.busy for excuse in _EXCUSES if _applies(excuse, seen)) or seen.status == 429


def _differs(*violations: Violation) -> Verdict:
    return Verdict("differs", violations)


def _contract(seen: Seen) -> list[Violation]:
    """The contract of the route; a proxy's own headers, which no route has, are left aside."""
    exchange = seen.exchange
    ours = _headers_of_contracts()
    headers = [
        [name, value]
        for name, value in exchange["response"]["headers"]
        if not name.startswith("x-") or name in ours
    ]
    whole: dict[str, Any] = {**exchange, "response": {**exchange["response"], "headers": headers}}
    found: list[Violation] = check_exchange(whole)
    if seen.question.leave_after is not None:
        found = [violation for violation in found if violation.rule not in ("end", "framing")]
        if not found and not seen.events:
            found = [Violation("events", "end", f"{seen.question.leave_after} events", "none")]
    return found


def _headers_of_contracts() -> frozenset[str]:
    forms = (form for each in endpoints() for answers in each.answers.values() for form in answers)
    return frozenset(header.name for form in forms for header in form.headers)


def _expected(seen: Seen) -> list[Violation]:
    question = seen.question
    if question.row is not None:
        found: list[Violation] = check_error(question.row, seen.exchange["response"])
        return found
    if seen.status != question.status and not (question.error and _refuses(seen)):
        return [Violation("status", "expected", f"{question.status}, for {question.says}", _told(seen))]
    error = error_event(seen)
    if error is not None and not question.error:
        return [Violation("events", "expected", f"no error, for {question.says}", shown(error))]
    if question.error and question.status == 200 and seen.status == 200 and error is None:
        return [Violation("events", "expected", f"an error, for {question.says}", _told(seen))]
    return []


def _refuses(seen: Seen) -> bool:
    """OpenAI's servers may refuse with whichever status tells that it is the client's fault."""
    return seen.question.suite == "openai" and 400 <= seen.status < 500


def _told(seen: Seen) -> str:
    return f"{seen.status} {shown(seen.value)}"


def _excuse(seen: Seen) -> str | None:
    excuses = (each for each in _EXCUSES if not (each.limit and seen.question.error))
    return next((f"{each.reason}: {_message(seen)}" for each in excuses if _applies(each, seen)), None)


def _applies(excuse: Excuse, seen: Seen) -> bool:
    return re.fullmatch(excuse.message, _message(seen), re.DOTALL) is not None


def _message(seen: Seen) -> str:
    """What an error says, whatever its form; "" if the answer is none."""
    value = error_event(seen) if seen.is_stream else seen.value if seen.status >= 400 else None
    error = value.get("error", value.get("message")) if isinstance(value, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    return error if isinstance(error, str) else ""


def _keyless(seen: Seen) -> bool:
    return seen.status in (401, 403)
