"""How to get answers that nobody has thought of, and one of them again: a real server, a real client."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from fake_tgi.app import create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from fake_tgi.stubs import Stub, Unscripted
from text_generation import Client


@contextmanager
def serving(*flags: str) -> Iterator[tuple[str, list[str]]]:
    """`fake-tgi serve` in a process of its own: its URL, and the lines that it has told once it has ended."""
    command = [sys.executable, "-m", "fake_tgi.cli", "serve", "--hostname", "127.0.0.1", "--port", "0"]
    lines: list[str] = []
    with subprocess.Popen([*command, *flags], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if found := re.search(r" at (http://\S+)", line):
                    yield found[1], lines
                    break
        finally:
            process.terminate()
            lines += process.stderr.read().splitlines()


def test_an_application_is_tried_with_the_nastiest_answers_and_one_of_them_comes_back() -> None:
    with serving("--answers", "adversarial") as (url, told):
        first = Client(url).generate("Tell me", max_new_tokens=12)
    (line,) = told
    assert line.startswith("fake-tgi: POST / got the answer adversarial:")
    id = line.rpartition(" ")[2]
    with serving("--answers", id, "--seed", "99") as (url, _):
        assert Client(url).generate("Tell me", max_new_tokens=12) == first


def test_every_answer_is_valid_whatever_it_says() -> None:
    with Server(create_app(Settings(answers="adversarial"))) as server:
        client = Client(server.base_url)
        for number in range(30):
            asked = {"max_new_tokens": 10, "do_sample": True, "seed": number}
            whole = client.generate("Tell me", **asked)
            parts = list(client.generate_stream("Tell me", **asked))
            assert parts[-1].generated_text == whole.generated_text
            assert whole.details.generated_tokens == len(parts) <= 10


def test_an_echo_shows_what_a_template_makes_of_a_conversation() -> None:
    with Server(create_app(Settings(answers="echo"))) as server:
        reply = Client(server.base_url).chat([{"role": "user", "content": "Hello"}], max_tokens=100)
    assert "Hello" in reply.choices[0].message.content


def test_one_request_gets_a_drawn_answer_and_the_others_a_plain_one() -> None:
    app = create_app()
    app.state.stubs.add(Stub({"inputs": "nasty"}, Unscripted("adversarial:440ff6313f62dd50")))
    with Server(app) as server:
        client = Client(server.base_url)
        again = [client.generate("nasty", max_new_tokens=20).generated_text for _ in range(2)]
        plain = client.generate("nice", max_new_tokens=20).generated_text
    assert again[0] == again[1] != plain


def test_the_kind_of_answers_is_changed_while_the_server_runs() -> None:
    with Server(create_app()) as server:
        settings = f"{server.base_url}/__admin/settings"
        requests.patch(settings, json={"answers": "echo"}, timeout=5).raise_for_status()
        assert Client(server.base_url).generate("Hello", max_new_tokens=5).generated_text == "Hello"
        requests.post(f"{server.base_url}/__admin/reset", timeout=5).raise_for_status()
        assert Client(server.base_url).generate("Hello", max_new_tokens=5).generated_text != "Hello"
