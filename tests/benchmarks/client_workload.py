"""What is measured, for each library. Runs in that library's own environment, so it imports nothing of ours.

`python client_workload.py LIBRARY SCENARIO URL` prints one number: CPU seconds for each unit of work (a
token, a call, an event, a stream), calls a second for `gather`, bytes a stream for memory.
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
SHORT = 50
OPEN = 10
CALLS = 200
GATHER = 512
AT_ONCE = 1_000
PATIENT = 600.0  # seconds that the peers are given, where the last of a thousand waits for all others
KEPT = 400  # streams open at once, where their memory is measured
# Where in the server the streams are that are measured many at once.
PATHS = {"concurrent": "short", "memory": "open", "full_memory": "short", "sync_memory": "short"}


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
    if scenario == "sync_memory":
        client = Client(f"{url}/{PATHS[scenario]}", timeout=60)
        return _kept(lambda: client.generate_stream("hi", max_new_tokens=SHORT))
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
        if scenario in PATHS:
            short = AsyncClient(f"{url}/{PATHS[scenario]}", timeout=60)
            return await _at_once(scenario, lambda: short.generate_stream("hi", max_new_tokens=SHORT), 5)
        single = AsyncClient(f"{url}/unary", timeout=60)
        if scenario == "async_unary":

            async def call_all() -> None:
                for _ in range(CALLS):
                    await single.generate("hi")

            return await _cpu_async(call_all, 5) / CALLS
        return await _gather(lambda: single.generate("hi"))

    return asyncio.run(main())


async def _at_once(scenario: str, open_stream: Callable[[], Any], rounds: int = 1) -> float:
    """Of streams that are open at once: CPU seconds for each that is read from its beginning to its end, or
    bytes for each that waits (`memory`), or that has its first token handed out (`full_memory`)."""
    if scenario == "concurrent":

        async def read(stream: Any) -> None:
            count = 0
            async for _ in stream:
                count += 1
            assert count >= SHORT, count

        async def read_all() -> None:
            await asyncio.gather(*(read(open_stream()) for _ in range(AT_ONCE)))

        return await _cpu_async(read_all, rounds) / AT_ONCE

    kept: list[Any] = []

    async def wait(waiting: asyncio.Future[None]) -> None:
        count = 0
        async for _ in open_stream():
            count += 1
            if count == OPEN:
                waiting.set_result(None)

    async def begin() -> None:
        if scenario == "memory":
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            kept.append(asyncio.ensure_future(wait(waiting)))
            await waiting
            await asyncio.sleep(0)
        else:
            reading = open_stream().__aiter__()
            await reading.__anext__()
            kept.append(reading)

    for _ in range(20):  # what all share is there
        await begin()
    before = _resident()
    for _ in range(KEPT):
        await begin()
    _say_and_leave((_resident() - before) / KEPT)
    return 0.0


def _kept(open_stream: Callable[[], Any]) -> float:
    """Bytes for each of some streams that have handed out their first token."""

    def begin() -> Any:
        reading = iter(open_stream())
        next(reading)
        return reading

    kept = [begin() for _ in range(20)]
    before = _resident()
    kept += [begin() for _ in range(KEPT)]
    _say_and_leave((_resident() - before) / KEPT)
    return 0.0


def _say_and_leave(found: float) -> None:
    """Without ending streams that are in their middle: nothing is to be learnt from how they end."""
    sys.stdout.write(f"{found!r}\n")
    sys.stdout.flush()
    os._exit(0)


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
    if scenario.endswith("memory"):
        _without_limits()
    short = f"{url}/{PATHS.get(scenario)}"
    few: Any = {"stream": True, "details": True, "max_new_tokens": SHORT}
    if scenario == "sync_memory":
        lasting = InferenceClient(model=short, timeout=60)
        return _kept(lambda: lasting.text_generation("hi", **few))

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
        if scenario in PATHS:
            one = AsyncInferenceClient(model=short, timeout=PATIENT)

            async def opened() -> Any:
                async for item in await one.text_generation("hi", **few):
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


def _without_limits() -> None:
    """huggingface_hub keeps 100 connections, and gives up where more streams than that are open."""
    import huggingface_hub as hub
    from huggingface_hub.utils import _http

    # Its own factories, whose clients are given room.
    def sync_client() -> Any:
        return _roomy(_http.default_client_factory())

    def async_client() -> Any:
        return _roomy(_http.default_async_client_factory())

    hub.set_client_factory(sync_client)
    hub.set_async_client_factory(async_client)


def _roomy(client: Any) -> Any:
    client._transport._pool._max_connections = sys.maxsize
    return client


def _openai(scenario: str, url: str) -> float:
    from openai import AsyncOpenAI, OpenAI

    messages: Any = [{"role": "user", "content": "hi"}]
    if scenario == "chat_stream":
        client = OpenAI(base_url=f"{url}/v1", api_key="-")
        create: Any = client.chat.completions.create
        return _cpu(lambda: sum(1 for _ in create(model="m", messages=messages, stream=True)), 3) / TOKENS

    short = f"{url}/{PATHS.get(scenario)}/v1"
    if scenario == "sync_memory":
        few: Any = OpenAI(base_url=short, api_key="-").chat.completions.create
        return _kept(lambda: few(model="m", messages=messages, stream=True))

    async def main() -> float:
        if scenario in PATHS:
            one = AsyncOpenAI(base_url=short, api_key="-", timeout=PATIENT)

            async def opened() -> Any:
                async for item in await one.chat.completions.create(
                    model="m", messages=messages, stream=True
                ):
                    yield item

            return await _at_once(scenario, opened)
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
