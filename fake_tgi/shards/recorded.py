"""Answers that were recorded for certain prompts: the package's own quick-start.

A prompt is recognised by its whole text. The recorded tokens are those of the embedded tokenizer; behind
another one the recorded text is said with its tokens. Stopping rules apply as to any answer.
"""

from __future__ import annotations

import json
from functools import cached_property

from ..generation import Generation, Token
from ..shard import ShardRequest
from ..shipped import DATA
from ..tokenizer import Tokenizer
from .scripted import parse_generation
from .text_answers import TextAnswers

__all__ = ["RecordedAnswers"]


class RecordedAnswers:
    """The recordings that ship with the package, over one tokenizer. The file is read when it is needed."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._answers = TextAnswers(tokenizer)

    def find(self, request: ShardRequest) -> Generation | None:
        """The recorded answer to this prompt, or None; no grammar allows it."""
        if request.grammar is not None:
            return None
        tokens = self.tokens.get(request.inputs)
        return self._answers.generation_of(tokens, request) if tokens is not None else None

    @cached_property
    def tokens(self) -> dict[str, tuple[Token, ...]]:
        """The answers by prompt."""
        found: dict[str, tuple[Token, ...]] = {}
        for line in (DATA / "quickstart.jsonl").read_text(encoding="utf-8").splitlines():
            inputs, generation = parse_generation(json.loads(line), "quickstart.jsonl")
            assert inputs is not None
            ours = self._tokenizer.generated_text([token.id for token in generation.tokens])
            text = generation.generated_text
            found[inputs] = generation.tokens if ours == text else self._answers.tokens(text)
        return found
