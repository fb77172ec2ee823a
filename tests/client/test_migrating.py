"""The examples of docs/migrating.md run as they stand, against the fake."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "migrating.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The server that the page names, on a free port."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "fake_tgi.cli", "serve", "--port", str(port), "--hostname", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        from text_generation import Client, Retries

        with Client(
            f"http://127.0.0.1:{port}", retries=Retries(20, first_delay=0.1, longest_delay=0.5)
        ) as client:
            assert client.health()
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def test_the_page_has_examples() -> None:
    """One for each way here, at least."""
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize("block", BLOCKS, ids=[f"block {number}" for number in range(len(BLOCKS))])
def test_an_example_of_the_page_runs(url: str, block: str) -> None:
    """And prints something."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(
            compile(block.replace("http://127.0.0.1:3000", url), str(PAGE), "exec", dont_inherit=True),
            {"__name__": "__main__"},
        )
    assert output.getvalue().strip()
