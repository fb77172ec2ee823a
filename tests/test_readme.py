"""The README's examples do what it says, against the server that the README starts.

Each Python block runs as it stands; what it prints must be what its comments below a `print`, or after the
end of a block, say. Only the address changes: a test cannot be sure of port 3000, nor reach an endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .docs.examples import (
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

BLOCKS = blocks_of("README.md")
SHELL = [line for block in BLOCKS for line in block.commands]
ADDRESSES = ("http://127.0.0.1:3000", "https://YOUR_ENDPOINT.endpoints.huggingface.cloud")
SET_UP = {"pip install '.[fake]' && fake-tgi demo", "pip install tox && tox"}
TOOLS = ("fake-tgi --", "docker ", "pytest ", "fake-tgi verify ", "fake-tgi record ")


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    """The server that the README's own command line starts, but for the port."""
    (command,) = (line for line in SHELL if line.startswith("fake-tgi --"))
    with server_of(command) as url:
        yield url


@pytest.fixture(autouse=True)
def readme_environment(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the README says to set; and no token of whoever runs the tests."""
    monkeypatch.setenv("HF_INFERENCE_ENDPOINT", server_url)
    monkeypatch.setenv("HF_TOKEN", "")


PROGRAMS = [block for block in BLOCKS if block.language == "python" and not block.has_tests]


@pytest.mark.parametrize("block", PROGRAMS, ids=start_line)
def test_an_example_prints_what_the_readme_says(block: Block, server_url: str) -> None:
    expected = expected_output(block.code)
    assert expected, "an example that shows nothing proves nothing"
    code = block.code
    for address in ADDRESSES:
        code = code.replace(address, server_url)
    assert same_output(expected, run(code)) == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.has_tests], ids=start_line)
def test_a_test_of_the_readme_passes(block: Block, tmp_path: Path) -> None:
    done = run_as_tests(block, tmp_path)
    assert done.returncode == 0, done.stdout
    assert f"{block.code.count('def test_')} passed" in done.stdout


def test_every_block_is_run_or_is_a_command_of_the_set_up() -> None:
    assert {block.language for block in BLOCKS} <= {"python", "shell"}
    assert [line for line in SHELL if line not in SET_UP and not line.startswith(TOOLS)] == []
    assert set_up_is_there(SHELL)


def set_up_is_there(shell: list[str]) -> bool:
    """The two commands that set everything up, as they are."""
    return set(shell) >= SET_UP


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert [link for link in links if not link.startswith("https://") and not (ROOT / link).is_file()] == []
