"""The page on stubs says what is so: its program runs, its file is one, its tables name what there is."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import pytest

from fake_tgi.matching.pattern import _MEMBERS
from fake_tgi.matching.values import _BY_NAME
from fake_tgi.stubs import Stub
from fake_tgi.stubs.stub_file import StubFile, StubFileError
from tests.stubs.serving import post, stubbed
from tgi_contracts import schema

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "stubs.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def block(language: str) -> str:
    (found,) = (code for name, code in BLOCKS if name == language)
    return str(found)


def test_the_program_prints_the_stubs_answer() -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block("python"), "docs/stubs.md", "exec"), {})
    assert printed.getvalue() == " Paris.\n"


def test_the_file_says_what_the_program_says(tmp_path: Path) -> None:
    path = tmp_path / "stubs.yaml"
    path.write_text(block("yaml"))
    assert [stub.as_json() for stub in StubFile(path).read()] == [
        Stub({"inputs": {"contains": "capital"}}, " Paris.").as_json(),
        Stub({"inputs": {"contains": "weather"}}, [{"error": "overload"}, " Sunny."]).as_json(),
    ]


def test_the_error_of_a_file_reads_as_shown(tmp_path: Path) -> None:
    path = tmp_path / "stubs.yaml"
    path.write_text("version: 1\nstubs:\n  - answer: {error: overlaod}\n")
    with pytest.raises(StubFileError) as caught:
        StubFile(path).read()
    assert str(caught.value).replace(str(path), "stubs.yaml") == block("").strip()


@pytest.mark.damages_answers  # TGI never sends 501
def test_the_refusal_of_a_strict_server_reads_as_shown() -> None:
    app = stubbed(Stub({"inputs": "Hello"}, name="greeting"), strict=True)
    assert post(app, inputs="Hallo").json() == json.loads(block("json"))


def test_every_part_condition_and_answer_is_on_the_page() -> None:
    for name in (*_MEMBERS, *_BY_NAME, *schema("StubAnswer")["properties"], *schema("Stub")["properties"]):
        assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", PAGE), f"{name} is not on the page"
