"""Every cause of an error, by the name that the contracts' error table gives it.

Each starts from a request that would be accepted and breaks one thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from .aims import CHAT, COMPLETION, Aim, Provocation
from .asking import GET_ROUTES, POST_ROUTES, STREAMING_ROUTES
from .failing import health, incomplete, model_failure, overload
from .invalid import batch, grammar, suffix, template, tool, validation
from .unreadable import bad_json, content_type, no_key, other_method, too_large, unknown_path, wrong_type

__all__ = ["CAUSES", "Cause"]


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause of errors: which routes know it, for whole answers and for streams, and how to bring it about.

    `mark` is in the text of each such error; "" where the status alone tells it, which is then `status`.
    """

    provoke: Callable[[st.DrawFn, Aim], Provocation]
    whole: tuple[str, ...]
    streamed: tuple[str, ...] = ()
    mark: str = ""
    status: int | None = None


_CHATS: Final = (CHAT, "/invocations")
_MODEL: Final = ("/", "/generate", CHAT, COMPLETION, "/invocations", "/vertex")
_HEALTH: Final = ("GET /", "/health", "/ping")
_KEYED: Final = tuple(path for path in POST_ROUTES if path != "/chat_tokenize")

CAUSES: Final[dict[str, Cause]] = {
    "bad_json": Cause(bad_json, POST_ROUTES, status=400),
    "wrong_type": Cause(wrong_type, POST_ROUTES, mark="Failed to deserialize the JSON body", status=422),
    "content_type": Cause(content_type, POST_ROUTES, status=415),
    "too_large": Cause(too_large, POST_ROUTES, status=413),
    "no_key": Cause(no_key, _KEYED, status=401),
    "other_method": Cause(other_method, (*POST_ROUTES, *GET_ROUTES), status=405),
    "unknown_path": Cause(unknown_path, (), status=404),
    "validation": Cause(validation, _MODEL, STREAMING_ROUTES, "Input validation error"),
    "overload": Cause(overload, _MODEL, STREAMING_ROUTES, "Model is overloaded"),
    "model_failure": Cause(model_failure, _MODEL, STREAMING_ROUTES, "Request failed during generation"),
    "incomplete": Cause(incomplete, _MODEL, STREAMING_ROUTES, "Incomplete generation"),
    "template": Cause(template, (*_CHATS, "/chat_tokenize", "/vertex"), _CHATS, "Template error"),
    "tool": Cause(tool, (*_CHATS, "/chat_tokenize", "/vertex"), _CHATS, "Tool error"),
    "grammar": Cause(
        grammar, ("/", "/generate", *_CHATS), ("/", "/generate_stream", *_CHATS), "Input validation error: "
    ),
    "batch": Cause(
        batch, (COMPLETION, "/invocations"), (COMPLETION, "/invocations"), "maximum allowed batch size"
    ),
    "suffix": Cause(
        suffix, (COMPLETION, "/invocations"), (COMPLETION, "/invocations"), "Suffix is not supported"
    ),
    "health": Cause(health, _HEALTH, mark="unhealthy", status=503),
}
