"""Whatever stands in a file or comes to the controls is told with its place, and nothing falls over it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.config_file import ConfigFileError, read_config
from fake_tgi.located.json_lines import read_json
from fake_tgi.located.value import UnreadableError
from fake_tgi.located.yaml_lines import read_yaml
from fake_tgi.matching.json_values import DEEPEST, unlike_json
from fake_tgi.stubs import Stub, read_stub
from fake_tgi.stubs.stub_file import StubFile, StubFileError
from tests.fake.asking import ask, make
from tests.stubs.serving import post, said, stubbed
from tests.stubs.test_stub_file import write


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


ALIASES = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 900))])


@pytest.mark.parametrize(
    ("read", "text", "line", "told"),
    [
        (read_yaml, 'a: 1\nb: "\x01"', 2, "expected characters that YAML allows, got U+0001"),
        (read_yaml, "a: 1\nb: " + "9" * 5000, 2, "b: expected a number of at most 3000 digits"),
        (read_yaml, "a: 1\nb: 0x" + "f" * 5000, 2, "b: expected a number of at most 3000 digits"),
        (read_yaml, 'a: 1\nb: "\\UFFFFFFFF"', 2, "expected YAML, got none"),
        (read_yaml, 'a: 1\nb: "\\uD800"', 2, "b: expected a text that UTF-8 can write"),
        (read_yaml, "%YAML 1." + "9" * 5000 + "\n--- {}", 1, "expected YAML, got none"),
        (read_yaml, "a: 1\nb: 1e999", 2, "b: expected a finite number, got inf"),
        (read_yaml, f"a: 1\nb: {nested(DEEPEST)}", 2, "expected at most 128 lists and objects"),
        (read_yaml, f"a: 1\nb: {nested(5000)}", 2, "expected at most 128 lists and objects"),
        (read_yaml, ALIASES, None, "expected at most 128 lists and objects"),
        (read_json, '{"a": 1,\n"b": ' + "9" * 5000 + "}", 2, "expected a number of at most 3000 digits"),
        (read_json, '{"a": 1,\n"b": 1e999}', 2, "b: expected a finite number, got inf"),
        (read_json, '{"a": "NaN [",\n"b": NaN}', 2, "expected JSON, got none: NaN is no number"),
        (read_json, f'{{"a": 1,\n"b": {nested(DEEPEST)}}}', 2, "expected at most 128 lists and objects"),
        (read_json, f'{{"a": 1,\n"b": {nested(100_000)}}}', 2, "expected at most 128 lists and objects"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(read: Any, text: str, line: int | None, told: str) -> None:
    with pytest.raises(UnreadableError) as found:
        read(text)
    assert told in str(found.value)
    assert line in (None, found.value.line)


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_what_is_as_deep_as_may_be_is_read(read: Any) -> None:
    assert json.dumps(read(nested(DEEPEST)).value) == nested(DEEPEST)


@pytest.mark.parametrize("text", ['seed: "\x01"\n', "seed: " + "9" * 5000, f"seed: {nested(5000)}"])
def test_a_file_of_flags_is_refused_by_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigFileError, match=r"c\.yaml, line 1: "):
        read_config(tmp_path / "c.yaml")


def test_while_a_stub_file_cannot_be_read_at_all_the_stubs_of_before_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stubs.yaml"
    write(path, "version: 1\nstubs: [{answer: {text: ' one'}}]\n")
    app = make(stubs=str(path))
    file = app.state.stubs.file
    assert file is not None
    for text in ('version: "\x01"', "version: " + "9" * 5000, nested(5000)):
        write(path, text)
        file._next = 0.0
        assert said(post(app)) == " one"
        assert f"{path}, line 1: expected" in (file.problem or "").replace("version: ", "")

    def broken(self: StubFile) -> list[Stub]:
        raise MemoryError("no room")

    write(path, "version: 1\nstubs: []\n")
    monkeypatch.setattr(StubFile, "read", broken)
    file._next = 0.0
    assert said(post(app)) == " one"
    assert file.problem == f"{path}: MemoryError: no room"


@pytest.mark.parametrize("path", ["stubs", "faults", "generations", "clock", "requests/find", "recordings"])
def test_a_body_that_no_walk_could_end_is_refused_by_every_control(path: str) -> None:
    app = stubbed(Stub(answer=" before"))
    bodies = (nested(100_000), f'{{"body": {nested(DEEPEST)}}}', '{"body": {"equals": 1e999}}')
    for body, expected in zip(bodies, ("at most 128", "at most 128", "a finite number"), strict=True):
        reply = ask(app, "POST", f"/__admin/{path}", raw=body.encode())
        assert reply.status == 422
        assert reply.json()["expected"].startswith(expected)


def test_a_schema_that_refers_elsewhere_is_told_with_its_line(
    tmp_path: Path,
) -> None:
    text = """version: 1
stubs:
  - when:
      body:
        schema:
          properties:
            inputs: {$ref: "http://127.0.0.1:1/x.json"}
    answer: {text: a}
"""
    (tmp_path / "stubs.yaml").write_text(text)
    with pytest.raises(StubFileError, match=r"yaml, line 7: .*a reference to a schema in the schema itself"):
        StubFile(tmp_path / "stubs.yaml").read()


def test_a_body_that_is_deeper_than_a_schema_can_follow_is_the_routers_to_refuse() -> None:
    lists = {"body": {"schema": {"type": "array", "items": {"$ref": "#"}}}}
    app = stubbed(read_stub({"when": lists, "answer": {"text": "a"}}))
    reply = ask(app, "POST", "/generate", raw=nested(900).encode())
    assert (reply.status, reply.text[:9]) == (422, "Failed to")


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": [1, object()]}, "a[1]"),
        ({"a": {5: 1}}, "a"),
        ({"a b": [float("nan")]}, '["a b"][0]'),
        ([10**4000], "[0]"),
        ([b"bytes"], "[0]"),
    ],
)
def test_what_json_cannot_say_is_found_at_its_place(value: Any, where: str) -> None:
    found = unlike_json(value)
    assert found is not None
    assert found.where == where


def test_a_value_that_contains_itself_is_none_of_json() -> None:
    value: list[Any] = []
    value += [value, value]
    found = unlike_json(value)
    assert found is not None
    assert found.expected.startswith("at most 128")
