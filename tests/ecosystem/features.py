"""What is asked of every client, and how each answer is known to be right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from .clients.base import PICTURE, Client
from .places import MODEL, Fakes, Place, bodies
from .running import Outcome, call

__all__ = ["FEATURES", "TEXT", "Feature", "ask", "asked", "prepared"]

TEXT: Final = "Blue light scatters, naïvely said, more than red – a little."
"""What the model says: with characters of several bytes, and none that JSON or Markdown would change."""

_SAYS: Final = {"text": TEXT}
_CALLS: Final = {"tool_call": {"name": "weather", "arguments": {"city": "Paris"}}}
_WEATHER: Final = [("weather", {"city": "Paris"})]

Wrong = Callable[[Outcome], "str | None"]
"""What is wrong with an outcome; None: nothing."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that clients do. `says`: the model's answers, none for the seeded ones; `what`: in a line."""

    name: str
    title: str
    what: str
    wrong: Wrong
    says: tuple[dict[str, Any], ...] = (_SAYS,)
    fake: str = "plain"
    take: int | None = None
    slow: str | None = None


def _text(outcome: Outcome) -> str | None:
    return None if outcome.value == TEXT else f"expected {TEXT!r}, got {outcome.value!r}"


def _stream(outcome: Outcome) -> str | None:
    """Some clients leave the end token's text where it is: the router sends it, marked as special."""
    if len(outcome.pieces) < 5:
        return f"expected piece by piece, got {outcome.pieces!r}"
    return None if outcome.value == TEXT + "</s>" else _text(outcome)


def _with_end(outcome: Outcome) -> str | None:
    """On this route alone, the router shows the end token's text in a stream, whatever the client."""
    whole = TEXT + "</s>"
    return None if outcome.value == whole else f"expected {whole!r}, got {outcome.value!r}"


def _tools(outcome: Outcome) -> str | None:
    return None if outcome.value == _WEATHER else f"expected {_WEATHER!r}, got {outcome.value!r}"


def _structured(outcome: Outcome) -> str | None:
    """The seeded model only says this when the router compiled the schema for it."""
    value = outcome.value
    right = isinstance(value, dict) and set(value) == {"colour"} and value["colour"] in ("blue", "grey")
    return None if right else f"expected what the schema allows, got {value!r}"


def _image(outcome: Outcome) -> str | None:
    sent = str(bodies(outcome.requests))
    return _text(outcome) or (None if PICTURE in sent else f"the picture was not sent: {sent[:300]}")


def _models(outcome: Outcome) -> str | None:
    return None if MODEL in outcome.value else f"expected {MODEL!r} among {outcome.value!r}"


def _health(outcome: Outcome) -> str | None:
    return None if outcome.value is True else f"expected True, got {outcome.value!r}"


def _leave(outcome: Outcome) -> str | None:
    """The client itself lives on for thirty tokens, of which few may have been for nobody."""
    last = outcome.requests[-1]
    if last["ended"] != "client left" or last["events"] > 20:
        return f"the server says {last['ended']!r} after {last['events']} events"
    return None if outcome.pieces else "nothing was read before it left"


FEATURES: Final = (
    Feature("text", "text", "A prompt's continuation, by `/generate` or `/`.", _text),
    Feature("text_stream", "text stream", "The same, token by token.", _stream),
    Feature("chat", "chat", "The answer to messages, by `/v1/chat/completions`.", _text),
    Feature("chat_stream", "chat stream", "The same, token by token.", _stream),
    Feature("tools", "tools", "A call of a tool on offer, with its arguments read.", _tools, (_CALLS,)),
    Feature("tools_stream", "tools stream", "The same, put together from pieces.", _tools, (_CALLS,)),
    Feature("structured", "grammar", "Text held to a JSON Schema by `grammar`.", _structured, ()),
    Feature(
        "structured_chat",
        "response format",
        "A chat answer held to a JSON Schema by `response_format`.",
        _structured,
        (),
    ),
    Feature(
        "structured_openai",
        "OpenAI's response format",
        "The same in OpenAI's words, `json_schema` with the schema in a member of that name: TGI's own word "
        "for the member is `value`, and it takes no other.",
        _structured,
        (),
    ),
    Feature("completion", "completion", "A prompt's continuation, by `/v1/completions`.", _text),
    Feature("completion_stream", "completion stream", "The same, token by token.", _with_end),
    Feature("image", "image", "A chat about a picture, with a model that sees.", _image, fake="seeing"),
    Feature("models", "models", "The list of models, by `/v1/models`.", _models, ()),
    Feature("health", "health", "Whether the server is well, by `/health`.", _health, ()),
    Feature(
        "leave",
        "leaving",
        "A stream is left after two pieces, as the client's documentation says, and the server notices.",
        _leave,
        ({"text": TEXT * 8},),
        take=2,
        slow="25ms",
    ),
)


def ask(kind: type[Client], feature: Feature, fakes: Fakes, **options: Any) -> Outcome:
    """A client's outcome at a feature, at a place of its own."""
    place = prepared(fakes, feature)
    name = kind.stream if feature.name == "leave" else feature.name
    outcome = call(kind, name, place.url, take=feature.take, **options)
    outcome.requests = asked(place)
    return outcome


def prepared(fakes: Fakes, feature: Feature) -> Place:
    """A place where the model says what the feature needs."""
    place = fakes.place(feature.fake)
    place.answer(*feature.says)
    if feature.slow is not None:
        place.slow(feature.slow)
    return place


def asked(place: Place, wait: float = 5.0) -> list[dict[str, Any]]:
    """What the server saw of a client, without the controls."""
    return [record for record in place.requests(wait) if "/__admin" not in record["request"]["path"]]
