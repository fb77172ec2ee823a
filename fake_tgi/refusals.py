"""What the router says when it will not answer, as a value and as bytes.

A refusal has one meaning and three faces: a JSON body with a status, an event of a generate stream, and
an event of an OpenAI stream. The classes and texts are TGI's InferError (router/src/infer/mod.rs) and
its statuses (router/src/server.rs, From<InferError>).
"""

from __future__ import annotations

from .render.values import string

__all__ = ["REFUSALS", "Breakdown", "Refusal", "refusal", "validation"]

# class: status, error_type, text with a place for the detail
REFUSALS: dict[str, tuple[int, str, str]] = {
    "generation": (424, "generation", "Request failed during generation: Server error: {}"),
    "overloaded": (429, "overloaded", "Model is overloaded"),
    "validation": (422, "validation", "Input validation error: {}"),
    "incomplete": (500, "incomplete_generation", "Incomplete generation"),
    "incomplete_stream": (500, "incomplete_generation_stream", "Incomplete generation stream"),
    "template": (422, "template_error", "Template error: {}"),
    "tool": (422, "tool_error", "Tool error: {}"),
    "health": (503, "healthcheck", "unhealthy"),
    "suffix": (
        422,
        "suffix not supported",
        "Suffix is not supported and can be achieved by preprocessing the prompt.",
    ),
    "batch": (422, "batch size exceeded", "Number of prompts exceeds the maximum allowed batch size of {}"),
    "vertex": (500, "Incomplete generation", "Incomplete generation"),
    "vertex_empty": (422, "Input validation error", "Input validation error"),
}


class Refusal(Exception):
    """An answer that is not a generation. `cause` is the key of `REFUSALS`."""

    def __init__(self, cause: str, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause
        self.status = status
        self.error_type = error_type
        self.message = message

    def body(self) -> bytes:
        """`{"error":…,"error_type":…}`, the body of the JSON routes."""
        return b'{"error":%b,"error_type":%b}' % (string(self.message), string(self.error_type))

    def event(self) -> bytes:
        """The event that ends a generate stream."""
        return b"data: %b\n\n" % self.body()

    def openai_event(self) -> bytes:
        """The event that chat and completion streams send: 422 for every class (I:445-466)."""
        return b'data: {"error":{"message":%b,"http_status_code":422}}\n\n' % string(self.message)


class Breakdown(Exception):
    """TGI itself breaks down over this request: the connection ends without an answer, or without its end."""


def refusal(cause: str, detail: object = "") -> Refusal:
    """The refusal of class `cause` (a key of `REFUSALS`), its text filled with `detail`."""
    status, error_type, text = REFUSALS[cause]
    return Refusal(cause, status, error_type, text.replace("{}", str(detail)))


def validation(message: str) -> Refusal:
    """`Input validation error: message`, 422."""
    return refusal("validation", message)
