"""What the tests of stubs share: a fake with stubs, and a plain request for each route and form of answer."""

from __future__ import annotations

from typing import Any, Final

from fake_tgi.app import Application
from fake_tgi.stubs import Stub
from tests.fake.asking import Reply, ask, make

__all__ = ["BODIES", "ROUTES", "said", "stubbed"]

_CHAT: Final = {"messages": [{"role": "user", "content": "Hello"}]}

BODIES: Final[dict[tuple[str, bool], dict[str, Any]]] = {
    ("/", False): {"inputs": "Hello", "parameters": {"return_full_text": False}},
    ("/", True): {"inputs": "Hello", "parameters": {"return_full_text": False}, "stream": True},
    ("/generate", False): {"inputs": "Hello", "parameters": {"details": True}},
    ("/generate_stream", True): {"inputs": "Hello"},
    ("/models/bigscience/bloom", False): {"inputs": "Hello", "parameters": {"return_full_text": False}},
    ("/v1/chat/completions", False): _CHAT,
    ("/v1/chat/completions", True): {**_CHAT, "stream": True},
    ("/v1/completions", False): {"prompt": "Hello"},
    ("/v1/completions", True): {"prompt": "Hello", "stream": True},
    ("/vertex", False): {"instances": [{"inputs": "Hello"}]},
    ("/invocations", False): {"inputs": "Hello", "parameters": {"return_full_text": False}},
    ("/invocations", True): {**_CHAT, "stream": True},
}
"""By path and whether a stream is asked for: every generating route."""

ROUTES: Final = list(BODIES)


def stubbed(*stubs: Stub, **settings: Any) -> Application:
    """A fake with these stubs, the last one the newest."""
    app = make(**settings)
    for stub in stubs:
        app.state.stubs.add(stub)
    return app


def post(app: Application, path: str = "/generate", stream: bool = False, **more: Any) -> Reply:
    """The plain request of a route, with more members."""
    return ask(app, "POST", path, {**BODIES[path, stream], **more})


def said(reply: Reply) -> str:
    """The text of an answer, whatever route and form it came in."""
    if reply.headers["content-type"] == "text/event-stream":
        return "".join(_piece(event) for event in reply.events if isinstance(event, dict))
    value = reply.json()
    value = value[0] if isinstance(value, list) else value
    if "predictions" in value:
        return str(value["predictions"][0])
    if "choices" in value:
        choice = value["choices"][0]
        return str(choice["text"] if "text" in choice else choice["message"].get("content"))
    return str(value["generated_text"])


def _piece(event: dict[str, Any]) -> str:
    if "token" in event:
        return "" if event["token"]["special"] else str(event["token"]["text"])
    choices = event.get("choices") or [{"text": ""}]
    return str(choices[0]["text"] if "text" in choices[0] else choices[0]["delta"].get("content") or "")
