"""What a call asks for, wherever its route keeps it: the prompt, the conversation, the parameters, the model.

The body is looked at as JSON, with no rule of the router applied: a request that it would refuse can be told
from others as well. Nothing is parsed before it is asked for. Where one call holds several prompts (a list
of `prompt`, several `instances`), each of these things is a list with an item for each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Literal
from urllib.parse import unquote

from ..call import Call

__all__ = ["GENERATING", "PATHS", "PREFIXES", "Asked"]

Form = Literal["generate", "chat", "completion", "vertex"]

_FORMS: Final[dict[str, Form]] = {
    "/": "generate",
    "/generate": "generate",
    "/generate_stream": "generate",
    "/tokenize": "generate",
    "/v1/chat/completions": "chat",
    "/chat_tokenize": "chat",
    "/v1/completions": "completion",
    "/vertex": "vertex",
}

GENERATING: Final = frozenset(
    (
        "/",
        "/generate",
        "/generate_stream",
        "/v1/chat/completions",
        "/v1/completions",
        "/vertex",
        "/invocations",
    )
)
"""The paths whose POST asks the model; and those below `/models/`."""

_MODELS: Final = "/models/"

PATHS: Final = GENERATING | {
    "/api-doc/openapi.json",
    "/chat_tokenize",
    "/docs",
    "/framework/text-generation-inference",
    "/health",
    "/info",
    "/metrics",
    "/ping",
    "/tokenize",
    "/v1/models",
}
"""All paths that the router and its hosts have."""

PREFIXES: Final = ("/docs/", _MODELS, "/status/")
"""What further paths begin with."""

# One parameter has several names, depending on the route.
_NAMES: Final[tuple[tuple[str, ...], ...]] = (
    ("max_new_tokens", "max_tokens", "max_completion_tokens"),
    ("top_n_tokens", "top_logprobs"),
    ("grammar", "response_format"),
)
_SAME: Final = {name: names for names in _NAMES for name in names}


class Asked:
    """A call, read for what it asks. `body` is its JSON; its text if it is no JSON; None if it is empty."""

    def __init__(self, call: Call) -> None:
        self.call = call

    @property
    def route(self) -> str:
        """The path, as sent."""
        return self.call.path

    @property
    def generating(self) -> bool:
        """Whether the model is asked."""
        path = self.call.path
        return self.call.method == "POST" and (path in GENERATING or path.startswith(_MODELS))

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name; the values of one name joined with commas."""
        found: dict[str, str] = {}
        for name, value in self.call.headers:
            key, text = name.decode("latin-1"), value.decode("latin-1").strip(" \t")
            found[key] = f"{found[key]}, {text}" if key in found else text
        return found

    @cached_property
    def body(self) -> Any:
        text = self.call.body.decode("utf-8", "replace")
        try:
            # The router looks at nothing behind the first value.
            return json.JSONDecoder().raw_decode(text.lstrip(" \t\r\n"))[0]
        except (ValueError, RecursionError):
            return text or None

    @cached_property
    def model(self) -> str | None:
        """The model that is named, be it in the path."""
        if self.call.path.startswith(_MODELS):
            return unquote(self.call.path.removeprefix(_MODELS))
        named = self._object.get("model")
        return named if isinstance(named, str) else None

    @cached_property
    def streaming(self) -> bool:
        """Whether a stream is asked for."""
        if self._form == "vertex" or self.call.path == "/generate":
            return False
        return self.call.path == "/generate_stream" or self._object.get("stream") is True

    @cached_property
    def inputs(self) -> Any:
        """The prompt: `inputs`, `prompt`, or the text of the last message."""
        if self._form == "vertex":
            return _each([_inputs(instance) for instance in self._instances])
        return _inputs(self._object, self._form)

    @cached_property
    def messages(self) -> Any:
        """The conversation, as sent."""
        if self._form == "vertex":
            return _each([instance.get("messages") for instance in self._instances])
        return self._object.get("messages") if self._form == "chat" else None

    def parameter(self, name: str) -> Any:
        """One parameter, under this name or the one that the route has for it; None if it was not sent."""
        if self._form == "vertex":
            return _each([_parameter(_parameters(instance), name) for instance in self._instances])
        return _parameter(self.parameters, name)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """All parameters, under the names that were sent. Of several instances: none."""
        if self._form == "vertex":
            return _parameters(self._instances[0]) if len(self._instances) == 1 else {}
        return _parameters(self._object, self._form)

    @cached_property
    def _object(self) -> Mapping[str, Any]:
        return self.body if isinstance(self.body, dict) else {}

    @cached_property
    def _form(self) -> Form:
        path = self.call.path
        return _FORMS.get(path) or ("generate" if path.startswith(_MODELS) else _form_of(self._object))

    @cached_property
    def _instances(self) -> list[Mapping[str, Any]]:
        listed = self._object.get("instances")
        return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _form_of(body: Mapping[str, Any]) -> Form:
    """As /invocations tries them."""
    if "inputs" in body:
        return "generate"
    return "completion" if "prompt" in body and "messages" not in body else "chat"


def _inputs(body: Mapping[str, Any], form: Form | None = None) -> Any:
    form = form or _form_of(body)
    if form == "generate":
        return body.get("inputs")
    if form == "completion":
        prompt = body.get("prompt")
        return prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt
    messages = body.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    if not isinstance(content, list):
        return content
    return "".join(_text(chunk) for chunk in content)


def _text(chunk: object) -> str:
    """A piece of a message's content; an image as the router writes it into the prompt."""
    if not isinstance(chunk, dict):
        return ""
    image = chunk.get("image_url")
    if isinstance(image, dict):
        return f"![]({image.get('url')})"
    return str(chunk.get("text", ""))


def _parameters(body: Mapping[str, Any], form: Form | None = None) -> Mapping[str, Any]:
    if (form or _form_of(body)) == "generate":
        given = body.get("parameters")
        return given if isinstance(given, dict) else {}
    return {name: value for name, value in body.items() if name not in ("messages", "prompt", "model")}


def _parameter(parameters: Mapping[str, Any], name: str) -> Any:
    found = parameters.get(name)
    for other in _SAME.get(name, ()):
        if found is None:
            found = parameters.get(other)
    return found


def _each(values: list[Any]) -> Any:
    """The one value, or all of several; None if there is none at all."""
    if len(values) == 1:
        return values[0]
    return None if all(value is None for value in values) else values
