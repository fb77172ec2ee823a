"""When a generation ends, as TGI's shard decides it (server/text_generation_server/utils/tokens.py:131-188).

After each token, in this order: the limit is reached, the token ends the sequence, a stop sequence stands
at the end of what was said. So a stop sequence counts only where a token ends; a line break may follow it.
Nothing is cut off: the stop text stays, and so does the end token, which only `generated_text` leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from .generation import FinishReason, Token
from .shard import ShardRequest
from .tokenizer import Tokenizer

__all__ = ["StopSequences", "said", "stop_tokens"]

_LONGEST, _KEPT = 300, 200


class StopSequences:
    """Watches a text grow, token by token."""

    __slots__ = ("_said", "_sequences")

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = tuple(sequences)
        self._said = ""

    def __call__(self, text: str) -> bool:
        """Adds a token's text; whether a stop sequence is now at the end, or just before a final line break.

        Only the last 300 characters are looked at, and 200 are kept once there are more.
        """
        said = self._said + text
        if len(said) > _LONGEST:
            said = said[-_KEPT:]
        self._said = said
        return said.endswith(self._sequences) or (said.endswith("\n") and said[:-1].endswith(self._sequences))


def stop_tokens(
    candidates: Iterable[Token], request: ShardRequest, eos_ids: Collection[int]
) -> tuple[tuple[Token, ...], FinishReason | None]:
    """The tokens of `candidates` that a model with these end tokens would have produced, and why it ended.

    None as the reason: the candidates ran out before any rule held. `ignore_eos` of the request counts.
    """
    limit = request.max_new_tokens
    ends: Collection[int] = () if request.ignore_eos else eos_ids
    stops = StopSequences(request.stop_sequences) if request.stop_sequences else None
    tokens: list[Token] = []
    for token in candidates:
        tokens.append(token)
        if len(tokens) >= limit:
            return tuple(tokens), "length"
        if token.id in ends:
            return tuple(tokens), "eos_token"
        if stops is not None and stops(token.text):
            return tuple(tokens), "stop_sequence"
    return tuple(tokens), None


def said(tokens: Sequence[Token], tokenizer: Tokenizer) -> str:
    """The `generated_text` of tokens: without the special ones, and empty if it ends inside a character."""
    texts = [token.text for token in tokens if not token.special]
    if tokenizer.context_free and "" not in texts:
        return "".join(texts)
    return tokenizer.generated_text([token.id for token in tokens], tokenizer.anchor)
