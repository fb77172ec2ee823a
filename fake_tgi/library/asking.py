"""The verbs that ask what the fake saw, and those that fail a test over it.

Assertions give answers that are on their way a moment to end; what they say names every request, and for each
what differs. Nothing is asserted behind anybody's back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..journal.redacted import text_without_secrets
from ..matching import Asked, RequestPattern
from .near_names import NearNames
from .seen import SeenRequest, SeenRequests, came, line_of
from .stubbing import TextPattern, pattern_of
from .undisclosed import undisclosed

if TYPE_CHECKING:
    from ..journal import ServeEvent
    from ..verdict import Received, Verdict
    from .control import Control

__all__ = ["Asking"]

_MOMENT: Final = 1.0


class Asking(NearNames):
    """Questions to one fake."""

    _what = "a fake"

    _control: Control

    @property
    def journal(self) -> list[ServeEvent]:
        """The record of every call and its answer, oldest first, as far as they have come."""
        return self._control.events()

    @property
    def requests(self) -> list[SeenRequest]:
        """Every request, oldest first, as far as the journal remembers: the last thousand."""
        found = [SeenRequest(self._control, event) for event in self._control.events()]
        return SeenRequests(found, "requests", lambda: came(found))

    @property
    def last_request(self) -> SeenRequest:
        """The newest request. Raises AssertionError if there is none."""
        __tracebackhide__ = True
        found = self.requests
        if not found:
            raise AssertionError("expected a request, but none has come")
        return found[-1]

    @property
    def unmatched(self) -> list[SeenRequest]:
        """The requests that asked the model, and that no stub answered."""
        return [seen for seen in self.requests if seen.stub is None and seen.generating]

    def near_misses(self, seen: SeenRequest) -> list[str]:
        """The stubs that come closest to answering a request, and what differs, the closest first.

        Raises TypeError for what is no request that the fake saw.
        """
        if not isinstance(seen, SeenRequest):
            what = "a request that the fake saw, such as its last_request"
            raise TypeError(f"near_misses: expected {what}, got {seen!r}")
        return self._control.near_misses(seen.call)

    @property
    def function_errors(self) -> list[BaseException]:
        """What functions and predicates of stubs have raised, oldest first."""
        return self._control.function_errors()

    def wait_until_idle(self, timeout: float = 5.0) -> None:
        """Returns once no answer is on its way. Raises TimeoutError after `timeout` seconds.

        On the event loop that serves the fake nothing can be waited for this way: `await fake.idle()`.
        """
        left = self._control.settle(timeout)
        if left:
            what = f"{left} answer{'s are' if left > 1 else ' is'} still on the way"
            raise TimeoutError(f"{what}: does somebody hold a stream open?")

    async def idle(self, timeout: float = 5.0) -> None:
        """The same for coroutines."""
        from asyncio import sleep

        deadline = time.monotonic() + timeout
        # ASYNC110 wants an event, but nobody tells when the last one ends
        while self._control.settle(0) and time.monotonic() < deadline:  # noqa: ASYNC110
            await sleep(0.0005)
        self.wait_until_idle(0)

    def assert_request_made(
        self,
        route: str | Sequence[str] | None = None,
        *,
        times: int | None = 1,
        inputs: TextPattern | list[str] | None = None,
        messages: Any = None,
        parameters: Mapping[str, Any] | None = None,
        model: TextPattern | None = None,
        headers: Mapping[str, TextPattern] | None = None,
        body: Any = None,
        stream: bool | None = None,
        where: Callable[[Asked], object] | None = None,
    ) -> list[SeenRequest]:
        """So many requests of this kind were made (None: at least one); they are returned, oldest first.

        The parts are those of `on`. Raises AssertionError that tells what was asked instead.
        """
        __tracebackhide__ = True
        if times is not None and (type(times) is not int or times < 0):
            raise ValueError(f"times: expected a number from 0, or None for at least one, got {times!r}")
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
        self._control.settle(_MOMENT)
        seen = self.requests
        found = [each for each in seen if pattern.matches(each.call)]
        if len(found) == times or (times is None and found):
            return found
        wanted = "at least one request" if times is None else _requests(times)
        like = undisclosed(pattern.as_json())
        raise AssertionError(
            "\n".join([f"expected {wanted} like this, got {len(found)}: {like}", *_told(seen, pattern)])
        )

    def assert_no_requests(self) -> None:
        """Nothing was asked. Raises AssertionError that tells what was."""
        __tracebackhide__ = True
        self._control.settle(_MOMENT)
        seen = self.requests
        if seen:
            raise AssertionError("\n  ".join([f"expected no request, got {len(seen)}:", *map(line_of, seen)]))

    def assert_client_ok(
        self, *, waive: Iterable[str] = (), received: Sequence[Received | str | BaseException] = ()
    ) -> Verdict:
        """The client that called did nothing that it should not; `waive` names findings that are fine.

        `received` says what the client handed to its callers, call by call: a text, or what was raised. The
        verdict is returned. Raises AssertionError with every finding, WaiverError for an unknown name.
        """
        __tracebackhide__ = True
        from ..verdict import judge  # only who asks for a verdict pays for it

        self._control.settle(_MOMENT)
        verdict = judge(self._control.events(), waive=waive, received=received)
        if not verdict.ok:
            raise AssertionError(str(verdict))
        return verdict


def _requests(count: int) -> str:
    return f"{count or 'no'} request{'s' * (count != 1)}"


def _told(seen: Sequence[SeenRequest], pattern: RequestPattern) -> list[str]:
    if not seen:
        return ["  no request has come"]
    lines = []
    for each in seen:
        clean = partial(text_without_secrets, each.call)
        told = [str(difference.through(clean)) for difference in pattern.difference(each.call)]
        lines += [f"  {line_of(each)}", *(f"       {each}" for each in told or ["as expected"])]
    return lines
