"""Summarises texts with a TGI server: `python -m summarise < text`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator

import requests

PROMPT = "Summarise in one sentence:\n\n{text}\n\nSummary:"
ATTEMPTS = 4


class ModelError(Exception):
    """The model could not answer."""


class Summariser:
    """Asks the server at `url`; `first_delay` is how long it waits, in seconds, when that is overloaded."""

    def __init__(self, url: str | None = None, first_delay: float = 0.5) -> None:
        self.url = url or os.environ["TGI_BASE_URL"]
        self.first_delay = first_delay
        self.session = requests.Session()
        if token := os.environ.get("HF_TOKEN"):
            self.session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self.session.close()

    def summary(self, text: str) -> str:
        """One sentence. Raises ModelError."""
        answer = self._ask("/generate", self._question(text))
        return str(answer.json()["generated_text"]).strip()

    def stream(self, text: str) -> Iterator[str]:
        """The same, token by token."""
        with self._ask("/generate_stream", self._question(text), stream=True) as answer:
            ended = False
            try:
                for line in answer.iter_lines():
                    if not line.startswith(b"data:"):
                        continue  # comments keep a quiet connection open
                    event = json.loads(line[5:])
                    if "error" in event:
                        raise ModelError(event["error"])
                    if not event["token"]["special"]:
                        yield event["token"]["text"]
                    ended = event["generated_text"] is not None
            except requests.RequestException as error:
                raise ModelError(f"the connection broke: {error}") from error
            if not ended:
                raise ModelError("the answer is not complete")

    @staticmethod
    def _question(text: str) -> dict[str, object]:
        return {"inputs": PROMPT.format(text=text), "parameters": {"max_new_tokens": 60, "stop": ["\n"]}}

    def _ask(self, route: str, body: object, *, stream: bool = False) -> requests.Response:
        for attempt in range(1, ATTEMPTS + 1):
            answer = self.session.post(self.url + route, json=body, stream=stream, timeout=(3, 30))
            if answer.status_code == 200:
                return answer
            if answer.status_code not in (429, 503) or attempt == ATTEMPTS:
                raise ModelError(self._reason(answer))
            time.sleep(float(answer.headers.get("Retry-After", self.first_delay * 2 ** (attempt - 1))))
        raise AssertionError("unreachable")

    @staticmethod
    def _reason(answer: requests.Response) -> str:
        try:
            return str(answer.json()["error"])
        except (ValueError, KeyError, TypeError):
            return f"{answer.status_code}: {answer.text[:200]}"


if __name__ == "__main__":
    for piece in Summariser().stream(sys.stdin.read()):
        print(piece, end="", flush=True)
    print()
