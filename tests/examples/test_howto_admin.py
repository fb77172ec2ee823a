"""How to control a fake that runs elsewhere, over HTTP: as any language can."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from fake_tgi.app import create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from text_generation import Client
from text_generation.errors import GenerationError, OverloadedError


@pytest.fixture
def url() -> Iterator[str]:
    with Server(create_app()) as server:
        yield server.base_url


def test_say_what_the_model_says_next(url: str) -> None:
    tokens = [
        {"id": 5, "text": " mine", "logprob": -0.5},
        {"id": 2, "text": "</s>", "logprob": -0.1, "special": True},
    ]
    queued = {"generations": [{"tokens": tokens, "finish_reason": "eos_token"}]}
    requests.post(f"{url}/__admin/generations", json=queued, timeout=5).raise_for_status()
    assert Client(url).generate("Whose?").generated_text == " mine"


def test_place_a_stub_see_it_used_and_take_it_away(url: str) -> None:
    stub = {"when": {"inputs": {"contains": "capital"}}, "answer": {"text": " Paris."}}
    (placed,) = requests.post(f"{url}/__admin/stubs", json=stub, timeout=5).json()["stubs"]
    assert Client(url).generate("The capital of France?").generated_text == " Paris."
    one = f"{url}/__admin/stubs/{placed['id']}"
    assert requests.get(one, timeout=5).json()["hits"] == 1
    requests.delete(one, timeout=5).raise_for_status()
    assert requests.get(one, timeout=5).status_code == 404


def test_make_the_model_sick_and_well_again(url: str) -> None:
    settings = f"{url}/__admin/settings"
    requests.patch(settings, json={"health": {"crash_after": 2}}, timeout=5).raise_for_status()
    with pytest.raises(GenerationError):
        Client(url).generate("Hello")
    assert requests.get(f"{url}/health", timeout=5).status_code == 503
    requests.post(f"{url}/__admin/reset", timeout=5).raise_for_status()
    assert Client(url).generate("Hello").generated_text


def test_leave_no_room_for_anybody(url: str) -> None:
    settings = f"{url}/__admin/settings"
    requests.patch(settings, json={"limits": {"max_concurrent_requests": 0}}, timeout=5).raise_for_status()
    with pytest.raises(OverloadedError):
        Client(url).generate("Hello")


def test_ask_what_was_asked(url: str) -> None:
    Client(url).generate("Hello", max_new_tokens=3)
    pattern = {"parameters": {"max_new_tokens": 3}}
    assert requests.post(f"{url}/__admin/requests/count", json=pattern, timeout=5).json() == {"count": 1}
    (record,) = requests.post(f"{url}/__admin/requests/find", json=pattern, timeout=5).json()["requests"]
    assert record["response"]["status"] == 200
    assert record["ended"] == "complete"


def test_move_a_scenario(url: str) -> None:
    step = {"answer": {"text": " Welcome."}, "scenario": {"name": "login", "state": "logged in"}}
    requests.post(f"{url}/__admin/stubs", json=step, timeout=5).raise_for_status()
    assert Client(url).generate("Hello").generated_text != " Welcome."
    requests.put(f"{url}/__admin/scenarios/login", json={"state": "logged in"}, timeout=5).raise_for_status()
    assert Client(url).generate("Hello").generated_text == " Welcome."


def test_a_mistake_is_told_with_its_place_and_changes_nothing(url: str) -> None:
    change = {"seed": 3, "time": {"inter_token_latency": "20"}}
    refused = requests.patch(f"{url}/__admin/settings", json=change, timeout=5)
    assert refused.status_code == 422
    assert refused.json()["path"] == "time.inter_token_latency"
    assert refused.json()["expected"].startswith("a duration such as 20ms")
    assert requests.get(f"{url}/__admin/settings", timeout=5).json()["seed"] == 0


def test_the_controls_of_a_server_for_all_need_its_token() -> None:
    with Server(create_app(Settings(admin_token="sesame"))) as server:
        reset = f"{server.base_url}/__admin/reset"
        assert requests.post(reset, timeout=5).status_code == 403
        token = {"x-fake-tgi-admin-token": "sesame"}
        assert requests.post(reset, headers=token, timeout=5).status_code == 200


def test_a_program_reads_what_the_controls_take(url: str) -> None:
    document = requests.get(f"{url}/api-doc/openapi.json", timeout=5).json()
    body = document["paths"]["/__admin/settings"]["patch"]["requestBody"]["content"]["application/json"]
    name = body["schema"]["$ref"].rpartition("/")[2]
    assert (
        "inter_token_latency" in document["components"]["schemas"][name]["properties"]["time"]["properties"]
    )
