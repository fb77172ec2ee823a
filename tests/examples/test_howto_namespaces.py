"""How to keep many tests on one server apart: each has a base URL of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from fake_tgi.app import create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from text_generation import Client


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(create_app(Settings(ignore_eos=True))) as server:
        yield server


def stub(base_url: str, text: str) -> None:
    requests.post(f"{base_url}/__admin/stubs", json={"answer": {"text": text}}, timeout=5).raise_for_status()


def test_what_one_test_stubs_no_other_sees(server: Server) -> None:
    mine, other = f"{server.base_url}/ns/mine", f"{server.base_url}/ns/other"
    stub(mine, " mine")
    assert Client(mine).generate("Whose?").generated_text == " mine"
    assert Client(other).generate("Whose?", max_new_tokens=3).generated_text != " mine"


def test_each_has_a_journal_of_its_own(server: Server) -> None:
    spaces = [f"{server.base_url}/ns/journal-{number}" for number in range(4)]

    def count(base_url: str) -> int:
        counted = requests.post(f"{base_url}/__admin/requests/count", json={}, timeout=5)
        return int(counted.json()["count"])

    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda space: Client(space).generate("Hello", max_new_tokens=2), spaces * 3))
    assert [count(space) for space in spaces] == [3, 3, 3, 3]


@pytest.mark.damages_answers(reason="a fault answers")
def test_faults_and_settings_strike_in_one_alone(server: Server) -> None:
    sick, well = f"{server.base_url}/ns/sick", f"{server.base_url}/ns/well"
    faults = {"faults": ["error(503)"]}
    requests.put(f"{sick}/__admin/faults", json=faults, timeout=5).raise_for_status()
    asked = {"inputs": "Hello", "parameters": {"max_new_tokens": 2}}
    assert requests.post(f"{sick}/generate", json=asked, timeout=5).status_code == 503
    assert requests.post(f"{well}/generate", json=asked, timeout=5).status_code == 200
    requests.post(f"{sick}/__admin/reset", timeout=5).raise_for_status()
    assert requests.post(f"{sick}/generate", json=asked, timeout=5).status_code == 200


def test_the_same_request_gets_the_same_answer_in_each(server: Server) -> None:
    texts = {
        Client(f"{server.base_url}/ns/same-{number}").generate("Hello", do_sample=True).generated_text
        for number in range(3)
    }
    assert len(texts) == 1, "each begins with the server's seed"
