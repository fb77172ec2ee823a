"""Servers that are measured, each a process on a core of its own: started, asked, weighed, stopped.

CPU time and memory are the process's own, as Linux counts them.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from load import request

__all__ = ["BARE", "FAKE", "SERVERS", "Running", "Server", "load", "running"]

HERE: Final = Path(__file__).resolve().parent
_TICK: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_CORES: Final = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


@dataclass(frozen=True)
class Server:
    """How a server is started: `{port}` stands for the port. `pace` makes its events 20 ms apart."""

    name: str
    command: tuple[str, ...]
    pace: tuple[str, ...] = ()
    pace_variable: str | None = None


def _uvicorn(app: str) -> tuple[str, ...]:
    options = "--host 127.0.0.1 --port {port} --no-access-log --log-level warning --loop uvloop"
    return ("-m", "uvicorn", *options.split(), "--http", "httptools", "--backlog", "2048", app)


_FAKE: Final = ("-m", "fake_tgi.cli", "serve", "--hostname", "127.0.0.1", "--port", "{port}", "--ignore-eos")
_PACE: Final = ("--inter-token-latency", "20ms", "--max-concurrent-requests", "20000")

BARE: Final = Server("bare uvicorn", _uvicorn("bare:app"), pace_variable="PACE")
FAKE: Final = Server("fake-tgi", _FAKE, pace=_PACE)
SERVERS: Final = (
    FAKE,
    Server("fake-tgi --coalesce", (*_FAKE, "--coalesce")),
    BARE,
    Server("small Starlette", _uvicorn("small_starlette:app")),
)


@dataclass(frozen=True)
class Running:
    """A server that answers. `started` is how long it took to its first answer, in seconds."""

    process: subprocess.Popen[bytes]
    port: int
    started: float

    def cpu(self) -> float:
        """CPU seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found is not None
        return int(found[1]) / 1024


@contextmanager
def running(server: Server, *, paced: bool = False) -> Iterator[Running]:
    """The server while this lasts."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    extra = server.pace if paced else ()
    command = [sys.executable, *(word.replace("{port}", str(port)) for word in (*server.command, *extra))]
    env = dict(os.environ)
    if paced and server.pace_variable is not None:
        env[server.pace_variable] = "0.02"
    began = time.perf_counter()
    with subprocess.Popen(
        ["taskset", "-c", str(_CORES[0]), *command],
        cwd=HERE / "floors",
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _first_answer(port, process)
            yield Running(process, port, time.perf_counter() - began)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _first_answer(port: int, process: subprocess.Popen[bytes]) -> None:
    asked = request("generate", 16, 0)
    path, body = "/generate", asked.partition(b"\r\n\r\n")[2]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.002)
        finally:
            connection.close()
    raise RuntimeError(f"the server did not answer: {process.args!r}")


def load(port: int, kind: str, seconds: float, connections: int, tokens: int) -> dict[str, Any]:
    """What load.py tells, from a process on another core."""
    words = [kind, str(seconds), str(connections), str(tokens)]
    done = subprocess.run(
        ["taskset", "-c", str(_CORES[-1]), sys.executable, str(HERE / "load.py"), str(port), *words],
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds + 120,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
