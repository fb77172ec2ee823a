"""What the contracts let a person write can be read, and what is read is written as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.call import Call
from fake_tgi.matching import RequestPattern
from fake_tgi.matching.differences import differences
from fake_tgi.serve import serve
from fake_tgi.stubs import Stub, read_stub
from fake_tgi.stubs.form import read_answer
from fake_tgi.stubs.stub_file import StubFile
from tests.stubs.serving import BODIES, stubbed
from tgi_contracts import schema, violations


def examples(name: str) -> list[Any]:
    found: list[Any] = schema(name)["examples"]
    return found


@pytest.mark.parametrize("written", examples("Stub"), ids=str)
def test_every_example_of_a_stub_is_one(written: dict[str, Any]) -> None:
    assert read_stub(written).as_json() == written


@pytest.mark.parametrize("written", examples("StubAnswer"), ids=str)
def test_every_example_of_an_answer_is_one(written: dict[str, Any]) -> None:
    assert read_answer(written).as_json() == written


@pytest.mark.parametrize("written", examples("RequestPattern"), ids=str)
def test_every_example_of_a_pattern_is_one(written: dict[str, Any]) -> None:
    assert RequestPattern.parse(written).as_json() == written


@pytest.mark.parametrize("written", examples("ValuePattern"), ids=str)
def test_every_example_of_a_value_pattern_is_one(written: Any) -> None:
    assert RequestPattern.parse({"inputs": written}).as_json() == {"inputs": written}


@pytest.mark.parametrize(
    "written",
    [
        {"error": "model_failure", "message": "no", "after_tokens": 2},
        {"tokens": ["a", {"text": "b", "id": 5, "logprob": None, "special": False}],
         "finish_reason": "length"},
        {"generation": {"inputs": "", "tokens": [{"id": 5, "text": "a", "logprob": -0.5, "special": False}],
                        "finish_reason": "length", "generated_text": "a", "input_length": 3}},
        {"raw": {"status": 502, "headers": {"a": "b"}, "body": "c"}},
        {"raw": {"status": 200, "body_b64": "/w=="}},
        {"exchange": "generate.plain"},
        {"tool_call": {"name": "f", "arguments": {"a": [1, {"b": None}]}}},
    ],
    ids=str,
)  # fmt: skip
def test_what_was_read_is_written_as_it_was_and_keeps_the_contract(written: dict[str, Any]) -> None:
    stub = read_stub({"answer": written})
    assert stub.as_json() == {"answer": written}
    assert violations(stub.as_json(), "Stub") == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)


def bare(value: Any) -> Any:
    """A value without the members that are null; numbers and booleans told apart as JSON does."""
    if isinstance(value, dict):
        return {name: bare(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [bare(item) for item in value]
    return ("boolean", value) if isinstance(value, bool) else value


@given(json_values, json_values)
def test_two_values_are_the_same_exactly_if_nothing_differs(one: Any, other: Any) -> None:
    assert (list(differences(one, other, "")) == []) == (bare(one) == bare(other))
    assert list(differences(one, one, "")) == []


@given(json_values, json_values)
def test_a_value_that_is_the_same_has_every_subset_of_itself(one: Any, other: Any) -> None:
    if not list(differences(one, other, "")):
        assert not list(differences(one, other, "", subset=True))
    if isinstance(one, dict):
        part = dict(list(one.items())[1:])
        assert not list(differences(part, one, "", subset=True))


def test_a_stub_file_of_all_examples_is_read(tmp_path: Path) -> None:
    path = tmp_path / "stubs.json"
    path.write_text(json.dumps({"version": 1, "stubs": examples("Stub")}))
    assert [stub.as_json() for stub in StubFile(path).read()] == examples("Stub")


def test_a_client_that_leaves_a_stubs_stream_gives_its_permit_back() -> None:
    app = stubbed(Stub(answer=" some words to say"))
    body = json.dumps(BODIES["/generate_stream", True]).encode()
    call = Call("POST", "/generate_stream", ((b"content-type", b"application/json"),), body)
    frames = serve(app.state, call)
    next(frames)
    next(frames)
    assert app.state.permits.free == app.state.settings.max_concurrent_requests - 1
    frames.close()  # type: ignore[attr-defined]
    assert app.state.permits.free == app.state.settings.max_concurrent_requests


def test_a_fake_without_stubs_needs_none_of_their_machinery() -> None:
    program = (
        "import sys, fake_tgi.serve\n"
        "from fake_tgi.state import State\nfrom fake_tgi.settings import Settings\nState(Settings())\n"
        "print(*[n for n in sys.modules if n.startswith(('fake_tgi.stubs.', 'fake_tgi.matching.', 'yaml'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {
        "fake_tgi.stubs.answer", "fake_tgi.stubs.placed", "fake_tgi.stubs.stub_map",
        "fake_tgi.stubs.unmatched", "fake_tgi.matching.asked",
    }  # fmt: skip
