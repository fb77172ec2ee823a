"""A stub file is read whole, told by its line where it is wrong, and read again when it changes."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.cli import main
from fake_tgi.located.json_lines import read_json
from fake_tgi.located.value import UnreadableError
from fake_tgi.located.yaml_lines import read_yaml
from fake_tgi.stubs.stub_file import StubFile, StubFileError
from tests.fake.asking import make
from tests.stubs.serving import post, said

YAML = """\
version: 1
stubs:
  - name: greeting
    when:
      route: [/generate, /]
      inputs: {contains: Hello}
      parameters:
        seed: {absent: true}
    answer: {text: " Hi."}   # the last one is the newest
  - when: {streaming: true}
    answers:
      - error: overload
      - tokens: [a, {text: b, logprob: -0.5}]
        finish_reason: length
    times: 2
    priority: 3
    scenario: {name: s, state: start, next: done}
"""


def write(path: Path, text: str) -> None:
    """Writes a file so that its time of change is another one."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


class Clock:
    """A clock that goes on when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def as_json(path: Path) -> list[dict[str, Any]]:
    return [stub.as_json() for stub in StubFile(path).read()]


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "stubs.yaml").write_text(YAML)
    expected = [
        {
            "name": "greeting",
            "when": {"route": ["/generate", "/"], "inputs": {"contains": "Hello"},
                     "parameters": {"seed": {"absent": True}}},
            "answer": {"text": " Hi."},
        },
        {
            "when": {"streaming": True},
            "answers": [{"error": "overload"},
                        {"tokens": ["a", {"text": "b", "logprob": -0.5}], "finish_reason": "length"}],
            "times": 2,
            "priority": 3,
            "scenario": {"name": "s", "state": "start", "next": "done"},
        },
    ]  # fmt: skip
    assert as_json(tmp_path / "stubs.yaml") == expected
    (tmp_path / "stubs.json").write_text(json.dumps({"version": 1, "stubs": expected}))
    assert as_json(tmp_path / "stubs.json") == expected


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("version: 1\nstubs:\n  - when:\n      input: a\n    answer: {text: b}\n", 4,
         'stubs[0].when.input: expected no such member (did you mean `inputs`?), got "a"'),
        ("version: 1\nstubs:\n  - answer: {text: b}\n  - answer:\n      text: 5\n", 5,
         "stubs[1].answer.text: expected string, got 5"),
        ("version: 1\nstubs:\n  - answer:\n      error: overlaod\n", 4,
         'stubs[0].answer.error: expected an error that there is: overload?, got "overlaod"'),
        ("version: 1\nstubs:\n  - when:\n      inputs:\n        matches: '('\n    answer: {text: b}\n", 5,
         "stubs[0].when.inputs.matches: expected a regular expression"),
        ("version: 1\nstubs:\n  - answer: {exchange: nowhere}\n", 3,
         "stubs[0].answer.exchange: expected the name of a recorded exchange"),
        ("version: 1\nstubs:\n  - when: {}\n", 3, "stubs[0]: expected a member 'answer' or 'answers', got"),
        ("version: 1\nstubs:\n  - answer: {text: a, error: overload}\n", 3,
         "stubs[0].answer: expected only one of text, tokens, tool_call, answers, error, exchange, "
         "generation, raw, got text and error"),
        ("version: 1\nstubs:\n  - answer: {text: a}\n    answers: [{text: b}]\n", 3,
         "stubs[0]: expected only one of answer, answers, got answer and answers"),
        ("version: 1\nstubs:\n  - answer: {text: a, message: b}\n", 3,
         "stubs[0].answer: expected a member 'error' beside 'message', got only"),
        ("version: 1\nstubs:\n  - answer: {error: overload, finish_reason: length}\n", 3,
         "stubs[0].answer: expected a member 'text' or a member 'tokens', got only"),
        ("version: 2\nstubs: []\n", 1, "version: expected 1, got 2"),
        ("version: 1\nstubs:\n  - answers:\n    - text: a\n    - error: overload\n      message: b\n", 6,
         "stubs[0].answers[1].message: expected none: overload always has the same text"),
        ("- a\n- b\n", 1, "line 1: expected object"),
        ("", 1, "line 1: expected object, got null"),
        ("version: 1\nstubs:\n  - answer: {text: a}\n    answer: {text: b}\n", 4,
         "stubs[0].answer: expected it once, got it twice"),
        ("version: 1\nstubs: [\n", 3, "expected YAML, got none"),
        ("version: 1\nstubs:\n\t- a\n", 3, "expected YAML, got none"),
        ("version: 1\nstubs:\n  - answer: {text: !!binary aGk=}\n", 3, "expected a text, a number"),
        ("version: 1\nstubs: &a\n  - *a\n", 2, "expected a value that ends"),
        ("version: 1\n---\nversion: 1\n", 2, "expected YAML, got none: expected a single document"),
        ("version: 1\nstubs:\n  - priority: .inf\n", 3, "got a number that JSON lacks"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_file_line_and_what_was_expected(
    tmp_path: Path, text: str, line: int, told: str
) -> None:
    path = tmp_path / "stubs.yaml"
    path.write_text(text)
    with pytest.raises(StubFileError) as caught:
        StubFile(path).read()
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('{\n "version": 1,\n "stubs": [\n  {"answer":\n   {"text": 5}}\n ]\n}', 5,
         "stubs[0].answer.text: expected string, got 5"),
        ('{\n "version": 1,\n "stubs": [,]\n}', 3, "expected JSON, got none: Expecting value"),
        ('{"version": 1,\n "stubs": [],\n "stubs": []}', 3, "stubs: expected it once, got it twice"),
        ('{"version": NaN}', 1, "expected JSON, got none: NaN is no number of JSON's"),
        ("[" * 100_000, 1, "expected at most 128 lists and objects in one another"),
        ("", 1, "expected JSON, got none"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_json_is_told_by_its_line_too(
    tmp_path: Path, text: str, line: int, told: str
) -> None:
    path = tmp_path / "stubs.json"
    path.write_text(text)
    with pytest.raises(StubFileError) as caught:
        StubFile(path).read()
    assert str(caught.value).startswith(f"{path}, line {line}: {told}")


def problems(path: Path, text: str) -> list[str]:
    """What is told of a file with this text, problem by problem."""
    path.write_text(text)
    with pytest.raises(StubFileError) as caught:
        StubFile(path).read()
    return str(caught.value).removeprefix(f"{path}, ").split("; ")


def test_what_is_no_object_at_all_is_told_once(tmp_path: Path) -> None:
    text = "version: 1\nstubs:\n  - answer: hello\n  - 7\n"
    assert problems(tmp_path / "stubs.yaml", text) == [
        'line 3: stubs[0].answer: expected object, got "hello"',
        "line 4: stubs[1]: expected object, got 7",
    ]


def test_a_file_without_a_version_is_told_what_to_write(tmp_path: Path) -> None:
    assert problems(tmp_path / "stubs.yaml", "stubs: []\n") == [
        "line 1: expected a member 'version' (write `version: 1`), got only [\"stubs\"]"
    ]


def test_a_missing_version_hides_no_mistake(tmp_path: Path) -> None:
    text = "stubs:\n  - when: {inputs: {contain: a}}\n    answer:\n      text: 5\n"
    assert problems(tmp_path / "stubs.yaml", text) == [
        'line 2: stubs[0].when.inputs.contain: expected no such member (did you mean `contains`?), got "a"',
        "line 4: stubs[0].answer.text: expected string, got 5",
        "line 1: expected a member 'version' (write `version: 1`), got only [\"stubs\"]",
    ]


def test_three_problems_are_told_in_the_order_of_the_file_and_the_others_counted(tmp_path: Path) -> None:
    text = "version: 1\nstubs:\n" + "  - {answer: {text: a}}\n" * 2 + "  - {answer: {text: 5}}\n" * 9
    *told, last = problems(tmp_path / "stubs.yaml", text)
    assert told == [f"line {at + 3}: stubs[{at}].answer.text: expected string, got 5" for at in (2, 3)]
    assert last == "line 7: stubs[4].answer.text: expected string, got 5 (and 6 more)"


def test_what_no_schema_can_say_is_told_of_every_stub(tmp_path: Path) -> None:
    text = "version: 1\nstubs:\n  - answer: {error: overlaod}\n  - {}\n  - answer: {exchange: nowhere}\n"
    assert problems(tmp_path / "stubs.yaml", text)[0].startswith("line 4: stubs[1]: expected a member")
    first, second = problems(tmp_path / "stubs.yaml", text.replace("{}", "answer: {text: a}"))
    assert first.startswith("line 3: stubs[0].answer.error: ")
    assert second.startswith("line 5: stubs[2].answer.exchange: ")


@pytest.mark.parametrize(
    ("stub", "place", "meant"),
    [
        ("{when: {input: a}, answer: {text: b}}", "when.input", "inputs"),
        ("{when: {inputs: {contain: a}}, answer: {text: b}}", "when.inputs.contain", "contains"),
        ("{when: {headers: {x-a: {matchs: a}}}, answer: {text: b}}", "when.headers.x-a.matchs", "matches"),
        ("{answr: {text: b}}", "answr", "answer"),
        ("{answer: {txt: b}}", "answer.txt", "text"),
        ("{answers: [{txt: b}]}", "answers[0].txt", "text"),
        ("{answer: {tokens: [{text: a, logprobs: -1}]}}", "answer.tokens[0].logprobs", "logprob"),
        ("{answer: {text: b}, scenario: {name: s, stat: a}}", "scenario.stat", "state"),
        ("{answer: {raw: {headrs: {}}}}", "answer.raw.headrs", "headers"),
    ],
)
def test_a_misspelt_name_is_told_once_with_the_name_that_was_meant(
    tmp_path: Path, stub: str, place: str, meant: str
) -> None:
    (told,) = problems(tmp_path / "stubs.yaml", f"version: 1\nstubs:\n  - {stub}\n")
    assert told.startswith(
        f"line 3: stubs[0].{place}: expected no such member (did you mean `{meant}`?), got "
    )


def test_a_name_like_no_other_is_told_with_all_that_there_are(tmp_path: Path) -> None:
    text = "version: 1\nstubs:\n  - answer: {text: a}\n    scenario: {name: s, colour: red}\n"
    assert problems(tmp_path / "stubs.yaml", text) == [
        'line 4: stubs[0].scenario.colour: expected no such member (there are name, state, next), got "red"'
    ]


def test_a_name_with_a_space_is_told_with_its_line(tmp_path: Path) -> None:
    text = "version: 1\nstubs:\n  - answer: {text: a}\n    when:\n      a b: 1\n"
    (told,) = problems(tmp_path / "stubs.yaml", text)
    assert told.startswith('line 5: stubs[0].when["a b"]: expected no such member (there are route, ')


def test_a_file_that_is_not_there_or_no_text_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(StubFileError, match=r"missing\.yaml: expected a stub file"):
        StubFile(tmp_path / "missing.yaml").read()
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StubFileError, match=r"bytes\.yaml: expected a stub file"):
        StubFile(tmp_path / "bytes.yaml").read()


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("2026-01-01", "2026-01-01"), ("1:30", "1:30"), ("1_000", "1_000"),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("'5'", "5"),
        ("5", 5), ("-5", -5), ("0o17", 15), ("0x1F", 31), ("017", 17), ("1e3", 1000.0), (".5", 0.5),
        ("5.", 5.0), ("=", "="), ("é", "é"),
    ],
)  # fmt: skip
def test_plain_words_mean_what_yaml_1_2_says(plain: str, value: Any) -> None:
    found = read_yaml(f"a: {plain}").value["a"]
    assert (found, type(found)) == (value, type(value))


def test_anchors_and_merge_keys_save_writing() -> None:
    text = "base: &base {a: 1, b: 2}\none: *base\ntwo: {<<: *base, b: 3}\nmore: {<<: [*base, {c: 4}]}\n"
    found = read_yaml(text).value
    assert found["one"] == {"a": 1, "b": 2}
    assert found["two"] == {"a": 1, "b": 3}
    assert found["more"] == {"a": 1, "b": 2, "c": 4}


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    with pytest.raises(UnreadableError, match="a value that ends"):
        read_yaml(bomb)


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_every_place_has_its_line(read: Any) -> None:
    text = '{\n"a": [\n1,\n{"b c":\n2}],\n"d": 3}'
    located = read(text)
    places = {"a": 2, "a[0]": 3, "a[1]": 4, 'a[1]["b c"]': 4, "d": 6, "a[1].other": 4, "a[7]": 2, "zzz": 1}
    assert {place: located.line(place) for place in places} == places


def test_a_file_that_changes_is_read_again_ten_times_a_second_at_most(tmp_path: Path) -> None:
    path, clock = tmp_path / "stubs.yaml", Clock()
    write(path, "version: 1\nstubs: []\n")
    file = StubFile(path, clock=clock)
    file.read()
    write(path, "version: 1\nstubs: [{answer: {text: a}}]\n")
    assert file.changed() is None, "less than a tenth of a second has gone by"
    clock.now = 0.11
    found = file.changed()
    assert found is not None
    assert [stub.as_json() for stub in found] == [{"answer": {"text": "a"}}]
    clock.now = 0.22
    assert file.changed() is None, "nothing has changed"


def test_while_a_file_is_wrong_the_old_stubs_stay(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "stubs.yaml"
    write(path, "version: 1\nstubs: [{answer: {text: ' one'}}]\n")
    app = make(stubs=str(path))
    clock = Clock()
    file = app.state.stubs.file
    assert file is not None
    file._clock, file._next = clock, 0.0
    assert said(post(app)) == " one"

    write(path, "version: 1\nstubs:\n  - answer: {txt: ' two'}\n")
    clock.now = 1.0
    with caplog.at_level(logging.WARNING, "fake_tgi.stubs"):
        assert said(post(app)) == " one"
        clock.now = 2.0
        assert said(post(app)) == " one"
    assert file.problem is not None
    assert f"{path}, line 3: stubs[0].answer" in file.problem
    assert len(caplog.records) == 1, "told once, not at every call"

    path.unlink()
    clock.now = 3.0
    assert said(post(app)) == " one"

    write(path, "version: 1\nstubs: [{answer: {text: ' three'}}]\n")
    clock.now = 4.0
    assert said(post(app)) == " three"
    assert file.problem is None


def test_stubs_of_the_file_are_older_than_all_others_and_survive_a_reset(tmp_path: Path) -> None:
    from fake_tgi.stubs import Stub

    path = tmp_path / "stubs.yaml"
    path.write_text("version: 1\nstubs: [{answer: {text: ' file'}}, {answer: {text: ' once'}, times: 1}]\n")
    app = make(stubs=str(path))
    assert [said(post(app)), said(post(app))] == [" once", " file"]
    app.state.stubs.add(Stub(answer=" added"))
    assert said(post(app)) == " added"
    write(path, path.read_text() + "\n")
    assert app.state.stubs.file is not None
    app.state.stubs.file._next = 0.0
    assert said(post(app)) == " added", "even where the file was read again"
    app.state.clear()
    assert [said(post(app)), said(post(app))] == [" once", " file"]


@pytest.mark.damages_answers  # the recording has none of the headers
def test_a_file_beside_the_stub_file_may_hold_the_recording(tmp_path: Path) -> None:
    exchange = {
        "name": "mine",
        "request": {"method": "POST", "path": "/generate", "headers": {}},
        "generations": [],
        "response": {"status": 200, "headers": [["content-type", "application/json"]], "chunked": False,
                     "chunks": ['{"generated_text":"recorded"}']},
    }  # fmt: skip
    (tmp_path / "calls.jsonl").write_text(json.dumps(exchange) + "\n")
    for source in ("calls.jsonl#mine", "calls.jsonl"):
        path = tmp_path / "stubs.yaml"
        path.write_text(f"version: 1\nstubs: [{{answer: {{exchange: {source!r}}}}}]\n")
        assert said(post(make(stubs=str(path)))) == "recorded"
    path.write_text("version: 1\nstubs: [{answer: {exchange: 'calls.jsonl#other'}}]\n")
    with pytest.raises(StubFileError, match='expected an exchange called "other"'):
        StubFile(path).read()


def test_the_command_tells_a_wrong_file_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "stubs.yaml"
    path.write_text("version: 1\nstubs:\n  - answer: {text: 5}\n")
    assert main(["serve", "--port", "0", "--stubs", str(path)]) == 1
    told = capsys.readouterr().err
    assert told == f"fake-tgi: {path}, line 3: stubs[0].answer.text: expected string, got 5\n"


def test_a_file_says_in_which_state_a_scenario_begins(tmp_path: Path) -> None:
    path = tmp_path / "stubs.yaml"
    path.write_text(
        "version: 1\nscenarios: {login: in}\nstubs:\n"
        "  - {answer: {text: ' Out.'}, scenario: {name: login, state: start, next: in}}\n"
        "  - {answer: {text: ' In.'}, scenario: {name: login, state: in, next: start}}\n",
        encoding="utf-8",
    )
    app = make(stubs=str(path))
    assert [said(post(app)) for _ in range(3)] == [" In.", " Out.", " In."]
    app.state.clear()
    assert said(post(app)) == " In."
