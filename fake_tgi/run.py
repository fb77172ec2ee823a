"""One answer in the making: the model is asked piece by piece, and what that costs goes into the books.

A Run holds a permit and gives it back when closed, however it ends. It renders nothing. Its generators yield
frames only to wait or to compute elsewhere.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .frames import Frame, Work
from .generation import FinishReason, Generation, PrefillToken, Token
from .headers import Timings
from .quick_values import dataclass, unguarded
from .refusals import Refusal, refusal
from .requests import GenerateParameters
from .shard import ShardRequest
from .validation import ValidRequest

if TYPE_CHECKING:
    from .batch import Batch
    from .due import Due
    from .infer import Infer
    from .vision.prompts import Looked

__all__ = ["Answer", "Run", "Segment", "whole_of"]


@dataclass(frozen=True, slots=True)
@unguarded
class Segment:
    """A piece of an answer: at most 1,024 tokens. `last` says that none follows.

    `due` says when each token is to be sent; None means at once.
    """

    generation: Generation
    last: bool
    due: Due | None = None


@dataclass(frozen=True, slots=True)
@unguarded
class _Asked:
    """A piece that the model was asked for and that is not in the books yet.

    `seconds` is what it took the model, where tokens are not waited for; else `due` tells, and `again` with
    all but the first piece of an answer.
    """

    request: ShardRequest
    tokens: int
    failed: bool
    seconds: float
    due: Due | None
    again: bool


@dataclass(frozen=True, slots=True)
@unguarded
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


class Run:
    """One answer in the making. Close it when done; closing twice is harmless.

    `batch` is that of its request, where the request starts several.
    """

    __slots__ = (
        "_add_special_tokens",
        "_ahead",
        "_asked",
        "_batch",
        "_failed",
        "_infer",
        "_inputs",
        "_looked",
        "_next",
        "_open",
        "_parameters",
        "_produced",
        "_seen",
        "_unbooked",
        "finished",
        "input_length",
        "queued",
        "seed",
        "started",
    )

    def __init__(
        self,
        infer: Infer,
        inputs: str,
        parameters: GenerateParameters,
        add_special_tokens: bool,
        valid: ValidRequest,
        looked: Looked | None,
        batch: Batch | None = None,
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
        self._batch = batch
        self._unbooked: _Asked | None = None
        self._seen: int | None = None
        self._asked = False
        self._failed = False
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
        if generation.id is not None and self._infer.told is not None:
            self._infer.told(generation.id)
        if not self._asked:
            self.seed = generation.seed
        delays, due, tokens = self._infer.delays, None, len(generation.tokens)
        failed = generation.error is not None
        if delays is not None:
            due = delays.due(
                asked,
                tokens,
                began if self._asked else self.started,
                permits=self._infer.permits,
                clock=self._infer.clock,
            )
            if due.stepped:
                metrics.batched()
        seconds = self._infer.clock() - began
        self._unbooked = _Asked(asked, tokens, failed, seconds, due, again=self._asked)
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

    def drop(self, seen: int) -> None:
        """Nobody waits for the rest of this piece, of which `seen` tokens were read."""
        self._seen = seen
        self.finished = self._unbooked is not None and seen >= self._unbooked.tokens

    def close(self) -> None:
        """Gives the permit back. A run closed before its end counts as dropped by the client."""
        if not self._open:
            return
        self._open = False
        self._settle()
        self._infer.permits.release()
        if not self.finished and not self._failed:
            self._infer.metrics.failed("dropped")

    def _all(self) -> Generator[Frame, None, Segment]:
        segment = yield from self.next()
        if segment.due is not None:
            yield from segment.due.end()
        return segment

    def _settle(self) -> None:
        """Books a piece, once it is over or nobody waits for it any more."""
        asked, self._unbooked = self._unbooked, None
        if asked is None:
            return
        tokens, seconds, failed, first = asked.tokens, asked.seconds, asked.failed, None
        due = asked.due
        if due is not None:
            due.close(self._infer.clock())
            if not asked.again:
                self.started = due.started
            complete = due.produced >= len(due)
            tokens = min(due.produced, len(due))
            seconds = max((due.last if complete else self._infer.clock()) - due.started, 0.0)
            failed = failed and complete
            first = due.first - due.started if due.produced else None
        unseen = 0
        if self._seen is not None and self._seen < asked.tokens:
            # The model hears of it with its next token.
            tokens, failed, unseen, self._seen = self._seen + 1, False, 1, None
        self._failed = failed
        self._infer.metrics.generated(
            tokens,
            seconds,
            failed=failed,
            input_length=asked.request.input_length,
            max_new_tokens=asked.request.max_new_tokens,
            first=first,
            unseen=unseen,
            batch=self._batch,
            stepped=due is not None and due.stepped,
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


def whole_of(runs: Sequence[Run]) -> Generator[Frame, None, list[Answer]]:
    """The answers of several runs that the model works on at once. Raises `Refusal` where one fails."""
    for run in runs:  # or none could be in the batch before the one before it had left
        yield from run.prepare()
    answers: list[Answer] = []
    for run in runs:
        answers.append((yield from run.whole()))
    return answers
