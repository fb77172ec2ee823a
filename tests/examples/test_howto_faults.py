"""How to see what an application does when things go wrong: a real server, a real client."""

from __future__ import annotations

import pytest
import requests

from fake_tgi.app import create_app
from fake_tgi.fault_plans import Cut, FaultPlan, FaultRule, When
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from text_generation import Client
from text_generation.errors import IncompleteGenerationError, OverloadedError
from text_generation.types import StreamResponse

pytestmark = pytest.mark.damages_answers(reason="that is what faults do")


def test_a_stream_that_is_cut_after_three_tokens() -> None:
    settings = Settings(fault=("cut(tokens=3)",), ignore_eos=True)
    got: list[StreamResponse] = []
    with Server(create_app(settings)) as server:
        stream = Client(server.base_url).generate_stream("Tell me", max_new_tokens=10)
        with pytest.raises(ConnectionError):
            got.extend(stream)
    assert len(got) == 3


def test_a_stream_that_ends_without_its_final_event() -> None:
    with (
        Server(create_app(Settings(fault=("end_early",), ignore_eos=True))) as server,
        pytest.raises(IncompleteGenerationError),
    ):
        list(Client(server.base_url).generate_stream("Tell me", max_new_tokens=4))


def test_the_first_two_calls_find_an_overloaded_server() -> None:
    with Server(create_app(Settings(fault=("overload times=2",)))) as server:
        client = Client(server.base_url)
        for _ in range(2):
            with pytest.raises(OverloadedError):
                client.generate("Tell me", max_new_tokens=1)
        assert client.generate("Tell me", max_new_tokens=1).generated_text


def test_a_tenth_of_all_calls_fails_and_the_same_tenth_each_time() -> None:
    def failing() -> list[int]:
        app = create_app(Settings(fault=("error(503) rate=0.1",), seed=3))
        with Server(app) as server, requests.Session() as session:
            asked = [
                session.post(
                    server.base_url, json={"inputs": str(number), "parameters": {"max_new_tokens": 1}}
                )
                for number in range(50)
            ]
        return [number for number, answer in enumerate(asked) if answer.status_code == 503]

    once = failing()
    assert 0 < len(once) < 20
    assert failing() == once


def test_one_request_asks_for_its_own_fault() -> None:
    with Server(create_app(Settings(allow_fault_header=True))) as server:
        payload = {"inputs": "Tell me", "parameters": {"max_new_tokens": 1}}
        wish = {"x-fake-tgi-fault": "proxy_page(502)"}
        page = requests.post(f"{server.base_url}/generate", json=payload, headers=wish, timeout=5)
        right = requests.post(f"{server.base_url}/generate", json=payload, timeout=5)
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html")
    assert right.status_code == 200


def test_faults_are_changed_from_the_test_and_over_the_admin_api() -> None:
    app = create_app(Settings(ignore_eos=True))
    with Server(app) as server:
        url = f"{server.base_url}/generate"
        payload = {"inputs": "Tell me", "parameters": {"max_new_tokens": 2}}
        app.state.faults.plan = FaultPlan((FaultRule(Cut("before_headers", how="reset"), When(times=1)),))
        with pytest.raises(requests.ConnectionError):
            requests.post(url, json=payload, timeout=5)
        assert requests.post(url, json=payload, timeout=5).status_code == 200
        faults = {"faults": ["stall(5s) times=1"]}
        requests.post(f"{server.base_url}/__admin/faults", json=faults, timeout=5).raise_for_status()
        with pytest.raises(requests.ReadTimeout):
            requests.post(url, json=payload, timeout=0.2)


def test_a_server_that_loads_for_a_second_then_answers() -> None:
    app = create_app(Settings(fault=("loading(10s)",), clock="stepped"))
    with Server(app) as server:
        assert requests.get(f"{server.base_url}/health", timeout=5).status_code == 503
        requests.post(f"{server.base_url}/__admin/clock", json={"advance": "10s"}, timeout=5)
        assert requests.get(f"{server.base_url}/health", timeout=5).status_code == 200
