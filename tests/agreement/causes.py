"""A fake in which a row of the table of errors comes true: its flags, its template, its model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from fake_tgi.app import Application, create_app
from fake_tgi.arguments import read_arguments
from fake_tgi.generation import Generation
from fake_tgi.shard import Shard, ShardRequest
from fake_tgi.tokenizer import Tokenizer
from tests.fake.asking import ask

__all__ = ["fake_where"]


def fake_where(server: Mapping[str, Any], folder: Path, tokenizer: Tokenizer) -> Application:
    """A fake that was told what a row says its server must be told; `folder` is for a model's files."""
    flags = list(server.get("flags", ()))
    if "chat_template" in server:
        flags += ["--tokenizer-name", str(_model_folder(folder, server["chat_template"]))]
    app = create_app(read_arguments(flags, {}).settings, tokenizer=tokenizer)
    for name, value in server.get("model", {}).items():
        _MODEL[name](app, value, server["model"])
    return app


def _model_folder(folder: Path, template: str | None) -> Path:
    """The fake's own model, with another chat template or none."""
    data = files("fake_tgi") / "data"
    config = json.loads((data / "tokenizer_config.json").read_text(encoding="utf-8"))
    del config["chat_template"]
    if template is not None:
        config["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("tokenizer.json", "config.json"):
        (folder / name).write_bytes((data / name).read_bytes())
    return folder


class _Vanishing:
    """A shard that says nothing any more after so many tokens: neither an end nor an error."""

    def __init__(self, shard: Shard, after: int) -> None:
        self._shard = shard
        self._after = after

    def slow(self, request: ShardRequest) -> bool:
        return self._shard.slow(request)

    def generate(self, request: ShardRequest) -> Generation:
        whole = self._shard.generate(request)
        return replace(
            whole,
            tokens=whole.tokens[: self._after],
            top_tokens=whole.top_tokens[: self._after],
            generated_text="",
            finish_reason=None,
        )


def _tell(app: Application, path: str, value: object) -> None:
    reply = ask(app, "POST", path, value)
    assert reply.status == 200, reply.text


def _fail(app: Application, after: int, model: Mapping[str, Any]) -> None:
    _tell(app, "/__admin/health", {"crash_after": after, "crash_message": model["error"]})


def _vanish(app: Application, after: int, model: Mapping[str, Any]) -> None:
    app.state.infer.shard = _Vanishing(app.state.infer.shard, after)


def _say(app: Application, text: str, model: Mapping[str, Any]) -> None:
    said = {"tokens": [{"id": 7, "text": text, "logprob": -0.5}], "finish_reason": "eos_token"}
    _tell(app, "/__admin/generations", {"generations": [said] * 4, "replace": True})


def _be_sick(app: Application, healthy: bool, model: Mapping[str, Any]) -> None:
    _tell(app, "/__admin/health", {"sick": not healthy})


_MODEL = {
    "fails_after": _fail,
    "error": lambda app, value, model: None,  # read together with fails_after
    "vanishes_after": _vanish,
    "says": _say,
    "healthy": _be_sick,
}
