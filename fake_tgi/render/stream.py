"""A Generation becomes the events of a generate stream: one for each token, the last one with the text.

Keys and their order: router.md 2.5 (router/src/lib.rs, StreamResponse, StreamDetails). Bytes that do not
change within an answer are made once for it.
"""

from __future__ import annotations

from ..generation import FinishReason, Token
from .tokens import token, tokens
from .values import string

__all__ = ["StreamWriter"]

_TAIL = b',"generated_text":null,"details":null}\n\n'


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
            bodies = [
                b'%b,"top_tokens":%b' % (token(item), tokens(tops)) if tops else token(item)
                for item, tops in zip(items, top_tokens, strict=True)
            ]
        else:
            bodies = token.of(items)
        events = [
            b'data: {"index":%d,"token":%b%b' % (index, body, _TAIL)
            for index, body in enumerate(bodies, start)
        ]
        if end is not None:
            events[-1] = b'data: {"index":%d,"token":%b,"generated_text":%b,"details":%b}\n\n' % (
                self._index,
                bodies[-1],
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
