"""Several processes on one port answer as one would, whichever of them is asked."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

if not hasattr(os, "fork"):
    pytest.skip("workers reach each other by Unix sockets", allow_module_level=True)


class Fake:
    """A fake run by the command, with `workers` processes."""

    def __init__(self, workers: int, *words: str) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "fake_tgi.cli", "--hostname", "127.0.0.1", "--port", "0",
                "--workers", str(workers), *words,
            ],
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert "http://" in line, line + self.process.stderr.read()
        self.port = int(line.rpartition(":")[2])

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self.process.stderr is not None
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
        self.process.stderr.close()

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The answer on a connection of its own, so that any worker may get it."""
        with closing(self.connection()) as connection:
            return ask_on(connection, method, path, body)

    def generate(self, inputs: str, **parameters: Any) -> Any:
        return self.ask(
            "POST", "/generate", {"inputs": inputs, "parameters": {"max_new_tokens": 5, **parameters}}
        )

    def pids(self) -> set[int]:
        """The processes that serve."""
        listed = subprocess.run(
            ["ps", "-ww", "--ppid", str(self.process.pid), "-o", "pid=,args="],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return {int(line.split()[0]) for line in listed.splitlines() if "spawn_main" in line}


def ask_on(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None
) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    connection.request(method, path, data, {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    return response.status, json.loads(text) if text[:1] in (b"{", b"[") else text.decode()


def ended(pid: int) -> None:
    """Returns once there is no such process; fails when there still is after five seconds."""
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until, f"process {pid} has not ended"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def running() -> Iterator[Fake]:
    with Fake(3) as fake:
        yield fake


@pytest.fixture
def fake(running: Fake) -> Fake:
    assert running.ask("POST", "/__admin/reset")[0] == 200
    return running


def seeds(fake: Fake, times: int) -> list[int]:
    return [fake.generate("Why?", do_sample=True, details=True)[1]["details"]["seed"] for _ in range(times)]


def test_repeated_questions_get_the_seeds_that_one_process_gives(fake: Fake) -> None:
    found = seeds(fake, 12)
    with Fake(1) as alone:
        assert seeds(alone, 12) == found
    assert len(set(found)) == 12


def test_a_reset_reaches_all(fake: Fake) -> None:
    before = seeds(fake, 6)
    assert fake.ask("POST", "/__admin/reset")[0] == 200
    assert seeds(fake, 6) == before


def test_faults_by_chance_strike_the_calls_that_they_strike_in_one_process() -> None:
    def struck(workers: int) -> list[int]:
        with Fake(workers, "--fault", "overload rate=0.4") as fake:
            return [fake.generate(f"question {number % 20}")[0] for number in range(60)]

    found = struck(3)
    assert set(found) == {200, 429}
    assert found == struck(1)


def test_faults_by_number_count_the_calls_of_all(fake: Fake) -> None:
    assert fake.ask("POST", "/__admin/faults", {"faults": ["overload first=3 times=2"]})[0] == 200
    assert [fake.generate("Why?")[0] for _ in range(6)] == [200, 200, 429, 429, 200, 200]


def test_a_stub_answers_as_often_as_it_may_however_many_ask_at_once(fake: Fake) -> None:
    assert fake.ask("POST", "/__admin/stubs", {"answer": {"text": "stubbed"}, "times": 10})[0] == 201
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: fake.generate("Why?")[1]["generated_text"], range(40)))
    assert answers.count("stubbed") == 10
    [stub] = fake.ask("GET", "/__admin/stubs")[1]["stubs"]
    assert stub["hits"] == 10


def test_a_stub_that_always_answers_is_asked_everywhere_and_its_hits_are_one_number(fake: Fake) -> None:
    assert fake.ask("POST", "/__admin/stubs", {"answer": {"text": "stubbed"}})[0] == 201
    assert {fake.generate("Why?")[1]["generated_text"] for _ in range(20)} == {"stubbed"}
    for _ in range(2):
        [stub] = fake.ask("GET", "/__admin/stubs")[1]["stubs"]
        assert stub["hits"] == 20


def test_queued_generations_are_taken_once_each(fake: Fake) -> None:
    queue = [
        {"tokens": [{"id": 5, "text": f"answer {number}", "logprob": -0.5}], "finish_reason": "length"}
        for number in range(8)
    ]
    assert fake.ask("POST", "/__admin/generations", {"generations": queue})[0] == 200
    with ThreadPoolExecutor(8) as pool:
        answers = set(
            pool.map(lambda _: fake.generate("Why?", max_new_tokens=1)[1]["generated_text"], range(8))
        )
    assert answers == {f"answer {number}" for number in range(8)}


def test_the_journal_has_every_call_once(fake: Fake) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: fake.generate(f"question {number}"), range(50)))
    for _ in range(2):
        requests = fake.ask("GET", "/__admin/requests")[1]["requests"]
        asked = sorted(json.loads(each["request"]["body"])["inputs"] for each in requests)
        assert asked == sorted(f"question {number}" for number in range(50))
        assert len({each["id"] for each in requests}) == 50
        assert [each["arrived"] for each in requests] == sorted(each["arrived"] for each in requests)
        assert {each["ended"] for each in requests} == {"complete"}
    assert len({each["connection"]["id"] for each in requests}) == 50
    found = fake.ask("POST", "/__admin/requests/count", {"inputs": {"contains": "question 1"}})[1]
    assert found == {"count": 11}


def test_the_books_are_one(fake: Fake) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: fake.generate(f"question {number}"), range(30)))
    for _ in range(2):
        text = fake.ask("GET", "/metrics")[1]
        assert re.search(r"^tgi_request_count 30$", text, re.MULTILINE)
        assert re.search(r"^tgi_request_generated_tokens_sum 150$", text, re.MULTILINE)


def test_a_connection_that_asks_for_this_and_that_stays_one_connection(fake: Fake) -> None:
    with closing(fake.connection()) as connection:
        for number in range(10):
            assert ask_on(connection, "POST", "/generate", {"inputs": f"question {number}"})[0] == 200
            assert ask_on(connection, "GET", f"/ns/space{number}/info")[0] == 200
            assert ask_on(connection, "GET", "/__admin/stubs")[0] == 200
            sock = connection.sock
        assert connection.sock is sock
    requests = fake.ask("GET", "/__admin/requests")[1]["requests"]
    assert {each["connection"]["id"] for each in requests} == {requests[0]["connection"]["id"]}


def test_a_long_body_goes_along(fake: Fake) -> None:
    text = "long " * 100_000
    for _ in range(4):
        status, placed = fake.ask("POST", "/__admin/stubs", {"answer": {"text": text}, "times": 1})
        assert status == 201, placed
        assert placed["stubs"][0]["answer"]["text"] == text


def test_a_stream_goes_to_its_end_after_a_move(fake: Fake) -> None:
    assert fake.ask("POST", "/__admin/stubs", {"answer": {"text": "one two three"}, "times": 4})[0] == 201
    for _ in range(4):
        status, text = fake.ask("POST", "/generate_stream", {"inputs": "Why?"})
        events = [json.loads(event[5:]) for event in text.split("\n\n") if event]
        assert (status, events[-1]["generated_text"]) == (200, "one two three")


def test_a_namespace_is_one_whoever_is_asked(fake: Fake) -> None:
    for name in ("a", "b", "c", "d"):
        assert fake.ask("POST", f"/ns/{name}/__admin/reset")[0] == 200
        stub = {"answer": {"text": f"from {name}"}, "times": 3}
        assert fake.ask("POST", f"/ns/{name}/__admin/stubs", stub)[0] == 201
    for name in ("a", "b", "c", "d"):
        said = [fake.ask("POST", f"/ns/{name}/generate", {"inputs": "Why?"})[1] for _ in range(4)]
        assert [each["generated_text"] == f"from {name}" for each in said] == [True, True, True, False]
        assert len(fake.ask("GET", f"/ns/{name}/__admin/requests")[1]["requests"]) == 4
    assert fake.ask("GET", "/__admin/requests")[1]["requests"] == []


def test_permits_are_counted_together() -> None:
    with (
        Fake(3, "--max-concurrent-requests", "4", "--inter-token-latency", "200ms") as fake,
        ThreadPoolExecutor(12) as pool,
    ):
        found = list(pool.map(lambda number: fake.generate(f"question {number}")[0], range(12)))
        assert sorted(found) == [200] * 4 + [429] * 8
        assert fake.generate("and now?")[0] == 200


def test_settings_that_were_changed_hold_everywhere(fake: Fake) -> None:
    assert fake.ask("PATCH", "/__admin/settings", {"limits": {"max_best_of": 1}})[0] == 200
    found = {fake.generate("Why?", best_of=2, do_sample=True)[0] for _ in range(12)}
    assert found == {422}


def test_what_is_refused_changes_nothing_anywhere(fake: Fake) -> None:
    assert fake.ask("POST", "/__admin/stubs", {"answer": {"txt": "typo"}})[0] == 422
    assert {fake.generate("Why?")[0] for _ in range(6)} == {200}
    assert fake.ask("GET", "/__admin/stubs")[1]["stubs"] == []


def test_all_workers_are_used(fake: Fake) -> None:
    def calls(pid: int) -> int:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    pids = fake.pids()
    assert len(pids) == 3
    before = {pid: calls(pid) for pid in pids}
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: fake.generate(f"question {number}", max_new_tokens=200), range(600)))
    assert all(calls(pid) > before[pid] for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_calls_in_flight_finish_and_the_status_is_0(number: signal.Signals) -> None:
    with Fake(2, "--inter-token-latency", "100ms") as fake, ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(fake.generate, f"question {each}") for each in range(4)]
        while fake.ask("GET", "/__admin/requests?wait=0")[1]["in_flight"] < 4:
            pass
        fake.process.send_signal(number)
        assert [each.result()[0] for each in asked] == [200] * 4
        assert fake.process.wait(20) == 0


def test_a_worker_that_dies_takes_the_others_with_it() -> None:
    with Fake(2) as fake:
        pids = fake.pids()
        os.kill(min(pids), signal.SIGKILL)
        assert fake.process.wait(20) == 1
        assert fake.process.stderr is not None
        assert "ended with status -9: all workers end" in fake.process.stderr.read()
        for pid in pids:
            ended(pid)


def test_workers_end_with_their_supervisor() -> None:
    with Fake(2) as fake:
        pids = fake.pids()
        fake.process.kill()
        fake.process.wait(20)
        for pid in pids:
            ended(pid)


def test_a_mistake_is_one_clear_line(tmp_path: Any) -> None:
    stubs = tmp_path / "stubs.yaml"
    stubs.write_text("stubs: [{answer: {txt: typo}}]\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "fake_tgi.cli", "--port", "0", "--workers", "2", "--stubs", str(stubs)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "stubs.yaml" in line, done.stderr
