"""Where an error is to happen, and the accepted request that it starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from ..settings import Settings
from .asking import STREAMING_ROUTES
from .payloads import payloads
from .serving import Situation
from .spellings import compact
from .values import Request

__all__ = ["CHAT", "COMPLETION", "GENERATES", "Aim", "Provocation", "any_body"]

Provocation = tuple[Request, Situation]
"""A request, and a situation in which the answer to it is an error."""
Payload = dict[str, Any]

GENERATE, CHAT, COMPLETION = "/generate", "/v1/chat/completions", "/v1/completions"

FORMS: Final[dict[str, tuple[str, ...]]] = {
    "/": ("/",),
    "/generate": (GENERATE,),
    "/generate_stream": ("/generate_stream",),
    CHAT: (CHAT,),
    "/chat_tokenize": (CHAT,),
    COMPLETION: (COMPLETION,),
    "/vertex": (GENERATE, CHAT),
    "/invocations": ("/", CHAT, COMPLETION),
}
"""Routes whose requests each route takes, in a wrapping of its own."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Where an error is to happen: a route, and whether a stream is asked for."""

    path: str
    stream: bool
    adversarial: bool = False

    @property
    def situation(self) -> Situation:
        """A server as it starts."""
        return Situation(Settings(), self.adversarial)

    def payload(self, draw: st.DrawFn, form: str) -> Payload:
        """The body of an accepted request of a form."""
        stream = self.stream if self.path in STREAMING_ROUTES else False
        if form in (GENERATE, "/generate_stream"):
            stream = form == "/generate_stream"
        asked: Payload = draw(
            payloads(form, stream=stream, adversarial=self.adversarial, settings=self.situation.settings)
        )
        return asked

    def form(self, draw: st.DrawFn, *among: str) -> str:
        """One of the forms that the route takes."""
        fitting = [form for form in FORMS[self.path] if form in among or not among]
        return draw(st.sampled_from(fitting))

    def request(self, payload: Payload) -> Request:
        """The request that sends a payload of one of the forms."""
        if self.path == "/vertex":
            payload = {"instances": [payload]}
        return self.sending(compact(payload), payload)

    def sending(
        self, body: bytes, payload: Any = None, content_type: str | None = "application/json"
    ) -> Request:
        """The request that sends these bytes."""
        headers = () if content_type is None else (("content-type", content_type),)
        return Request("POST", self.path, payload, headers, body)


GENERATES: Final = ("/", GENERATE, "/generate_stream")


def any_body(draw: st.DrawFn, aim: Aim) -> Payload:
    """The body of an accepted request to the route, whatever its form."""
    stream = aim.stream if aim.path in STREAMING_ROUTES else None
    settings = aim.situation.settings
    found: Payload = draw(payloads(aim.path, stream=stream, adversarial=aim.adversarial, settings=settings))
    return found
