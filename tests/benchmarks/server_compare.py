"""What the fake costs, as parts of what the floors of the same run cost: a bare ASGI callable and a small
Starlette application, both on uvicorn and with constant answers.

All servers take turns, several times; the median of each counts. Limits are those of the project.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from servers import BARE, FAKE, SERVERS, Running, Server, load, running

__all__ = ["ROWS", "Costs", "Row", "costs", "paced"]


@dataclass(frozen=True)
class Row:
    """One thing that is measured. `limit` is for the fake, as a part of bare uvicorn; `of` names whose cost
    that is, where bare uvicorn has no such thing."""

    key: str
    title: str
    unit: str
    measure: Callable[[Running], float]
    limit: float | None = None
    coalesced: float | None = None
    of: str | None = None
    only: str | None = None
    digits: int = 1


def _spent(kind: str, connections: int, tokens: int, *, events: bool) -> Callable[[Running], float]:
    def measure(server: Running) -> float:
        load(server.port, kind, 0.3, connections, tokens)
        before = server.cpu()
        told = load(server.port, kind, SECONDS, connections, tokens)
        if told["bad"]:
            raise RuntimeError(f"{kind}: {told['bad']} of {told['answers']} answers are wrong")
        spent: float = (server.cpu() - before) / (told["events"] if events else told["answers"]) * 1e6
        return spent

    return measure


SECONDS: Final = 2.0
ROWS: Final = (
    Row("generate", "`/generate`, 16 tokens", "µs a request", _spent("generate", 32, 16, events=False), 1.25),
    Row(
        "generate_stream",
        "`/generate_stream`, 100 tokens",
        "µs an event",
        _spent("generate_stream", 8, 100, events=True),
        0.5,
        coalesced=0.3,
        digits=2,
    ),
    Row(
        "chat",
        "chat, 16 tokens",
        "µs a request",
        _spent("chat", 32, 16, events=False),
        1.75,
        of="generate",
        only="fake-tgi",
    ),
    Row(
        "chat_stream",
        "chat stream, 100 tokens",
        "µs an event",
        _spent("chat_stream", 8, 100, events=True),
        0.7,
        of="generate_stream",
        only="fake-tgi",
        digits=2,
    ),
    Row("start", "start to the first answer", "ms", lambda server: server.started * 1000, 1.3, digits=0),
    Row("memory", "memory after start", "MB", Running.memory),
)


@dataclass
class Costs:
    """Medians, by row and server."""

    found: dict[str, dict[str, float]] = field(default_factory=dict)

    def ratio(self, row: Row, server: str = FAKE.name) -> float | None:
        """The cost as a part of bare uvicorn's."""
        mine = self.found.get(row.key, {}).get(server)
        floor = self.found.get(row.of or row.key, {}).get(BARE.name)
        return mine / floor if mine is not None and floor else None


def costs(rounds: int, told: Callable[[str], None] = lambda line: None) -> Costs:
    """Measures everything, with the servers in turns."""
    runs: dict[str, dict[str, list[float]]] = {}
    for turn in range(rounds):
        for server in SERVERS[turn % len(SERVERS) :] + SERVERS[: turn % len(SERVERS)]:
            with running(server) as up:
                for row in reversed(ROWS):  # start and memory before any load
                    if row.only is not None and not server.name.startswith(row.only):
                        continue
                    found = row.measure(up)
                    runs.setdefault(row.key, {}).setdefault(server.name, []).append(found)
                    told(f"{server.name}: {row.title}: {found:.2f} {row.unit}")
    medians = {
        key: {name: statistics.median(values) for name, values in by_server.items()}
        for key, by_server in runs.items()
    }
    return Costs(medians)


@dataclass(frozen=True)
class Paced:
    """Streams of 50 tokens, 20 ms apart, all at once. Errors are in milliseconds, memory in KB a stream."""

    server: str
    streams: int
    finished: int
    gap_error: float
    drift: float
    seconds: float
    memory: float


def paced(server: Server, streams: int, tokens: int = 50, gap: float = 0.02) -> Paced:
    """Median error of a gap, and 99th percentile of how far events are from where they should be."""
    with running(server, paced=True) as up:
        load(up.port, "paced", 5, 2, tokens)
        before = up.memory()
        told = load(up.port, "paced", 30, streams, tokens)
        after = up.memory()
    times = [each for each in told["times"] if len(each) == tokens]
    gaps = sorted(
        abs(b - a - gap)
        for each in times
        for a, b in zip(each, each[1:], strict=False)  # noqa: RUF007
    )
    drifts = sorted(at - each[0] - gap * number for each in times for number, at in enumerate(each))
    return Paced(
        server.name,
        streams,
        len(times),
        gaps[len(gaps) // 2] * 1000,
        drifts[int(len(drifts) * 0.99)] * 1000,
        told["seconds"],
        (after - before) * 1024 / streams,
    )
