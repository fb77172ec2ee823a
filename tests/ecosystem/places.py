"""Where the clients are sent: a namespace of a running fake for each call, told what to do over HTTP.

Nothing here but the server and its admin API, as any program in any language could use them.
"""

from __future__ import annotations

import itertools
import json
import shutil
import urllib.request
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from typing_extensions import Self

from fake_tgi.app import create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings

__all__ = ["KEY", "MODEL", "Fakes", "Place"]

MODEL: Final = "fixture/tiny"
KEY: Final = "sesame"
"""What the fake with a key wants to hear."""


class Place:
    """One namespace: its URL for a client, and the controls behind it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def answer(self, *answers: dict[str, Any]) -> None:
        """What the model says: answers as in a stub file, the last one again and again."""
        if answers:
            self._send("POST", "stubs", {"when": {}, "answers": list(answers)})

    def faults(self, *rules: str) -> None:
        """What goes wrong, in words."""
        self._send("PUT", "faults", {"faults": list(rules)})

    def slow(self, inter_token_latency: str) -> None:
        """How long each token takes."""
        self._send("PATCH", "settings", {"time": {"inter_token_latency": inter_token_latency}})

    def requests(self, wait: float = 1.0) -> list[dict[str, Any]]:
        """The journal, once nothing is in flight, or after `wait` seconds."""
        records: list[dict[str, Any]] = self._send("GET", f"requests?wait={wait}")["requests"]
        return records

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/__admin/{path}",
            None if body is None else json.dumps(body).encode(),
            {"content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


class Fakes:
    """Three fakes: one as it comes, one that wants an API key, one whose model sees images."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._folder = TemporaryDirectory()
        self._servers = {
            "plain": Server(create_app(Settings(model_id=MODEL))),
            "key": Server(create_app(Settings(model_id=MODEL, api_key=KEY))),
            "seeing": Server(create_app(Settings(tokenizer_name=_seeing(Path(self._folder.name))))),
        }

    def place(self, kind: str = "plain") -> Place:
        """A new place on one of them."""
        return Place(f"{self._servers[kind].base_url}/ns/call-{next(self._numbers)}")

    def __enter__(self) -> Self:
        for server in self._servers.values():
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.stop()
        self._folder.cleanup()


def _seeing(folder: Path) -> str:
    """A model folder whose model takes images, with the embedded tokenizer."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        with as_file(files("fake_tgi") / "data" / name) as source:
            shutil.copyfile(source, folder / name)
    (folder / "config.json").write_text(json.dumps({"model_type": "idefics"}))
    return str(folder)


def bodies(records: Sequence[dict[str, Any]]) -> list[Any]:
    """What was asked, as JSON."""
    return [json.loads(record["request"]["body"]) for record in records]
