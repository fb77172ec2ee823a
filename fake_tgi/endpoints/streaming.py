"""A run becomes stream frames: what the four streaming routes share.

The status is already sent, so whatever goes wrong is an event. Tokens that came before an error are always
sent first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from ..batch import Batch
from ..frames import Chunks, Frame
from ..generation import FinishReason, Generation
from ..player import KEEP_ALIVE_INTERVAL
from ..refusals import Refusal, refusal, validation
from ..requests import GenerateParameters
from ..run import Run
from ..state import State

if TYPE_CHECKING:
    from ..due import Due

__all__ = ["SHORT", "End", "Write", "begin", "play", "timed"]

SHORT: Final = 200
"""Tokens of a stream that surely has room in what a server may write ahead."""

End = tuple[FinishReason, "int | None", int]
"""finish_reason, seed and prompt length in tokens of the whole answer: what a last event may tell."""

Write = Callable[[Generation, "End | None"], "list[bytes] | int"]
"""Renders one piece: an entry for each token (empty where it shows nothing), and any further events behind
them. A number abandons the run behind so many tokens: the model is to be asked something else."""


def begin(
    state: State,
    inputs: str,
    parameters: GenerateParameters,
    *,
    add_special_tokens: bool = True,
    batch: Batch | None = None,
) -> Generator[Frame, None, Run]:
    """Starts a run that is to be streamed. Two rules precede the permit (S:543-555). Raises `Refusal`."""
    message = None
    if parameters.best_of is not None and parameters.best_of != 1:
        message = "`best_of` != 1 is not supported when streaming tokens"
    elif parameters.decoder_input_details:
        message = "`decoder_input_details` == true is not supported when streaming tokens"
    if message is not None:
        state.metrics.failed("validation")
        raise validation(message)
    infer = state.infer
    return (yield from infer.start(inputs, parameters, add_special_tokens=add_special_tokens, batch=batch))


def play(
    state: State,
    run: Run,
    began: float,
    write: Write,
    fail: Callable[[Refusal], bytes],
    *,
    singly: bool = False,
) -> Generator[Frame, None, bool]:
    """All events of `run`, which is closed at the end. Returns False where `write` abandoned it.

    `fail` renders an error as an event. `singly` puts each event into a frame of its own.
    """
    try:
        last = False
        while not last:
            segment = yield from run.next()
            last, piece, due = segment.last, segment.generation, segment.due
            end: End | None = None
            if last and piece.finish_reason is not None:
                end = (piece.finish_reason, run.seed, run.input_length)
            events, error = write(piece, end), piece.error
            del segment, piece  # a stream may last, and what is not needed any more adds up
            if isinstance(events, int):
                if due is not None:
                    for waits in islice(due, events):
                        yield from waits
                run.drop(events)
                return False
            frames = timed(events, due, singly=singly)
            del events
            yield from frames
            if error is not None:
                yield Chunks((fail(refusal("generation", error)),))
            elif last and end is None:
                yield Chunks((fail(refusal("incomplete_stream")),))
            elif last:
                state.metrics.succeeded(run.timings(began, state.clock()))
        run.finished = True
    finally:
        run.close()
    return True


def timed(events: list[bytes], due: Due | None, *, singly: bool = False) -> Iterable[Frame]:
    """The events of a run of tokens, each at its time; with no times, all in one frame unless `singly`."""
    if due is None:
        parts = tuple(filter(None, events))
        if singly:
            return [Chunks((part,)) for part in parts]
        return (Chunks(parts),) if parts else ()
    tokens = len(due)
    paced = None
    if tokens <= len(events) and not singly:
        paced = due.paced(events[:tokens], KEEP_ALIVE_INTERVAL)
    frames = (paced,) if paced is not None else _one_by_one(events, due)
    behind = tuple(filter(None, events[tokens:]))
    return chain(frames, (Chunks(behind),)) if behind else frames


def _one_by_one(events: list[bytes], due: Due) -> Iterator[Frame]:
    for waits, event in zip(due, events, strict=False):
        yield from waits
        if event:
            yield Chunks((event,))
