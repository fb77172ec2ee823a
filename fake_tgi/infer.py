"""One generation, from the permit to the last token: TGI's infer layer (router/src/infer/mod.rs).

A Run takes a permit, validates, asks the shard piece by piece, and gives the permit back when closed,
however it ends. It renders nothing. Its generators yield frames only to wait or to compute elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .frames import Frame, Work
from .generation import FinishReason, Generation, PrefillToken, Token
from .headers import Timings
from .health import Health
from .limits import Permits
from .metrics import Metrics
from .refusals import Refusal, refusal
from .requests import GenerateParameters
from .shard import Shard, ShardRequest
from .validation import Validator, ValidRequest

if TYPE_CHECKING:
    from .delays import Delays, Due
    from .vision.prompts import Looked
    from .vision.sight import Sight

__all__ = ["Answer", "Infer", "Run", "Segment", "whole_of"]

_F32 = struct.Struct("<f")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of an answer: at most 1,024 tokens. `last` says that none follows.

    `due` says when each token is to be sent; None means at once.
    """

    generation: Generation
    last: bool
    due: Due | None = None


@dataclass(frozen=True, slots=True)
class _Playing:
    """A piece whose tokens become due one by one; `again` with all but the first of an answer."""

    due: Due
    asked: ShardRequest
    failed: bool
    again: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, its pieces joined.

    `generated_tokens` and `text` run over all pieces; `seed` is the first piece's, `finish_reason` the
    last one's. `queued` and `started` are times on the server's clock, in seconds.
    """

    tokens: tuple[Token, ...]
    text: str
    finish_reason: FinishReason
    generated_tokens: int
    input_length: int
    seed: int | None
    prefill: tuple[PrefillToken, ...]
    top_tokens: tuple[tuple[Token, ...], ...]
    queued: float
    started: float

    def timings(self, began: float, now: float) -> Timings:
        """Where the time from `began` to `now` went."""
        return Timings(
            total=now - began,
            validation=self.queued - began,
            queue=self.started - self.queued,
            inference=now - self.started,
            prompt_tokens=self.input_length,
            generated_tokens=self.generated_tokens,
        )


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

    def over(self, shard: Shard) -> Infer:
        """The same guards and books over another shard."""
        other = Infer(shard, self.validator, self.permits, self.health, self.metrics, self.clock)
        other.delays, other.sight = self.delays, self.sight
        return other

    def start(
        self, inputs: str, parameters: GenerateParameters, *, add_special_tokens: bool = True
    ) -> Generator[Frame, None, Run]:
        """Takes a permit and validates. Raises `Refusal` (overloaded first, then validation)."""
        if not self.permits.acquire():
            self.metrics.failed("overloaded")
            raise refusal("overloaded")
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
        return Run(self, inputs, parameters, add_special_tokens, valid, looked)

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
        runs: list[Run] = []
        try:
            for _ in range(best_of):
                runs.append((yield from self.start(inputs, parameters)))
            answers = yield from whole_of(runs)
        finally:
            for run in runs:
                run.close()
        best = _likeliest(answers)
        return answers[best], answers[:best] + answers[best + 1 :]


class Run:
    """One answer in the making. Close it when done; closing twice is harmless."""

    def __init__(
        self,
        infer: Infer,
        inputs: str,
        parameters: GenerateParameters,
        add_special_tokens: bool,
        valid: ValidRequest,
        looked: Looked | None,
    ) -> None:
        self._infer = infer
        self._inputs = inputs
        self._parameters = parameters
        self._add_special_tokens = add_special_tokens
        self._next: ValidRequest | None = valid
        self._looked = looked
        self._open = True
        self._produced = 0
        self._ahead: Segment | None = None
        self._playing: _Playing | None = None
        self._asked = False
        self.input_length = valid.shard.input_length
        self.seed: int | None = None
        self.queued = self.started = infer.clock()
        self.finished = False
        """Set by whoever hands the answer out, once its last token or its error is out."""

    def next(self) -> Generator[Frame, None, Segment]:
        """The next piece; call it until a Segment is the `last` one or has an error."""
        if self._ahead is not None:
            segment, self._ahead = self._ahead, None
            return segment
        self._settle()
        valid = self._next
        assert valid is not None, "the last piece was already handed out"
        shard, metrics, asked = self._infer.shard, self._infer.metrics, valid.shard
        metrics.scheduled(asked.input_length, asked.max_new_tokens)
        began = self._infer.clock()
        if shard.slow(valid.shard):
            work = Work(lambda: shard.generate(valid.shard))
            yield work
            generation: Generation = work.result
        else:
            generation = shard.generate(valid.shard)
        if not self._asked:
            self.seed = generation.seed
        delays, due, tokens = self._infer.delays, None, len(generation.tokens)
        failed = generation.error is not None
        if delays is None:
            metrics.generated(
                tokens,
                self._infer.clock() - began,
                failed=failed,
                input_length=asked.input_length,
                max_new_tokens=asked.max_new_tokens,
            )
        else:
            due = delays.due(
                asked,
                tokens,
                began if self._asked else self.started,
                permits=self._infer.permits,
                clock=self._infer.clock,
            )
            self._playing = _Playing(due, asked, failed, again=self._asked)
        self._asked = True
        self._produced += tokens
        if failed:
            self._infer.health.failed()
            self._next = None
            return Segment(generation, True, due)
        if generation.finish_reason is None:
            metrics.failed("incomplete")
        self._next = self._continuation(generation, valid)
        return Segment(generation, self._next is None, due)

    def whole(self) -> Generator[Frame, None, Answer]:
        """All pieces as one Answer. Raises `Refusal` where the model fails."""
        segment = yield from self._all()
        pieces = [segment.generation]
        while not segment.last:
            segment = yield from self._all()
            pieces.append(segment.generation)
        self._settle()
        self.finished = True
        if pieces[-1].error is not None:
            raise refusal("generation", pieces[-1].error)
        if pieces[-1].finish_reason is None:
            raise refusal("incomplete")
        return self._answer(pieces)

    @property
    def takes_time(self) -> bool:
        """Whether tokens have to be waited for."""
        return self._infer.delays is not None

    def prepare(self) -> Generator[Frame, None, None]:
        """Asks the model, and so takes a place in its batch; `next` hands out what it says."""
        if self._ahead is None:
            self._ahead = yield from self.next()

    def timings(self, began: float, now: float) -> Timings:
        """Where the time from `began` to `now` went."""
        self._settle()
        return Timings(
            now - began,
            self.queued - began,
            self.started - self.queued,
            now - self.started,
            self.input_length,
            self._produced,
        )

    def close(self) -> None:
        """Gives the permit back. A run closed before its end counts as dropped by the client."""
        if not self._open:
            return
        self._open = False
        self._settle()
        self._infer.permits.release()
        if not self.finished:
            self._infer.metrics.failed("dropped")

    def _all(self) -> Generator[Frame, None, Segment]:
        segment = yield from self.next()
        if segment.due is not None:
            yield from segment.due.end()
        return segment

    def _settle(self) -> None:
        """Books a piece that took time, once it is over or nobody waits for it any more."""
        playing, self._playing = self._playing, None
        if playing is None:
            return
        due, asked = playing.due, playing.asked
        due.close()
        if not playing.again:
            self.started = due.started
        complete = due.produced >= len(due)
        self._infer.metrics.generated(
            min(due.produced, len(due)),
            max((due.last if complete else self._infer.clock()) - due.started, 0.0),
            failed=playing.failed and complete,
            input_length=asked.input_length,
            max_new_tokens=asked.max_new_tokens,
            first=due.first - due.started if due.produced else None,
        )

    def _continuation(self, generation: Generation, valid: ValidRequest) -> ValidRequest | None:
        """The next piece's request: only after `length`, with tokens left, and if it validates (I:165-180).

        The whole text becomes the prompt and `max_new_tokens` stays undiminished, so totals overshoot to
        a multiple of 1,024, as the router's do.
        """
        if generation.finish_reason != "length" or self._produced >= valid.max_total_new_tokens:
            return None
        if generation.final:
            return None
        self._inputs += generation.generated_text
        if self._looked is not None:
            self._looked += generation.generated_text
        self._parameters = replace(self._parameters, seed=valid.shard.sampling.seed)
        try:
            again = self._infer.validator.validate(
                self._inputs,
                self._parameters,
                add_special_tokens=self._add_special_tokens,
                looked=self._looked,
            )
        except Refusal:
            return None
        return again

    def _answer(self, pieces: list[Generation]) -> Answer:
        first, last = pieces[0], pieces[-1]
        assert last.finish_reason is not None
        if len(pieces) == 1:
            tokens, text, top_tokens = first.tokens, first.generated_text, first.top_tokens
        else:
            tokens = tuple(token for piece in pieces for token in piece.tokens)
            text = "".join(piece.generated_text for piece in pieces)
            top_tokens = tuple(tops for piece in pieces for tops in piece.top_tokens)
        return Answer(
            tokens=tokens,
            text=text,
            finish_reason=last.finish_reason,
            generated_tokens=len(tokens),
            input_length=self.input_length,
            seed=first.seed,
            prefill=last.prefill,
            top_tokens=top_tokens,
            queued=self.queued,
            started=self.started,
        )


def whole_of(runs: list[Run]) -> Generator[Frame, None, list[Answer]]:
    """The answers of several runs that the model works on at once. Raises `Refusal` where one fails."""
    for run in runs:
        if run.takes_time:  # or none could be in the batch before the one before it had left
            yield from run.prepare()
    answers: list[Answer] = []
    for run in runs:
        answers.append((yield from run.whole()))
    return answers


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
