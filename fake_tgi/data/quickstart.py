"""The README's quick-start over both clients, with a stopwatch: `python quickstart.py URL [TIMES.json]`.

A program of its own, run by `fake-tgi demo`: the client is used as anyone uses it, in a process that knows
nothing of the server, and the server's package still never imports the client.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

QUESTION = "Why is the sky blue?"

clock = time.perf_counter
times: list[tuple[str, float, str]] = []  # what, seconds, remark


def show(token: str) -> None:
    print(f"[{token}]", end="", flush=True)


def note_stream(name: str, started: float, arrivals: list[float]) -> None:
    first, total = arrivals[0] - started, arrivals[-1] - started
    gap = (total - first) / max(len(arrivals) - 1, 1)
    remark = f"first token after {first * 1e3:.1f} ms, then {gap * 1e3:.2f} ms each"
    times.append((f"{name}.generate_stream", total, remark))


def use_client(url: str) -> None:
    started = clock()
    from text_generation import Client

    times.append(("import text_generation", clock() - started, ""))
    client = Client(url)

    started = clock()
    text = client.generate(QUESTION).generated_text
    times.append(("Client.generate", clock() - started, "first call: imports requests, connects"))
    print(f"  generate         {text!r}")

    print("  generate_stream  ", end="")
    arrivals, started = [], clock()
    for response in client.generate_stream(QUESTION):
        arrivals.append(clock())
        if not response.token.special:
            show(response.token.text)
    print()
    note_stream("Client", started, arrivals)


async def use_async_client(url: str) -> None:
    from text_generation import AsyncClient

    client = AsyncClient(url)

    started = clock()
    response = await client.generate(QUESTION)
    times.append(("AsyncClient.generate", clock() - started, "first call: imports aiohttp, connects"))
    print(f"  generate         {response.generated_text!r}")

    print("  generate_stream  ", end="")
    arrivals, started = [], clock()
    async for event in client.generate_stream(QUESTION):
        arrivals.append(clock())
        if not event.token.special:
            show(event.token.text)
    print()
    note_stream("AsyncClient", started, arrivals)


def main(url: str, times_file: str | None = None) -> None:
    print(f"{QUESTION}\n\nClient")
    use_client(url)
    print("\nAsyncClient")
    asyncio.run(use_async_client(url))
    if times_file is not None:
        Path(times_file).write_text(json.dumps(times), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
