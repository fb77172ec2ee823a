"""How to grade a client by what its server saw of it: the verdict, and `fake-tgi report`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from fake_tgi import FakeTGI
from fake_tgi.cli import main
from fake_tgi.verdict import Received, WaiverError
from text_generation import Client, Retries
from text_generation.errors import TextGenerationError


@pytest.fixture
def fake() -> Iterator[FakeTGI]:
    with FakeTGI() as fake:
        fake.reply("Paris is the capital of France.")
        yield fake


class HastyApp:
    """An application that was written in a hurry."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, question: str) -> str:
        while True:
            answer = requests.post(f"{self.url}/generate", json={"inputs": question}, timeout=5)
            if answer.ok:
                return str(answer.json()["generated_text"])

    def stream(self, question: str) -> str:
        answer = requests.post(
            f"{self.url}/generate_stream", json={"inputs": question}, stream=True, timeout=5
        )
        text = ""
        for line in answer.iter_lines():
            if line.startswith(b"data:"):
                text += json.loads(line[5:]).get("token", {}).get("text", "")
        return text


def test_a_good_client_is_ok(fake: FakeTGI) -> None:
    fake.overloaded(times=2)
    with Client(fake.base_url, retries=Retries(3, first_delay=0.05)) as client:
        assert client.generate("capital of France?").generated_text == "Paris is the capital of France."
    fake.assert_client_ok()


def test_a_client_that_asks_again_at_once_is_told_so(fake: FakeTGI) -> None:
    fake.overloaded(times=2)
    assert HastyApp(fake.base_url).ask("capital of France?") == "Paris is the capital of France."

    with pytest.raises(AssertionError) as found:
        fake.assert_client_ok()
    told = str(found.value)
    assert "error: retry-without-backoff: An overloaded or failing server is asked again at once." in told
    assert "#1 " in told  # the calls in which it was seen, with their times
    assert "instead: Wait before each retry" in told


def test_a_finding_can_be_waived_by_its_name(fake: FakeTGI) -> None:
    fake.overloaded(times=2)
    HastyApp(fake.base_url).ask("capital of France?")
    verdict = fake.assert_client_ok(waive=["retry-without-backoff"])
    assert [finding.name for finding in verdict.waived] == ["retry-without-backoff"]
    # A name that is none is an error, so that a waiver never rots.
    with pytest.raises(WaiverError, match="did you mean retry-without-backoff"):
        fake.assert_client_ok(waive=["retry-without-back-off"])


@pytest.mark.damages_answers
def test_say_what_the_client_returned_and_its_reading_is_judged_too(fake: FakeTGI) -> None:
    """A server cannot see what a client made of half an answer: say it."""
    fake.end_early(after_tokens=3)
    text = HastyApp(fake.base_url).stream("capital of France?")
    with pytest.raises(AssertionError, match="truncated-stream-accepted"):
        fake.assert_client_ok(received=[text])


@pytest.mark.damages_answers
def test_an_error_is_what_a_client_may_make_of_half_an_answer(fake: FakeTGI) -> None:
    fake.end_early(after_tokens=3)
    with Client(fake.base_url) as client:
        try:
            list(client.generate_stream("capital of France?"))
            raise RuntimeError("half an answer was taken for a whole one")
        except TextGenerationError as error:
            fake.assert_client_ok(received=[error])


def test_say_that_a_caller_stopped_on_purpose() -> None:
    with FakeTGI(inter_token_latency="10ms", ignore_eos=True) as fake:
        with Client(fake.base_url) as client:
            stream = client.generate_stream("Go on.", max_new_tokens=100)
            first = next(iter(stream)).token.text
            stream.close()
        fake.assert_client_ok(received=[Received(first, stopped=True)])
        assert fake.journal[0].tokens_sent < 100


def test_report_outside_a_test(fake: FakeTGI, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`fake-tgi report URL`: exit status 0, 1 with findings, 2 if there was nothing to judge."""
    for number in range(3):
        requests.post(f"{fake.base_url}/generate", json={"inputs": f"{number}"}, timeout=5)
    fake.wait_until_idle()
    time.sleep(0.01)

    assert main(["report", fake.base_url]) == 1
    assert "new-connection-per-call" in capsys.readouterr().out
    assert main(["report", fake.base_url, "--waive", "new-connection-per-call"]) == 0
    # For a CI server, and for a code scanner; --save keeps the journal, to be judged again.
    saved, junit, sarif = (str(tmp_path / name) for name in ("journal.json", "report.xml", "report.sarif"))
    words = ["--format", "junit", "--out", junit, "--fail-on", "never", "--save", saved]
    assert main(["report", fake.base_url, *words]) == 0
    assert main(["report", saved, "--format", "sarif", "--out", sarif]) == 1
    assert json.loads(Path(sarif).read_text())["runs"][0]["results"][0]["ruleId"] == "new-connection-per-call"
