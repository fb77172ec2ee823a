"""What a fake must answer, told beforehand from what was done to it: the model behind `test_machine`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from fake_tgi.generation import Generation
from fake_tgi.shard import ShardRequest
from fake_tgi.strategies import ModelCall, generations

__all__ = ["LIMIT", "PROMPTS", "Foretold", "Known", "model_calls", "spoken"]

PROMPTS: Final = ("Why?", "How many \U0001f600?", "Tell me a story.")
LIMIT: Final = 12
"""Tokens that every call asks for, and no generation goes beyond."""

CUDA: Final = "CUDA out of memory"
GONE: Final = "error trying to connect: Connection refused (os error 111)"


def spoken(asked: ShardRequest, *, adversarial: bool) -> st.SearchStrategy[Generation]:
    """What a model may say."""
    # Where an answer is cut inside of a character its whole text is empty, which the contracts do not know.
    return generations(asked, adversarial=adversarial).filter(
        lambda made: made.generated_text == "".join(t.text for t in made.tokens if not t.special)
    )


@st.composite
def model_calls(draw: st.DrawFn) -> dict[str, Any]:
    """A generation to be queued, complete or failing on the way."""
    prompt = draw(st.sampled_from(PROMPTS))
    asked = ShardRequest(prompt, 3, LIMIT, truncate=4000, top_n_tokens=2)
    made = draw(spoken(asked, adversarial=draw(st.booleans())))
    call = ModelCall(asked, made).recorded()
    if draw(st.integers(0, 3)) == 3:
        kept = draw(st.integers(0, len(made.tokens)))
        call |= {"tokens": call["tokens"][:kept], "finish_reason": None, "error": CUDA}
        call["top_tokens"] = (call["top_tokens"] or [])[:kept] or None
    return call


@dataclass
class Foretold:
    """What one call will get: these tokens and then the end, or the error.

    `tokens` None: what nobody queued; then `count` is their number, where that is known.
    """

    tokens: list[dict[str, Any]] | None
    count: int | None = None
    text: str | None = None
    finish_reason: str | None = None
    top_tokens: list[list[dict[str, Any]]] | None = None
    error: str | None = None


@dataclass
class Known:
    """The model: what a fake must be like after what was done to it."""

    queue: deque[dict[str, Any]] = field(default_factory=deque)
    sick: bool = False
    gone: bool = False
    crash_after: int | None = None
    believed_healthy: bool = True
    full: bool = False

    def ask(self, prompt: str | None) -> Foretold:
        """The next answer to a prompt; None: a prompt that only the fake knows (a chat's)."""
        if self.gone:
            self.believed_healthy = False
            return Foretold([], error=GONE)
        at = next((i for i, call in enumerate(self.queue) if call["inputs"] == prompt), 0)
        call: dict[str, Any] | None = None
        if self.queue:
            call = self.queue[at]
            del self.queue[at]
        error = call.get("error") if call else None
        tokens = call["tokens"] if call else None
        if self.crash_after is not None:
            tokens, error = tokens[: self.crash_after] if tokens is not None else None, CUDA
        if error is not None:
            self.believed_healthy = False
            return Foretold(tokens, self.crash_after if call is None else None, error=error)
        if call is None:
            return Foretold(None)
        return Foretold(tokens, None, call["generated_text"], call["finish_reason"], call["top_tokens"])

    def check_health(self) -> bool:
        """What the next health check says: the model is asked, or made to try if it has failed before."""
        tried = not self.gone and self.crash_after is None
        self.believed_healthy = not (self.sick or self.gone) if self.believed_healthy else tried
        return self.believed_healthy
