"""An Answer becomes the body of `/generate`, or one element of the list that `POST /` sends.

Keys and their order: router.md 2.4 (router/src/lib.rs, GenerateResponse, Details, BestOfSequence).
"""

from __future__ import annotations

from ..run import Answer
from .tokens import prefill_tokens, token_lists, tokens
from .values import string

__all__ = ["generate_response"]


def _seed(seed: int | None) -> bytes:
    return b"null" if seed is None else b"%d" % seed


def _produced(answer: Answer) -> bytes:
    """What Details and BestOfSequence share: from finish_reason to tokens."""
    return b'"finish_reason":"%b","generated_tokens":%d,"seed":%b,"prefill":%b,"tokens":%b' % (
        answer.finish_reason.encode(),
        answer.generated_tokens,
        _seed(answer.seed),
        prefill_tokens(answer.prefill),
        tokens(answer.tokens),
    )


def _top_tokens(answer: Answer) -> bytes:
    """Left out when empty, and last in its object."""
    return b',"top_tokens":%b' % token_lists(answer.top_tokens) if answer.top_tokens else b""


def _sequence(answer: Answer, prompt: str) -> bytes:
    return b'{"generated_text":%b,%b%b}' % (
        string(prompt + answer.text),
        _produced(answer),
        _top_tokens(answer),
    )


def generate_response(
    answer: Answer, *, prompt: str = "", details: bool = False, others: list[Answer] | None = None
) -> bytes:
    """The JSON object of one answer.

    `prompt` stands before every text (return_full_text). `others` are the best_of sequences that lost;
    None where best_of was not asked for.
    """
    text = string(prompt + answer.text)
    if not details:
        return b'{"generated_text":%b}' % text
    best_of = b""
    if others is not None:
        best_of = b',"best_of_sequences":[%b]' % b",".join(_sequence(other, prompt) for other in others)
    return b'{"generated_text":%b,"details":{%b%b%b}}' % (
        text,
        _produced(answer),
        best_of,
        _top_tokens(answer),
    )
