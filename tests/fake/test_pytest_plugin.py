"""The fixture gives each test a server of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

if TYPE_CHECKING:
    from fake_tgi.server import Server


def post(url: str, body: object) -> object:
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=10) as response:
        return json.loads(response.read() or b"null")


QUEUED = {"tokens": [{"id": 1, "text": "Queued", "logprob": -0.1}], "finish_reason": "eos_token"}


@pytest.mark.parametrize("time", ["first", "second"])
def test_what_one_test_queues_no_other_test_gets(fake_tgi: Server, time: str) -> None:
    assert post(f"{fake_tgi.base_url}/generate", {"inputs": "Why is the sky blue?"}) == {
        "generated_text": " Rayleigh scattering"
    }
    post(f"{fake_tgi.base_url}/__admin/generations", {"generations": [QUEUED, QUEUED], "replace": True})
    assert post(f"{fake_tgi.base_url}/generate", {"inputs": "Hello"}) == {"generated_text": "Queued"}


def test_the_server_is_the_same_throughout_a_test(fake_tgi: Server, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue("fake_tgi") is fake_tgi
