"""What a fake must answer, told beforehand from what was done to it: the model behind `test_machine`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hypothesis import strategies as st

from fake_tgi.generation import Generation
from fake_tgi.shard import ShardRequest
from fake_tgi.strategies import ModelCall, generations

__all__ = ["LIMIT", "PROMPTS", "Foretold", "Known", "KnownStub", "Refused", "model_calls", "spoken", "stubs"]

PROMPTS: Final = ("Why?", "How many \U0001f600?", "Tell me a story.")
LIMIT: Final = 12
"""Tokens that every call asks for, and no generation goes beyond."""


@dataclass(frozen=True)
class Refused:
    """How a call fails: the last words of the error, also where it comes in a stream, and its class.

    `is_event`: a stream has begun when it fails. `before_permits`: it fails even where no permit is free.
    """

    words: str
    raised: str
    in_a_stream: str = ""
    is_event: bool = True
    before_permits: bool = False
    makes_sick: bool = False

    def told(self, *, stream: bool) -> str:
        return self.in_a_stream or self.words if stream else self.words


CUDA: Final = Refused("CUDA out of memory", "GenerationError", makes_sick=True)
GONE: Final = Refused(
    "error trying to connect: Connection refused (os error 111)", "GenerationError", makes_sick=True
)
FULL: Final = Refused("Model is overloaded", "OverloadedError")

BY_NAME: Final = {
    "overload": FULL,
    "model_failure": CUDA,
    "incomplete": Refused(
        "Incomplete generation", "IncompleteGenerationError", "Incomplete generation stream"
    ),
    "validation": Refused(
        "`max_new_tokens` must be strictly positive", "ValidationError", before_permits=True
    ),
    "template": Refused("template not found", "TemplateError", is_event=False, before_permits=True),
    "tool": Refused("Tool with name nope not found", "ToolError", is_event=False, before_permits=True),
}
"""Some of the errors that a stub can answer with."""

OF_A_CHAT: Final = ("template", "tool")
"""Those that no other route has."""

CHAT: Final = "/v1/chat/completions"


def spoken(asked: ShardRequest, *, adversarial: bool) -> st.SearchStrategy[Generation]:
    """What a model may say, but for an answer cut inside of a character, whose whole text is another."""
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
        call |= {"tokens": call["tokens"][:kept], "finish_reason": None, "error": CUDA.words}
        call["top_tokens"] = (call["top_tokens"] or [])[:kept] or None
    return call


def stubs() -> st.SearchStrategy[dict[str, Any]]:
    """A stub as the admin API takes it."""
    texts = st.lists(st.sampled_from([" a", "b", " \U0001f600", "\n", "</"]), min_size=1, max_size=LIMIT)
    answers = st.one_of(
        texts.map(
            lambda said: {"tokens": said, "finish_reason": "length" if len(said) == LIMIT else "eos_token"}
        ),
        st.sampled_from([" Yes.", "No \U0001f600"]).map(lambda said: {"text": said}),
        st.sampled_from(sorted(BY_NAME.keys() - OF_A_CHAT)).map(lambda cause: {"error": cause}),
    )
    of_a_chat = st.sampled_from(OF_A_CHAT).map(lambda cause: {"error": cause})
    prompts = st.sampled_from(PROMPTS)
    anywhere = st.just({}) | st.fixed_dictionaries({"inputs": prompts})
    in_a_chat = st.fixed_dictionaries({"route": st.just(CHAT)}, optional={"inputs": prompts})

    def of(whens: st.SearchStrategy[Any], each: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries(
            {"when": whens, "answers": st.lists(each, min_size=1, max_size=3)},
            optional={"times": st.integers(1, 3), "priority": st.integers(-1, 1)},
        )

    return of(anywhere, answers) | of(in_a_chat, answers | of_a_chat)


@dataclass(frozen=True)
class Foretold:
    """What one call will get: an answer, or the error after some of it. None: that nobody said.

    `tokens` are the whole tokens, `texts` only what they say, `count` only their number.
    """

    tokens: list[dict[str, Any]] | None = None
    texts: list[str] | None = None
    count: int | None = None
    text: str | None = None
    finish_reason: str | None = None
    top_tokens: list[list[dict[str, Any]]] | None = None
    error: Refused | None = None


@dataclass
class KnownStub:
    """A stub, and how often it has answered."""

    place: int
    said: dict[str, Any]
    hits: int = 0

    def matches(self, prompt: str, *, chat: bool) -> bool:
        when, times = self.said["when"], self.said.get("times")
        if times is not None and self.hits >= times:
            return False
        return when.get("inputs", prompt) == prompt and ("route" not in when or chat)

    def answer(self) -> Foretold:
        answers = self.said["answers"]
        answer = answers[min(self.hits, len(answers) - 1)]
        self.hits += 1
        if "error" in answer:
            return Foretold([], error=BY_NAME[answer["error"]])
        if "text" in answer:
            return Foretold(text=answer["text"], finish_reason="eos_token")
        texts = answer["tokens"]
        return Foretold(None, texts, len(texts), "".join(texts), answer["finish_reason"])


@dataclass
class Known:
    """The model: what a fake must be like after what was done to it."""

    queue: deque[dict[str, Any]] = field(default_factory=deque)
    stubs: list[KnownStub] = field(default_factory=list)
    sick: bool = False
    gone: bool = False
    crash_after: int | None = None
    believed_healthy: bool = True
    full: bool = False

    def in_order(self) -> list[KnownStub]:
        """The stubs as they are asked: the highest priority first, then the newest."""
        return sorted(self.stubs, key=lambda stub: (-stub.said.get("priority", 0), -stub.place))

    def ask(self, prompt: str, *, chat: bool = False) -> Foretold:
        """What the next call gets; the model of a chat does not see the prompt as it was written."""
        stub = next((stub for stub in self.in_order() if stub.matches(prompt, chat=chat)), None)
        foretold = None if stub is None else stub.answer()
        if self.full and not (foretold and foretold.error and foretold.error.before_permits):
            return Foretold([], error=FULL)
        foretold = foretold or self._model(None if chat else prompt)
        if foretold.error is not None and foretold.error.makes_sick:
            self.believed_healthy = False
        return foretold

    def _model(self, prompt: str | None) -> Foretold:
        if self.gone:
            return Foretold([], error=GONE)
        if not self.queue:
            crashed = self.crash_after is not None
            return Foretold(count=self.crash_after, error=CUDA if crashed else None)
        at = next((i for i, call in enumerate(self.queue) if call["inputs"] == prompt), 0)
        call = self.queue[at]
        del self.queue[at]
        if self.crash_after is not None:
            return Foretold(call["tokens"][: self.crash_after], error=CUDA)
        said = Foretold(call["tokens"], error=CUDA if "error" in call else None)
        if said.error is not None:
            return said
        return replace(
            said,
            text=call["generated_text"],
            finish_reason=call["finish_reason"],
            top_tokens=call["top_tokens"],
        )

    def check_health(self) -> bool:
        """What the next health check says: the model is asked, or made to try if it has failed before."""
        tried = not self.gone and self.crash_after is None
        self.believed_healthy = not (self.sick or self.gone) if self.believed_healthy else tried
        return self.believed_healthy
