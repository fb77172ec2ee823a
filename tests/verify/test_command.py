"""`fake-tgi verify`: what it exits with, what it writes where, and what it says when it cannot ask."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.cli import main
from fake_tgi.verification.command import _progress
from fake_tgi.verification.questions import all_questions
from fake_tgi.verification.report import Report

from . import damages as d
from .damaged import Answer, Patient, patient
from .damages import on

Told = tuple[int, str, str]


@pytest.fixture(scope="module")
def fake() -> Iterator[Patient]:
    with patient() as one:
        yield one


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Told]:
    """The command in this process: exit status, stdout, stderr."""
    for name in ("TGI_TOKEN", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def running(*words: str) -> Told:
        status = main(["verify", *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return running


def broken(answer: Answer) -> None:
    """Wherever there is a generated text, it is missing."""
    on("/generate")(d.edit(lambda value: value.pop("generated_text", None)))(answer)


def test_a_server_that_is_right_exits_with_0(run: Callable[..., Told], fake: Patient) -> None:
    status, out, err = run(fake.url)
    assert (status, err) == (0, "")
    assert "0 differ" in out


def test_a_server_that_differs_exits_with_1(run: Callable[..., Told], fake: Patient) -> None:
    fake.app.damage = broken
    try:
        status, out, _ = run(fake.url, "--only", "/generate")
    finally:
        fake.app.damage = lambda answer: None
    assert status == 1
    assert "a member 'generated_text'" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "expected the URL"),
        (["http://x", "--nope"], "unknown flag --nope: fake-tgi verify --help lists the flags"),
        (["http://x", "--formt", "junit"], "unknown flag --formt: did you mean --format?"),
        (["http://x", "http://y"], "unexpected argument 'http://y': fake-tgi verify --help tells more"),
        (["ftp://x"], "expected a URL"),
        (["http://x", "--only", "/generat"], "did you mean /generate?"),
        (["http://x", "--only", "/info", "--skip", "/info"], "no question is left"),
        (["http://x", "--format", "xml"], "invalid choice: 'xml'"),
        (["http://x", "--timeout", "0"], "expected seconds above 0"),
        (["http://x", "--timeout"], "expected a value"),
        (["http://x", "--out", "/nowhere/report"], "/nowhere/report: cannot be written"),
        (["http://x", "--against", "/nowhere.jsonl"], "/nowhere.jsonl: no such file"),
    ],
)
def test_a_mistake_is_one_line_and_exits_with_2(
    run: Callable[..., Told], words: list[str], told: str
) -> None:
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert told in err
    assert err.startswith("fake-tgi: ")
    assert err.count("\n") == 1


def test_a_server_that_is_not_there_exits_with_3_at_once(run: Callable[..., Told]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    status, out, _ = run(f"127.0.0.1:{port}")
    assert status == 3
    assert f"connection to 127.0.0.1:{port} refused" in out
    assert "the server cannot be reached" in out
    assert len(out.splitlines()) < 10, "a server that is not there needs no list of its routes"


def test_a_server_that_refuses_our_key_is_asked_a_few_times_only() -> None:
    """What needs no key is asked all the same."""
    with patient(api_key="sesame") as fake:
        report = fake.verified(TGI_TOKEN="other")
    assert report.exit_status == 0
    holding = {outcome.question.route for outcome in report.of_kind("holds")}
    assert {"GET /info", "POST /chat_tokenize", "GET /metrics"} <= holding
    assert "POST /generate" in {o.question.route for o in report.of_kind("unasked")}
    asked = [o for o in report.outcomes if o.seen is not None and o.seen.status == 401]
    assert 0 < len(asked) < 12
    reasons = {o.verdict.reason for o in report.of_kind("unasked")}
    assert any(reason.startswith("unauthorised") for reason in reasons)
    assert report.of_kind("differs") == []


def test_a_route_that_is_not_there_is_not_a_difference(fake: Patient) -> None:
    def without_vertex(answer: Answer) -> None:
        if answer.path == "/vertex":
            answer.status, answer.chunks = 404, []
            answer.headers = {"content-length": "0", "vary": answer.headers["vary"]}

    report = fake.verified("--only", "/vertex", damage=without_vertex)
    assert report.of_kind("differs") == []
    assert {o.verdict.reason for o in report.outcomes} == {"route missing: 404"}
    assert report.exit_status == 0


def test_one_404_among_other_answers_is_a_difference(fake: Patient) -> None:
    def sometimes(answer: Answer) -> None:
        if answer.path == "/tokenize" and answer.status == 422:
            answer.status = 404

    report = fake.verified("--only", "/tokenize", damage=sometimes)
    assert [o.question.name for o in report.of_kind("differs")] == ["tokenize.wrong_type"]


def test_with_complete_what_could_not_be_asked_fails(run: Callable[..., Told], fake: Patient) -> None:
    def without_docs(answer: Answer) -> None:
        if answer.path == "/docs/":
            answer.status = 404

    fake.app.damage = without_docs
    try:
        assert run(fake.url, "--only", "/docs/")[0] == 0
        assert run(fake.url, "--only", "/docs/", "--complete")[0] == 1
    finally:
        fake.app.damage = lambda answer: None
    # That no key is set is our own choice.
    assert run(fake.url, "--only", "/generate", "--complete")[0] == 0


def test_an_overloaded_server_is_given_time(fake: Patient) -> None:
    """It is asked again, and only what stays refused could not be asked."""
    seen: dict[bytes, int] = {}

    def busy_at_first(answer: Answer) -> None:
        seen[answer.request] = seen.get(answer.request, 0) + 1
        if answer.path == "/generate" and seen[answer.request] == 1:
            overload(answer)

    assert fake.verified("--only", "generate.greedy", damage=busy_at_first).exit_status == 0
    assert max(seen.values()) == 2


def overload(answer: Answer) -> None:
    answer.status = 429
    kept = {"vary": answer.headers["vary"], "content-length": "0"}
    answer.headers = {"content-type": "application/json", **kept}
    answer.value = {"error": "Model is overloaded", "error_type": "overloaded"}


def test_a_server_that_stays_overloaded_could_not_be_asked(fake: Patient) -> None:
    report = fake.verified("--only", "generate.greedy", "--timeout", "0.2", damage=on("/generate")(overload))
    (outcome,) = report.outcomes
    assert outcome.verdict.reason == "the server is overloaded: Model is overloaded"


def test_time_that_runs_out_ends_it(fake: Patient) -> None:
    report = fake.verified("--total", "0.05")
    assert report.seconds < 2
    reasons = {o.verdict.reason for o in report.of_kind("unasked")}
    assert "out of time: 0.05 s for all questions" in reasons


def test_a_comparison_that_fails_once_is_tried_again(fake: Patient) -> None:
    """Sums wander on a GPU that serves others, too; what the contract says has no second chance."""
    times: dict[bytes, int] = {}

    def once(answer: Answer) -> None:
        times[answer.request] = times.get(answer.request, 0) + 1
        if times[answer.request] == 2 and answer.path == "/generate":  # generate.again, at its first try
            d.not_repeatable()(answer)

    assert fake.verified("--only", "generate.again", damage=once).exit_status == 0


@pytest.mark.parametrize(("format_", "begins"), [("text", "http://"), ("json", "{"), ("junit", "<?xml")])
def test_a_report_goes_where_it_is_told(
    run: Callable[..., Told], fake: Patient, tmp_path: Path, format_: str, begins: str
) -> None:
    file = tmp_path / "report"
    status, out, err = run(fake.url, "--only", "/info", "--format", format_, "--out", str(file))
    assert (status, out) == (0, "")
    assert err.startswith("fake-tgi: 4 questions: 4 hold, 0 differ; 0 tokens generated")
    assert file.read_text(encoding="utf-8").startswith(begins)
    assert run(fake.url, "--only", "/info", "--format", format_)[1].startswith(begins)
    assert list(tmp_path.iterdir()) == [file]


def test_what_was_saved_is_compared_with(run: Callable[..., Told], fake: Patient, tmp_path: Path) -> None:
    file = str(tmp_path / "before.jsonl")
    assert run(fake.url, "--save", file)[0] == 0
    status, out, _ = run(fake.url, "--against", file)
    assert status == 0
    assert "0 changes since the recording" in out
    fake.app.damage = on("/info")(d.edit(lambda value: value.update(version="3.3.7")))
    try:
        status, out, _ = run(fake.url, "--only", "/info", "--against", file)
    finally:
        fake.app.damage = lambda answer: None
    assert status == 1
    assert 'changed text    GET /info body.version: "3.3.6-dev0" -> "3.3.7"' in out


def test_the_list_shows_the_questions_and_asks_none(run: Callable[..., Told]) -> None:
    status, out, _ = run("--list")
    assert status == 0
    assert len(out.splitlines()) == sum(question.suite == "tgi" for question in all_questions())
    assert "generate.greedy" in out
    assert len(run("--list", "--only", "openai")[1].splitlines()) == 20


def test_the_help_names_every_flag(run: Callable[..., Told], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--help")
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for flag in (
        "--only",
        "--format",
        "--out",
        "--save",
        "--against",
        "--timeout",
        "--total",
        "--complete",
        "--list",
    ):
        assert flag in told


def test_progress_is_shown_on_a_terminal_and_nowhere_else(fake: Patient) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        show, wipe = _progress(stream)
        show(5, 10, all_questions()[0])
        wipe()
    assert "[##########----------] 5/10 info" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert pipe.getvalue() == ""


def test_it_runs_as_a_process_with_the_key_from_the_environment(tmp_path: Path) -> None:
    with patient(api_key="hf_sesamesesamesesame") as fake:
        done = subprocess.run(
            [sys.executable, "-m", "fake_tgi.cli", "verify", fake.url, "--format", "json"],
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ | {"HF_TOKEN": "hf_sesamesesamesesame", "PYTHONIOENCODING": "ascii"},
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    value: dict[str, Any] = json.loads(done.stdout)
    assert {question["result"] for question in value["questions"]} == {"holds"}
    assert "sesame" not in done.stdout


def test_the_models_own_path_of_the_hosted_api_is_a_server_of_one_route() -> None:
    """The published client is given such a URL: POST to it is POST /."""
    with patient() as fake:
        report: Report = Patient(f"{fake.url}/models/bigscience/bloom", fake.app).verified("--only", "POST /")
    assert report.of_kind("differs") == []
    assert len(report.of_kind("holds")) >= 4
