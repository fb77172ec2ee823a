"""Starting and stopping: in a thread, on the running loop, in a process; and verbs from elsewhere."""

from __future__ import annotations

import asyncio
import gc
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from fake_tgi import FakeTGI, contains
from fake_tgi.app import Application
from fake_tgi.library import NeedsInProcess, StubGone
from fake_tgi.listening import CannotListen
from fake_tgi.recordings.recording import parse_recording
from fake_tgi.settings import SettingsError
from tgi_contracts import recordings


def healthy(url: str) -> bool:
    return requests.get(f"{url}/health", timeout=5).status_code == 200


def generate(url: str, inputs: str = "Hello") -> requests.Response:
    return requests.post(f"{url}/generate", json={"inputs": inputs}, timeout=10)


def test_a_fake_runs_as_long_as_its_block() -> None:
    with FakeTGI() as fake:
        assert healthy(fake.base_url)
        url = fake.base_url
    with pytest.raises(requests.ConnectionError):
        healthy(url)
    with pytest.raises(RuntimeError, match="not running"):
        _ = fake.base_url


def test_what_it_saw_can_be_asked_when_it_has_stopped_and_it_can_start_again() -> None:
    fake = FakeTGI()
    stub = fake.reply("placed before it started")
    fake.start()
    assert generate(fake.base_url).json()["generated_text"] == "placed before it started"
    fake.stop()
    fake.stop()
    assert stub.called_once
    assert fake.last_request.ended == "complete"
    fake.overloaded()
    fake.start()
    assert generate(fake.base_url).status_code == 429
    fake.stop()


def test_a_fake_runs_once_at_a_time_and_says_where() -> None:
    with FakeTGI() as fake, pytest.raises(RuntimeError, match=f"already running at {fake.base_url}"):
        fake.start()


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=f"cannot listen on 127.0.0.1:{port}: the port is in use"):
            FakeTGI(port=port).start()


def test_paths_and_lists_may_be_given_as_python_has_them(tmp_path: Path) -> None:
    (tmp_path / "stubs.yaml").write_text("version: 1\nstubs: []\n")
    fake = FakeTGI(listen=False, stubs=tmp_path / "stubs.yaml", fault=["gzip", "close"])
    assert fake.settings.stubs == str(tmp_path / "stubs.yaml")
    assert fake.settings.fault == ("gzip", "close")
    assert FakeTGI(listen=False, fault="gzip").settings.fault == ("gzip",)


def test_two_fakes_never_meet() -> None:
    with FakeTGI() as one, FakeTGI() as two:
        one.reply("one")
        two.reply("two")
        texts = [generate(fake.base_url).json()["generated_text"] for fake in (one, two)]
        assert texts == ["one", "two"]
        assert (len(one.requests), len(two.requests)) == (1, 1)


def test_a_fake_leaves_nothing_behind() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        threads = set(threading.enumerate())
        for _ in range(3):
            with FakeTGI() as fake:
                generate(fake.base_url)
        assert set(threading.enumerate()) <= threads
        del fake
        gc.collect()
    assert [str(each.message) for each in warned if "requests" not in str(each.message)] == []


def test_it_starts_and_stops_in_milliseconds_once_imported() -> None:
    FakeTGI().start().stop()
    took = []
    for _ in range(20):
        began = time.perf_counter()
        FakeTGI().start().stop()
        took.append(time.perf_counter() - began)
    assert sorted(took)[5] < 0.01, took  # the median is a tenth of it; a busy machine is another matter


def test_a_fake_on_the_running_loop_ends_with_its_block() -> None:
    async def calls() -> None:
        async with FakeTGI() as fake:
            threads = threading.active_count()
            reader, writer = await asyncio.open_connection("127.0.0.1", int(fake.base_url.rpartition(":")[2]))
            writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            assert threading.active_count() == threads
            assert fake.last_request.route == "/health"
            url = fake.base_url
        assert await reader.read() is not None
        writer.close()
        with pytest.raises(OSError, match="onnect"):
            await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))

    asyncio.run(calls())


def test_on_the_loop_that_serves_one_waits_with_await() -> None:
    async def calls() -> None:
        async with FakeTGI(clock="stepped") as fake:
            fake.stall(seconds=5)
            port = int(fake.base_url.rpartition(":")[2])
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            body = b'{"inputs":"x"}'
            head = b"POST /generate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            writer.write(head + b"content-length: %d\r\n\r\n%b" % (len(body), body))
            while not fake.requests:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.001)
            with pytest.raises(TimeoutError, match="1 answer is still on the way"):
                fake.wait_until_idle()
            await fake.clock.elapse("5s")
            await fake.idle()
            assert fake.last_request.ended == "complete"
            writer.close()

    asyncio.run(calls())


def test_a_test_thread_places_stubs_while_the_fake_answers() -> None:
    with FakeTGI() as fake:
        fake.reply("0")
        stop = threading.Event()
        wrong: list[str] = []

        def ask() -> None:
            with requests.Session() as session:
                while not stop.is_set():
                    text = session.post(f"{fake.base_url}/generate", json={"inputs": "x"}, timeout=10).json()
                    if not text["generated_text"].isdigit():
                        wrong.append(str(text))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        stubs = [fake.reply(str(number)) for number in range(1, 100)]
        for stub in stubs[:50]:
            stub.remove()
            assert fake.requests is not None
        stop.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert sum(stub.call_count for stub in fake.stubs) == len(fake.requests)


# Elsewhere


@pytest.fixture(scope="module")
def remote() -> Iterator[FakeTGI]:
    with FakeTGI(subprocess=True, seed=3, model_id="a/b") as fake:
        yield fake


@pytest.fixture
def elsewhere(remote: FakeTGI) -> FakeTGI:
    remote.reset()
    return remote


def test_a_process_serves_with_the_settings_it_was_given(elsewhere: FakeTGI) -> None:
    assert requests.get(f"{elsewhere.base_url}/info", timeout=5).json()["model_id"] == "a/b"
    with FakeTGI(seed=3, model_id="a/b") as here:
        assert generate(elsewhere.base_url).json() == generate(here.base_url).json()
    assert elsewhere.base_url in elsewhere.output


def test_a_process_that_cannot_start_says_why() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(RuntimeError, match=r"ended with status 1:\nfake-tgi: cannot listen on .*in use"):
            FakeTGI(subprocess=True, port=other.getsockname()[1]).start()


def test_a_fake_in_a_process_says_what_only_one_here_can(elsewhere: FakeTGI) -> None:
    exchange = parse_recording(next(iter(recordings())))
    for what, place in (
        ("the function `where`", lambda: elsewhere.on(where=lambda asked: True).reply("x")),
        ("the function in `inputs`", lambda: elsewhere.on(inputs=str.isupper).reply("x")),
        ("the function in `parameters.seed`", lambda: elsewhere.on(parameters={"seed": bool}).reply("x")),
        ("a function as an answer", lambda: elsewhere.on().run(lambda asked: "x")),
        ("a Recording that is in no file", lambda: elsewhere.on().recorded(exchange)),
        ("the application is in another process", lambda: elsewhere.state),
        ("only sockets lead to a fake in another process", elsewhere.requests_adapter),
    ):
        with pytest.raises(NeedsInProcess) as caught:
            place()  # type: ignore[operator]  # a table of functions
        assert what in str(caught.value)
        assert "with FakeTGI()" in str(caught.value)
    assert elsewhere.stubs == []


def test_only_what_has_a_flag_can_be_told_to_a_process() -> None:
    with pytest.raises(TypeError, match="docker_label: `fake-tgi serve` has no flag for it"):
        FakeTGI(subprocess=True, docker_label="x")
    with pytest.raises(TypeError, match="workers=2: several processes serve with subprocess=True only"):
        FakeTGI(workers=2)


@pytest.mark.damages_answers  # bytes of anybody's keep no contract
def test_an_answer_in_pieces_is_sent_in_these_pieces_from_afar(elsewhere: FakeTGI) -> None:
    elsewhere.on().raw(200, {}, [b"one", b"\xff", b"three"])
    url = f"{elsewhere.base_url}/generate"
    with requests.post(url, json={"inputs": "x"}, stream=True, timeout=5) as reply:
        assert list(reply.raw.read_chunked()) == [b"one", b"\xff", b"three"]


def test_verbs_say_the_same_from_afar(elsewhere: FakeTGI, tmp_path: Path) -> None:
    with FakeTGI(seed=3, model_id="a/b") as here:
        told = []
        for fake in (here, elsewhere):
            stub = fake.on_generate(inputs=contains("x"), parameters={"seed": None}).times(2).reply("X")
            fake.on_generate().priority(-1).error("model_failure")
            fake.on_chat().in_scenario("s", "elsewhere").stream(["a", "b"], finish="length").optional()
            fake.overloaded().then.ok()
            answers = [generate(fake.base_url, inputs) for inputs in ("x", "x1", "x2", "x3", "y")]
            with pytest.raises(SettingsError):
                fake.timing(itl="never")
            stub.remove()
            with pytest.raises(StubGone):
                stub.remove()
            with pytest.raises(RuntimeError, match="clock"):
                fake.clock.advance(1)
            told.append(
                {
                    "answers": [(answer.status_code, answer.json()) for answer in answers],
                    "stubs": [(each.name, each.call_count) for each in fake.stubs],
                    "requests": [(seen.route, seen.inputs, seen.stub, seen.ended) for seen in fake.requests],
                    "faults": [seen.faults for seen in fake.requests],
                    "unmatched": [seen.inputs for seen in fake.unmatched],
                    "unused": [each.name for each in fake.unused],
                    "errors": fake.function_errors,
                }
            )
            fake.clear_faults()
        assert told[0]["answers"] == told[1]["answers"]
        names = [name for name, _ in told[1]["stubs"]]
        assert [count for _, count in told[0]["stubs"]] == [count for _, count in told[1]["stubs"]]
        for member in ("faults", "unmatched", "errors"):
            assert told[0][member] == told[1][member]
        assert len(names) == 3
        assert [(r, i, e) for r, i, _, e in told[0]["requests"]] == [
            (r, i, e) for r, i, _, e in told[1]["requests"]
        ]


def test_any_running_fake_can_be_spoken_to(elsewhere: FakeTGI) -> None:
    with FakeTGI.connect(elsewhere.base_url) as verbs:
        stub = verbs.reply("from afar")
        assert generate(verbs.base_url).json()["generated_text"] == "from afar"
        assert stub.called_once
        assert verbs.last_request.inputs == "Hello"
    with FakeTGI.connect(f"{elsewhere.base_url}/ns/mine/") as apart:
        apart.reply("apart")
        assert generate(apart.base_url).json()["generated_text"] == "apart"
        assert [seen.route for seen in apart.requests] == ["/generate"]
    with pytest.raises(ValueError, match="expected a URL such as"):
        FakeTGI.connect("localhost:3000")


def test_controls_that_are_shut_say_so() -> None:
    with FakeTGI(admin_token="sesame") as fake:
        with pytest.raises(RuntimeError, match="expected a call over loopback, or the header"):
            FakeTGI.connect(fake.base_url).reply("x")
        FakeTGI.connect(fake.base_url, admin_token="sesame").reply("open")
        assert generate(fake.base_url).json()["generated_text"] == "open"


def test_a_process_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    program = "from fake_tgi import FakeTGI\nprint(FakeTGI(subprocess=True).start().base_url)\n"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    with pytest.raises(requests.ConnectionError):
        healthy(done.stdout.strip())


def test_an_application_is_at_hand() -> None:
    assert isinstance(FakeTGI().app, Application)
