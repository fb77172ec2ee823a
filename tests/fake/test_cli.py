"""The command answers mistakes in one line, starts fast, and stops without losing a request."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from fake_tgi import FakeTGI
from fake_tgi.cli import main

COMMAND = [sys.executable, "-m", "fake_tgi.cli"]
BODY = json.dumps({"inputs": "Why is the sky blue?"}).encode()


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | environment,
        check=False,
    )


class Running:
    """A server started by the command on a free port."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *words, "--hostname", "127.0.0.1", "--port", "0"], stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        self.lines: list[str] = []
        while not (self.lines and "http://" in self.lines[-1]):
            line = self.process.stderr.readline()
            assert line, f"the server ended before it started: {self.lines}"
            self.lines.append(line)
        self.port = int(self.lines[-1].rpartition(":")[2])

    def ask(
        self, method: str = "GET", path: str = "/info", body: bytes | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, {"Content-Type": "application/json", "Connection": "close"})
        return connection.getresponse()

    def half_a_request(self) -> socket.socket:
        """A connection with a call on its way: the server has its head and waits for the body."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        headers = ("Host: t", "Content-Type: application/json", f"Content-Length: {len(BODY)}")
        sock.sendall("\r\n".join(("POST /generate HTTP/1.1", *headers, "", "")).encode() + BODY[:5])
        time.sleep(0.1)
        return sock

    def end(self, *signals: int) -> int:
        """Sends signals, a moment apart, and returns the exit status."""
        for number in signals:
            self.process.send_signal(number)
            time.sleep(0.1)
        return self.process.wait(10)


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def begin(*words: str) -> Running:
        started.append(Running(*words))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        assert running.process.stderr is not None
        running.process.stderr.close()


def test_the_console_script_is_this_command() -> None:
    (script,) = entry_points(group="console_scripts", name="fake-tgi")
    assert script.load() is main


def test_the_package_is_this_command_as_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fake_tgi", "--prot"], capture_output=True, text=True, timeout=30, check=False
    )
    told = "fake-tgi: unknown flag --prot: did you mean --port?\n"
    assert (done.returncode, done.stderr) == (2, told)


@pytest.mark.parametrize("words", [[], ["serve"]])
def test_serving_needs_no_command_word(start: Callable[..., Running], words: list[str]) -> None:
    running = start(*words, "--model-id", "a/b")
    assert json.loads(running.ask().read())["model_id"] == "a/b"


def test_one_line_says_where_the_server_is(start: Callable[..., Running]) -> None:
    running = start()
    assert len(running.lines) == 1
    assert re.fullmatch(r"fake-tgi: .* at http://127\.0\.0\.1:\d+\n", running.lines[0])


def test_the_readmes_question_gets_the_readmes_answer(start: Callable[..., Running]) -> None:
    answer = json.loads(start().ask("POST", "/generate", BODY).read())
    assert answer == {"generated_text": " Rayleigh scattering"}


def test_a_hub_name_falls_back_to_the_embedded_tokenizer_with_a_notice(start: Callable[..., Running]) -> None:
    running = start("--tokenizer-name", "bigscience/bloom")
    assert "bigscience/bloom is not a folder here" in running.lines[0]
    assert running.ask("POST", "/generate", BODY).status == 200


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--prot", "1"], 2, "unknown flag --prot: did you mean --port?"),
        (["serve", "--port", "abc"], 2, "--port: expected an integer from 0 to 65535, got 'abc'"),
        (["sreve"], 2, "unknown command 'sreve': did you mean serve?"),
        (["demo", "--fast"], 2, "unexpected argument '--fast': fake-tgi demo takes none"),
        (["--validation-workers", "0"], 1, "--validation-workers must be > 0"),
        (["--hostname", "192.0.2.1", "--port", "0"], 1, "cannot listen on 192.0.2.1:0: "),
    ],
)
def test_a_mistake_is_one_clear_line_and_a_status(words: list[str], status: int, line: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"fake-tgi: {line}")
    assert done.stderr.count("\n") == 1


def test_a_variable_that_cannot_be_read_is_one_clear_line() -> None:
    done = run(PORT="abc")
    assert (done.returncode, done.stderr) == (
        2,
        "fake-tgi: PORT: expected an integer from 0 to 65535, got 'abc'\n",
    )


def test_a_model_folder_without_a_tokenizer_is_one_clear_line(tmp_path: Path) -> None:
    done = run("--tokenizer-name", str(tmp_path), "--port", "0")
    assert done.returncode == 1
    assert "tokenizer.json" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_busy_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--hostname", "127.0.0.1", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == (
        f"fake-tgi: cannot listen on 127.0.0.1:{port}: "
        "the port is in use; choose another, or 0 for a free one\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_request_in_flight_finish_and_exits_0(
    start: Callable[..., Running], number: int
) -> None:
    running = start()
    with running.half_a_request() as sock:
        running.process.send_signal(number)
        time.sleep(0.2)
        assert running.process.poll() is None
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.port), timeout=5)
        sock.sendall(BODY[5:])
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b'{"generated_text":" Rayleigh scattering"}')
    assert running.process.wait(5) == 0


def test_idle_connections_do_not_hold_up_the_end(start: Callable[..., Running]) -> None:
    running = start()
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request("GET", "/ping")
    assert connection.getresponse().read() == b""
    assert running.end(signal.SIGTERM) == 0
    connection.close()


def test_a_second_interrupt_ends_at_once(start: Callable[..., Running]) -> None:
    running = start()
    with running.half_a_request():
        began = time.monotonic()
        assert running.end(signal.SIGINT, signal.SIGINT) == 130
        assert time.monotonic() - began < 2


def test_requests_in_flight_are_cut_when_the_grace_is_over(start: Callable[..., Running]) -> None:
    running = start("--graceful-termination-timeout", "1")
    with running.half_a_request():
        began = time.monotonic()
        assert running.end(signal.SIGTERM) == 0
        assert 0.8 < time.monotonic() - began < 5
    assert running.process.stderr is not None
    told = "stopping when 1 connection has had an answer, or in 0.5 s; Ctrl-C again stops at once"
    assert running.process.stderr.read() == f"fake-tgi: {told}\n"


def test_help_and_version_are_answered_on_stdout() -> None:
    helped, versioned = run("--help"), run("--version")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert {"serve", "demo", "--version"} <= set(helped.stdout.split())
    assert (versioned.returncode, versioned.stderr) == (0, "")
    assert re.fullmatch(r"fake-tgi \d+\.\d+\.\d+\S*\n", versioned.stdout)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["serve", "--help"], ["--prot"]])
def test_what_starts_no_server_imports_none(words: list[str]) -> None:
    program = (
        "import sys\n"
        "from fake_tgi.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'starlette', 'uvicorn', 'tokenizers', 'asyncio', 'hypothesis', 'jinja2', 'jsonschema'}\n"
        "print('imported', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.endswith("imported []\n")


def test_without_the_extra_one_line_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules['tokenizers'] = None\n"
        "from fake_tgi.cli import main\n"
        "sys.exit(main(['--port', '0']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert done.stderr == ("fake-tgi: tokenizers is not installed: pip install 'text-generation[fake]'\n")


def test_without_the_extra_verify_says_the_same_and_shows_no_traceback() -> None:
    with FakeTGI() as fake:
        done = _verified_without_jsonschema(fake.base_url)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "fake-tgi: jsonschema is not installed: pip install 'text-generation[fake]'"
    )
    assert "Traceback" not in done.stderr


def _verified_without_jsonschema(url: str) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys\n"
        "sys.modules['jsonschema'] = sys.modules['jsonschema.validators'] = None\n"
        "from fake_tgi.cli import main\n"
        f"sys.exit(main(['verify', {url!r}]))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
