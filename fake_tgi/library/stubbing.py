"""The verbs that say which calls are meant: `fake.on_generate(inputs=contains("hello")).reply("Hi.")`.

Every part that is given must hold, and a part that is left out says nothing. Parts are patterns of a value: a
bare one means equality; for the rest see `matchers`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote

from ..matching import Asked, Difference, FormError, RequestPattern
from ..matching.differences import hidden, shown
from ..matching.values import Condition
from ..stubs.origin import distance
from .live import LiveStub, StubBuilder
from .near_names import NearNames

if TYPE_CHECKING:
    from ..generation import FinishReason
    from .books import Books
    from .control import Control

__all__ = ["Stubbing", "TextPattern", "pattern_of"]

__tracebackhide__ = hidden

TextPattern: TypeAlias = str | Condition | re.Pattern[str] | Callable[[Any], object]
"""A text: this very one, or one that a matcher, a regular expression or a function accepts."""

_GENERATE: Final = ("/", "/generate", "/generate_stream")


def pattern_of(
    route: str | Sequence[str] | None = None,
    *,
    inputs: TextPattern | list[str] | None = None,
    messages: Any = None,
    parameters: Mapping[str, Any] | None = None,
    model: TextPattern | None = None,
    headers: Mapping[str, TextPattern] | None = None,
    body: Any = None,
    stream: bool | None = None,
    where: Callable[[Asked], object] | None = None,
) -> RequestPattern:
    """The pattern that these parts make. Raises FormError (a ValueError) for a part that is none."""
    if where is not None and not callable(where):
        raise FormError(Difference("where", "a function of what is asked", shown(where)))
    return RequestPattern(
        route,
        inputs=inputs,
        messages=messages,
        parameters=parameters,
        model=model,
        headers=headers,
        body=body,
        streaming=stream,
        predicate=where,
    )


class Stubbing(NearNames):
    """Stubs on one fake."""

    _what = "a fake"

    _control: Control
    _books: Books

    def reply(
        self,
        text: str | Sequence[str],
        *more: str,
        times: int | None = None,
        finish: FinishReason = "eos_token",
    ) -> LiveStub:
        """The model answers every call that asks it with this text, on any route, streamed or not.

        Of several texts each call gets the next one; the last one stays. `times`: for so many calls.
        """
        builder = self.on()
        return (builder if times is None else builder.times(times)).reply(text, *more, finish=finish)

    def on(
        self,
        route: str | Sequence[str] | None = None,
        *,
        inputs: TextPattern | list[str] | None = None,
        messages: Any = None,
        parameters: Mapping[str, Any] | None = None,
        model: TextPattern | None = None,
        headers: Mapping[str, TextPattern] | None = None,
        body: Any = None,
        stream: bool | None = None,
        where: Callable[[Asked], object] | None = None,
    ) -> StubBuilder:
        """Calls of this route (a path, or one of several; None: every call that asks the model).

        `inputs` is the prompt or the text of the last message, `messages` the conversation, `parameters` has
        a pattern for each name, `model` the model that is named, `body` all of the JSON, `stream` whether a
        stream is asked for; `where` gets what is asked and says yes or no. Nothing is placed before it is
        said what to answer. Raises FormError (a ValueError), also for a parameter that is nearly one of
        TGI's; a path that is nearly one of TGI's may be meant, and is only warned of.
        """
        pattern = pattern_of(
            route,
            inputs=inputs,
            messages=messages,
            parameters=parameters,
            model=model,
            headers=headers,
            body=body,
            stream=stream,
            where=where,
        )
        for path, near in pattern.unknown_paths():
            warnings.warn(f"TGI has no path {path}: did you mean {near}?", stacklevel=distance())
        return StubBuilder(self._control, self._books, pattern)

    def on_generate(
        self,
        inputs: TextPattern | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        model: TextPattern | None = None,
        headers: Mapping[str, TextPattern] | None = None,
        body: Any = None,
        stream: bool | None = None,
        where: Callable[[Asked], object] | None = None,
    ) -> StubBuilder:
        """Calls of `/`, `/generate` and `/generate_stream`, and of the model's path on the hosted API."""
        named = {self._control.model_id(), model if isinstance(model, str) else ""} - {""}
        hosted = sorted(f"/models/{quote(name)}" for name in named)
        return self.on(
            (*_GENERATE, *hosted),
            inputs=inputs,
            parameters=parameters,
            model=model,
            headers=headers,
            body=body,
            stream=stream,
            where=where,
        )

    def on_chat(
        self,
        inputs: TextPattern | None = None,
        *,
        messages: Any = None,
        parameters: Mapping[str, Any] | None = None,
        model: TextPattern | None = None,
        headers: Mapping[str, TextPattern] | None = None,
        body: Any = None,
        stream: bool | None = None,
        where: Callable[[Asked], object] | None = None,
    ) -> StubBuilder:
        """Calls of `/v1/chat/completions`. `inputs` is the text of the last message."""
        return self.on(
            "/v1/chat/completions",
            inputs=inputs,
            messages=messages,
            parameters=parameters,
            model=model,
            headers=headers,
            body=body,
            stream=stream,
            where=where,
        )

    def on_completions(
        self,
        prompt: TextPattern | list[str] | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        model: TextPattern | None = None,
        headers: Mapping[str, TextPattern] | None = None,
        body: Any = None,
        stream: bool | None = None,
        where: Callable[[Asked], object] | None = None,
    ) -> StubBuilder:
        """Calls of `/v1/completions`."""
        return self.on(
            "/v1/completions",
            inputs=prompt,
            parameters=parameters,
            model=model,
            headers=headers,
            body=body,
            stream=stream,
            where=where,
        )

    def on_tokenize(
        self,
        inputs: TextPattern | None = None,
        *,
        headers: Mapping[str, TextPattern] | None = None,
        body: Any = None,
        where: Callable[[Asked], object] | None = None,
    ) -> StubBuilder:
        """Calls of `/tokenize`. Its answer is no text of the model's: say it with `json`."""
        return self.on("/tokenize", inputs=inputs, headers=headers, body=body, where=where)
