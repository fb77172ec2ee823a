"""How to see what a server was asked, what it sent and when, and how that ended: the journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests

from fake_tgi import FakeTGI, contains
from text_generation import Client


@pytest.fixture
def fake() -> Iterator[FakeTGI]:
    with FakeTGI() as fake:
        yield fake


def test_see_what_was_asked_which_stub_answered_and_what_was_sent(fake: FakeTGI) -> None:
    fake.on_generate(inputs=contains("sky")).named("colours").times(2).reply("Blue.")
    client = Client(fake.base_url, headers={"authorization": "Bearer hf_secretsecret1"})
    list(client.generate_stream("What colour is the sky?"))
    fake.wait_until_idle()

    (event,) = fake.journal
    assert b"What colour is the sky?" in event.call.body
    assert (event.stub, event.why) == ("colours", "call 1 of 2")
    assert (event.status, event.ended) == (200, "complete")
    assert event.tokens_sent == len(event.events)
    at, data = event.sent[0]  # each piece, with the seconds from the call's coming to its being sent
    assert at >= 0
    assert data.startswith(b'data: {"index":1,')
    # A secret is shown nowhere.
    assert event.call.header(b"authorization") == "Bearer REDACTED"


@pytest.mark.damages_answers
def test_see_how_an_answer_ended(fake: FakeTGI) -> None:
    def read() -> None:
        body = {"inputs": "Count to a hundred.", "parameters": {"max_new_tokens": 50}}
        with suppress(requests.RequestException):
            requests.post(f"{fake.base_url}/generate_stream", json=body, timeout=5)

    read()
    fake.cut(after_tokens=3)
    read()
    fake.stall(after_tokens=2, seconds=0.1)
    read()
    fake.wait_until_idle()

    complete, cut, stalled = fake.journal
    assert (complete.ended, complete.tokens_wasted) == ("complete", 0)
    assert (cut.ended, cut.tokens_sent) == ("cut by a fault", 3)
    assert cut.tokens_wasted == complete.tokens_sent - 3  # they had been generated, for nobody
    # A fault that damages or delays, but does not cut, leaves an answer complete.
    assert (stalled.ended, len(stalled.faults)) == ("complete", 1)
    assert max(seconds for _, seconds in stalled.waits) >= 0.1


def test_see_that_a_client_left_when_and_what_that_wasted() -> None:
    with FakeTGI(inter_token_latency="10ms", ignore_eos=True) as fake:
        answer = requests.post(
            f"{fake.base_url}/generate_stream",
            json={"inputs": "Go on.", "parameters": {"max_new_tokens": 200}},
            stream=True,
            timeout=5,
        )
        next(answer.iter_lines())
        answer.close()
        fake.wait_until_idle()

        (event,) = fake.journal
        assert event.ended == "client left"
        assert 1 <= event.tokens_sent < 200
        assert event.tokens_wasted <= 2  # the model stops as soon as it hears of it
        assert event.closed is not None
        assert event.last_sent is not None
        assert event.closed >= event.last_sent


def test_see_which_calls_shared_a_connection(fake: FakeTGI) -> None:
    with requests.Session() as session:
        for _ in range(3):
            session.get(f"{fake.base_url}/info", timeout=5)
    requests.get(f"{fake.base_url}/info", timeout=5)

    assert [event.earlier for event in fake.journal] == [0, 1, 2, 0]
    assert len({event.connection for event in fake.journal}) == 2


@pytest.mark.damages_answers
def test_see_what_a_function_of_yours_raised(fake: FakeTGI) -> None:
    def broken(asked: object) -> str:
        raise LookupError("no such answer")

    stub = fake.on_generate().run(broken)
    answer = requests.post(f"{fake.base_url}/generate", json={"inputs": "x"}, timeout=5)
    assert answer.status_code == 500

    (event,) = fake.journal
    assert event.error == "LookupError: no such answer"
    assert isinstance(event.exception, LookupError)
    assert "in broken" in str(event.traceback)
    stub.remove()


def test_wait_for_streams_that_are_still_on_their_way() -> None:
    with FakeTGI(inter_token_latency="5ms", ignore_eos=True) as fake:
        body = {"inputs": "x", "parameters": {"max_new_tokens": 40}}
        reader = threading.Thread(
            target=requests.post, args=(f"{fake.base_url}/generate_stream",), kwargs={"json": body}
        )
        reader.start()
        while not fake.journal:
            time.sleep(0.001)
        assert fake.journal[0].ended == "in flight"
        fake.wait_until_idle(timeout=5)
        assert (fake.journal[0].ended, fake.journal[0].tokens_sent) == ("complete", 40)
        reader.join()


def test_ask_the_journal_over_http(fake: FakeTGI) -> None:
    for inputs in ("the sea", "the sky"):
        requests.post(f"{fake.base_url}/generate", json={"inputs": inputs}, timeout=5)

    # ?wait: up to so many seconds for answers in flight (1 unless said), ?limit: the last so many records.
    listed = requests.get(f"{fake.base_url}/__admin/requests?wait=2&limit=1", timeout=5).json()
    assert listed["in_flight"] == 0
    (record,) = listed["requests"]
    assert record["ended"] == "complete"
    assert record["tokens"]["sent"] > 0
    assert record["connection"]["closed_by_client"] is None or record["connection"]["closed_by_client"] > 0
    # A pattern as in a stub file finds what was asked like it.
    pattern = {"inputs": {"contains": "sea"}}
    count = requests.post(f"{fake.base_url}/__admin/requests/count", json=pattern, timeout=5)
    assert count.json() == {"count": 1}
