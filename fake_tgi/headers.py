"""Response headers, as bytes ready to send. Names, order and number formats: router/src/server.rs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from .frames import Head, PrintedHead, RawHeaders
from .quick_values import dataclass, unguarded
from .remembered import Remembered

__all__ = ["JSON", "TEXT", "HeadPrinter", "Timings", "generation_headers", "stream_headers"]

_JSON = (b"content-type", b"application/json")
JSON: RawHeaders = (_JSON,)
TEXT: RawHeaders = ((b"content-type", b"text/plain; charset=utf-8"),)
_STREAM: RawHeaders = ((b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache"))
_UNBUFFERED: RawHeaders = ((b"x-accel-buffering", b"no"),)


@dataclass(frozen=True, slots=True)
@unguarded
class Timings:
    """How long the parts of one answer took, in seconds, and what it cost, in tokens."""

    total: float
    validation: float
    queue: float
    inference: float
    prompt_tokens: int
    generated_tokens: int

    @property
    def per_token(self) -> float:
        """Inference time for each generated token, in seconds."""
        return self.inference / self.generated_tokens


def _milliseconds(seconds: float) -> int:
    # of whole nanoseconds, as the router's clock has them: 1.001 seconds are not 1,000 milliseconds
    return round(seconds * 1e9) // 1_000_000 if seconds > 0.0 else 0


@lru_cache(maxsize=4096)
def _number(name: bytes, value: int) -> tuple[bytes, bytes]:
    """A header; times of answers that are made at once are mostly the same few numbers."""
    return name, b"%d" % value


def generation_headers(
    compute_type: bytes, characters: int, answers: Iterable[Timings], *, compute_time: bool = True
) -> RawHeaders:
    """Headers of a complete answer; of several prompts the numbers are sums (S:1114-1129).

    `characters` counts code points of the prompt. Times are sent in whole milliseconds, but for
    `x-compute-time`, which is in seconds and which completions leave out.
    """
    total = validation = queue = inference = per_token = prompt_tokens = generated_tokens = 0
    seconds = 0.0
    for timings in answers:
        seconds += timings.total
        total += _milliseconds(timings.total)
        validation += _milliseconds(timings.validation)
        queue += _milliseconds(timings.queue)
        inference += _milliseconds(timings.inference)
        per_token += _milliseconds(timings.per_token)
        prompt_tokens += timings.prompt_tokens
        generated_tokens += timings.generated_tokens
    spent: RawHeaders = ((b"x-compute-time", b"%.9f" % seconds),) if compute_time else ()
    return (
        *JSON,
        (b"x-compute-type", compute_type),
        *spent,
        _number(b"x-compute-characters", characters),
        _number(b"x-total-time", total),
        _number(b"x-validation-time", validation),
        _number(b"x-queue-time", queue),
        _number(b"x-inference-time", inference),
        _number(b"x-time-per-token", per_token),
        _number(b"x-prompt-tokens", prompt_tokens),
        _number(b"x-generated-tokens", generated_tokens),
    )


def stream_headers(compute_type: bytes, characters: int) -> RawHeaders:
    """Headers of every stream: nothing is known yet but the prompt."""
    return (
        *_STREAM,
        (b"x-compute-type", compute_type),
        _number(b"x-compute-characters", characters),
        *_UNBUFFERED,
    )


class HeadPrinter:
    """Prints the heads of answers that took next to no time, as most do, in one step each.

    `around` is what stands behind the headers of the answer itself; the same object for all answers, or
    nothing is gained.
    """

    def __init__(self, compute_type: bytes) -> None:
        self._compute_type = compute_type
        self._whole = Remembered(self._format_whole)
        self._stream = Remembered(self._format_stream)

    def whole(
        self,
        characters: int,
        total: float,
        validation: float,
        prompt_tokens: int,
        generated_tokens: int,
        around: RawHeaders,
        length: int,
    ) -> Head:
        """The head of a complete answer of `length` bytes to one prompt of so many characters.

        It took `total` seconds; what was not `validation` was spent in the model.
        """
        if total >= 0.001:
            spent = Timings(total, validation, 0.0, total - validation, prompt_tokens, generated_tokens)
            return Head(200, generation_headers(self._compute_type, characters, (spent,)) + around, length)
        lines = self._whole(around) % (total, characters, prompt_tokens, generated_tokens)
        return PrintedHead(200, lines, length)

    def stream(self, characters: int, around: RawHeaders) -> Head:
        """The head of a stream."""
        return PrintedHead(200, self._stream(around) % characters)

    def _format_whole(self, around: RawHeaders) -> bytes:
        nothing = Timings(0.0, 0.0, 0.0, 0.0, 0, 1)  # no part of an answer takes longer than the whole
        holes = {b"x-compute-time": b"%.9f", b"x-compute-characters": b"%d", b"x-prompt-tokens": b"%d"}
        holes[b"x-generated-tokens"] = b"%d"
        return _format((*generation_headers(self._compute_type, 0, (nothing,)), *around), holes)

    def _format_stream(self, around: RawHeaders) -> bytes:
        return _format((*stream_headers(self._compute_type, 0), *around), {b"x-compute-characters": b"%d"})


def _format(headers: RawHeaders, holes: Mapping[bytes, bytes]) -> bytes:
    """Header lines with a hole for each value that is another in every answer."""
    return b"\r\n".join(name + b": " + holes.get(name, value.replace(b"%", b"%%")) for name, value in headers)
