"""Many prompts: bounded, ordered, resumable, and gentle with a full server."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from text_generation import errors
from text_generation.mapping import Job, MapError, MapItem, Schedule

from .faces import Sync
from .raw_server import RawServer, response
from .wire import DETAILS, chat_answer, dumps

FULL = response(429, b'{"error":"Model is overloaded","error_type":"overloaded"}')


class Echo(RawServer):
    """Answers each prompt with itself; keeps count of how many are answered at once."""

    def __init__(self, capacity: int = 10_000, seconds: float = 0.0) -> None:
        super().__init__()
        self.capacity, self.seconds = capacity, seconds
        self.now = self.most = self.refused = 0
        self.counter = threading.Lock()

    def _play(self, sock: Any, script: Any, request: Any) -> bool:
        with self.counter:
            full = self.now >= self.capacity
            self.refused += full
            self.now += not full
            self.most = max(self.most, self.now)
        body = json.loads(request.body)
        if full:
            made = FULL
        elif "messages" in body:
            made = response(200, dumps(chat_answer(body["messages"][0]["content"])))
        elif body["inputs"].startswith("bad"):
            made = response(422, b'{"error":"no","error_type":"validation"}')
        else:
            time.sleep(self.seconds)
            made = response(200, dumps([{"generated_text": body["inputs"], "details": DETAILS}]))
        if not full:
            with self.counter:
                self.now -= 1
        return super()._play(sock, [made], request)


def _map(face: Any, client: Any, prompts: Any, **options: Any) -> list[MapItem]:
    if isinstance(face, Sync):
        return list(client.map(prompts, **options))

    async def run() -> list[MapItem]:
        return [item async for item in client.map(prompts, **options)]

    return face.run(run())


def test_every_prompt_is_answered_in_order(face: Any) -> None:
    """From any iterable, lazily read."""
    with Echo() as server:
        items = _map(face, face.client(server.url), (f"p{i}" for i in range(100)), concurrency=8)
    assert [item.index for item in items] == list(range(100))
    assert [item.result().generated_text for item in items] == [f"p{i}" for i in range(100)]
    assert items[0].answer.meta.status == 200
    assert server.connections <= 8


def test_concurrency_is_bounded(face: Any) -> None:
    """Never more at once than asked for, and not fewer without need."""
    with Echo(seconds=0.01) as server:
        _map(face, face.client(server.url), ["x"] * 60, concurrency=5)
    assert 3 <= server.most <= 5


def test_an_adaptive_map_finds_the_servers_capacity(face: Any) -> None:
    """What was refused is asked again; nothing is lost, and refusals stay few."""
    with Echo(capacity=6, seconds=0.005) as server:
        items = _map(face, face.client(server.url), [f"p{i}" for i in range(150)], concurrency="adaptive")
    assert [item.result().generated_text for item in items] == [f"p{i}" for i in range(150)]
    assert server.most <= 6
    assert server.refused < 75


def test_errors_stay_with_their_item(face: Any) -> None:
    """By default."""
    with Echo() as server:
        items = _map(face, face.client(server.url), ["a", "bad", "c"])
    assert [item.error is None for item in items] == [True, False, True]
    with pytest.raises(errors.ValidationError):
        items[1].result()


def test_the_first_error_can_end_it(face: Any) -> None:
    """In its turn."""
    with Echo() as server, pytest.raises(errors.ValidationError):
        _map(face, face.client(server.url), ["a", "bad", "c"], errors="first")


def test_errors_can_be_raised_together(face: Any) -> None:
    """After everything else has been handed out."""
    with Echo() as server, pytest.raises(MapError) as caught:
        _map(face, face.client(server.url), ["a", "bad 1", "c", "bad 2"], errors="together")
    assert [item.prompt for item in caught.value.items] == ["bad 1", "bad 2"]
    assert all(isinstance(error, errors.ValidationError) for error in caught.value.errors)
    assert "number 1" in str(caught.value)


def test_items_can_come_as_they_are_completed(face: Any) -> None:
    """A slow first prompt holds nobody up."""
    with Echo() as server:
        items = _map(
            face, face.client(server.url), [f"p{i}" for i in range(30)], ordered=False, concurrency=4
        )
    assert sorted(item.index for item in items) == list(range(30))


def test_chats_can_be_mapped(face: Any) -> None:
    """A prompt is a list of messages, or the text of one."""
    with Echo() as server:
        prompts = ["a", [{"role": "user", "content": "b"}]]
        items = _map(face, face.client(server.url), prompts, method="chat", max_tokens=3)
    assert [item.answer.choices[0].message.content for item in items] == ["a", "b"]


def test_results_are_written_and_resumed(face: Any, tmp_path: Path) -> None:
    """What the file answers is not asked again; a torn last line and failures are."""
    file = tmp_path / "results.jsonl"
    prompts = [f"p{i}" for i in range(20)] + ["bad"]
    with Echo() as server:
        client = face.client(server.url)
        _map(face, client, prompts[:10], results=file, max_new_tokens=5)
        file.write_bytes(file.read_bytes()[:-7])
        first = len(server.seen)
        items = _map(face, client, prompts, results=file, max_new_tokens=5)
        assert len(server.seen) - first == 1 + 10 + 1
        assert [item.result().generated_text for item in items[:20]] == prompts[:20]
        assert items[20].error is not None
        _map(face, client, prompts, results=file, max_new_tokens=6)  # other arguments are another question
        assert len(server.seen) - first == 1 + 10 + 1 + 21
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == 40
    assert {"index", "key", "prompt", "answer"} == lines[0].keys()


def test_a_file_of_something_else_is_refused(face: Any, tmp_path: Path) -> None:
    """And left as it is."""
    file = tmp_path / "notes.txt"
    file.write_text("my notes\n")
    with pytest.raises(errors.ConfigurationError, match="line 1"):
        _map(face, face.client("http://127.0.0.1:9"), ["a"], results=file)
    assert file.read_text() == "my notes\n"


def test_leaving_a_map_early_stops_it(face: Any) -> None:
    """Nothing more is asked, and no thread or task is left."""
    with Echo(seconds=0.02) as server:
        client = face.client(server.url)
        if isinstance(face, Sync):
            for _ in client.map(["x"] * 1000, concurrency=4):
                break
        else:

            async def run() -> None:
                items = client.map(["x"] * 1000, concurrency=4)
                async for _ in items:
                    break
                await items.aclose()

            face.run(run())
        asked = len(server.seen)
        time.sleep(0.1)
        assert len(server.seen) == asked < 20
        assert not [thread for thread in threading.enumerate() if thread.name == "text_generation.map"]


def test_a_progress_bar_is_drawn_when_asked(face: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """With tqdm."""
    pytest.importorskip("tqdm")
    with Echo() as server:
        _map(face, face.client(server.url), ["a", "b"], progress=True)
    assert "2/2" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [{"concurrency": 0}, {"concurrency": "fast"}, {"errors": "loud"}, {"method": "info"}, {"stream": True}],
)
def test_wrong_arguments_are_refused(face: Any, options: Any) -> None:
    """Before anything is sent."""
    with pytest.raises(errors.ConfigurationError):
        _map(face, face.client("http://127.0.0.1:9"), ["a"], **options)


def test_a_full_server_halves_the_limit_and_success_widens_it() -> None:
    """Additive increase, multiplicative decrease."""
    schedule = Schedule(["x"] * 1000, "adaptive", False, "each")
    jobs = [schedule.next(0.0) for _ in range(9)]
    assert jobs[8] is None
    assert schedule.limit == 8
    assert schedule.finished(Job(0, "x"), None, errors.OverloadedError("x"), 0.0) is None
    assert schedule.limit == 4
    assert schedule.next(0.0) is None
    for index in range(1, 8):
        schedule.finished(Job(index, "x"), "answer", None, 1.0)
    assert 5 < schedule.limit < 6
    again = schedule.next(1.0)
    assert again is not None
    assert (again.index, again.tries) == (0, 1)
