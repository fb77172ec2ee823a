"""A benchmark that takes a second, for every run of the tests: costs as parts of what this interpreter takes
for fixed work on the same machine at the same moment.

`python -m tests.benchmarks.smoke --write` records today's ratios in recorded.json; test_smoke.py fails at
twice these. All is measured in one process, so that no other process and no network matters.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fake_tgi.settings import Settings
from text_generation import _folding
from text_generation._streams import StreamReader

from .in_process import Wire, request

__all__ = ["RECORDED", "ratios"]

RECORDED: Final = Path(__file__).with_name("recorded.json")
_EACH: Final = 20
_WARM: Final = 10
_PROMPT: Final = "The quick brown fox jumps over the lazy dog while twelve engineers measure every request {}"


def _fixed() -> None:
    """What everything is compared with: JSON there and back, attributes, calls and strings."""
    for number in range(60):
        text = json.dumps({"number": number, "words": ["a", "b", str(number)], "deep": {"x": [1.5, None]}})
        read = json.loads(text)
        "".join(sorted(read["words"])).upper().encode()


def _asking(wire: Wire, path: str, body: Callable[[str], Any]) -> Callable[[], None]:
    asked = 0

    def ask() -> None:
        nonlocal asked
        for _ in range(_EACH):
            asked += 1
            if not wire.ask(request(path, body(_PROMPT.format(asked)))).startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{path} failed")

    return ask


def _reading(body: bytes) -> Callable[[], None]:
    def read() -> None:
        reader = StreamReader(_folding.GENERATION)
        reader.feed(body)
        while reader.take():
            pass
        reader.finish()

    return read


def _works(wire: Wire) -> dict[str, Callable[[], None]]:
    def generate(prompt: str) -> Any:
        return {"inputs": prompt, "parameters": {"max_new_tokens": 16}}

    def stream(prompt: str) -> Any:
        return {"inputs": prompt, "parameters": {"max_new_tokens": 100}}

    def chat(prompt: str) -> Any:
        return {"messages": [{"role": "user", "content": prompt}], "max_tokens": 16}

    def chat_stream(prompt: str) -> Any:
        return {"messages": [{"role": "user", "content": prompt}], "max_tokens": 100, "stream": True}

    answer = wire.ask(request("/generate_stream", {"inputs": "Hi", "parameters": {"max_new_tokens": 1000}}))
    lines = answer.partition(b"\r\n\r\n")[2].split(b"\r\n")
    return {
        "generate": _asking(wire, "/generate", generate),
        "generate_stream": _asking(wire, "/generate_stream", stream),
        "chat": _asking(wire, "/v1/chat/completions", chat),
        "chat_stream": _asking(wire, "/v1/chat/completions", chat_stream),
        "client_stream": _reading(b"".join(line for line in lines if line.startswith(b"data:"))),
    }


def ratios(rounds: int = 15) -> dict[str, float]:
    """The least that each piece of work has cost, as a part of the fixed work beside it."""
    wire = Wire(Settings(ignore_eos=True))
    found: dict[str, float] = {}
    collecting = gc.isenabled()
    gc.disable()  # what else this process holds is no matter of ours
    try:
        for name, work in _works(wire).items():
            for _ in range(_WARM):
                work()
            fixed = min(_spent(_fixed) for _ in range(rounds))
            found[name] = min(_spent(work) for _ in range(rounds)) / fixed
    finally:
        if collecting:
            gc.enable()
        wire.end()
    return found


def _spent(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> int:
    """Prints the ratios, and records them where asked to."""
    parser = argparse.ArgumentParser(description="Measure what the smoke test compares with.")
    parser.add_argument("--write", action="store_true", help="record the ratios")
    arguments = parser.parse_args()
    found = {name: round(ratio, 2) for name, ratio in ratios(60).items()}
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    if arguments.write:
        RECORDED.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
