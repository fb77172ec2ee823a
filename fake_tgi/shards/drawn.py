"""A shard whose answers Hypothesis draws: whatever a model could have said, or the nastiest of it.

Each answer keeps to the request (limit, stop sequences, grammar, what is to be reported) and to the rules of
TGI's shard, and carries the id that reproduces it. Where nothing can be drawn for a grammar, the usual shard
answers, and that answer has no id.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from hashlib import blake2b

from ..answers import AnswerId, Answers
from ..drawing import DrawError, draw_numbered, generations
from ..generation import Generation
from ..seeds import canonical, key_of
from ..shard import Shard, ShardRequest
from ..tokenizer import Tokenizer

__all__ = ["DrawnShard"]


class DrawnShard:
    """A Shard of `answers` of a drawn kind. `seed` is the server's; `otherwise` gives the usual shard.

    With `ignore_eos` every answer without a grammar runs to its limit. Safe to share over threads.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        answers: Answers,
        seed: int = 0,
        *,
        ignore_eos: bool = False,
        otherwise: Callable[[], Shard],
    ) -> None:
        self._tokenizer = tokenizer
        self._answers = answers
        self._key = key_of(seed)
        self._ignore_eos = ignore_eos
        self._otherwise = otherwise
        self._turn = 0

    def of_call(self) -> DrawnShard:
        """The shard for one call: the first answer has the first of the ids, the second the second."""
        return copy(self) if len(self._answers.ids) > 1 else self

    def slow(self, request: ShardRequest) -> bool:
        """Drawing takes some milliseconds."""
        return True

    def generate(self, request: ShardRequest) -> Generation:
        """The answer to `request`, with its id."""
        ids = self._answers.ids
        id = ids[min(self._turn, len(ids) - 1)] if ids else self._id(request)
        if self._ignore_eos and request.grammar is None:
            request = replace(request, ignore_eos=True)
        possible = generations(
            request, adversarial=self._answers.kind == "adversarial", tokenizer=self._tokenizer
        )
        try:
            drawn = draw_numbered(possible, id.number)
        except DrawError:
            return self._otherwise().generate(request)
        if len(ids) > 1:  # the shard of one call; that of all is shared, and takes no turns
            self._turn += 1
        seed = drawn.seed if drawn.seed is None or id.seed is None else id.seed
        told = replace(id, seed=seed) if seed is not None else AnswerId(id.number)
        return replace(drawn, seed=seed, id=str(Answers(self._answers.kind, (told,))))

    def _id(self, request: ShardRequest) -> AnswerId:
        sampling = request.sampling
        seen = canonical(request, sampling.seed if sampling.samples else None)
        kind = self._answers.kind.encode()
        digest = blake2b(seen, digest_size=8, key=self._key, person=kind).digest()
        return AnswerId(int.from_bytes(digest, "little"))
