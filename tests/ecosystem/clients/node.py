"""The JavaScript clients: calls.mjs, run by node, makes the calls and tells each piece on a line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from . import base

__all__ = ["HubNode", "OpenAINode", "node_modules"]

_PROGRAM = Path(__file__).with_name("calls.mjs")


def node_modules() -> Path:
    """Where npm has put the packages: FAKE_TGI_NODE_MODULES. RuntimeError if there are none."""
    folder = Path(os.environ.get("FAKE_TGI_NODE_MODULES", _PROGRAM.parent.parent / "node_modules"))
    if not folder.is_dir():
        raise RuntimeError(f"no packages for node in {folder}: run `tox -e ecosystem`")
    return folder


class NodeError(Exception):
    """What JavaScript threw; `named` is its class."""

    def __init__(self, named: str, message: str) -> None:
        super().__init__(message)
        self.named = named


class _Node(base.Client):
    language = "JavaScript"
    _running: subprocess.Popen[str] | None = None

    def give_up(self) -> None:
        if self._running is not None:
            self._running.kill()

    def _lines(self, feature: str) -> Iterator[Any]:
        asked = {
            "packages": str(node_modules()), "client": self.packages[0], "feature": feature, "url": self.url,
            "key": self.key, "timeout": self.timeout, "prompt": base.PROMPT, "messages": base.USER,
            "tool": base.TOOL, "schema": base.SCHEMA, "openai_format": base.OPENAI_FORMAT,
            "seeing": base.seeing(),
        }  # fmt: skip
        with subprocess.Popen(
            ["node", str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        ) as node:
            self._running = node
            assert node.stdin is not None
            assert node.stdout is not None
            node.stdin.write(json.dumps(asked) + "\n")
            node.stdin.flush()
            try:
                for line in node.stdout:
                    said = json.loads(line)
                    if "error" in said:
                        raise NodeError(said["error"], said["message"])
                    yield said
                    node.stdin.write("next\n")
                    node.stdin.flush()
            except GeneratorExit:
                node.stdin.write("leave\n")
                node.stdin.flush()
                node.wait(20)
                raise
            finally:
                node.kill()

    def _value(self, feature: str) -> Any:
        *_, last = self._lines(feature)
        return last["value"]

    def _pieces(self, feature: str) -> Iterator[str]:
        lines = self._lines(feature)
        try:
            for line in lines:
                if "piece" in line:
                    yield line["piece"]
        finally:
            lines.close()  # type: ignore[attr-defined]

    def chat(self) -> str:
        return self._value("chat")

    def chat_stream(self) -> Iterator[str]:
        yield from self._pieces("chat_stream")

    def tools(self) -> list[tuple[str, Any]]:
        return [tuple(call) for call in self._value("tools")]

    def tools_stream(self) -> list[tuple[str, Any]]:
        return [tuple(call) for call in self._value("tools_stream")]

    def structured_chat(self) -> Any:
        return self._value("structured_chat")

    def structured_openai(self) -> Any:
        return self._value("structured_openai")

    def image(self) -> str:
        return self._value("image")

    def completion(self) -> str:
        return self._value("completion")

    def completion_stream(self) -> Iterator[str]:
        yield from self._pieces("completion_stream")


class HubNode(_Node):
    """`new InferenceClient(token, {endpointUrl: URL})`."""

    title = "@huggingface/inference"
    packages = ("@huggingface/inference",)
    fails: ClassVar[Mapping[str, tuple[str, str]]] = {
        "structured_openai": base.SHAPE,
        "leave": (
            "the server says",
            "a loop that is left does not cancel the request: only `options.signal` does",
        ),
    }
    cannot: ClassVar[Mapping[str, str]] = {
        "text": "its `textGeneration` asks `/v1/completions`, whatever it is given",
        "text_stream": "its `textGenerationStream` asks `/v1/completions`, whatever it is given",
        "structured": "has no call for TGI's own routes, and `/v1/completions` knows no grammar",
        "models": "has no call for `/v1/models`",
        "health": "has no call for `/health`",
    }


class OpenAINode(_Node):
    """`new OpenAI({baseURL: URL/v1})`."""

    title = "openai (JavaScript)"
    packages = ("openai",)
    fails = base.SHAPE_ALONE
    cannot: ClassVar[Mapping[str, str]] = {
        "text": "has no call for TGI's own routes",
        "text_stream": "has no call for TGI's own routes",
        "structured": "has no call for TGI's own routes",
        "health": "has no call for `/health`",
    }

    def models(self) -> list[str]:
        return self._value("models")
