"""Makes docs/benchmarks.md: measures everything, and writes tables and plots between the page's markers.

`python tests/benchmarks/page.py --write` takes some ten minutes; `--only server` (or `paced`, `client`,
`plugin`) a part of them; `--check` exits with 1 where a figure misses its limit and is not known to, as
limits.py says. Nothing else should run.
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
from limits import Judged, Limit, verdict
from plots import bars
from server_compare import ROWS, costs, paced
from servers import BARE, FAKE, SERVERS

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "benchmarks.md"
PLOTS: Final = ROOT / "docs" / "benchmarks"

Part = tuple[list[str], list[Judged], dict[str, str]]
"""Lines of Markdown, the figures that have a limit, and plots by name of their file."""


def _server(rounds: int) -> Part:
    """The fake against its floors."""
    found = costs(rounds, lambda line: print(line, file=sys.stderr))
    lines = [
        "| what | unit | " + " | ".join(server.name for server in SERVERS) + " | of bare uvicorn | limit |",
        "| --- | --- | " + " ---: |" * (len(SERVERS) + 2),
    ]
    judged: list[Judged] = []
    for row in ROWS:
        values = found.found[row.key]
        cells = [f"{values[s.name]:,.{row.digits}f}" if s.name in values else "" for s in SERVERS]
        ratio = found.ratio(row)
        limits = [(FAKE.name, ratio, row.limit)]
        if row.coalesced is not None:
            limits.append((SERVERS[1].name, found.ratio(row, SERVERS[1].name), row.coalesced))
        said, shown = [], []
        for name, part, most in limits:
            said.append("–" if part is None else f"{part:.2f}×")
            limit = None if most is None else Limit(f"{name}: {row.key}", most)
            shown.append("" if limit is None else limit.shown(part))
            if part is not None and limit is not None:
                judged.append(Judged(limit, part))
        cells += [", ".join(said), ", ".join(shown)]
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
    return lines, judged, plots


def _paced(rounds: int) -> Part:
    """Streams that are not as fast as they can be."""
    lines = [
        "| server | streams | finished | median error of a gap, ms | 99th percentile of the drift, ms | "
        "time taken, s (ideal 0.98) | memory, KB a stream |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    judged: list[Judged] = []
    for streams, gap, drift in ((100, 0.5, 3.0), (1000, 2.0, 50.0)):
        what = f"{streams:,} paced streams"
        limits = (
            Limit(f"{what}: gap", gap, unit="ms"),
            Limit(f"{what}: drift", drift, unit="ms"),
            Limit(f"{what}: time", 2.0, unit="s"),
        )
        figures: dict[str, tuple[float, float, float]] = {}
        for server in (FAKE, BARE):
            runs = [paced(server, streams) for _ in range(rounds)]
            best = min(runs, key=lambda run: run.drift)
            lines.append(
                f"| {server.name} | {streams} | {best.finished} | {best.gap_error:.2f} | {best.drift:.1f} | "
                f"{best.seconds:.2f} | {best.memory:.1f} |"
            )
            figures[server.name] = (best.gap_error, best.drift, best.seconds)
        found = [Judged(*each) for each in zip(limits, figures[FAKE.name], figures[BARE.name], strict=True)]
        judged += found
        shown = " | ".join(each.limit.shown(each.found) for each in found)
        lines.append(f"| limit | {streams} | all | {shown} | |")
    return lines, judged, {}


def _client(rounds: int) -> Part:
    """The client against the published one and its peers."""
    lines, judged = client_compare.table(rounds, ())
    return [*lines, "", f"Peers: {client_compare.versions()}."], judged, {}


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
    parser.add_argument(
        "--check", action="store_true", help="exit 1 when a limit is missed, and not known to be"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    regressed = False
    for part in arguments.only or PARTS:
        lines, judged, plots = PARTS[part](arguments.rounds)
        told = verdict(judged)
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        load = f"load average {os.getloadavg()[0]:.1f} when done"
        if told.known or told.regressions:
            lines += ["", "Missed:", ""]
            lines += [f"- {line}." for line in (*told.known, *told.regressions)]
        lines += ["", f"{today}: {_machine()}; {arguments.rounds} runs in turns; {load}."]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        for word, found in (("known", told.known), ("regression", told.regressions), ("gone", told.met)):
            sys.stderr.writelines(f"{word}: {line}\n" for line in found)
        regressed = regressed or bool(told.regressions)
        if arguments.write:
            _put(part, lines)
            PLOTS.mkdir(exist_ok=True)
            for name, plot in plots.items():
                (PLOTS / name).write_text(plot, encoding="utf-8")
    return 1 if arguments.check and regressed else 0


if __name__ == "__main__":
    sys.exit(main())
