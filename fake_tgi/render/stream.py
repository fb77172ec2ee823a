"""A Generation becomes the events of a generate stream: one for each token, the last one with the text.

Keys and their order: router.md 2.5 (router/src/lib.rs, StreamResponse, StreamDetails). Bytes that do not
change within an answer are made once for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from operator import add
from typing import Final

from ..generation import FinishReason, Token
from ..remembered import Remembered
from .tokens import token, tokens
from .values import string

__all__ = ["StreamWriter"]

_PREPARED: Final = 1025  # indices, from 0: the model answers 1,024 tokens at a time
_TAIL = b',"generated_text":null,"details":null}\n\n'

_rest: Final[Remembered[Token, bytes]] = Remembered(lambda item: token(item) + _TAIL, most=10_000)
"""What follows the index in the event of a token that is not the last one."""


@cache
def _first_beginnings() -> tuple[bytes, ...]:
    return tuple(b'data: {"index":%d,"token":' % index for index in range(_PREPARED))


def _beginnings(start: int, count: int) -> Sequence[bytes]:
    """What stands before the tokens of `count` events, from this index on."""
    if start + count <= _PREPARED:
        return _first_beginnings()[start : start + count]
    return [b'data: {"index":%d,"token":' % index for index in range(start, start + count)]


class StreamWriter:
    """Writes the events of one answer, piece by piece. `prompt` stands before the text (return_full_text)."""

    def __init__(self, *, prompt: str = "", details: bool = False) -> None:
        self._text = prompt
        self._details = details
        self._index = 0

    def events(
        self,
        items: tuple[Token, ...],
        top_tokens: tuple[tuple[Token, ...], ...],
        text: str,
        end: tuple[FinishReason, int | None, int] | None,
    ) -> list[bytes]:
        """One event a token.

        `text` is the piece's own. `end` holds finish_reason, seed and the prompt's length in tokens of the
        whole answer, and makes the last event the terminal one; None where more follows, or an error does.
        """
        self._text += text
        start = self._index + 1
        self._index += len(items)
        if top_tokens:
            rests = [
                b'%b,"top_tokens":%b%b' % (token(item), tokens(tops), _TAIL) if tops else _rest(item)
                for item, tops in zip(items, top_tokens, strict=True)
            ]
        else:
            rests = _rest.of(items)
        events = list(map(add, _beginnings(start, len(items)), rests))
        if end is not None:
            events[-1] = b'%b,"generated_text":%b,"details":%b}\n\n' % (
                events[-1].removesuffix(_TAIL),
                string(self._text),
                self._stream_details(*end),
            )
        return events

    def _stream_details(self, finish_reason: FinishReason, seed: int | None, input_length: int) -> bytes:
        if not self._details:
            return b"null"
        return b'{"finish_reason":"%b","generated_tokens":%d,"seed":%b,"input_length":%d}' % (
            finish_reason.encode(),
            self._index,
            b"null" if seed is None else b"%d" % seed,
            input_length,
        )
