"""Tokens and their lists, as every generate route writes them. Key order is the contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..generation import PrefillToken, Token
from ..remembered import Remembered
from .values import f32, string

__all__ = ["prefill_tokens", "token", "token_lists", "tokens"]


def _token(item: Token) -> bytes:
    return b'{"id":%d,"text":%b,"logprob":%b,"special":%b}' % (
        item.id,
        string(item.text),
        f32(item.logprob),
        b"true" if item.special else b"false",
    )


token: Final = Remembered(_token, most=10_000)
"""`{"id","text","logprob","special"}`. A seeded model says the same Token objects again and again."""


def tokens(items: Iterable[Token]) -> bytes:
    """A JSON list of tokens."""
    return b"[%b]" % b",".join(token.of(items))


def token_lists(items: Iterable[Iterable[Token]]) -> bytes:
    """`top_tokens`: for each generated token, the most likely ones."""
    return b"[%b]" % b",".join(map(tokens, items))


def prefill_tokens(items: Iterable[PrefillToken]) -> bytes:
    """The prompt's tokens, which have no `special`."""
    return b"[%b]" % b",".join(
        b'{"id":%d,"text":%b,"logprob":%b}' % (item.id, string(item.text), f32(item.logprob))
        for item in items
    )
