"""`fake-tgi demo` shows both clients at work, and its recording agrees with the embedded tokenizer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.resources import files

import pytest

from fake_tgi.record_quickstart import ANSWERS, record
from fake_tgi.shards.scripted import parse_generation
from fake_tgi.tokenizer import Tokenizer


def run_demo(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fake_tgi.cli", "demo", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | environment,
    )


def test_the_demo_shows_both_clients_and_where_the_time_went() -> None:
    done = run_demo()
    assert (done.returncode, done.stderr) == (0, "")
    shown, _, times = done.stdout.partition("where the time went\n")
    for client in ("Client", "AsyncClient"):
        _, found, rest = shown.partition(f"\n\n{client}\n")
        assert found
        whole, stream = rest.splitlines()[:2]
        assert whole == "  generate         ' Rayleigh scattering'"
        assert "".join(re.findall(r"\[(.*?)\]", stream)) == " Rayleigh scattering"
        assert re.search(
            rf"^  {client}\.generate_stream +\d+\.\d ms  first token after ", times, re.MULTILINE
        )
    assert re.search(r"^  all +\d+\.\d ms$", times, re.MULTILINE)


def test_a_proxy_in_the_environment_does_not_come_between() -> None:
    nowhere = "http://127.0.0.1:1"
    done = run_demo(HTTP_PROXY=nowhere, http_proxy=nowhere, ALL_PROXY=nowhere, all_proxy=nowhere)
    assert done.returncode == 0, done.stderr


def test_the_demo_has_help() -> None:
    done = run_demo("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: fake-tgi demo\n")


def recorded() -> list[object]:
    text = (files("fake_tgi") / "data" / "quickstart.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_the_recording_is_the_one_that_its_program_writes() -> None:
    tokenizer = Tokenizer.load()
    assert recorded() == [record(tokenizer, inputs, answer) for inputs, answer in ANSWERS.items()], (
        "the embedded tokenizer changed: run python -m fake_tgi.record_quickstart"
    )


@pytest.mark.parametrize("value", recorded(), ids=list(ANSWERS))
def test_the_recording_agrees_with_the_embedded_tokenizer(value: object) -> None:
    tokenizer = Tokenizer.load()
    inputs, generation = parse_generation(value)
    assert inputs is not None
    ids = [token.id for token in generation.tokens]
    assert generation.input_length == tokenizer.count(inputs)
    assert tokenizer.texts(ids) == [token.text for token in generation.tokens]
    assert tokenizer.decode(ids, skip_special_tokens=True) == generation.generated_text == ANSWERS[inputs]
    assert [token.special for token in generation.tokens] == [tokenizer.is_special(id) for id in ids]
    assert ids[-1] in tokenizer.eos_ids
