"""The fake itself, asked within a draw: the model behind it is Hypothesis.

Answers are those of `fake_tgi.serve`, byte for byte, so strategies and server cannot drift apart. Time, which
would differ from one run to the next, is drawn like everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from typing import Final

from hypothesis import strategies as st

from ..drawing import generations
from ..frames import Body, Chunks, Head
from ..generation import Generation
from ..model import Condition
from ..serve import serve
from ..settings import Settings
from ..shard import ShardRequest
from ..shards.text_answers import text_generation_from
from ..state import State
from ..templates import ChatTemplate
from ..tokenizer import Tokenizer
from .values import Headers, ModelCall, Request

__all__ = ["Served", "Situation", "serving"]

# Seconds between two looks at the clock, and the time of day as answers tell it, in seconds since 1970.
_TIMES: Final = st.tuples(
    st.sampled_from((0.0, 0.0004, 0.013, 2.5)), st.integers(1_700_000_000, 1_900_000_000)
)
_ODD_TIMES: Final = st.tuples(
    st.sampled_from((0.0, 1e-9, 1e6)), st.sampled_from((1, 2**31, 2**53 + 1, 2**64 - 1))
)

_RANDOM_ID: Final = re.compile(
    rb'(?<="tool_calls":\[\{"index":0,"id":")[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
)
_SOME_ID: Final = b"00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True, repr=False)
class Situation:
    """What a server is asked in: its settings, how its model is, and how the model's texts are drawn.

    `template` replaces the model's chat template by this text; "" for a model that has none. `said` is what
    the model says in place of anything drawn, `fails_after` the number of tokens before it fails (None: it
    does not) with `error` or, if that is None, falls silent.
    """

    settings: Settings
    adversarial: bool = False
    condition: Condition = field(default=Condition())
    template: str | None = None
    said: str | None = None
    fails_after: int | None = None
    error: str | None = "CUDA out of memory"

    def __repr__(self) -> str:
        # It stands in the name of every strategy, which a failing test prints; settings take forty lines.
        return f"<{'adversarial' if self.adversarial else 'plain'} situation>"


@dataclass(frozen=True, slots=True)
class Served:
    """What came of it; `chunks` are the body's pieces as sent."""

    status: int
    headers: Headers
    chunks: tuple[bytes, ...]
    streamed: bool
    calls: tuple[ModelCall, ...]

    @property
    def refused(self) -> bytes | None:
        """The body or the event that is an error, if there is one."""
        if self.status >= 400:
            return b"".join(self.chunks)
        return next(
            (chunk for chunk in self.chunks if self.streamed and chunk.startswith(b'data: {"error"')), None
        )


def serving(
    situation: Situation, request: Request, draw: st.DrawFn, *, before: Iterable[Request] = ()
) -> Served:
    """The fake's answer to `request`, after those `before`; what the model says is drawn as it is asked."""
    model = _DrawnModel(situation, draw)
    state = _state(situation, model, draw)
    for earlier in before:
        for _ in serve(state, earlier.call()):
            pass
    status, headers = 0, Headers()
    chunks: list[bytes] = []
    streamed = False
    for frame in serve(state, request.call()):
        if isinstance(frame, Head):
            status, streamed = frame.status, frame.length is None
            headers = _texts(frame)
        elif isinstance(frame, Chunks):
            chunks += frame.parts
        elif isinstance(frame, Body):
            chunks.append(frame.data)
    return Served(status, headers, _repeatable(chunks, streamed), streamed, tuple(model.calls))


class _DrawnModel:
    """A Shard that says what is drawn."""

    def __init__(self, situation: Situation, draw: st.DrawFn) -> None:
        self._situation = situation
        self._draw = draw
        self.calls: list[ModelCall] = []

    def generate(self, request: ShardRequest) -> Generation:
        situation = self._situation
        tokenizer, _ = _model_of(situation.settings)
        if situation.said is not None:
            generation = text_generation_from(situation.said, request, tokenizer)
        else:
            drawn = generations(request, adversarial=situation.adversarial, tokenizer=tokenizer)
            generation = self._draw(drawn)
        if situation.fails_after is not None:
            generation = replace(
                generation,
                tokens=generation.tokens[: situation.fails_after],
                top_tokens=generation.top_tokens[: situation.fails_after],
                generated_text="",
                finish_reason=None,
                error=situation.error,
            )
        self.calls.append(ModelCall(request, generation))
        return generation

    def slow(self, request: ShardRequest) -> bool:
        """Never: it is asked within a draw."""
        return False


class _DrawnState(State):
    """A fake whose time is drawn: `pace` seconds pass whenever somebody looks at the clock."""

    def __init__(
        self,
        situation: Situation,
        tokenizer: Tokenizer,
        template: ChatTemplate | None,
        pace: float,
        created: int,
    ) -> None:
        super().__init__(situation.settings, tokenizer=tokenizer, clock=count(0.0, pace).__next__)
        self._known_template = template
        self._created = created
        self.compute_type = b"gpu+optimized"  # whatever this machine's environment says

    @property
    def template(self) -> ChatTemplate | None:
        return self._known_template  # reading it anew for each draw would take longer than all the rest

    def unix_time(self) -> int:
        return self._created


def _state(situation: Situation, model: _DrawnModel, draw: st.DrawFn) -> State:
    pace, created = draw(_ODD_TIMES if situation.adversarial else _TIMES)
    tokenizer, template = _model_of(situation.settings)
    if situation.template is not None:
        template = ChatTemplate(situation.template) if situation.template else None
    state = _DrawnState(situation, tokenizer, template, pace, created)
    state.model.condition = situation.condition
    return state.answered_by(model)


@lru_cache(maxsize=16)
def _model_of(settings: Settings) -> tuple[Tokenizer, ChatTemplate | None]:
    state = State(settings)
    return state.tokenizer, state.template


def _texts(head: Head) -> Headers:
    found = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
    return (*found, ("content-length", str(head.length))) if head.length is not None else tuple(found)


def _repeatable(chunks: list[bytes], streamed: bool) -> tuple[bytes, ...]:
    """The chunks without what is random in them: a call's id where the request's own are no numbers."""
    return tuple(_RANDOM_ID.sub(_SOME_ID, chunk) for chunk in chunks) if streamed else tuple(chunks)
