"""Short ways to write the rows of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..claims import headers_agree
from ..question import Question, Rule, Suite

__all__ = ["FEW", "PROMPT", "SKY", "chat", "compat", "completion", "generate", "get", "post", "stream"]

PROMPT: Final = "What is Deep Learning?"
SKY: Final = [{"role": "user", "content": "Why is the sky blue?"}]
FEW: Final = 8
"""Tokens of an answer, where one is not enough."""


def get(name: str, path: str, says: str, *rules: Rule, **further: Any) -> Question:
    """A question without a body."""
    route = f"GET {path.partition('?')[0]}"
    return Question(name, route, says, "GET", path, rules=rules, **further)


def post(
    name: str, path: str, body: Any, says: str, *rules: Rule, suite: Suite = "tgi", **further: Any
) -> Question:
    """A question with a body; if it is answered with headers about its generation, they must agree."""
    always = () if suite == "openai" or further.get("status", 200) != 200 else (headers_agree(),)
    return Question(
        name, f"POST {path}", says, "POST", path, json=body, rules=(*always, *rules), suite=suite, **further
    )


def generate(
    name: str,
    parameters: Mapping[str, Any],
    says: str,
    *rules: Rule,
    inputs: str = PROMPT,
    path: str = "/generate",
    **further: Any,
) -> Question:
    """A question to /generate, or to another route that takes the same body; `max_new_tokens` is few."""
    body = {"inputs": inputs, "parameters": {"max_new_tokens": FEW} | dict(parameters)}
    return post(name, path, body, says, *rules, **further)


def stream(
    name: str, parameters: Mapping[str, Any], says: str, *rules: Rule, inputs: str = PROMPT, **further: Any
) -> Question:
    """A question to /generate_stream."""
    return generate(name, parameters, says, *rules, inputs=inputs, path="/generate_stream", **further)


def compat(
    name: str,
    parameters: Mapping[str, Any],
    says: str,
    *rules: Rule,
    path: str = "/",
    streamed: bool = False,
    **further: Any,
) -> Question:
    """A question to POST /, or to another route that takes the same body."""
    body: dict[str, Any] = {"inputs": PROMPT, "parameters": {"max_new_tokens": FEW} | dict(parameters)}
    if streamed:
        body["stream"] = True
    return post(name, path, body, says, *rules, **further)


def chat(
    name: str,
    members: Mapping[str, Any],
    says: str,
    *rules: Rule,
    path: str = "/v1/chat/completions",
    **further: Any,
) -> Question:
    """A question to the chat route: greedy and short unless `members` say otherwise."""
    limit = {} if "max_completion_tokens" in members else {"max_tokens": FEW}
    return post(
        name, path, {"messages": SKY, **limit, "temperature": 0} | dict(members), says, *rules, **further
    )


def completion(
    name: str,
    members: Mapping[str, Any],
    says: str,
    *rules: Rule,
    path: str = "/v1/completions",
    **further: Any,
) -> Question:
    """A question to the completions route: greedy and short unless `members` say otherwise."""
    body = {"prompt": PROMPT, "max_tokens": FEW, "temperature": 0} | dict(members)
    return post(name, path, body, says, *rules, **further)
