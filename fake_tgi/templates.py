"""Interim."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["ChatTemplate", "TemplateError", "load_chat_template"]


class TemplateError(Exception):
    """The template failed; the message is minijinja's."""


class ChatTemplate:
    def __init__(self, source: str, bos_token: str | None = None, eos_token: str | None = None) -> None:
        import jinja2
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        env = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])

        def raise_exception(message: str) -> str:
            raise TemplateError(f"syntax error: {message} (in <string>:1)")

        env.globals["raise_exception"] = raise_exception
        self._template = env.from_string(source)
        self._tokens = {"bos_token": bos_token, "eos_token": eos_token}
        self.uses_tools = "tools" in source

    def render(self, messages: Sequence[tuple[str, str]], tools: Any = None) -> str:
        return self._template.render(
            messages=[{"role": role, "content": content} for role, content in messages],
            add_generation_prompt=True,
            tools=tools,
            **self._tokens,
        )


def load_chat_template(folder: Path, tokenizer_config: Path | None = None) -> ChatTemplate | None:
    config = json.loads((tokenizer_config or folder / "tokenizer_config.json").read_text())
    if "chat_template" not in config:
        return None
    return ChatTemplate(config["chat_template"], config.get("bos_token"), config.get("eos_token"))
