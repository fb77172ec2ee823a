"""Whatever stands for an answer becomes one; a function of the user's own may give what stands for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..call import Call
from ..frames import Frame, Work
from ..generation import Generation
from ..matching import Asked, Difference, FormError
from ..matching.differences import hidden, shown
from ..matching.values import name_of
from .answer import Answer, AnswerFailed
from .form import read_answer
from .model_answers import Generated, Text
from .wire_answers import Raw

if TYPE_CHECKING:
    from ..serve import Endpoint
    from ..state import State

__all__ = ["Function", "answer_of"]

__tracebackhide__ = hidden


def answer_of(value: Any) -> Answer:
    """The answer that `value` stands for. Raises FormError.

    A text is what the model writes, bytes are the body of a raw answer, a Generation is what the model
    produces, an object has the form of a stub file, and a function is asked when the call comes.
    """
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, bytes):
        return Raw(value)
    if isinstance(value, Generation):
        return Generated(value)
    if isinstance(value, Mapping):
        return read_answer(value)
    if hasattr(value, "frames") and hasattr(value, "as_json"):
        answer: Answer = value
        return answer
    if callable(value):
        return Function(value)
    raise FormError(Difference("answer", "a text, bytes, an answer or a function", shown(value)))


@dataclass(frozen=True, slots=True)
class Function:
    """What a function of the user's makes of what is asked, which is anything that `answer_of` takes.

    It runs in a thread, so it may take its time; a coroutine function runs on a loop of its own. What it
    raises is kept, and the call gets a 500 that names the stub, unless its client is gone by then.
    """

    function: Callable[[Asked], Any]

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        late = partial(state.stubs.fail_late, self, call)
        run = state.stubs.runs.begin(lambda: self._made(Asked(call)), late)
        work = Work(run)
        try:
            yield work
        except GeneratorExit:
            run.leave()
            raise
        made: Answer | BaseException = work.result
        if isinstance(made, BaseException):
            raise AnswerFailed(made)
        yield from made.frames(state, call, endpoint)

    def as_json(self) -> dict[str, Any]:
        return {"function": name_of(self.function)}

    def _made(self, asked: Asked) -> Answer | BaseException:
        try:
            made = self.function(asked)
            if isinstance(made, Awaitable):
                made = _waited_for(made)
            return answer_of(made)
        except BaseException as error:  # also pytest's own failures, which are no Exception
            return error


def _waited_for(made: Awaitable[Any]) -> Any:
    import asyncio

    async def result() -> Any:
        return await made

    return asyncio.run(result())
