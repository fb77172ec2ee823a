"""Texts beside the tokens that they are made of.

Of a character cut off at the end no token has a text. The whole text has it as U+FFFD; or, with models that
decode all of it as they decode a token, is empty (and the prompt may stand before it). Models of the T5 kind
begin with a space that the whole text does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["before_its_tokens", "ends_with_its_tokens", "last_byte", "text_of_tokens"]


def text_of_tokens(tokens: Iterable[Mapping[str, Any]]) -> str:
    """The texts of all tokens that are not special."""
    return "".join(token["text"] for token in tokens if not token["special"])


def ends_with_its_tokens(whole: str, tokens: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a text is that of its tokens, the prompt aside; one that ends inside a character may be any."""
    tokens = list(tokens)
    spoken = [token for token in tokens if not token["special"]]
    return (
        bool(spoken and not spoken[-1]["text"])
        or before_its_tokens(whole, text_of_tokens(tokens)) is not None
    )


def before_its_tokens(whole: str, text: str) -> str | None:
    """What stands before the tokens' texts, a T5 model's space aside; None if it does not end with them."""
    whole, text = whole.rstrip("\ufffd"), text.removeprefix(" ").rstrip("\ufffd")
    return whole[: len(whole) - len(text)].removesuffix(" ") if whole.endswith(text) else None


def last_byte(text: str) -> float:
    """Where the last token of a text may end at the most. An image in it is many tokens, which have places
    beyond the text that shows it."""
    return float("inf") if "![](" in text else len(text.encode("utf-8", "surrogatepass"))
