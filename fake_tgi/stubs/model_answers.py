"""Answers that the model gives: a text, tokens, a tool call, a generation. The router renders them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_args

from ..answers import answers_of
from ..call import Call
from ..frames import Frame
from ..generation import FinishReason, Generation, Token
from ..matching import Difference, FormError
from ..matching.differences import hidden, sendable, shown
from ..matching.json_values import unlike_json
from .speech import UNKNOWN, StubToken, TextShard, VerbatimShard

if TYPE_CHECKING:
    from ..serve import Endpoint
    from ..state import State

__all__ = ["Generated", "Text", "Tokens", "ToolCall", "Unscripted"]

__tracebackhide__ = hidden

_REASONS: Final = get_args(FinishReason)


def _check_reason(reason: object) -> None:
    if reason not in _REASONS:
        raise FormError(Difference("finish_reason", f"one of {', '.join(_REASONS)}", shown(reason)))


@dataclass(frozen=True, slots=True)
class Text:
    """The model writes this, tokenised and stopped as any text.

    `finish_reason` is why it ends, if it is said whole; other than `eos_token` it has no end token.
    """

    text: str
    finish_reason: FinishReason = "eos_token"

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not sendable(self.text):
            raise FormError(Difference("text", "a text that UTF-8 can write", shown(self.text)))
        _check_reason(self.finish_reason)
        if not self.text and self.finish_reason != "eos_token":
            raise FormError(Difference("text", "a text, or eos_token as its end", '""'))

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        shard = TextShard(state.stubs.speech, self.text, self.finish_reason)
        return endpoint(state.answered_by(shard), call)

    def as_json(self) -> dict[str, Any]:
        ended = {} if self.finish_reason == "eos_token" else {"finish_reason": self.finish_reason}
        return {"text": self.text, **ended}


@dataclass(frozen=True, init=False, slots=True)
class Tokens:
    """The model writes exactly these tokens, whatever the request would allow, and then ends for this reason.

    A token is a text, a `StubToken` or a whole `Token`. Nothing is added, no end token either.
    """

    tokens: tuple[StubToken, ...]
    finish_reason: FinishReason

    def __init__(
        self, tokens: Sequence[str | StubToken | Token], finish_reason: FinishReason = "eos_token"
    ) -> None:
        _check_reason(finish_reason)
        if not isinstance(tokens, Sequence) or isinstance(tokens, (str, bytes)) or not tokens:
            raise FormError(Difference("tokens", "a list of at least one token", shown(tokens)))
        object.__setattr__(self, "tokens", tuple(map(_stub_token, range(len(tokens)), tokens)))
        object.__setattr__(self, "finish_reason", finish_reason)

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        shard = VerbatimShard(state.stubs.speech, self.tokens, self.finish_reason)
        return endpoint(state.answered_by(shard), call)

    def as_json(self) -> dict[str, Any]:
        ended = {} if self.finish_reason == "eos_token" else {"finish_reason": self.finish_reason}
        return {"tokens": list(map(_token_json, self.tokens)), **ended}


def _stub_token(index: int, given: object) -> StubToken:
    where = f"tokens[{index}]"
    if isinstance(given, str):
        given = StubToken(given)
    if isinstance(given, Token):
        given = StubToken(given.text, given.id, given.logprob, given.special)
    if not isinstance(given, StubToken):
        raise FormError(Difference(where, "a text, a StubToken or a Token", shown(given)))
    if not isinstance(given.text, str) or not sendable(given.text):
        raise FormError(Difference(f"{where}.text", "a text that UTF-8 can write", shown(given.text)))
    if given.id is not None and (type(given.id) is not int or not 0 <= given.id < 2**32):
        raise FormError(Difference(f"{where}.id", "a number from 0 that 32 bits hold", shown(given.id)))
    if given.logprob is not UNKNOWN and not _is_logprob(given.logprob):
        raise FormError(
            Difference(f"{where}.logprob", "a finite number of at most 0, or None", repr(given.logprob))
        )
    if given.special is not None and not isinstance(given.special, bool):
        raise FormError(Difference(f"{where}.special", "true or false", shown(given.special)))
    return given


def _is_logprob(given: object) -> bool:
    if given is None:
        return True
    return isinstance(given, (int, float)) and not isinstance(given, bool) and -math.inf < given <= 0


def _token_json(token: StubToken) -> Any:
    known: dict[str, Any] = {"text": token.text}
    if token.id is not None:
        known["id"] = token.id
    if token.logprob is not UNKNOWN:
        known["logprob"] = token.logprob
    if token.special is not None:
        known["special"] = token.special
    return known if len(known) > 1 else token.text


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model calls this function. A request that offers no tools gets what the model writes to call it."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or not sendable(self.name):
            raise FormError(Difference("tool_call.name", "a name", shown(self.name)))
        if not isinstance(self.arguments, Mapping):
            what = "an object with a value for each name"
            raise FormError(Difference("tool_call.arguments", what, shown(self.arguments)))
        if (wrong := unlike_json(dict(self.arguments), "tool_call.arguments")) is not None:
            raise FormError(wrong)
        if "_name" in self.arguments:
            raise FormError(Difference("tool_call.arguments._name", "another name: TGI's own", "_name"))

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        written = json.dumps({"function": {"_name": self.name, **self.arguments}}, ensure_ascii=False)
        shard = TextShard(state.stubs.speech, written, "eos_token")
        return endpoint(state.answered_by(shard), call)

    def as_json(self) -> dict[str, Any]:
        return {"tool_call": {"name": self.name, "arguments": dict(self.arguments)}}


@dataclass(frozen=True, slots=True)
class Unscripted:
    """What the model would say by itself: `answers` of this kind, or the one with this id (or several).

    Kinds and ids are those of fake_tgi/answers.py.
    All follow from the server's seed, as any answer that nobody scripted.
    """

    answers: str

    def __post_init__(self) -> None:
        try:
            answers_of(self.answers)
        except (ValueError, AttributeError) as error:
            what = str(error).removeprefix("expected ") if isinstance(error, ValueError) else "a text"
            raise FormError(Difference("answers", what, shown(self.answers))) from None

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        return endpoint(state.answered_by(state.unscripted(self.answers).of_call()), call)

    def as_json(self) -> dict[str, Any]:
        return {"answers": self.answers}


@dataclass(frozen=True, slots=True)
class Generated:
    """The model produces this Generation, whatever it is asked."""

    generation: Generation

    def __post_init__(self) -> None:
        if not isinstance(self.generation, Generation):
            raise FormError(Difference("generation", "a Generation", shown(self.generation)))

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        return endpoint(state.answered_by(VerbatimShard(state.stubs.speech, self.generation)), call)

    def as_json(self) -> dict[str, Any]:
        made = self.generation
        found: dict[str, Any] = {
            "inputs": "",
            "tokens": [asdict(token) for token in made.tokens],
            "finish_reason": made.finish_reason,
            "generated_text": made.generated_text,
            "input_length": made.input_length,
        }
        if made.prefill:
            found["prefill"] = [asdict(token) for token in made.prefill]
        if made.top_tokens:
            found["top_tokens"] = [[asdict(token) for token in tops] for tops in made.top_tokens]
        if made.error is not None:
            found["error"] = made.error
        return {"generation": found}
