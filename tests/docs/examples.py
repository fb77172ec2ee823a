"""The examples of a page, and how they are run: what readers type is what the tests type."""

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
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

__all__ = [
    "Block",
    "blocks_of",
    "expected_output",
    "run",
    "run_as_tests",
    "same_output",
    "server_of",
    "start_line",
]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    language: str
    code: str

    @property
    def has_tests(self) -> bool:
        return self.language == "python" and "def test_" in self.code

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block; one that ends in a backslash goes on."""
        return self.code.replace("\\\n", "").splitlines() if self.language == "shell" else []


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page, by its path from the root of the checkout."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def start_line(block: Block) -> str:
    """The first line of a block that is not an import: its name among the tests."""
    lines = block.code.splitlines()
    return next(line for line in lines if line and not line.startswith(("from ", "import ")))


@contextlib.contextmanager
def server_of(command: str) -> Iterator[str]:
    """The server that a page's own command line starts, but for the port; its address."""
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


def expected_output(code: str) -> list[str]:
    """The comment lines directly below a `print`, or at the end of the block."""
    expected, printing = [], False
    lines = code.splitlines()
    for number, line in enumerate(lines):
        said = line.strip().startswith("# ")
        if said and (printing or all(later.startswith("# ") for later in lines[number:])):
            expected.append(line.strip()[2:])
        else:
            printing = line.lstrip().startswith("print(")
    return expected


def same_output(expected: list[str], printed: list[str]) -> list[str]:
    """The lines that were not printed as they are written, as they are or with quotes; [] if all were."""
    assert len(printed) == len(expected), (expected, printed)
    return [want for want, got in zip(expected, printed, strict=True) if want not in (got, repr(got))]


def run(code: str) -> list[str]:
    """The lines that a block prints. It may await, as in a notebook."""
    program = compile(code, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    output = io.StringIO()
    module = ModuleType("example")  # pydantic looks a class's neighbours up where its module is registered
    namespace: dict[str, Any] = vars(module)

    async def awaited() -> None:
        coroutine = eval(program, namespace)
        if inspect.isawaitable(coroutine):
            await coroutine
        client = namespace.get("client")
        if inspect.iscoroutinefunction(getattr(client, "close", None)):
            await client.close()  # a notebook's process ends; this one goes on and must not leak

    with contextlib.redirect_stdout(output), patch.dict(sys.modules, {"example": module}):
        if program.co_flags & inspect.CO_COROUTINE:
            asyncio.run(awaited())
        else:
            exec(program, namespace)
    return output.getvalue().splitlines()


def run_as_tests(block: Block, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """A block's tests, in a pytest of their own as a reader runs it, in `folder`."""
    (folder / "test_example.py").write_text(block.code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
    )
