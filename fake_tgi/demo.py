"""`fake-tgi demo`: a server on a free port, the README's quick-start against it, and where the time went.

The quick-start is a program shipped as data (data/quickstart.py) and runs in a process of its own: this
package may not import the client, and a client that shares a process with its server proves less.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

__all__ = ["MODEL", "run_demo"]

MODEL: Final = "bigscience/bloomz"
"""The model of the published client's README."""

_HELP: Final = """\
usage: fake-tgi demo

Starts a server on a free port, runs the README's quick-start for both clients against it, shows the tokens
as they stream and where the time went. Takes no flags; needs no network.
"""
_SLOW: Final = 120.0  # seconds; the demo takes about one


def run_demo(words: Sequence[str]) -> int:
    """Runs the demo; returns the exit status: 0 if both clients got their answers."""
    if words:
        from .arguments import UsageError

        if list(words) in (["--help"], ["-h"]):
            sys.stdout.write(_HELP)
            return 0
        raise UsageError(f"unexpected argument {words[0]!r}: fake-tgi demo takes none")

    began = time.perf_counter()
    from .app import create_app
    from .server import Server
    from .settings import Settings

    imported = time.perf_counter()
    app = create_app(Settings(model_id=MODEL))
    loaded = time.perf_counter()
    with Server(app) as server:
        listening = time.perf_counter()
        sys.stdout.write(f"{MODEL} as TGI would at {server.base_url}\n\n")
        sys.stdout.flush()
        status, client_rows = _run_quickstart(server.base_url)
        finished = time.perf_counter()
    stopped = time.perf_counter()
    if status != 0:
        sys.stderr.write(f"fake-tgi: the quick-start failed with exit status {status}, see above\n")
        return 1

    rows = [
        ("server: imports", imported - began, ""),
        ("server: tokenizer and model", loaded - imported, ""),
        ("server: start", listening - loaded, ""),
        *client_rows,
    ]
    inside = sum(seconds for _, seconds, _ in client_rows)
    rows += [
        ("client: Python, and the rest", finished - listening - inside, ""),
        ("server: stop", stopped - finished, ""),
        ("all", stopped - began, ""),
    ]
    sys.stdout.write("\nwhere the time went\n")
    for what, seconds, remark in rows:
        sys.stdout.write(f"  {what:<30}{seconds * 1e3:>8.1f} ms  {remark}".rstrip() + "\n")
    return 0


def _run_quickstart(url: str) -> tuple[int, list[tuple[str, float, str]]]:
    """Exit status and (what, seconds, remark) of the quick-start, which writes to our stdout as it goes."""
    # A proxy that the environment names must not stand between two processes of one machine.
    exempt = ",".join(filter(None, [os.environ.get("NO_PROXY", ""), "127.0.0.1"]))
    environment = os.environ | {"NO_PROXY": exempt, "no_proxy": exempt}
    with tempfile.TemporaryDirectory() as folder, as_file(files("fake_tgi") / "data/quickstart.py") as script:
        times = Path(folder) / "times.json"
        done = subprocess.run(  # noqa: S603  our own script, with our own interpreter
            [sys.executable, str(script), url, str(times)], env=environment, timeout=_SLOW, check=False
        )
        if done.returncode != 0:
            return done.returncode, []
        rows = json.loads(times.read_text(encoding="utf-8"))
    return 0, [(str(what), float(seconds), str(remark)) for what, seconds, remark in rows]
