"""A test's recording: made beside it without secrets, played to the byte, compared with today's server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fake_tgi import FakeTGI
from fake_tgi.recordings.recording import Recording
from fake_tgi.testing.drift import TIERS, drift
from fake_tgi.testing.recording_places import place_of

from .running import Run, run_suite

pytestmark = pytest.mark.damages_answers  # TGI never sends 501

# Parts, so that nothing in this checkout has the form of a secret.
SECRET = "hf_" + "0123456789abcdefghij"
OTHER = "sk-" + "0123456789abcdefghij"

SUITE = """
    import json
    import os
    import unittest
    from pathlib import Path

    import pytest
    import requests


    def post(route, **body):
        url = os.environ["TGI_BASE_URL"] + route
        headers = {"Authorization": "Bearer " + os.environ["HF_TOKEN"]}
        answer = requests.post(url, json=body, headers=headers, timeout=5, stream=True)
        return b"".join(answer.raw.stream(decode_content=False))


    def heard(name, *answers):
        told = [answer.decode() for answer in answers]
        path = Path("heard", f"{name}.json")
        path.parent.mkdir(exist_ok=True)
        if path.exists():
            assert json.loads(path.read_text()) == told
        path.write_text(json.dumps(told))


    @pytest.mark.fake_tgi_recording
    @pytest.mark.parametrize("language", ["en", "de/at"])
    def test_generate(fake_tgi, language):
        parameters = {"max_new_tokens": 3, "do_sample": True}
        first = post("/generate", inputs=f"What ({language})?", parameters=parameters)
        again = post("/generate", inputs=f"What ({language})?", parameters=parameters)
        heard(f"generate-{language[:2]}", first, again)
        assert [seen.inputs for seen in fake_tgi.requests] == [f"What ({language})?"] * 2
        assert fake_tgi.last_request.status == 200
        assert json.loads(fake_tgi.last_request.answer) == json.loads(again)


    class TestChat(unittest.TestCase):
        @pytest.mark.fake_tgi_recording
        def test_stream(self):
            body = {"inputs": "Is SECRET safe?", "parameters": {"max_new_tokens": 3}}
            heard("stream", post("/generate_stream", **body))
            assert len(self.fake_tgi.last_request.events) == 3
            assert self.fake_tgi.last_request.ended == "complete"


    @pytest.mark.fake_tgi_recording("named.recording.json", redact="classified-[a-z]+")
    def test_named_with_a_stub_before_it(fake_tgi):
        stub = fake_tgi.on_generate(inputs="stubbed").reply("Mine.")
        assert json.loads(post("/generate", inputs="stubbed")) == {"generated_text": "Mine."}
        heard("named", post("/generate", inputs="classified-data", parameters={"max_new_tokens": 2}))
        assert stub.called_once


    def test_without_a_recording(fake_tgi):
        assert post("/generate", inputs="What?", parameters={"max_new_tokens": 2})
""".replace("SECRET", OTHER)


@pytest.fixture
def upstream() -> Iterator[FakeTGI]:
    with FakeTGI(seed=7, api_key=SECRET) as fake:
        yield fake


def run_it(folder: Path, *options: str, ini: str = "[pytest]\n", **environment: str) -> Run:
    files = {"tests/test_app.py": SUITE, "pytest.ini": ini}
    return run_suite(folder, files, *options, environment=environment)


def outcomes(run: Run) -> dict[str, str]:
    return {name: test.outcome for name, test in run.tests.items()}


EN, DE = "test_generate[en]", "test_generate[de/at]"
RECORDED = (EN, DE, "test_stream", "test_named_with_a_stub_before_it")
ALL = (*RECORDED, "test_without_a_recording")


def test_recordings_from_nothing_to_verified(tmp_path: Path, upstream: FakeTGI) -> None:
    # Nothing is recorded: a test that should be played says how to record it.
    run = run_it(tmp_path)
    assert outcomes(run) == dict.fromkeys(RECORDED, "error") | {ALL[-1]: "passed"}
    assert "this test has no recording yet" in run.text(EN)
    assert "--fake-tgi-record=once --fake-tgi-upstream=URL" in run.text(EN)

    # CI reaches no server, whatever the ini file says.
    ini = f"[pytest]\nfake_tgi_record = once\nfake_tgi_upstream = {upstream.base_url}\n"
    run = run_it(tmp_path, ini=ini, CI="true", HF_TOKEN=SECRET)
    assert outcomes(run) == dict.fromkeys(RECORDED, "error") | {ALL[-1]: "passed"}
    upstream.assert_no_requests()

    # On a developer's machine it is recorded.
    run = run_it(tmp_path, ini=ini, HF_TOKEN=SECRET)
    assert outcomes(run) == dict.fromkeys(ALL, "passed"), run.output
    assert len(upstream.requests) == 6
    assert "fake_tgi recordings" in run.output
    assert f"2 exchanges recorded from {upstream.base_url}" in run.output
    folder = tmp_path / "tests"
    files = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.recording.json")}
    (german,) = (name for name in files if "de-at" in name)
    assert files.keys() == {
        "recordings/test_app/test_generate-en.recording.json",
        german,
        "recordings/test_app/TestChat.test_stream.recording.json",
        "named.recording.json",
    }
    for written in (file for file in tmp_path.rglob("*") if file.suffix in (".json", ".xml", ".part")):
        if "heard" not in written.parts:
            assert SECRET.encode() not in written.read_bytes(), written
            assert OTHER.encode() not in written.read_bytes(), written
    assert b"classified-" not in files["named.recording.json"]
    assert b"stubbed" not in files["named.recording.json"], "what a stub answers was never asked upstream"

    # What is there is not recorded again, and another that is not there is.
    (folder / german).unlink()
    upstream.reset()
    run = run_it(
        tmp_path, "--fake-tgi-record=once", f"--fake-tgi-upstream={upstream.base_url}", HF_TOKEN=SECRET
    )
    assert outcomes(run) == dict.fromkeys(ALL, "passed"), run.output
    assert len(upstream.requests) == 2

    # Recorded anew with the same answers, the files stay as they are but for what was just made.
    upstream.reset()
    run = run_it(
        tmp_path, "--fake-tgi-record=all", f"--fake-tgi-upstream={upstream.base_url}", HF_TOKEN=SECRET
    )
    assert outcomes(run) == dict.fromkeys(ALL, "passed"), run.output
    assert len(upstream.requests) == 6
    again = {name: (folder / name).read_bytes() for name in files}
    assert [name for name in files if name != german and again[name] != files[name]] == []

    # The server is compared: what is gone warns, what is new is told, another type fails.
    upstream.reset()
    told = {"generated_text": 3, "details": {}}
    upstream.on_generate(where=lambda asked: "de/at" in asked.inputs).json(told)
    run = run_it(
        tmp_path, "--fake-tgi-record=verify", f"--fake-tgi-upstream={upstream.base_url}", HF_TOKEN=SECRET
    )
    assert outcomes(run) == dict.fromkeys(ALL, "passed") | {DE: "error"}, run.output
    assert (
        "error: POST /generate: changed type body.generated_text: recorded string, now integer"
        in run.text(DE)
    )
    assert "2 answers compared" in run.output
    assert "nothing has changed" in run.output
    assert "1 error, 1 info" in run.output
    assert len(upstream.requests) == 6

    # Without the server everything is as it was heard; a call that was not recorded fails its test.
    upstream.stop()
    run = run_it(tmp_path)
    assert outcomes(run) == dict.fromkeys(ALL, "passed"), run.output
    other = SUITE.replace("What ({language})?", "Why ({language})?")
    run = run_suite(tmp_path, {"tests/test_app.py": other}, "-k", "en")
    assert run.outcome(EN) == "failed"
    assert 'recorded "What (en)?", got "Why (en)?"' in run.text(EN)


def test_a_call_off_the_recording_fails_even_if_the_test_does_not_mind(tmp_path: Path) -> None:
    suite = """
        import os

        import pytest
        import requests


        @pytest.mark.fake_tgi_recording("one.recording.json")
        def test_off():
            answer = requests.post(os.environ["TGI_BASE_URL"] + "/generate", json={"inputs": "x"}, timeout=5)
            assert answer.status_code == 501


        @pytest.mark.fake_tgi_recording("broken.recording.json")
        def test_broken(fake_tgi):
            pass


        @pytest.mark.fake_tgi_recording(record="once")
        def test_no_upstream(fake_tgi):
            pass


        @pytest.mark.fake_tgi_recording(record="once", upstream="ftp://x")
        def test_odd_upstream(fake_tgi):
            pass


        @pytest.mark.fake_tgi_recording(recordd="once")
        def test_misspelt(fake_tgi):
            pass


        @pytest.mark.fake_tgi_recording(record="maybe")
        def test_odd_mode(fake_tgi):
            pass


        @pytest.mark.fake_tgi_recording(record="once", upstream="http://x", redact="(")
        def test_odd_pattern(fake_tgi):
            pass
    """
    head = '{"format": "tgi-recording", "version": 1}'
    run = run_suite(
        tmp_path,
        {"test_app.py": suite, "one.recording.json": f"[{head}]", "broken.recording.json": "[{]"},
    )
    assert set(outcomes(run).values()) == {"error"}
    for name, message in {
        "test_off": "a call is not on the recording of this test: POST /generate",
        "test_broken": "the recording of this test cannot be read",
        "test_no_upstream": "to record, say what server to ask: --fake-tgi-upstream=URL",
        "test_odd_upstream": "--fake-tgi-upstream: expected a URL",
        "test_misspelt": "fake_tgi_recording has no recordd",
        "test_odd_mode": "fake_tgi_recording: record: expected one of none, once, all, verify, got 'maybe'",
        "test_odd_pattern": "fake_tgi_recording(redact=...): expected a regular expression",
    }.items():
        assert message in run.text(name), run.output


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("test_it", "recordings/test_app/test_it"),
        ("test_it[en]", "recordings/test_app/test_it-en"),
        ("TestA::TestB::test_it[1-x.y]", "recordings/test_app/TestA.TestB.test_it-1-x.y"),
        ("test_it[a/b]", "recordings/test_app/test_it-a-b-DIGEST"),
        ("test_it[a:b]", "recordings/test_app/test_it-a-b-DIGEST"),
        ("test_it[ä]", "recordings/test_app/test_it-DIGEST"),
        (f"test_it[{'x' * 300}]", f"recordings/test_app/test_it-{'x' * 112}-DIGEST"),
    ],
)
def test_a_recording_has_the_name_of_its_test(name: str, file: str) -> None:
    found = place_of(Path("tests/test_app.py"), name, folder="recordings").as_posix()
    before, digest, after = f"tests/{file}.recording.json".partition("DIGEST")
    assert found.startswith(before)
    assert found.endswith(after)
    assert len(found) == len(before) + len(after) + 8 * bool(digest)


def test_names_that_look_alike_are_kept_apart() -> None:
    names = ["test_it[a/b]", "test_it[a:b]", "test_it[a b]", "test_it[a-b]"]
    assert len({place_of(Path("test_app.py"), name, folder="recordings") for name in names}) == 4


def recorded(*bodies: object, status: int = 200, stream: bool = False, done: bool = True) -> Recording:
    """An answer: one JSON value, or a stream of several."""
    chunks = [f"data: {json.dumps(body)}\n\n" if stream else json.dumps(body) for body in bodies]
    if stream and done:
        chunks.append("data: [DONE]\n\n")
    media = "text/event-stream" if stream else "application/json"
    data = tuple(chunk.encode() for chunk in chunks)
    return Recording("1", "POST", "/", (), b"{}", status, (("content-type", media),), stream, data)


TOKEN = {"index": 1, "token": {"id": 1, "text": "a", "logprob": -1, "special": False}, "details": None}
LAST = {**TOKEN, "generated_text": "ab", "details": {"seed": None, "finish_reason": "length"}}


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (recorded({"a": 1}), recorded({"a": 2}), []),
        (recorded({"a": "x", "b": [1]}), recorded({"a": "y", "b": []}), []),
        (recorded({"a": 1}), recorded({"a": 2, "b": 1}), ["new field"]),
        (recorded({"a": 1, "b": 2}), recorded({"b": 2, "a": 1}), ["changed order"]),
        (recorded({"a": 1, "b": 2}), recorded({"a": 1}), ["removed field"]),
        (recorded({"a": 1}), recorded({"a": "1"}), ["changed type"]),
        (recorded({"a": 1}), recorded({"a": 1.5}), ["changed type"]),
        (recorded({"a": 1.5}), recorded({"a": 1}), []),
        (recorded({"a": None}), recorded({"a": 1}), ["new field"]),
        (recorded({"a": 1}), recorded({"a": None}), []),
        (
            recorded({"a": 1, "b": 1}),
            recorded({"a": "1", "c": 1}),
            ["changed type", "removed field", "new field"],
        ),
        (recorded({"a": 1}), recorded({"a": 1}, status=422), ["changed status"]),
        (recorded({"a": 1}), recorded({"a": 1}, stream=True), ["changed form"]),
        (recorded({"a": 1}), replace(recorded(), chunks=(b"text",)), ["changed form"]),
        (recorded(TOKEN, TOKEN, LAST, stream=True), recorded(TOKEN, LAST, stream=True), []),
        (recorded(LAST, stream=True), recorded(TOKEN, TOKEN, LAST, stream=True), []),
        (
            recorded(TOKEN, LAST, stream=True),
            recorded(TOKEN, LAST, stream=True, done=False),
            ["changed form"],
        ),
        (recorded(TOKEN, stream=True), recorded(TOKEN, {"error": "x"}, stream=True), ["changed form"]),
        (
            recorded(TOKEN, LAST, stream=True),
            recorded({**TOKEN, "token": {"id": "1"}}, LAST, stream=True),
            ["changed type", "removed field", "removed field", "removed field"],
        ),
        (
            replace(recorded(TOKEN, stream=True, done=False), ended="client_left"),
            recorded(TOKEN, TOKEN, LAST, stream=True),
            [],
        ),
    ],
)
def test_the_form_of_answers_is_compared_and_the_worst_change_comes_first(
    before: Recording, after: Recording, kinds: list[str]
) -> None:
    found = drift(before, after)
    assert [each.kind for each in found] == kinds
    assert [each.tier for each in found] == [TIERS[kind] for kind in kinds]
