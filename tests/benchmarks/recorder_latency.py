"""What `fake-tgi record` adds to the time of an answer: for a whole one, and for each event of a stream.

    python tests/benchmarks/recorder_latency.py [--calls 500] [--streams 20]

An upstream in a process of its own stamps what it sends with the machine's monotonic clock; the reader takes
the difference. The same upstream is asked directly and through the recorder, in turns, over kept connections,
so that what the machine does meets both alike. The table says microseconds: median and 99th percentile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from statistics import median
from typing import Any

_EVENTS = 100
_GAP = 0.005
_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: {}\r\n{}\r\n\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await reader.readuntil(b"\r\n\r\n"):
        length = re.search(rb"content-length: ([0-9]+)", head.lower())
        await reader.readexactly(int(length[1]) if length else 0)
        if b"_stream " in head:
            writer.write(_HEAD.format("text/event-stream", "transfer-encoding: chunked").encode())
            due = time.monotonic()
            for _ in range(_EVENTS):
                due += _GAP
                await asyncio.sleep(due - time.monotonic())
                event = b'data: {"at":%d}\n\n' % time.monotonic_ns()
                writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            writer.write(b"0\r\n\r\n")
        else:
            body = b'{"generated_text":"' + b"x" * 200 + b'"}'
            writer.write(_HEAD.format("application/json", f"content-length: {len(body)}").encode() + body)


def _upstream(port: Any) -> None:
    async def serve() -> None:
        server = await asyncio.start_server(_quietly, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


async def _quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await _answer(reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


@contextmanager
def _recorder(upstream: int, folder: str) -> Iterator[int]:
    words = ["record", "--upstream", f"http://127.0.0.1:{upstream}", "--out", folder]
    command = [sys.executable, "-m", "fake_tgi.cli", *words, "--hostname", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"at http://127\.0\.0\.1:([0-9]+)", process.stderr.readline())
        assert found is not None
        try:
            yield int(found[1])
        finally:
            process.terminate()


class _Reader:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def whole(self) -> float:
        """Seconds that a whole answer takes."""
        began = time.monotonic_ns()
        self._ask("/generate")
        got = b""
        while not got.endswith(b'"}'):
            got += self._socket.recv(65536)
        return (time.monotonic_ns() - began) / 1e9

    def stream(self) -> list[float]:
        """Seconds from the writing of each event to its arrival."""
        self._ask("/generate_stream")
        got, found = b"", list[float]()
        while b"\r\n0\r\n\r\n" not in got:
            got += self._socket.recv(65536)
            now = time.monotonic_ns()
            stamps = re.findall(rb'"at":([0-9]+)}', got)
            found += [(now - int(stamp)) / 1e9 for stamp in stamps[len(found) :]]
        return found

    def _ask(self, path: str) -> None:
        body = json.dumps({"inputs": "Tell me"}).encode()
        head = f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        self._socket.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


def _at(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def _row(name: str, direct: Sequence[float], through: Sequence[float]) -> str:
    cells = [
        f"{1e6 * measure(values):.0f}"
        for values in (direct, through)
        for measure in (median, lambda values: _at(values, 0.99))
    ]
    added = [1e6 * (median(through) - median(direct)), 1e6 * (_at(through, 0.99) - _at(direct, 0.99))]
    return f"| {name} | {' | '.join(cells)} | {added[0]:.0f} | {added[1]:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--streams", type=int, default=20)
    given = parser.parse_args()
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_upstream, args=(theirs,), daemon=True)
    process.start()
    upstream = ours.recv()
    with tempfile.TemporaryDirectory() as folder, _recorder(upstream, folder) as port:
        direct, through = _Reader(upstream), _Reader(port)
        for reader in (direct, through):
            for _ in range(20):
                reader.whole()
        whole: tuple[list[float], list[float]] = ([], [])
        events: tuple[list[float], list[float]] = ([], [])
        for number in range(given.calls):
            for reader, found in ((direct, whole[0]), (through, whole[1]))[:: 1 if number % 2 else -1]:
                found.append(reader.whole())
        for number in range(given.streams):
            for reader, found in ((direct, events[0]), (through, events[1]))[:: 1 if number % 2 else -1]:
                found += reader.stream()
    process.terminate()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"µs; {given.calls} whole answers, {given.streams} streams of {_EVENTS} events; load {load}\n")
    print("| | direct, median | p99 | recorded, median | p99 | added, median | p99 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    print(_row("whole answer", *whole))
    print(_row("event of a stream", *events))


if __name__ == "__main__":
    main()
