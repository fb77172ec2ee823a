"""Both clients behind one face, so that one test says what both must do."""

from __future__ import annotations

import asyncio
from typing import Any

from text_generation import AsyncClient, Client, InferenceAPIAsyncClient, InferenceAPIClient


class Sync:
    """The sync client as it is."""

    name = "sync"

    def __init__(self) -> None:
        self.clients: list[Any] = []

    def client(self, url: str, *args: Any, **options: Any) -> Any:
        client = Client(url, *args, **options)
        self.clients.append(client)
        return client

    def hosted(self, *args: Any, **options: Any) -> Any:
        client = InferenceAPIClient(*args, **options)
        self.clients.append(client)
        return client

    def call(self, client: Any, method: str, *args: Any, **options: Any) -> Any:
        return getattr(client, method)(*args, **options)

    def stream(self, client: Any, method: str, *args: Any, **options: Any) -> Any:
        return getattr(client, method)(*args, **options)

    def collect(self, stream: Any) -> tuple[list[Any], BaseException | None]:
        """The items of a stream and what it ended in."""
        items: list[Any] = []
        try:
            for item in stream:
                items.append(item)
        except Exception as error:
            return items, error
        return items, None

    def take(self, stream: Any, count: int) -> list[Any]:
        """Leave a loop after `count` items."""
        items: list[Any] = []
        for item in stream:
            items.append(item)
            if len(items) == count:
                break
        return items

    def result(self, stream: Any) -> Any:
        return stream.result()

    def close(self, stream: Any) -> None:
        stream.close()

    def finish(self) -> None:
        for client in self.clients:
            client.close()


class Async:
    """The async client, run to completion on a loop of this test."""

    name = "async"

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clients: list[Any] = []

    def run(self, awaitable: Any) -> Any:
        async def wrapped() -> Any:
            return await awaitable

        return self.loop.run_until_complete(wrapped())

    def client(self, url: str, *args: Any, **options: Any) -> Any:
        client = AsyncClient(url, *args, **options)
        self.clients.append(client)
        return client

    def hosted(self, *args: Any, **options: Any) -> Any:
        client = InferenceAPIAsyncClient(*args, **options)
        self.clients.append(client)
        return client

    def call(self, client: Any, method: str, *args: Any, **options: Any) -> Any:
        return self.run(getattr(client, method)(*args, **options))

    def stream(self, client: Any, method: str, *args: Any, **options: Any) -> Any:
        made = getattr(client, method)(*args, **options)
        return self.run(made) if asyncio.iscoroutine(made) else made

    def collect(self, stream: Any) -> tuple[list[Any], BaseException | None]:
        items: list[Any] = []

        async def read() -> BaseException | None:
            try:
                async for item in stream:
                    items.append(item)
            except Exception as error:
                return error
            return None

        error = self.run(read())
        return items, error

    def take(self, stream: Any, count: int) -> list[Any]:
        async def read() -> list[Any]:
            items: list[Any] = []
            async for item in stream:
                items.append(item)
                if len(items) == count:
                    break
            return items

        return self.run(read())

    def result(self, stream: Any) -> Any:
        return self.run(stream.result())

    def close(self, stream: Any) -> None:
        self.run(stream.aclose())

    def finish(self) -> None:
        for client in self.clients:
            self.run(client.close())
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
