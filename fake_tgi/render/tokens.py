"""Tokens and their lists, as every generate route writes them. Key order is the contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..generation import PrefillToken, Token
from .values import f32, string

__all__ = ["prefill_tokens", "token", "token_lists", "tokens"]

_MOST: Final = 10_000
_KNOWN: Final[dict[int, tuple[Token, bytes]]] = {}


def token(item: Token) -> bytes:
    """`{"id","text","logprob","special"}`.

    A seeded model says the same Token objects again and again, so their bytes are kept, for the object and
    not for its value: comparing would cost more than it saves. What is kept is bounded, and holds no state.
    """
    known = _KNOWN.get(id(item))
    if known is not None and known[0] is item:
        return known[1]
    made = b'{"id":%d,"text":%b,"logprob":%b,"special":%b}' % (
        item.id,
        string(item.text),
        f32(item.logprob),
        b"true" if item.special else b"false",
    )
    if len(_KNOWN) >= _MOST:
        _KNOWN.clear()
    _KNOWN[id(item)] = (item, made)
    return made


def tokens(items: Iterable[Token]) -> bytes:
    """A JSON list of tokens."""
    return b"[%b]" % b",".join(map(token, items))


def token_lists(items: Iterable[Iterable[Token]]) -> bytes:
    """`top_tokens`: for each generated token, the most likely ones."""
    return b"[%b]" % b",".join(map(tokens, items))


def prefill_tokens(items: Iterable[PrefillToken]) -> bytes:
    """The prompt's tokens, which have no `special`."""
    return b"[%b]" % b",".join(
        b'{"id":%d,"text":%b,"logprob":%b}' % (item.id, string(item.text), f32(item.logprob))
        for item in items
    )
