"""What is measured, for each library. Runs in that library's own environment, so it imports nothing of ours.

`python client_workload.py LIBRARY SCENARIO URL` prints one number: CPU seconds for each unit of work (a
token, a call, an event), or calls a second for `gather`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

warnings.simplefilter("ignore")
TOKENS = 5_000
CALLS = 200
GATHER = 512


def _cpu(work: Callable[[], Any], rounds: int) -> float:
    """The least CPU time of some rounds, after one that does not count."""
    work()
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


async def _cpu_async(work: Callable[[], Any], rounds: int) -> float:
    await work()
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        await work()
        best = min(best, time.process_time() - started)
    return best


def _text_generation(scenario: str, url: str) -> float:
    """The published client and ours: the same calls."""
    from text_generation import AsyncClient, Client

    if scenario in ("stream", "big"):
        client = Client(f"{url}/{scenario}", timeout=60)

        def read() -> None:
            count = 0
            for _ in client.generate_stream("hi", max_new_tokens=TOKENS):
                count += 1
            assert count == (TOKENS if scenario == "stream" else 1), count

        return _cpu(read, 7 if scenario == "stream" else 1) / (TOKENS if scenario == "stream" else 1)
    if scenario == "chat_stream":
        client = Client(url, timeout=60)

        def chat() -> None:
            made = client.chat([{"role": "user", "content": "hi"}], stream=True)  # type: ignore[list-item]
            assert sum(1 for _ in made) == TOKENS

        return _cpu(chat, 7) / TOKENS
    if scenario == "unary":
        client = Client(f"{url}/unary", timeout=60)

        def call() -> None:
            for _ in range(CALLS):
                assert client.generate("hi").details.generated_tokens == 20  # type: ignore[union-attr]

        return _cpu(call, 5) / CALLS

    async def main() -> float:
        if scenario in ("async_stream", "async_big"):
            path = scenario.removeprefix("async_")
            streaming = AsyncClient(f"{url}/{path}", timeout=60)

            async def read_all() -> None:
                count = 0
                async for _ in streaming.generate_stream("hi", max_new_tokens=TOKENS):
                    count += 1
                assert count == (TOKENS if path == "stream" else 1), count

            return await _cpu_async(read_all, 7 if path == "stream" else 1) / (
                TOKENS if path == "stream" else 1
            )
        if scenario == "async_chat_stream":
            chatting = AsyncClient(url, timeout=60)

            async def chat_all() -> None:
                count = 0
                async for _ in await chatting.chat([{"role": "user", "content": "hi"}], stream=True):  # type: ignore[list-item]
                    count += 1
                assert count == TOKENS

            return await _cpu_async(chat_all, 7) / TOKENS
        if scenario in ("concurrent", "memory"):
            short = AsyncClient(f"{url}/short", timeout=60)
            return await _at_once(scenario, lambda: short.generate_stream("hi", max_new_tokens=50))
        single = AsyncClient(f"{url}/unary", timeout=60)
        if scenario == "async_unary":

            async def call_all() -> None:
                for _ in range(CALLS):
                    await single.generate("hi")

            return await _cpu_async(call_all, 5) / CALLS
        return await _gather(lambda: single.generate("hi"))

    return asyncio.run(main())


async def _at_once(scenario: str, open_stream: Callable[[], Any]) -> float:
    """Of streams of 50 tokens that are open at once: CPU seconds for each, or (`memory`) bytes for each that
    is at its second token."""
    streams = 1000 if scenario == "concurrent" else 400

    async def read(stream: Any) -> None:
        count = 0
        async for _ in stream:
            count += 1
        assert count == 50, count

    if scenario == "concurrent":

        async def read_all() -> None:
            await asyncio.gather(*(read(open_stream()) for _ in range(streams)))

        return await _cpu_async(read_all, 3) / streams

    async def begin() -> Any:
        reading = open_stream().__aiter__()
        await reading.__anext__()
        return reading

    kept = [await begin() for _ in range(20)]  # what all share is there
    before = _resident()
    kept += [await begin() for _ in range(streams)]
    grown = _resident() - before
    sys.stdout.write(f"{grown / streams!r}\n")
    sys.stdout.flush()
    os._exit(0)  # 420 streams in the middle: nothing is to be learnt from how they end


def _resident() -> int:
    """Bytes of memory that this process has now; Linux alone tells."""
    with open("/proc/self/statm") as file:  # noqa: PTH123  nothing is to be imported for it
        return int(file.read().split()[1]) * 4096


async def _gather(call: Callable[[], Any]) -> float:
    """Calls a second with 512 at once: the best of some rounds."""
    best = 0.0
    for _ in range(5):
        started = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(GATHER)))
        best = max(best, GATHER / (time.perf_counter() - started))
    return best


def _huggingface_hub(scenario: str, url: str) -> float:
    from huggingface_hub import AsyncInferenceClient, InferenceClient

    options: Any = {"max_new_tokens": TOKENS, "details": True}
    if scenario == "stream":
        streaming = InferenceClient(model=f"{url}/stream", timeout=60)
        return (
            _cpu(lambda: sum(1 for _ in streaming.text_generation("hi", stream=True, **options)), 3) / TOKENS
        )
    if scenario == "chat_stream":
        chatting = InferenceClient(base_url=url, timeout=60)
        messages = [{"role": "user", "content": "hi"}]
        return _cpu(lambda: sum(1 for _ in chatting.chat_completion(messages, stream=True)), 3) / TOKENS
    if scenario == "unary":
        single = InferenceClient(model=f"{url}/unary", timeout=60)
        return _cpu(lambda: [single.text_generation("hi", details=True) for _ in range(CALLS)], 3) / CALLS

    async def main() -> float:
        if scenario == "async_stream":
            client = AsyncInferenceClient(model=f"{url}/stream", timeout=60)

            async def read() -> None:
                async for _ in await client.text_generation("hi", stream=True, **options):
                    pass

            return await _cpu_async(read, 3) / TOKENS
        if scenario == "async_chat_stream":
            chatting = AsyncInferenceClient(base_url=url, timeout=60)

            async def chat() -> None:
                async for _ in await chatting.chat_completion(
                    [{"role": "user", "content": "hi"}], stream=True
                ):
                    pass

            return await _cpu_async(chat, 3) / TOKENS
        if scenario in ("concurrent", "memory"):
            short = AsyncInferenceClient(model=f"{url}/short", timeout=60)

            async def opened() -> Any:
                async for item in await short.text_generation(
                    "hi", stream=True, details=True, max_new_tokens=50
                ):
                    yield item

            return await _at_once(scenario, opened)
        single = AsyncInferenceClient(model=f"{url}/unary", timeout=60)
        if scenario == "async_unary":

            async def call() -> None:
                for _ in range(CALLS):
                    await single.text_generation("hi", details=True)

            return await _cpu_async(call, 3) / CALLS
        return await _gather(lambda: single.text_generation("hi", details=True))

    return asyncio.run(main())


def _openai(scenario: str, url: str) -> float:
    from openai import AsyncOpenAI, OpenAI

    messages: Any = [{"role": "user", "content": "hi"}]
    if scenario == "chat_stream":
        client = OpenAI(base_url=f"{url}/v1", api_key="-")
        create: Any = client.chat.completions.create
        return _cpu(lambda: sum(1 for _ in create(model="m", messages=messages, stream=True)), 3) / TOKENS

    async def main() -> float:
        client = AsyncOpenAI(base_url=f"{url}/v1", api_key="-")

        async def chat() -> None:
            async for _ in await client.chat.completions.create(model="m", messages=messages, stream=True):
                pass

        return await _cpu_async(chat, 3) / TOKENS

    return asyncio.run(main())


def _import(library: str) -> float:
    """CPU seconds of a fresh interpreter that imports the library."""
    import subprocess

    best = float("inf")
    for _ in range(7):
        before = os.times()
        subprocess.run([sys.executable, "-c", f"import {library}"], check=True)
        after = os.times()
        best = min(best, after[2] + after[3] - before[2] - before[3])
    return best


if __name__ == "__main__":
    library, scenario, url = sys.argv[1:]
    run = {"huggingface_hub": _huggingface_hub, "openai": _openai}.get(library, _text_generation)
    found = _import(library) if scenario == "import" else run(scenario, url)
    sys.stdout.write(f"{found!r}\n")
