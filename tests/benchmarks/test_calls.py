"""Nothing in Python is called for a single token: neither where the fake streams, nor where the client reads.

Counted, not timed: one stream of 100 tokens and one of 1,000. What is called more often for the longer one
grows with its sentences, or with the packets it comes in, and not with its tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fake_tgi.endpoints.streaming import SHORT
from fake_tgi.settings import Settings
from text_generation import _folding
from text_generation._streams import Protocol, StreamReader

from .calls import python_calls
from .in_process import Wire, request

CHAT = {"messages": [{"role": "user", "content": "Tell me a story"}], "stream": True, "seed": 7}
STREAMS: dict[str, Callable[[int], tuple[str, Any]]] = {
    "generate_stream": lambda n: (
        "/generate_stream",
        {"inputs": "Tell me a story", "parameters": {"max_new_tokens": n}},
    ),
    "chat": lambda n: ("/v1/chat/completions", {**CHAT, "max_tokens": n}),
    "completions": lambda n: (
        "/v1/completions",
        {"prompt": "Tell me a story", "stream": True, "seed": 7, "max_tokens": n},
    ),
}


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    made = Wire(Settings(ignore_eos=True, max_total_tokens=4096, max_input_tokens=1000))
    yield made
    made.end()


def grown(short: Counter[str], long: Counter[str]) -> dict[str, int]:
    """What was called more often in the longer one, most often first."""
    return dict((long - short).most_common(8))


@pytest.mark.parametrize("stream", STREAMS)
def test_the_fake_calls_nothing_for_a_token(wire: Wire, stream: str) -> None:
    def ask(tokens: int) -> Counter[str]:
        data = request(*STREAMS[stream](tokens))
        wire.ask(data)  # every phrase is tokenised once
        calls = python_calls(lambda: wire.ask(data), "fake_tgi.")
        assert wire.written.count(b"\r\ndata: {") == tokens
        return calls

    # A short stream goes a shorter way: each is held to its own.
    for fewer, more in ((100, SHORT), (SHORT + 1, 1000)):
        short, long = ask(fewer), ask(more)
        assert (long.total() - short.total()) / (more - fewer) < 0.05, grown(short, long)


# Four calls for a dozen of them, which are read at a time so that no more of a stream are objects.
MOST = 0.4
READERS: dict[str, Protocol[Any]] = {
    "generate_stream": _folding.GENERATION,
    "chat": _folding.chat_protocol(1),
    "completions": _folding.completion_protocol(1),
}


@pytest.mark.parametrize("stream", READERS)
def test_the_client_calls_nothing_for_a_token(wire: Wire, stream: str) -> None:
    protocol = READERS[stream]

    def read(tokens: int) -> Counter[str]:
        answer = wire.ask(request(*STREAMS[stream](tokens))).partition(b"\r\n\r\n")[2]
        body = b"".join(line for line in answer.split(b"\r\n") if line.startswith(b"data:"))

        def work() -> None:
            reader = StreamReader(protocol)
            reader.feed(body)
            taken = 0
            while items := reader.take():
                taken += len(items)
            assert taken == tokens
            reader.finish()

        work()
        return python_calls(work, "text_generation.")

    short, long = read(100), read(1000)
    assert (long.total() - short.total()) / 900 < MOST, grown(short, long)
