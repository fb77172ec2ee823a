"""Generations that somebody queued: what the model says next, verbatim.

The format is that of a recorded generation: the model's side of a request, with its tokens. A call takes
the first queued one whose `inputs` are its own, or else the first one.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from ..generation import Generation, PrefillToken, Token
from ..shard import ShardRequest

__all__ = ["FormatError", "GenerationQueue", "parse_generation"]

_TOLD = re.compile(r"(?:(\S+): )?(?:expected )?(.*?)(?:, got (.*))?", re.DOTALL)
_REASONS = (None, "length", "eos_token", "stop_sequence")


class FormatError(ValueError):
    """A value is not what it must be. The message: `PLACE: expected THIS, got THAT`.

    The place, if it is not the whole, has no blanks; what came may be left out.
    """

    @property
    def parts(self) -> tuple[str, str, str]:
        """The place (empty: the whole), what was expected, and what came (empty: not told)."""
        found = _TOLD.fullmatch(str(self))
        return (found[1] or "", found[2], found[3] or "") if found else ("", str(self), "")


def _field(
    value: Mapping[str, Any], key: str, kinds: tuple[type, ...], where: str, default: Any = ...
) -> Any:
    found = value.get(key, default)
    if found is ...:
        raise FormatError(f"{where}: expected the key {key!r}, got {sorted(value)}")
    if found is default:
        return found
    # bool is an int to Python, but not in JSON
    if not isinstance(found, kinds) or (isinstance(found, bool) and bool not in kinds):
        names = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
        raise FormatError(f"{where}.{key}: expected {names}, got {found!r}")
    return found


def _logprob(value: Mapping[str, Any], where: str) -> float | None:
    found = _field(value, "logprob", (int, float, type(None)), where, None)
    if found is None or math.isnan(found) or math.isinf(found):
        return None
    return float(found)


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise FormatError(f"{where}: expected an object, got {value!r}")
    return value


def _token(value: object, where: str) -> Token:
    fields = _object(value, where)
    return Token(
        _field(fields, "id", (int,), where),
        _field(fields, "text", (str,), where),
        _logprob(fields, where),
        _field(fields, "special", (bool,), where, False),
    )


def _items(value: object, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise FormatError(f"{where}: expected a list, got {value!r}")
    return value


def parse_generation(value: object, where: str = "generation") -> tuple[str | None, Generation]:
    """The `inputs` it answers (None: any) and the Generation. Raises `FormatError`.

    Required are `tokens`, and `finish_reason` unless `error` is set; whatever else is left out is
    derived: `generated_text` from the tokens that are not special, `input_length` as 0 (unknown).
    """
    fields = _object(value, where)
    tokens = tuple(
        _token(item, f"{where}.tokens[{i}]")
        for i, item in enumerate(_items(_field(fields, "tokens", (list,), where), f"{where}.tokens"))
    )
    error = _field(fields, "error", (str, type(None)), where, None)
    reason = _field(fields, "finish_reason", (str, type(None)), where, None)
    if reason not in _REASONS:
        raise FormatError(
            f"{where}.finish_reason: expected one of {', '.join(map(str, _REASONS[1:]))}, got {reason!r}"
        )
    if error is None and reason is None:
        raise FormatError(f"{where}: expected a `finish_reason`, or the model's `error`")
    if error is None and not tokens:
        raise FormatError(f"{where}.tokens: expected at least one token of a generation that did not fail")
    text = _field(fields, "generated_text", (str, type(None)), where, None)
    if text is None:
        text = "".join(token.text for token in tokens if not token.special)
    parameters = _object(fields.get("parameters") or {}, f"{where}.parameters")
    prefill = tuple(
        PrefillToken(token.id, token.text, token.logprob)
        for token in (
            _token(item, f"{where}.prefill[{i}]")
            for i, item in enumerate(_items(fields.get("prefill"), f"{where}.prefill"))
        )
    )
    top_tokens = tuple(
        tuple(
            _token(item, f"{where}.top_tokens[{i}][{j}]")
            for j, item in enumerate(_items(tops, f"{where}.top_tokens[{i}]"))
        )
        for i, tops in enumerate(_items(fields.get("top_tokens"), f"{where}.top_tokens"))
    )
    return _field(fields, "inputs", (str, type(None)), where, None), Generation(
        tokens=tokens,
        generated_text=text,
        finish_reason=None if error is not None else reason,
        input_length=_field(fields, "input_length", (int, type(None)), where, None) or 0,
        seed=_field(parameters, "seed", (int, type(None)), f"{where}.parameters", None),
        prefill=prefill,
        top_tokens=top_tokens,
        error=error,
    )


class GenerationQueue:
    """Queued generations, oldest first."""

    def __init__(self) -> None:
        self.queued: deque[tuple[str | None, Generation]] = deque()
        """Prompt (None: for any) and generation of each; to be looked at."""

    def __len__(self) -> int:
        return len(self.queued)

    def put(self, generations: Iterable[object], *, replace: bool = False) -> int:
        """Queues recorded generations; all, or none if one is malformed (`FormatError`)."""
        parsed = [parse_generation(item, f"generations[{i}]") for i, item in enumerate(generations)]
        if replace:
            self.queued.clear()
        self.queued.extend(parsed)
        return len(self.queued)

    def take(self, request: ShardRequest) -> Generation | None:
        """The next generation for this call, removed from the queue; None when the queue is empty."""
        if not self.queued:
            return None
        index = next((i for i, (inputs, _) in enumerate(self.queued) if inputs == request.inputs), 0)
        generation = self.queued[index][1]
        del self.queued[index]
        return generation

    def clear(self) -> None:
        """Empties the queue."""
        self.queued.clear()
