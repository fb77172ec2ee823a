"""The README's examples do what it says, against the server that the README starts.

Each Python block runs as it stands; what it prints must be what its comments below a `print`, or after the
end of a block, say. Only the address changes: a test cannot be sure of port 3000, nor reach an endpoint.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
SHELL = [line for language, code in BLOCKS if language == "shell" for line in code.splitlines()]
ADDRESSES = ("http://127.0.0.1:3000", "https://YOUR_ENDPOINT.endpoints.huggingface.cloud")


def start_line(code: str) -> str:
    """The first line of a block that is not an import: its name among the tests."""
    lines = [line for line in code.splitlines() if line and not line.startswith(("from ", "import "))]
    return lines[0]


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    """The server that the README's own command line starts, but for the port."""
    (command,) = (line for line in SHELL if line.startswith("fake-tgi --"))
    words = shlex.split(command)
    assert words[0] == "fake-tgi"
    words[words.index("--port") + 1] = "0"
    process = subprocess.Popen(
        [sys.executable, "-m", "fake_tgi.cli", *words[1:], "--hostname", "127.0.0.1"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        line = next(line for line in process.stderr if "http://" in line)
        yield line.split()[-1]
    finally:
        process.terminate()
        process.stderr.close()
        assert process.wait(10) == 0


@pytest.fixture(autouse=True)
def readme_environment(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the README says to set; and no token of whoever runs the tests."""
    monkeypatch.setenv("HF_INFERENCE_ENDPOINT", server_url)
    monkeypatch.setenv("HF_TOKEN", "")


def expected_output(code: str) -> list[str]:
    """The comment lines directly below a `print`, or at the end of the block."""
    expected, printing = [], False
    lines = code.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("# ") and (printing or all(later.startswith("# ") for later in lines[number:])):
            expected.append(line[2:])
        else:
            printing = line.startswith("print(")
    return expected


def as_shown(line: str) -> set[str]:
    """How a line of output may be written in a comment: as it is, or with its quotes."""
    return {line, repr(line)}


def run(code: str) -> list[str]:
    """The lines that a block prints. It may await, as in a notebook."""
    program = compile(code, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    output = io.StringIO()
    namespace: dict[str, Any] = {"__name__": "readme"}

    async def awaited() -> None:
        coroutine = eval(program, namespace)
        if inspect.isawaitable(coroutine):
            await coroutine
        client = namespace.get("client")
        if inspect.iscoroutinefunction(getattr(client, "close", None)):
            await client.close()  # a notebook's process ends; this one goes on and must not leak

    with contextlib.redirect_stdout(output):
        if program.co_flags & inspect.CO_COROUTINE:
            asyncio.run(awaited())
        else:
            exec(program, namespace)
    return output.getvalue().splitlines()


@pytest.mark.parametrize("code", [code for code in PYTHON if "def test_" not in code], ids=start_line)
def test_an_example_prints_what_the_readme_says(code: str, server_url: str) -> None:
    expected = expected_output(code)
    assert expected, "an example that shows nothing proves nothing"
    for address in ADDRESSES:
        code = code.replace(address, server_url)
    printed = run(code)
    assert len(printed) == len(expected)
    assert [want for want, got in zip(expected, printed, strict=True) if want not in as_shown(got)] == []


@pytest.mark.parametrize("code", [code for code in PYTHON if "def test_" in code], ids=start_line)
def test_a_test_of_the_readme_passes(code: str, tmp_path: Path) -> None:
    (tmp_path / "test_readme_example.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_every_block_is_run_or_is_a_command_of_the_set_up() -> None:
    set_up = {"pip install '.[fake]' && fake-tgi demo", "pip install tox && tox"}
    assert {language for language, _ in BLOCKS} == {"python", "shell"}
    assert [line for line in SHELL if line not in set_up and not line.startswith("fake-tgi --")] == []
    assert set_up < set(SHELL)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert [link for link in links if not link.startswith("https://") and not (ROOT / link).is_file()] == []
