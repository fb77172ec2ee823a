"""The router's guards in front of the model: permits, then validation (router/src/infer/mod.rs).

What they let through is a Run. Generators yield frames only to wait or to compute elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from .batch import Batch
from .frames import Frame
from .health import Health
from .limits import Permits
from .metrics import Metrics
from .refusals import Refusal, refusal
from .requests import GenerateParameters
from .run import Answer, Run, whole_of
from .shard import Shard
from .validation import Validator

if TYPE_CHECKING:
    from .delays import Delays
    from .vision.sight import Sight

__all__ = ["Asked", "Infer"]

_F32 = struct.Struct("<f")

Asked = tuple[str, GenerateParameters, bool]
"""Inputs, parameters, and whether special tokens are added to the inputs."""


class Infer:
    """What every generating route shares: the shard, its guards and its books."""

    def __init__(
        self,
        shard: Shard,
        validator: Validator,
        permits: Permits,
        health: Health,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self.shard = shard
        self.validator = validator
        self.permits = permits
        self.health = health
        self.metrics = metrics
        self.clock = clock
        self.delays: Delays | None = None
        self.sight: Sight | None = None
        """Loads the images of prompts, for a model that sees any."""
        self.told: Callable[[str], None] | None = None
        """Is told the id of each answer that has one."""

    def over(self, shard: Shard) -> Infer:
        """The same guards and books over another shard."""
        other = Infer(shard, self.validator, self.permits, self.health, self.metrics, self.clock)
        other.delays, other.sight, other.told = self.delays, self.sight, self.told
        return other

    def permit(self) -> None:
        """Takes a permit. Raises `Refusal` if there is none; closing a run gives it back."""
        if not self.permits.acquire():
            self.metrics.failed("overloaded")
            raise refusal("overloaded")

    def start(
        self,
        inputs: str,
        parameters: GenerateParameters,
        *,
        add_special_tokens: bool = True,
        batch: Batch | None = None,
    ) -> Generator[Frame, None, Run]:
        """Takes a permit and validates. Raises `Refusal` (overloaded first, then validation)."""
        self.permit()
        return (yield from self.permitted(inputs, parameters, add_special_tokens, batch))

    def permitted(
        self,
        inputs: str,
        parameters: GenerateParameters,
        add_special_tokens: bool,
        batch: Batch | None = None,
    ) -> Generator[Frame, None, Run]:
        """What `start` does behind the permit, which it gives back where it raises."""
        looked = None
        try:
            if self.sight is not None:
                self.validator.check(inputs, parameters)
                looked = yield from self.sight.look(inputs)
            valid = self.validator.validate(
                inputs, parameters, add_special_tokens=add_special_tokens, looked=looked
            )
        except BaseException as error:
            self.permits.release()
            if isinstance(error, Refusal):
                self.metrics.failed("validation")
            raise
        return Run(self, inputs, parameters, add_special_tokens, valid, looked, batch)

    def generate(
        self, inputs: str, parameters: GenerateParameters, *, add_special_tokens: bool = True
    ) -> Generator[Frame, None, Answer]:
        """One whole answer. Raises `Refusal`."""
        run = yield from self.start(inputs, parameters, add_special_tokens=add_special_tokens)
        try:
            answer = yield from run.whole()
        finally:
            run.close()
        return answer

    def best_of(
        self, inputs: str, parameters: GenerateParameters, best_of: int
    ) -> Generator[Frame, None, tuple[Answer, list[Answer]]]:
        """`best_of` answers: the most likely one per token, and the others in their order (I:321-354)."""
        self.validator.best_of(best_of)
        answers = yield from self.together([(inputs, parameters, True)] * best_of)
        best = _likeliest(answers)
        return answers[best], answers[:best] + answers[best + 1 :]

    def together(
        self, asked: Sequence[Asked], *, counted: Callable[[], None] = lambda: None
    ) -> Generator[Frame, None, list[Answer]]:
        """Whole answers that run at once. Raises `Refusal` where one is refused or fails; gives up the rest.

        `counted` is told of each before it asks for its permit: none comes behind one that gets none.
        """
        batch, taken = Batch(len(asked)), 0
        runs: list[Run] = []
        try:
            for _ in asked:
                counted()
                self.permit()
                taken += 1
            for inputs, parameters, special in asked:
                taken -= 1
                runs.append((yield from self.permitted(inputs, parameters, special, batch)))
            return (yield from whole_of(runs))
        finally:
            for _ in range(taken):
                self.permits.release()
            for run in runs:
                run.close()

    def apart(self, asked: Sequence[Asked]) -> Generator[Frame, None, list[Answer | Refusal]]:
        """Whole answers that run at once, each for itself: what becomes of one is no matter to the others."""
        batch = Batch(len(asked))
        answers: dict[int, Answer | Refusal] = {}
        runs: dict[int, Run] = {}
        permitted: list[int] = []
        try:
            for number in range(len(asked)):
                try:
                    self.permit()
                    permitted.append(number)
                except Refusal as refused:
                    answers[number] = refused
            for number in tuple(permitted):
                del permitted[0]
                try:
                    runs[number] = yield from self.permitted(*asked[number], batch)
                except Refusal as refused:
                    answers[number] = refused
            for run in runs.values():
                yield from run.prepare()
            for number, run in runs.items():
                try:
                    answers[number] = yield from run.whole()
                except Refusal as refused:
                    answers[number] = refused
        finally:
            for _ in permitted:
                self.permits.release()
            for run in runs.values():
                run.close()
        return [answers[number] for number in range(len(asked))]


def _f32(value: float) -> float:
    return float(_F32.unpack(_F32.pack(value))[0])


def _likeliest(answers: list[Answer]) -> int:
    """Index of the highest mean log-probability, summed in 32-bit floats; the first one of equals."""
    best, best_mean = 0, -3.4028234663852886e38
    for index, answer in enumerate(answers):
        total = 0.0
        for token in answer.tokens:
            total = _f32(total + (token.logprob if token.logprob is not None else float("nan")))
        mean = _f32(total / len(answer.tokens))
        if mean > best_mean:
            best, best_mean = index, mean
    return best
