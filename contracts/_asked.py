"""What a request asked for, as far as an answer must show it.

A body that is not one JSON object (broken, or an array in place of an object, which the router accepts)
asks for nothing that could be checked.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._endpoints import endpoint
from ._recordings import body_of
from ._schemas import is_valid, violations

__all__ = ["Asked", "asked"]

_LIMITS = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "maxItems", "minItems", "minLength"),
    *("pattern", "not"),
)
_STREAMING = ("/", "/v1/chat/completions", "/v1/completions")


@dataclass(frozen=True, slots=True)
class Asked:
    """The route whose rules apply (for /invocations that of the form), and the body."""

    route: str
    body: Mapping[str, Any]

    @property
    def stream(self) -> bool:
        """Whether a stream of events was asked for."""
        return self.route == "/generate_stream" or (
            self.route in _STREAMING and self.body.get("stream") is True
        )

    @property
    def is_understood(self) -> bool:
        """Whether the body is as its route says, but for numbers out of range and the like.

        Of another that was answered nobody knows what it asked for: the router also takes lists in place of
        objects, to any depth.
        """
        name = endpoint("POST", self.route).request
        try:
            return name is not None and (
                is_valid(self.body, name) or all(v.rule in _LIMITS for v in violations(self.body, name))
            )
        except RecursionError:
            return False

    @property
    def parameters(self) -> Mapping[str, Any] | None:
        """The parameters of a generate request; None if they are no object."""
        given = self.body.get("parameters", {})
        return given if isinstance(given, dict) else None

    @property
    def must_sample(self) -> bool:
        """Whether a generate request asks to sample: in so many words, or by having no `parameters`."""
        given = self.parameters
        return "parameters" not in self.body or bool(given and given.get("do_sample"))

    @property
    def may_sample(self) -> bool:
        """Whether a generate request may lead to sampling, be it only by a parameter that needs it.

        A temperature of 1 changes nothing. What the others do is up to the model's shard.
        """
        given = self.parameters or {}
        temperature = given.get("temperature")
        return (
            self.must_sample
            or (temperature is not None and _float32(temperature) != 1.0)
            or any(given.get(name) is not None for name in ("top_k", "top_p", "typical_p"))
        )

    @property
    def may_repeat(self) -> bool:
        """Whether the text of a generate request may have the prompt before it: where it asks for that, or
        leaves it to a route that does so for some models."""
        wanted = (self.parameters or {}).get("return_full_text")
        return wanted is True or (wanted is None and self.route == "/")

    @property
    def prompts(self) -> list[str]:
        """The prompts of a completion request."""
        prompt = self.body.get("prompt")
        return prompt if isinstance(prompt, list) else [prompt] if isinstance(prompt, str) else []


def asked(request: Mapping[str, Any], answered: str | None = None) -> Asked | None:
    """What a recorded request asked for; None if it is no POST, or its body is no JSON object.

    A body for /invocations may have the members of several forms, of which the router takes the first that
    fits in full. Then `answered`, the route whose form the answer has, decides; None if that does not tell.
    """
    if request["method"].upper() != "POST":
        return None
    try:
        # The router ignores what follows the first value.
        body, _ = json.JSONDecoder().raw_decode((body_of(request) or b"").decode().lstrip(" \t\r\n"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    routes = _routes(request["path"].partition("?")[0], body)
    if len(routes) > 1:
        return Asked(answered, body) if answered in routes else None
    return Asked(routes[0], body)


def _routes(path: str, body: Mapping[str, Any]) -> list[str]:
    if path.startswith("/models/"):
        return ["/"]
    if path != "/invocations":
        return [path]
    forms = {
        "/": isinstance(body.get("inputs"), str),
        "/v1/chat/completions": isinstance(body.get("messages"), list),
        "/v1/completions": isinstance(body.get("prompt"), (str, list)),
    }
    return [route for route, is_there in forms.items() if is_there] or ["/v1/completions"]


def _float32(number: float) -> float:
    try:
        value: float = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        return float("inf")
    return value
