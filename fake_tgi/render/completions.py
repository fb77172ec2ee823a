"""Answers become the body of `/v1/completions`, or the events of its stream.

Keys and their order: router.md 8.2, 8.3 (router/src/lib.rs, CompletionFinal, Chunk; server.rs:836-903).
A stream spells things its own way: chunks have another key order than the last event, which alone has a
finish_reason (TGI's own word) and a usage, and the text of special tokens is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from ..generation import FinishReason, Token
from ..identity import SYSTEM_FINGERPRINT
from ..remembered import Remembered
from ..run import Answer
from .chat import FINISH_REASONS, usage
from .values import string

__all__ = ["CompletionWriter", "completion", "round_robin"]

T = TypeVar("T")


def completion(
    answers: Iterable[tuple[int, Answer]],
    *,
    model: str,
    created: int,
    system_fingerprint: str = SYSTEM_FINGERPRINT,
) -> bytes:
    """The answers to all prompts, each with its prompt's index, in the order in which they were completed.

    `model` is the served one, whatever the request named. `created` is when the request came, in seconds
    since 1970.
    """
    prompt_tokens = completion_tokens = 0
    choices: list[bytes] = []
    for index, answer in answers:
        prompt_tokens += answer.input_length
        completion_tokens += answer.generated_tokens
        choices.append(
            b'{"index":%d,"text":%b,"logprobs":null,"finish_reason":%b}'
            % (index, string(answer.text), FINISH_REASONS[answer.finish_reason])
        )
    return (
        b'{"object":"text_completion","id":"","created":%d,"model":%b,"system_fingerprint":%b,'
        b'"choices":[%b],"usage":%b}'
        % (
            created,
            string(model),
            string(system_fingerprint),
            b",".join(choices),
            usage(prompt_tokens, completion_tokens),
        )
    )


def _text_of(item: Token) -> bytes:
    return string(item.text)


_text: Final = Remembered(_text_of, most=10_000)


class CompletionWriter:
    """Writes the events of the answer to one prompt, the one at `index`, piece by piece."""

    def __init__(self, *, index: int, model: str, system_fingerprint: str = SYSTEM_FINGERPRINT) -> None:
        self._origin = b',"model":%b,"system_fingerprint":%b' % (string(model), string(system_fingerprint))
        self._choice = b'"choices":[{"index":%d,"text":' % index
        self._produced = 0

    def events(
        self, items: tuple[Token, ...], end: tuple[FinishReason, int | None, int] | None, created: int
    ) -> list[bytes]:
        """One event a token.

        `end` holds finish_reason, seed and the prompt's length in tokens of the whole answer, and makes the
        last event the terminal one; None where more follows, or an error does. `created` is in seconds
        since 1970.
        """
        self._produced += len(items)
        origin, choice = self._origin, self._choice
        head = b'data: {"object":"text_completion","id":"","created":%d' % created
        before = head + b"," + choice
        after = b',"logprobs":null,"finish_reason":""}]%b}\n\n' % origin
        events = [before + text + after for text in _text.of(items)]
        if end is not None:
            finish_reason, _, input_length = end
            events[-1] = b'%b%b,%b%b,"logprobs":null,"finish_reason":"%b"}],"usage":%b}\n\n' % (
                head,
                origin,
                choice,
                string(items[-1].text),
                finish_reason.encode(),
                usage(input_length, self._produced),
            )
        return events


def round_robin(streams: Sequence[Iterable[T]]) -> Iterator[T]:
    """One item of each stream in turn, in their order; a stream that has ended loses its turn (S:957-978)."""
    live: list[Iterator[T]] = [iter(stream) for stream in streams]
    while live:
        for stream in tuple(live):
            try:
                item = next(stream)
            except StopIteration:
                live.remove(stream)
            else:
                yield item
