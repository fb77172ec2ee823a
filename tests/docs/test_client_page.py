"""The page on the client runs, block by block, against the server that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from text_generation import AsyncClient, Client

from .examples import ROOT, Block, blocks_of, expected_output, run, same_output, server_of, start_line

BLOCKS = blocks_of("docs/client.md")
PAGE = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
ADDRESSES = ("http://127.0.0.1:3000", "https://YOUR_ENDPOINT.endpoints.huggingface.cloud")


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    (command,) = re.findall(r"`(fake-tgi --[^`]+)`", PAGE)
    with server_of(command) as url:
        yield url


@pytest.mark.parametrize("block", BLOCKS, ids=start_line)
def test_a_block_prints_what_is_shown_below_it(
    block: Block, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_INFERENCE_ENDPOINT", server_url)
    monkeypatch.setenv("HF_TOKEN", "")
    code = block.code
    for address in ADDRESSES:
        code = code.replace(address, server_url)
    expected = expected_output(block.code)
    assert expected, "an example that shows nothing proves nothing"
    assert same_output(expected, run(code)) == []


def test_every_call_of_the_client_is_in_the_table() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE.partition("| call |")[2].partition("\n\n")[0]))
    for client in (Client, AsyncClient):
        public = {
            name
            for name in dir(client)
            if not name.startswith("_")
            and name not in ("close", "aclose")
            and callable(getattr(client, name))
        }
        assert public - named == set()
