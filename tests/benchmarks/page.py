"""Makes docs/benchmarks.md: measures everything, and writes tables and plots between the page's markers.

`python tests/benchmarks/page.py --write` takes some ten minutes; `--only server` (or `paced`, `client`,
`plugin`) a part of them; `--check` exits with 1 where a ratio misses its limit. Nothing else should run.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import client_compare
from plots import bars
from server_compare import ROWS, costs, paced
from servers import BARE, FAKE, SERVERS

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "benchmarks.md"
PLOTS: Final = ROOT / "docs" / "benchmarks"

Part = tuple[list[str], list[str], dict[str, str]]
"""Lines of Markdown, what misses its limit, and plots by name of their file."""


def _server(rounds: int) -> Part:
    """The fake against its floors."""
    found = costs(rounds, lambda line: print(line, file=sys.stderr))
    lines = [
        "| what | unit | " + " | ".join(server.name for server in SERVERS) + " | of bare uvicorn | limit |",
        "| --- | --- | " + " ---: |" * (len(SERVERS) + 2),
    ]
    misses: list[str] = []
    for row in ROWS:
        values = found.found[row.key]
        cells = [f"{values[s.name]:,.{row.digits}f}" if s.name in values else "" for s in SERVERS]
        ratio = found.ratio(row)
        limits = [(FAKE.name, ratio, row.limit)]
        if row.coalesced is not None:
            limits.append((SERVERS[1].name, found.ratio(row, SERVERS[1].name), row.coalesced))
        said, limit = [], []
        for name, part, most in limits:
            said.append("–" if part is None else f"{part:.2f}×")
            limit.append("" if most is None else f"≤ {most:.2f}×")
            if part is not None and most is not None and part > most:
                misses.append(f"{name}: {row.title}: {part:.2f}, limit {most:.2f}")
        cells += [", ".join(said), ", ".join(limit)]
        lines.append(f"| {row.title} | {row.unit} | " + " | ".join(cells) + " |")
    plots = {
        f"{key}.svg": bars(
            next(row.title.replace("`", "") for row in ROWS if row.key == key) + ": CPU, bare uvicorn = 1",
            [
                (name, value / found.found[key][BARE.name], f"{value / found.found[key][BARE.name]:.2f}×")
                for name, value in sorted(found.found[key].items(), key=lambda each: each[1])
            ],
            next(row.limit for row in ROWS if row.key == key),
        )
        for key in ("generate", "generate_stream")
    }
    lines += ["", *(f"![{name}](benchmarks/{name})" for name in plots)]
    return lines, misses, plots


def _paced(rounds: int) -> Part:
    """Streams that are not as fast as they can be."""
    lines = [
        "| server | streams | finished | median error of a gap, ms | 99th percentile of the drift, ms | "
        "time taken, s (ideal 0.98) | memory, KB a stream |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    misses: list[str] = []
    for streams, gap, drift in ((100, 0.5, 3.0), (1000, 2.0, 50.0)):
        for server in (FAKE, BARE):
            runs = [paced(server, streams) for _ in range(rounds)]
            best = min(runs, key=lambda run: run.drift)
            lines.append(
                f"| {server.name} | {streams} | {best.finished} | {best.gap_error:.2f} | {best.drift:.1f} | "
                f"{best.seconds:.2f} | {best.memory:.1f} |"
            )
            if server is FAKE and (best.gap_error > gap or best.drift > drift or best.seconds > 2):
                misses.append(f"{streams} paced streams: {best}, limits {gap} ms and {drift} ms")
    return lines, misses, {}


def _client(rounds: int) -> Part:
    """The client against the published one and its peers."""
    lines, misses = client_compare.table(rounds, ())
    return [*lines, "", f"Peers: {client_compare.versions()}."], misses, {}


def _plugin(rounds: int) -> Part:
    """A suite of tests on the plugin, and on a hand-made stub."""
    from plugin_suite import compare

    return compare(rounds)


PARTS: Final[dict[str, Callable[[int], Part]]] = {
    "server": _server,
    "paced": _paced,
    "client": _client,
    "plugin": _plugin,
}


def _machine() -> str:
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} on "
        f"{platform.machine()}, {os.cpu_count()} cores"
    )


def _put(part: str, lines: Sequence[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, found, rest = text.partition(begin)
    if not found:
        raise SystemExit(f"{PAGE}: expected the marker {begin}")
    after = rest.partition(end)[2]
    PAGE.write_text("\n".join([f"{before}{begin}", *lines, f"{end}{after}"]), encoding="utf-8")


def main() -> int:
    """Measure, print, and check or write as asked."""
    parser = argparse.ArgumentParser(description="Measure the fake and the client, and write the page.")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turns")
    parser.add_argument("--only", action="append", default=[], choices=PARTS, help="this part alone")
    parser.add_argument("--check", action="store_true", help="exit 1 when something misses its limit")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    missed: list[str] = []
    for part in arguments.only or PARTS:
        lines, misses, plots = PARTS[part](arguments.rounds)
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        load = f"load average {os.getloadavg()[0]:.1f} when done"
        lines += ["", f"{today}: {_machine()}; {arguments.rounds} runs in turns; {load}."]
        sys.stdout.write("\n".join(lines) + "\n")
        missed += misses
        if arguments.write:
            _put(part, lines)
            PLOTS.mkdir(exist_ok=True)
            for name, plot in plots.items():
                (PLOTS / name).write_text(plot, encoding="utf-8")
    for miss in missed:
        sys.stderr.write(f"above its limit: {miss}\n")
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
