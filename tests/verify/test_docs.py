"""The how-to says what is so: its flags, its tables, its program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fake_tgi.cli import main
from fake_tgi.verification.drift import DRIFT_KINDS
from fake_tgi.verification.questions import all_questions

from .damaged import patient

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")


def test_every_flag_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    flags = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert flags == set(re.findall(r"(?<!-)--[a-z]+(?!-)\b", PAGE)) - {"--data"}


def test_every_kind_of_drift_is_in_the_table_in_its_order() -> None:
    cells = re.findall(r"^\| ([a-z ,]+) \|", PAGE[PAGE.index("| kind |") :], re.MULTILINE)[1:]
    assert [kind for cell in cells for kind in cell.split(", ")] == list(DRIFT_KINDS)


def test_the_numbers_are_right() -> None:
    questions = all_questions()
    tgi = [question for question in questions if question.suite == "tgi"]
    assert round(len(tgi), -1) == 170
    assert f"{len(tgi)} questions:" in PAGE
    assert sum(not question.tokens for question in tgi) == 100
    assert sum(question.tokens for question in tgi) < 1000
    assert f"asks {sum(question.suite == 'openai' for question in questions)} questions" in PAGE


def test_every_command_of_the_page_can_be_read() -> None:
    """Each asks something; what the shell would fill in is filled in."""
    from fake_tgi.verification.arguments import read_plan

    commands = re.findall(r"^(?:\w+=\S+ )?fake-tgi verify (.*)$", PAGE, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        words = [word.strip('"') for word in re.findall(r'"[^"]+"|\S+', command.replace("$URL", "localhost"))]
        assert read_plan(words, {}).questions


def test_the_program_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with patient() as fake:
        exec(program.replace("http://localhost:8080", fake.url), {})
    assert re.search(r"\d+ questions: \d+ hold, 0 differ", capsys.readouterr().out)
