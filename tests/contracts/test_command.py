"""`python -m tgi_contracts`: the checks for users of other languages."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tgi_contracts import _validators, names, openapi, recordings, schema
from tgi_contracts.__main__ import main


def test_names_and_schemas_and_the_openapi_document_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["names"]) == 0
    assert capsys.readouterr().out.split() == names()
    assert main(["schema", "Token"]) == 0
    assert json.loads(capsys.readouterr().out) == schema("Token")
    assert main(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == openapi()


def test_a_file_that_breaks_its_schema_is_told_and_makes_the_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answer.json"
    file.write_text('{"generated_text": 5}', encoding="utf-8")
    assert main(["validate", "GenerateResponse", str(file)]) == 1
    assert capsys.readouterr().out == f"{file}: $.generated_text: expected string, got 5 (type)\n"


def test_recorded_exchanges_are_checked_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = next(iter(recordings(profile="auth")))
    wrong = {**right, "name": "wrong", "response": {**right["response"], "status": 418}}
    lines = [{"format": "tgi-recording", "version": 1}, right, wrong]
    file = tmp_path / "recorded.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
    assert main(["check", str(file)]) == 1
    assert capsys.readouterr().out.startswith(
        f"{file}:3 wrong: status: expected POST /generate never answers 418"
    )


@pytest.mark.parametrize(
    ("written", "place"),
    [
        (lambda right, wrong: json.dumps([right, wrong], indent=2), "[1]"),
        (lambda right, wrong: json.dumps(wrong, indent=2), ""),
        (lambda right, wrong: json.dumps(wrong), ""),
        (lambda right, wrong: "\ufeff" + json.dumps(right) + "\r\n" + json.dumps(wrong) + "\r\n", ":2"),
    ],
    ids=["list", "one", "one line", "lines"],
)
def test_exchanges_may_be_lines_or_a_list_or_one_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: Callable[[Any, Any], str], place: str
) -> None:
    right = next(iter(recordings(profile="auth")))
    wrong = {**right, "name": "wrong", "response": {**right["response"], "status": 418}}
    file = tmp_path / "recorded.json"
    file.write_text(written(right, wrong), encoding="utf-8", newline="")
    assert main(["check", str(file)]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"{file}{place} wrong: status: expected ")
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"format": "x"}\n{"name":\n', "line 2 is no JSON: Expecting value"),
        ("[{]", "is no JSON: "),
        ("", "is no JSON: "),
    ],
)
def test_what_is_no_json_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    file = tmp_path / "recorded.jsonl"
    file.write_text(text, encoding="utf-8")
    assert main(["check", str(file)]) == 2
    assert told in capsys.readouterr().err


def test_what_is_no_exchange_breaks_the_contract_of_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recorded.json"
    file.write_text('[5, {"name": "x"}]', encoding="utf-8")
    assert main(["check", str(file)]) == 1
    out = capsys.readouterr().out
    assert f"{file}[0]: $: expected object, got 5 (type)" in out
    assert f"{file}[1] x: $: expected a member 'request'" in out


def test_without_jsonschema_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bare package has no need of it: the files can be used without."""
    file = tmp_path / "answer.json"
    file.write_text("{}", encoding="utf-8")
    for name in [name for name in sys.modules if name.partition(".")[0] == "jsonschema"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    monkeypatch.setattr("tgi_contracts._schemas._validator", validator_without_memory)
    monkeypatch.setattr("tgi_contracts._validators._strict", _validators._strict.__wrapped__)
    assert main(["validate", "Token", str(file)]) == 2
    assert "jsonschema: pip install" in capsys.readouterr().err
    assert main(["schema", "Token"]) == 0


def validator_without_memory(name: str) -> Any:
    return _validators.validator_of(schema(name))


def test_the_shipped_recordings_keep_every_contract(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.resources import as_file, files

    with as_file(files("tgi_contracts") / "recordings" / "default.jsonl") as file:
        assert main(["check", str(file)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", [None, "{", '"\\ud800'])
def test_a_file_that_cannot_be_read_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    file = tmp_path / "x.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert main(["validate", "Token", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"{file}: ")
