"""The tutorial's every line: its server is started, its calls are made, its tests pass, its failure fails."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from .examples import (
    ROOT,
    Block,
    blocks_of,
    expected_output,
    run,
    run_as_tests,
    same_output,
    server_of,
    start_line,
)

BLOCKS = blocks_of("docs/tutorial.md")
SHELL = [line for block in BLOCKS for line in block.commands]
ADDRESS = "127.0.0.1:3000"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    (command,) = (line for line in SHELL if line.startswith("fake-tgi "))
    with server_of(command) as url:
        yield url.removeprefix("http://")


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tutorial's calls need curl")
def test_curl_gets_what_is_shown_below_it(address: str) -> None:
    pairs = [
        (block.commands[0], after.code)
        for block, after in itertools.pairwise(BLOCKS)
        if block.commands and block.commands[0].startswith("curl ")
    ]
    assert len(pairs) == 2
    for command, shown in pairs:
        words = ["/bin/sh", "-c", command.replace(ADDRESS, address)]
        got = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout
        assert got == shown.strip()
        json.loads(got)


PROGRAMS = [block for block in BLOCKS if block.language == "python" and not block.has_tests]


@pytest.mark.parametrize("block", PROGRAMS, ids=start_line)
def test_a_program_prints_what_is_shown_below_it(block: Block, address: str) -> None:
    assert same_output(expected_output(block.code), run(block.code.replace(ADDRESS, address))) == []


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """One run of the tutorial's tests, and of one of them with a slip in what it asks for."""
    folder = tmp_path_factory.mktemp("tutorial")
    tests = [block for block in BLOCKS if block.has_tests]
    for number, block in enumerate(tests):
        (folder / f"test_{number}.py").write_text(block.code, encoding="utf-8")
    block = next(block for block in tests if "stub.called_once" in block.code)
    slip = block.code.replace('"France") ==', '"france") !=').replace("    assert stub.c", "    # ")
    assert slip != block.code
    return run_as_tests(Block("python", slip), folder)


def test_its_tests_pass(done: subprocess.CompletedProcess[str]) -> None:
    count = sum(block.code.count("def test_") for block in BLOCKS if block.has_tests)
    assert count >= 5
    # The one with the slip passes itself, and is failed when it ends.
    assert f"{count + 1} passed, 1 error" in done.stdout


def test_the_failure_that_it_shows_is_what_a_slip_brings(done: subprocess.CompletedProcess[str]) -> None:
    (shown,) = (block.code for block in BLOCKS if block.language == "text")
    assert shown in done.stdout
    assert "ERROR test_example.py::test_it_asks_for_the_country" in done.stdout
    assert "curl " in done.stdout


def test_its_commands_are_these() -> None:
    kinds = [re.split(r"[ .]", line)[0] for line in SHELL]
    assert kinds == ["pip", "fake-tgi", "curl", "curl"]
    assert (ROOT / "pyproject.toml").is_file(), "what `pip install '.[fake]'` installs"
