"""A stub as a value: which calls, what answer, how often, and in which state of a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..matching import Difference, FormError, RequestPattern
from ..matching.differences import hidden, sendable, shown, within
from ..matching.json_values import unlike_json
from .answer import Answer
from .answer_of import answer_of
from .form import check_form, read_answer

__all__ = ["Step", "Stub", "read_stub"]

__tracebackhide__ = hidden


@dataclass(frozen=True, slots=True)
class Step:
    """A stub's part in a scenario: the state it needs (None: any) and the one it leads to (None: none).

    Raises FormError for what is no name.
    """

    scenario: str
    state: str | None = None
    next: str | None = None

    def __post_init__(self) -> None:
        _check_name("scenario.name", self.scenario)
        for where, state in (("scenario.state", self.state), ("scenario.next", self.next)):
            if state is not None:
                _check_name(where, state)

    def as_json(self) -> dict[str, str]:
        """As a stub file writes it."""
        named = {"name": self.scenario, "state": self.state, "next": self.next}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, init=False, slots=True)
class Stub:
    """Which calls to answer, with what, and how often.

    `when` None means every call of a generating route. `answer` is one answer, or several that come one after
    the other, the last of them from then on; each is an `Answer` or stands for one: a text, bytes, a
    Generation, a function of what is asked. `times` None means always. Of several stubs that match a call the
    highest `priority` answers, then the newest. Raises FormError for what is no stub.
    """

    when: RequestPattern
    answers: tuple[Answer, ...]
    times: int | None
    priority: int
    step: Step | None
    name: str | None

    def __init__(
        self,
        when: RequestPattern | Mapping[str, Any] | None = None,
        answer: Any = "",
        *,
        times: int | None = None,
        priority: int = 0,
        step: Step | None = None,
        name: str | None = None,
    ) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        if not isinstance(when, RequestPattern):
            if when is not None and not isinstance(when, Mapping):
                what = "a RequestPattern, an object in its form, or None for every call that asks the model"
                raise FormError(Difference("when", what, shown(when)))
            when = RequestPattern.parse(when or {})
        several = isinstance(answer, Sequence) and not isinstance(answer, (str, bytes))
        answers = tuple(answer_of(each) for each in (answer if several else [answer]))
        if not answers:
            raise FormError(Difference("answer", "at least one answer", shown(answer)))
        if times is not None and (type(times) is not int or times < 1):
            raise FormError(Difference("times", "a number from 1, or None for always", shown(times)))
        if type(priority) is not int:
            raise FormError(Difference("priority", "a whole number", shown(priority)))
        for where, number in (("times", times), ("priority", priority)):
            if (wrong := unlike_json(number, where)) is not None:
                raise FormError(wrong)
        if step is not None and not isinstance(step, Step):
            raise FormError(Difference("scenario", "a Step", shown(step)))
        if name is not None:
            _check_name("name", name)
        put("when", when)
        put("answers", answers)
        put("times", times)
        put("priority", priority)
        put("step", step)
        put("name", name)

    def in_scenario(self, step: Step) -> Stub:
        """The same stub with this part in a scenario."""
        return Stub(
            self.when, self.answers, times=self.times, priority=self.priority, step=step, name=self.name
        )

    def as_json(self) -> dict[str, Any]:
        """As a stub file writes it."""
        found: dict[str, Any] = {}
        if self.name is not None:
            found["name"] = self.name
        if when := self.when.as_json():
            found["when"] = when
        if len(self.answers) == 1:
            found["answer"] = self.answers[0].as_json()
        else:
            found["answers"] = [answer.as_json() for answer in self.answers]
        if self.times is not None:
            found["times"] = self.times
        if self.priority:
            found["priority"] = self.priority
        if self.step is not None:
            found["scenario"] = self.step.as_json()
        return found


def _check_name(where: str, given: object) -> None:
    if not isinstance(given, str) or not given or not sendable(given):
        raise FormError(Difference(where, "a text that is not empty and that UTF-8 can write", shown(given)))


def read_stub(value: Any, where: str = "", folder: Path | None = None) -> Stub:
    """A stub in the form that a file has it in, found at `where`. Raises FormError with the whole place.

    `folder` is where the files that it names are looked for.
    """
    with within(where):
        check_form(value, "Stub")
        with within("when"):
            when = RequestPattern.parse(value.get("when", {}))
        answers = []
        for index, answer in enumerate(value.get("answers", [value.get("answer")])):
            with within(f"answers[{index}]" if "answers" in value else "answer"):
                answers.append(read_answer(answer, folder))
        step = value.get("scenario")
        return Stub(
            when,
            answers,
            times=value.get("times"),
            priority=value.get("priority", 0),
            step=Step(step["name"], step.get("state"), step.get("next")) if step is not None else None,
            name=value.get("name"),
        )
