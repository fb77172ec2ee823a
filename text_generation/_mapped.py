"""Carries out a `map`: with threads over the sync client, with tasks over the async one."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sized
from os import PathLike
from typing import Any, Literal

from ._map_file import MapFile
from .errors import ConfigurationError
from .mapping import Job, MapItem, Schedule

__all__ = ["Run", "map_async", "map_sync"]

_MODELS = {"generate": "Response", "chat": "ChatComplete", "completion": "Completion"}


class Run:
    """What both ways need: the schedule, the file and the progress bar of one `map`."""

    def __init__(
        self,
        prompts: Iterable[Any],
        method: str,
        concurrency: int | Literal["adaptive"],
        ordered: bool,
        errors: Literal["each", "first", "together"],
        progress: bool,
        results: str | PathLike[str] | None,
        arguments: dict[str, Any],
    ) -> None:
        if method not in _MODELS:
            raise ConfigurationError(f"method: expected one of {', '.join(_MODELS)}; got {method!r}")
        if arguments.get("stream"):
            raise ConfigurationError("map answers whole: leave `stream` out")
        total = len(prompts) if isinstance(prompts, Sized) else None
        self.file: MapFile | None = None
        done: dict[int, MapItem] = {}
        self.schedule = Schedule((), concurrency, ordered, errors)  # checks the arguments before the file
        if results is not None:
            from . import types

            plain = {
                name: value for name, value in sorted(arguments.items()) if name not in ("timeout", "retries")
            }
            self.file = MapFile(results, getattr(types, _MODELS[method]), (method, plain))
            prompts = self.file.known(prompts, done)
        self.schedule = Schedule(prompts, concurrency, ordered, errors, done)
        self._bar = _bar(total) if progress else None

    def finished(self, job: Job, answer: Any, error: Exception | None) -> None:
        """Take an outcome in."""
        item = self.schedule.finished(job, answer, error, time.monotonic())
        if item is not None and self.file is not None:
            self.file.write(item)

    def take(self) -> Iterator[MapItem]:
        """Hand out what has its turn."""
        for item in self.schedule.take():
            if self._bar is not None:
                self._bar.update(1)
            yield item

    def close(self) -> None:
        """Close the file and the progress bar."""
        if self.file is not None:
            self.file.close()
        if self._bar is not None:
            self._bar.close()


def _bar(total: int | None) -> Any:
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]
    except ImportError as problem:
        raise ConfigurationError("progress: the bar is drawn by tqdm: pip install tqdm") from problem
    return tqdm(total=total, unit="prompt")


def map_sync(call: Callable[[Any], Any], run: Run) -> Iterator[MapItem]:
    """The items of a `map`, carried out by threads. Leaving early waits for what runs, and starts no more."""
    outcomes: queue.SimpleQueue[tuple[Job, Any, Exception | None]] = queue.SimpleQueue()
    jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
    threads: list[threading.Thread] = []

    def work() -> None:
        while (job := jobs.get()) is not None:
            try:
                outcomes.put((job, call(job.prompt), None))
            except Exception as error:
                outcomes.put((job, None, error))

    schedule = run.schedule
    try:
        while True:
            while (job := schedule.next(time.monotonic())) is not None:
                if len(threads) < schedule.running:
                    thread = threading.Thread(target=work, daemon=True, name="text_generation.map")
                    threads.append(thread)
                    thread.start()
                jobs.put(job)
            yield from run.take()
            if schedule.over:
                break
            wait = schedule.paused_until - time.monotonic()
            try:
                run.finished(
                    *outcomes.get(timeout=max(0.001, wait) if wait > 0 or not schedule.running else None)
                )
            except queue.Empty:
                pass
        schedule.end()
    finally:
        for _ in threads:
            jobs.put(None)
        for thread in threads:
            thread.join()
        run.close()


async def map_async(call: Callable[[Any], Awaitable[Any]], run: Run) -> AsyncIterator[MapItem]:
    """The items of a `map`, carried out by tasks. Leaving early cancels what runs."""
    tasks: dict[asyncio.Task[Any], Job] = {}
    schedule = run.schedule
    try:
        while True:
            while (job := schedule.next(time.monotonic())) is not None:
                tasks[asyncio.ensure_future(_awaited(call, job.prompt))] = job
            for item in run.take():
                yield item
            if schedule.over:
                break
            wait = schedule.paused_until - time.monotonic()
            if not tasks:
                await asyncio.sleep(max(0.001, wait))
                continue
            done, _ = await asyncio.wait(
                tasks, timeout=max(0.001, wait) if wait > 0 else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = task.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                run.finished(tasks.pop(task), None if error else task.result(), error)
        schedule.end()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        run.close()


async def _awaited(call: Callable[[Any], Awaitable[Any]], prompt: Any) -> Any:
    return await call(prompt)
