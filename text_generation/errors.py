"""Everything this package raises.

    TextGenerationError
    ├── ValidationError               a parameter is wrong; found before sending, or by the server
    ├── GenerationError               the model failed
    │   └── StructuredOutputError     the answer does not fit the type that was asked for
    ├── OverloadedError               the server has no capacity left
    ├── IncompleteGenerationError     the answer ended before its last event; `partial` has what arrived
    │   ├── InterruptedGenerationError   ... because the connection broke (also ConnectionError)
    │   └── CancelledGenerationError     ... because the stream was closed while being read
    ├── BadRequestError               400
    ├── ShardNotReadyError            403 or 424
    ├── ShardTimeoutError             504
    ├── NotFoundError                 404
    ├── RateLimitExceededError        429
    ├── NotSupportedError             the hosted API does not serve this model with TGI
    ├── UnknownError                  any other refusal
    │   ├── AuthenticationError       401
    │   ├── RequestTooLargeError      413
    │   ├── ServiceUnavailableError   502 or 503, or an unhealthy server
    │   ├── TemplateError             the chat template is missing or failed
    │   ├── ToolError                 tools were refused, or the model's tool call could not be read
    │   └── InvalidResponseError      the answer is not what this call can be answered with
    ├── TransportError                no answer at all
    │   ├── ConnectionFailedError     refused, reset, unknown host, TLS (also ConnectionError)
    │   └── ClockTimeoutError         one of the four clocks ran out (also TimeoutError)
    │       ├── ConnectTimeoutError
    │       ├── FirstTokenTimeoutError
    │       ├── SilenceTimeoutError
    │       └── TotalTimeoutError
    └── ConfigurationError            an argument of the client itself is unusable (also ValueError)

The text of an error is the server's own message. What this package adds stands beside it: `hint`, and
`as_curl()` to repeat the request by hand.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "AuthenticationError",
    "BadRequestError",
    "CancelledGenerationError",
    "ClockTimeoutError",
    "ConfigurationError",
    "ConnectTimeoutError",
    "ConnectionFailedError",
    "FirstTokenTimeoutError",
    "GenerationError",
    "IncompleteGenerationError",
    "InterruptedGenerationError",
    "InvalidResponseError",
    "NotFoundError",
    "NotSupportedError",
    "OverloadedError",
    "Partial",
    "RateLimitExceededError",
    "RequestTooLargeError",
    "ServiceUnavailableError",
    "ShardNotReadyError",
    "ShardTimeoutError",
    "SilenceTimeoutError",
    "StructuredOutputError",
    "TemplateError",
    "TextGenerationError",
    "ToolError",
    "TotalTimeoutError",
    "TransportError",
    "UnknownError",
    "ValidationError",
    "parse_error",
]


@dataclass(frozen=True, slots=True)
class Partial:
    """What had arrived of a stream when it failed.

    `text` leaves special tokens out. `items` are the stream's items in wire order; every one of them was
    handed to the reader before the error was raised.
    """

    text: str = ""
    items: tuple[Any, ...] = ()


class TextGenerationError(Exception):
    """Root of everything this package raises. `str(error)` is the server's message when there is one."""

    status: int | None = None
    """HTTP status of the answer; None when there was no answer. Those of a stream have its status, 200."""
    error_type: str | None = None
    """TGI's `error_type`, or the `type` of an OpenAI-style error; None when the answer named none."""
    headers: Mapping[str, str] = {}
    """Headers of the answer, names in lower case."""
    body: str = ""
    """The body of the refusal (or the event that reported the error) as text."""
    retry_after: float | None = None
    """Seconds the server asked to wait, from `Retry-After` or `retry-after-ms`."""
    partial: Partial | None = None
    """What had arrived, for errors of a stream; None for other calls."""
    hint: str | None = None
    """What usually helps, in one sentence; also shown as a note under a traceback (Python 3.11 and later)."""
    request: Any = None
    """The request that was sent (`method`, `url`, `headers`, `body`); None when nothing was."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    def as_curl(self) -> str:
        """The request as a `curl` command, with every secret left out. Empty when nothing was sent."""
        from ._curl import as_curl

        return "" if self.request is None else as_curl(self.request)

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(
    cls: type[TextGenerationError], args: tuple[Any, ...], state: dict[str, Any]
) -> TextGenerationError:
    """Unpickle without calling `__init__`, whose arguments differ from class to class."""
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class ValidationError(TextGenerationError):
    """A parameter is wrong. Raised before anything is sent, or by the server (`error_type` "validation")."""


class GenerationError(TextGenerationError):
    """The model failed (`error_type` "generation", 424)."""


class StructuredOutputError(GenerationError):
    """The answer does not fit the type that was asked for; `body` is its text, the cause says why not."""


class OverloadedError(TextGenerationError):
    """All of the server's request slots are taken (`error_type` "overloaded", 429). Try again later."""


class IncompleteGenerationError(TextGenerationError):
    """The answer ended before its final event. `partial` holds what had arrived."""


class CancelledGenerationError(IncompleteGenerationError):
    """The stream was closed from another thread or task while it was being read."""


class BadRequestError(TextGenerationError):
    """400."""


class ShardNotReadyError(TextGenerationError):
    """403 or 424. On the hosted API also: not allowed."""


class ShardTimeoutError(TextGenerationError):
    """504."""


class NotFoundError(TextGenerationError):
    """404."""


class RateLimitExceededError(TextGenerationError):
    """429 without TGI's `overloaded`."""


class NotSupportedError(TextGenerationError):
    """The hosted API does not serve this model with text-generation-inference."""

    def __init__(self, model_id: str) -> None:
        super().__init__(
            f"Model `{model_id}` is not available for inference with this client. \n"
            "Use `huggingface_hub.inference_api.InferenceApi` instead."
        )


class UnknownError(TextGenerationError):
    """Any other refusal."""


class AuthenticationError(UnknownError):
    """401: the token is missing or wrong."""


class RequestTooLargeError(UnknownError):
    """413: the body is larger than the server takes (TGI's `--payload-limit`, 2 MB), or than a proxy does."""


class ServiceUnavailableError(UnknownError):
    """502 or 503: nothing healthy behind this address at the moment."""


class TemplateError(UnknownError):
    """The model's chat template is missing or failed (`error_type` "template_error")."""


class ToolError(UnknownError):
    """Tools were refused, or the model's tool call could not be read (`error_type` "tool_error")."""


class InvalidResponseError(UnknownError):
    """The answer is not what this call can be answered with. `body` has its beginning."""


class TransportError(TextGenerationError):
    """There was no answer. The underlying exception is the cause."""


class ConnectionFailedError(TransportError, builtins.ConnectionError):
    """Refused, reset, host unknown, TLS failure, or closed without an answer."""


class InterruptedGenerationError(IncompleteGenerationError, ConnectionFailedError):
    """The connection broke in the middle of an answer. `partial` holds what had arrived."""


class ClockTimeoutError(TransportError, builtins.TimeoutError):
    """One of the four clocks ran out: `clock` names it, `seconds` is its setting."""

    clock = ""
    seconds = 0.0


class ConnectTimeoutError(ClockTimeoutError):
    """No connection within `connect` seconds."""

    clock = "connect"


class FirstTokenTimeoutError(ClockTimeoutError):
    """Nothing of the answer within `first_token` seconds of asking."""

    clock = "first_token"


class SilenceTimeoutError(ClockTimeoutError):
    """The server fell silent for `silence` seconds in the middle of its answer."""

    clock = "silence"


class TotalTimeoutError(ClockTimeoutError):
    """The whole call, retries included, took longer than `total` seconds."""

    clock = "total"


class ConfigurationError(TextGenerationError, ValueError):
    """An argument of the client itself is unusable: a URL, a timeout, a header."""


def parse_error(status_code: int, payload: Any) -> TextGenerationError:
    """The error that an HTTP status and a decoded JSON body stand for.

    Any body is understood: TGI's `{"error", "error_type"}`, the OpenAI style `{"error": {"message"}}`,
    `{"message"}`, `{"detail"}`, or something else altogether.
    """
    from ._refusals import error_for_payload

    return error_for_payload(status_code, payload)
