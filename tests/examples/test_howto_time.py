"""How to make a fake take its time: a real server, a real client, the whole scenario in each test."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from fake_tgi.app import create_app
from fake_tgi.clock import VirtualClock
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from text_generation import Client


def test_tokens_come_at_a_pace() -> None:
    settings = Settings(time_to_first_token="100ms", inter_token_latency="20ms", ignore_eos=True)
    with Server(create_app(settings)) as server:
        began = time.monotonic()
        times = [
            time.monotonic() - began
            for _ in Client(server.base_url).generate_stream("Tell me", max_new_tokens=6)
        ]
    assert times[0] >= 0.1
    assert times[-1] >= 0.2


def test_a_model_on_a_gpu_by_name_and_ten_times_as_fast() -> None:
    settings = Settings(profile="llama-3.1-8b-a10g", speedup=10, ignore_eos=True)
    with Server(create_app(settings)) as server:
        began = time.monotonic()
        Client(server.base_url).generate("Tell me", max_new_tokens=20)
        took = time.monotonic() - began
    assert 0.05 < took < 2  # 20 steps of some 47 ms, at a tenth


def test_a_silence_of_a_minute_in_no_time() -> None:
    clock = VirtualClock()
    settings = Settings(time_to_first_token="60s", ignore_eos=True)
    with Server(create_app(settings, clock=clock)) as server:
        began = time.monotonic()
        text = Client(server.base_url, timeout=5).generate("Tell me", max_new_tokens=4).generated_text
        took = time.monotonic() - began
    assert text
    assert took < 2
    assert clock() >= 60


def test_a_client_that_waits_while_the_test_decides_when_time_passes() -> None:
    clock = VirtualClock(jumps=False)
    settings = Settings(time_to_first_token="1s", inter_token_latency="1s", ignore_eos=True)
    app = create_app(settings, clock=clock)
    with Server(app) as server, ThreadPoolExecutor() as threads:
        answer = threads.submit(Client(server.base_url).generate, "Tell me", max_new_tokens=3)
        while not app.state.metrics.running:  # time must not pass before the call has come
            time.sleep(0.01)
        clock.advance(2.9)
        assert not answer.done()
        clock.advance(0.1)
        assert answer.result(timeout=5).generated_text


def test_calls_queue_in_a_simulated_batch() -> None:
    settings = Settings(
        inter_token_latency="1s",
        simulate_batching=True,
        max_total_tokens=100,
        max_batch_prefill_tokens=100,
        max_batch_total_tokens=100,
        speedup=100,
        ignore_eos=True,
    )
    with Server(create_app(settings)) as server:
        client = Client(server.base_url)
        first = client.generate_stream("One", max_new_tokens=60)
        tokens = iter(first)
        next(tokens)
        began = time.monotonic()
        client.generate("Two", max_new_tokens=60)  # waits until the first has made room
        assert time.monotonic() - began > 1.0
