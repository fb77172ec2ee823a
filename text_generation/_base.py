"""What the two clients share: their settings, and how a call's options override them. No I/O."""

from __future__ import annotations

import operator
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from ._retry import Retries, RetryBudget
from ._retry import retries as _policy
from ._timeouts import Timeouts, timeouts
from ._written import Written
from .errors import ConfigurationError

if TYPE_CHECKING:
    from ._exchange import Settings
    from ._operations import Target
    from ._tracing import Trace

__all__ = ["CallOptions", "ClientBase", "TimeoutValue"]

TimeoutValue = float | tuple[float | None, float | None] | Timeouts | None
"""Seconds; (connect, read) seconds; the four clocks; or None for no limit."""


class CallOptions(TypedDict, total=False):
    """Keyword arguments that every call takes; each overrides the client's own setting for this call."""

    timeout: Any
    """Seconds, (connect, read), Timeouts, or None."""
    retries: int | Retries | None
    headers: Mapping[str, Any] | None
    """Added to the client's headers; None as a value leaves a header out."""
    model: str
    """The `model` of the request's body; also TGI's adapter, on the chat and completion routes."""
    omit_nulls: bool
    """Leave out what was not set, for servers stricter than TGI."""
    extra: Mapping[str, Any]
    """Members to add to the request's body as they are."""


_OPTIONS = frozenset(CallOptions.__annotations__)


class ClientBase:
    """Settings. `headers` is the caller's own object, read again for every call, as published."""

    base_url: str
    headers: Any
    cookies: Any

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, Any] | None,
        cookies: Mapping[str, Any] | None,
        timeout: Any,
        *,
        retries: int | Retries | None,
        model: str,
        omit_nulls: bool,
        trace: Trace | None,
    ) -> None:
        self.base_url = base_url
        self.headers = headers
        self.cookies = cookies
        self._timeout = timeout
        self._retries = _policy(retries)
        self._budget = RetryBudget()
        self._model = model
        self._omit_nulls = omit_nulls
        self._trace = trace
        self._written = Written()
        self._kept: tuple[tuple[Any, ...], Settings] | None = None
        self._kept_target: tuple[str, Target] | None = None
        self._chance = random.Random()  # noqa: S311 - spreads waits, guards nothing

    def __repr__(self) -> str:
        from ._redact import url

        return f"{type(self).__name__}({url(str(self.base_url))!r})"

    def _target(self, options: CallOptions) -> Target:
        """Where a call goes, and in which dialect; without options, the last one's."""
        kept = self._kept_target
        if not options and kept is not None and kept[0] is self.base_url:
            return kept[1]
        from ._operations import Target

        unknown = options.keys() - _OPTIONS
        if unknown:
            raise TypeError(
                f"unexpected keyword argument {sorted(unknown)[0]!r}; besides its own, every call takes "
                f"{', '.join(sorted(_OPTIONS))}"
            )
        if not isinstance(self.base_url, str):
            raise ConfigurationError(
                f"base_url: expected text like 'http://127.0.0.1:80', got {self.base_url!r}"
            )
        target = Target(
            self.base_url,
            options.get("model") or self._model,
            options.get("omit_nulls", self._omit_nulls),
            options.get("extra") or {},
            self._written,
        )
        if not options:
            self._kept_target = self.base_url, target
        return target

    def _settings(self, options: CallOptions, authorization: str | None) -> Settings:
        """What a call wants of its exchange; without options, what the last one wanted."""
        key = (self.headers, self.cookies, self._timeout, self._retries, authorization)
        kept = self._kept
        if not options and kept is not None and all(map(operator.is_, kept[0], key)):
            return kept[1]
        from . import __version__
        from ._exchange import Settings

        headers = self.headers
        if options.get("headers"):
            theirs = {name.lower() for name in options["headers"] or {}}
            headers = {n: v for n, v in (headers or {}).items() if n.lower() not in theirs}
            headers.update(options["headers"] or {})
        settings = Settings(
            timeouts=timeouts(options.get("timeout", self._timeout)),
            headers=headers,
            cookies=self.cookies,
            retries=_policy(options["retries"]) if "retries" in options else self._retries,
            budget=self._budget,
            trace=self._trace,
            user_agent=f"text-generation/{__version__}",
            authorization=authorization,
            chance=self._chance,
        )
        if not options:
            self._kept = key, settings
        return settings


def generation_parameters(
    *, stop_sequences: list[str] | None, frequency_penalty: float | None, top_p: float | None, **others: Any
) -> dict[str, Any]:
    """The arguments of `generate` as the server's parameters.

    `frequency_penalty=0` and `top_p=1.0` mean "off", which TGI only takes as null.
    """
    return {
        "details": True,
        "stop": stop_sequences if stop_sequences is not None else (),  # the same object for every call
        "frequency_penalty": frequency_penalty or None,
        "top_p": off_at_one(top_p),
        **others,
    }


def off_at_one(top_p: float | None) -> float | None:
    """`top_p=1.0` keeps every token: TGI refuses it and wants null."""
    return None if top_p == 1.0 else top_p
