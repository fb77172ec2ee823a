"""Compares the client with the published one and with its peers, each in an environment of its own.

`python tests/benchmarks/client_compare.py [--rounds N] [--only NAME]` prints the table; page.py writes it.

Installs text-generation 0.7.0, huggingface_hub and openai into virtual environments under `.bench/` (once),
starts one server with canned answers, and measures CPU time in turns. Only ratios within one run count.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from limits import Judged, Limit, verdict

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENVIRONMENTS = ROOT / ".bench"
PUBLISHED = ("text-generation==0.7.0", "requests")  # the wheel forgot to declare requests
PEERS = {"huggingface_hub": ("huggingface_hub>=1",), "openai": ("openai",)}
BOTH = tuple(PEERS)


class Row(NamedTuple):
    """One thing measured. `limit`: our most, as a part of the published client's (for rates: our least)."""

    scenario: str
    title: str
    unit: str
    scale: float
    limit: float | None
    peers: tuple[str, ...] = ()

    @property
    def rate(self) -> bool:
        """Whether more is better."""
        return self.scenario == "gather"

    def judged(self, ratio: float | None) -> Judged | None:
        """The ratio with its limit, where there are both."""
        if ratio is None or self.limit is None:
            return None
        return Judged(Limit(f"client: {self.scenario}", self.limit, at_least=self.rate), ratio)


ROWS = (
    Row("stream", "stream of 5,000 tokens", "µs a token", 1e6, 0.50, ("huggingface_hub",)),
    Row("async_stream", "the same, async", "µs a token", 1e6, 0.45, ("huggingface_hub",)),
    Row("unary", "whole answer of 20 tokens", "µs a call", 1e6, 0.45, ("huggingface_hub",)),
    Row("async_unary", "the same, async", "µs a call", 1e6, 0.45, ("huggingface_hub",)),
    Row("gather", "512 calls at once", "calls a second", 1.0, 2.0, ("huggingface_hub",)),
    Row("big", "one event of 5 MB", "ms", 1e3, 0.05),
    Row("async_big", "the same, async", "ms", 1e3, None),
    Row("concurrent", "1,000 streams of 50 tokens at once, async", "µs a stream", 1e6, 0.60, BOTH),
    Row("memory", "memory of an open stream that waits, async", "KB a stream", 1 / 1024, 1.0, BOTH),
    Row("full_memory", "the same, all of its tokens there, unread", "KB a stream", 1 / 1024, 1.0, BOTH),
    Row("sync_memory", "the same, sync", "KB a stream", 1 / 1024, 1.0, BOTH),
    Row("import", "import", "ms of CPU", 1e3, 0.60, BOTH),
    Row("chat_stream", "chat stream of 5,000 tokens", "µs a token", 1e6, None, BOTH),
    Row("async_chat_stream", "the same, async", "µs a token", 1e6, None, BOTH),
)
# The published client cannot do these at all: chat streams crash, and the async one refuses long lines.
IMPOSSIBLE = frozenset(("chat_stream", "async_chat_stream", "async_big"))


def _environment(name: str, packages: Sequence[str]) -> Path:
    """The interpreter of an environment with these packages, made if need be."""
    folder = ENVIRONMENTS / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
        (folder / "ready").touch()
    return python


@contextmanager
def _server() -> Iterator[str]:
    command = [sys.executable, str(HERE / "client_server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


def _measure(python: Path, library: str, scenario: str, url: str) -> float:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [str(python), str(HERE / "client_workload.py"), library, scenario, url]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=ENVIRONMENTS, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"{library} {scenario}: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout.split()[-1])


def _version(name: str) -> str:
    """Of a peer, as installed in its environment."""
    python = _environment(name, PEERS[name])
    asked = f"import importlib.metadata as m; print(m.version({name!r}))"
    return subprocess.run(
        [str(python), "-c", asked], check=True, capture_output=True, text=True
    ).stdout.strip()


def versions() -> str:
    """The peers and their versions."""
    return ", ".join(f"{name} {_version(name)}" for name in PEERS)


def table(rounds: int, scenarios: Sequence[str]) -> tuple[list[str], list[Judged]]:
    """The table's lines, and the ratios that have a limit."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    (ENVIRONMENTS / ".gitignore").write_text("*\n", encoding="utf-8")
    ours = _environment("ours", [str(ROOT)]) if os.environ.get("BENCH_INSTALL") else Path(sys.executable)
    published = _environment("published", PUBLISHED)
    peers = {name: _environment(name, packages) for name, packages in PEERS.items()}
    lines = [
        "| what | unit | ours | published 0.7.0 | ratio | limit | huggingface_hub | openai |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    found: list[Judged] = []
    with _server() as url:
        for row in ROWS:
            if scenarios and row.scenario not in scenarios:
                continue
            choose = max if row.rate else min
            runs: dict[str, list[float]] = {}
            for _ in range(1 if row.scenario.endswith("big") else rounds):  # in turns: a busy moment hits all
                runs.setdefault("ours", []).append(_measure(ours, "text_generation", row.scenario, url))
                if row.scenario not in IMPOSSIBLE:
                    published_one = _measure(published, "text_generation", row.scenario, url)
                    runs.setdefault("published", []).append(published_one)
                for name in row.peers:
                    runs.setdefault(name, []).append(_measure(peers[name], name, row.scenario, url))
            best = {name: choose(values) for name, values in runs.items()}
            ratio = best["ours"] / best["published"] if "published" in best else None
            judged = row.judged(ratio)
            if judged is not None:
                found.append(judged)
            cells = [
                f"{best[name] * row.scale:,.1f}" if name in best else "–" for name in ("ours", "published")
            ]
            cells.append("cannot" if ratio is None else f"{ratio:.{2 if ratio >= 0.01 else 3}f}×")
            cells.append("" if judged is None else judged.limit.shown(ratio))
            cells += [f"{best[name] * row.scale:,.1f}" if name in best else "" for name in PEERS]
            lines.append(f"| {row.title} | {row.unit} | " + " | ".join(cells) + " |")
            sys.stderr.write(lines[-1] + "\n")
    return lines, found


def main() -> int:
    """Measure and print; 1 where a ratio misses its limit, and is not known to."""
    parser = argparse.ArgumentParser(description="Compare the client with the published one and its peers.")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turns; the best counts")
    parser.add_argument("--only", action="append", default=[], choices=[row.scenario for row in ROWS])
    arguments = parser.parse_args()
    told = verdict(table(arguments.rounds, arguments.only)[1])
    for line in (*told.known, *told.regressions):
        sys.stderr.write(f"misses its limit: {line}\n")
    return 1 if told.regressions else 0


if __name__ == "__main__":
    sys.exit(main())
