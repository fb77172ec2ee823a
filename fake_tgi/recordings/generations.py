"""The model's side of recordings: what a model once produced for some inputs, said again behind any route.

A recorded generation answers a call with the same inputs (and with a grammar if it had one) when what the
model would do is known from it: it ended by itself, it failed, or the call's own limits stop it within the
recorded tokens. It is said verbatim to the call it was recorded with, and stopped by the call's rules
otherwise. Several for the same inputs are said in turn, those that fit the call best first, the last again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from ..generation import Generation
from ..shard import ShardRequest
from ..shards.scripted import parse_generation
from ..shards.text_answers import TextAnswers
from ..stopping import stop_tokens
from ..tokenizer import Tokenizer

__all__ = ["NotRecorded", "RecordedGenerations", "Unrecorded"]


class NotRecorded(Exception):
    """Nobody has recorded what the model says to these inputs."""


class Unrecorded:
    """A Shard that has nothing to say. Raises NotRecorded."""

    def generate(self, request: ShardRequest) -> Generation:
        """Never returns."""
        raise NotRecorded(request.inputs)

    def slow(self, request: ShardRequest) -> bool:
        """It has no work to do."""
        return False


@dataclass(slots=True)
class _Recorded:
    generation: Generation
    asked: Mapping[str, Any]
    played: bool = False

    def fit(self, request: ShardRequest) -> int:
        """How many of the request's terms are those it was recorded with."""
        asked, sampling = self.asked, request.sampling
        given = asked.get("parameters") or {}
        terms = (
            (asked.get("max_new_tokens"), request.max_new_tokens),
            (tuple(asked.get("stop_sequences") or ()), request.stop_sequences),
            (asked.get("truncate"), request.truncate),
            (asked.get("top_n_tokens", 0), request.top_n_tokens),
            (bool(asked.get("prefill")), request.prefill),
            (asked.get("adapter_id"), request.adapter_id),
            (given.get("temperature", 1.0), sampling.temperature),
            (given.get("top_k", 0), sampling.top_k),
            (given.get("top_p", 1.0), sampling.top_p),
            (given.get("do_sample", False), sampling.do_sample),
            (given.get("seed"), sampling.seed if sampling.samples else None),
        )
        return sum(recorded == now for recorded, now in terms)


class RecordedGenerations:
    """Recorded generations, found by their inputs."""

    def __init__(self, tokenizer: Tokenizer, generations: Iterable[Mapping[str, Any]] = ()) -> None:
        self._answers = TextAnswers(tokenizer)
        self._ends = tokenizer.eos_ids
        self._by_inputs: dict[tuple[str, bool], list[_Recorded]] = {}
        for value in generations:
            self.add(value)

    def __len__(self) -> int:
        return sum(map(len, self._by_inputs.values()))

    def add(self, value: Mapping[str, Any]) -> None:
        """One more, in the format of the recordings. Raises FormatError."""
        inputs, generation = parse_generation(value)
        grammar = (value.get("parameters") or {}).get("grammar_regex") is not None
        self._by_inputs.setdefault((inputs or "", grammar), []).append(_Recorded(generation, value))

    def again(self) -> RecordedGenerations:
        """The same ones, none of which has been said."""
        other = copy(self)
        other._by_inputs = {
            key: [replace(each, played=False) for each in known] for key, known in self._by_inputs.items()
        }
        return other

    def clear(self) -> None:
        """None has been said yet."""
        for recorded in self._by_inputs.values():
            for each in recorded:
                each.played = False

    def find(self, request: ShardRequest) -> Generation | None:
        """The recorded answer to this call; None if there is none."""
        known = self._by_inputs.get((request.inputs, request.grammar is not None))
        if known is None:
            return None
        found = [(each, answer) for each in known if (answer := self._answer(each, request)) is not None]
        if not found:
            return None
        best = max(each.fit(request) for each, _ in found)
        fitting = [pair for pair in found if pair[0].fit(request) == best]
        recorded, answer = next((pair for pair in fitting if not pair[0].played), fitting[-1])
        recorded.played = True
        return answer

    def _answer(self, recorded: _Recorded, request: ShardRequest) -> Generation | None:
        generation = recorded.generation
        tokens, reason = stop_tokens(generation.tokens, request, self._ends)
        if len(tokens) == len(generation.tokens) and reason in (None, generation.finish_reason):
            if reason is None and generation.error is None and generation.finish_reason != "eos_token":
                return None  # the model would have gone on
            whole = replace(
                generation,
                prefill=generation.prefill if request.prefill else (),
                top_tokens=generation.top_tokens if request.top_n_tokens else (),
                input_length=generation.input_length or request.input_length,
            )
            if (not request.prefill or whole.prefill) and (not request.top_n_tokens or whole.top_tokens):
                return whole
        if generation.error is not None and reason is None:
            return replace(generation, prefill=(), top_tokens=())
        if reason is None and generation.finish_reason != "eos_token":
            return None
        made = self._answers.generation_of(generation.tokens, request)
        if request.prefill and generation.prefill:
            made = replace(made, prefill=generation.prefill)
        if request.top_n_tokens and len(generation.top_tokens) >= len(made.tokens):
            made = replace(made, top_tokens=generation.top_tokens[: len(made.tokens)])
        return made
