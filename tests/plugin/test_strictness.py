"""A test whose fake was misused fails, with what is needed to see why; and says it once."""

from __future__ import annotations

from textwrap import dedent

import pytest

from .running import Run, run_suite

pytestmark = pytest.mark.damages_answers  # TGI never sends 501

SUITE = """
    import os
    import time

    import pytest
    import requests

    from fake_tgi import contains


    def post(inputs, route="/generate", **more):
        body = {"inputs": inputs, "parameters": {"max_new_tokens": 4}}
        return requests.post(os.environ["TGI_BASE_URL"] + route, json=body, timeout=5, **more)


    def test_a_used_stub_is_fine(fake_tgi):
        hello = fake_tgi.on_generate(inputs=contains("hello")).reply("Hi.")
        assert post("hello there").json() == {"generated_text": "Hi."}
        assert hello.called_once


    def test_unused(fake_tgi):
        fake_tgi.on_generate(inputs=contains("hello")).named("greeting").stream(["Hel", "lo"])
        post("Hallo", "/generate_stream", headers={"Authorization": "Bearer hf_abcdefghijk"})


    def test_a_parameter_that_nobody_knows(fake_tgi):
        fake_tgi.on_generate(parameters={"max_new_token": 5}).reply("Hi.")


    def test_an_answer_that_is_none(fake_tgi):
        fake_tgi.on().error("overlaod")


    def test_a_call_without_a_stub_is_answered(fake_tgi):
        assert post("Hallo").status_code == 200


    @pytest.mark.fake_tgi(strict=True)
    def test_unexpected(fake_tgi):
        fake_tgi.on_generate(inputs="hello").named("greeting").optional().reply("Hi.")
        post("Hallo")


    @pytest.mark.fake_tgi(strict=True)
    def test_overload_needs_no_stub(fake_tgi):
        fake_tgi.overloaded()
        assert post("Hallo").status_code == 429


    @pytest.mark.fake_tgi(strict=True, allow_unexpected_calls=True)
    def test_unexpected_but_allowed(fake_tgi):
        assert post("Hallo").status_code == 501


    def test_answer_function(fake_tgi):
        def answer(asked):
            assert asked.inputs == "hello", "not what was agreed"
            return "Hi."

        fake_tgi.on_generate().run(answer)
        post("Hallo")


    def test_answer_coroutine(fake_tgi):
        async def answer(asked):
            raise LookupError("no such answer")

        fake_tgi.on_generate().run(answer)
        post("Hallo")


    def test_answer_function_that_fails_with_pytest(fake_tgi):
        fake_tgi.on_generate().run(lambda asked: pytest.fail("never ask that"))
        post("Hallo")


    def test_answer_that_nobody_waits_for(fake_tgi):
        def answer(asked):
            time.sleep(0.2)
            assert asked.inputs == "hello", "not what was agreed"

        fake_tgi.on_generate().run(answer)
        with pytest.raises(requests.Timeout):
            url = os.environ["TGI_BASE_URL"] + "/generate"
            requests.post(url, json={"inputs": "Hallo"}, timeout=0.05)


    def test_predicate(fake_tgi):
        fake_tgi.on_generate(where=lambda asked: asked.nothing).reply("Hi.")
        post("Hallo")


    @pytest.mark.fake_tgi(allow_answer_errors=True)
    def test_answer_function_may_raise(fake_tgi):
        fake_tgi.on_generate().run(lambda asked: 1 / 0)
        assert post("Hallo").status_code == 500


    def test_reset_forgets_no_error(fake_tgi):
        fake_tgi.on_generate().run(lambda asked: 1 / 0)
        post("Hallo")
        fake_tgi.reset()


    def test_its_own_failure_first(fake_tgi):
        fake_tgi.on_generate(inputs="hello").named("greeting").reply("Hi.")
        post("Hallo", "/generate_stream", headers={"Authorization": "Bearer hf_abcdefghijk"})
        assert post("Hallo").json() == {"generated_text": "Hi."}


    def test_its_own_failure_after_an_answers(fake_tgi):
        def answer(asked):
            assert asked.inputs == "hello", "not what was agreed"

        fake_tgi.on_generate().run(answer)
        post("Hallo").raise_for_status()


    def test_skipped_half_way(fake_tgi):
        fake_tgi.on_generate(inputs="hello").reply("Hi.")
        pytest.skip("no time")


    @pytest.mark.xfail(strict=True)
    def test_expected_to_fail(fake_tgi):
        fake_tgi.on_generate(inputs="hello").reply("Hi.")
        assert post("Hallo").json() == {"generated_text": "Hi."}


    @pytest.fixture
    def another_fixture(fake_tgi):
        raise RuntimeError("nothing works today")


    def test_setup_fails(fake_tgi, another_fixture):
        pass


    def test_what_a_fixture_does_behind_the_test_counts(fake_tgi, request):
        fake_tgi.reply("Bye.")


    @pytest.fixture
    def app(fake_tgi):
        yield
        assert post("closing").json() == {"generated_text": "Bye."}


    def test_a_later_fixture_may_use_a_stub_in_its_teardown(fake_tgi, app):
        fake_tgi.reply("Bye.")


    def test_the_fake_breaks(fake_tgi, monkeypatch):
        async def broken(app, scope, receive, send):
            raise ZeroDivisionError("inside")

        monkeypatch.setattr(type(fake_tgi.app), "__call__", broken)
        assert post("Hallo").status_code == 500
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_suite(tmp_path_factory.mktemp("strictness"), {"test_app.py": SUITE})


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("test_a_used_stub_is_fine", "passed"),
        ("test_unused", "error"),
        ("test_a_call_without_a_stub_is_answered", "passed"),
        ("test_unexpected", "error"),
        ("test_overload_needs_no_stub", "passed"),
        ("test_unexpected_but_allowed", "passed"),
        ("test_answer_function", "error"),
        ("test_answer_coroutine", "error"),
        ("test_answer_function_that_fails_with_pytest", "error"),
        ("test_answer_that_nobody_waits_for", "error"),
        ("test_predicate", "error"),
        ("test_answer_function_may_raise", "passed"),
        ("test_reset_forgets_no_error", "error"),
        ("test_its_own_failure_first", "failed"),
        ("test_its_own_failure_after_an_answers", "failed"),
        ("test_skipped_half_way", "skipped"),
        ("test_a_parameter_that_nobody_knows", "failed"),
        ("test_an_answer_that_is_none", "failed"),
        ("test_expected_to_fail", "skipped"),
        ("test_setup_fails", "error"),
        ("test_what_a_fixture_does_behind_the_test_counts", "error"),
        ("test_a_later_fixture_may_use_a_stub_in_its_teardown", "passed"),
        ("test_the_fake_breaks", "error"),
    ],
)
def test_outcomes(run: Run, name: str, outcome: str) -> None:
    assert run.outcome(name) == outcome, run.text(name)


def test_an_unused_stub_is_told_with_the_nearest_call_and_what_differs(run: Run) -> None:
    text = run.text("test_unused")
    assert "greeting was never used" in text
    assert 'inputs: expected a text with "hello" in it, got "Hallo"' in text


def line_of(code: str) -> str:
    """Where the suite has it, as reports say it."""
    number = next(at for at, line in enumerate(dedent(SUITE).splitlines(True), 1) if code in line)
    return f"(test_app.py:{number})"


def test_a_stub_is_told_with_the_line_that_placed_it(run: Run) -> None:
    where = line_of('.named("greeting").stream(')
    assert f"greeting was never used {where}; it is for " in run.text("test_unused")
    strict = line_of('.named("greeting").optional().reply(')
    assert f'greeting {strict}: inputs: expected "hello", got "Hallo"' in run.text("test_unexpected")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("test_a_parameter_that_nobody_knows", "max_new_tokens"), ("test_an_answer_that_is_none", "overload")],
)
def test_a_form_that_is_wrong_is_told_where_the_test_wrote_it(run: Run, name: str, meant: str) -> None:
    text = run.text(name)
    assert meant in text
    assert "FormError" in text
    assert "site-packages" not in text
    assert "/fake_tgi/" not in text.replace("\\", "/"), "a traceback through what is not the user's"


def test_an_unexpected_call_is_told_with_the_nearest_stub(run: Run) -> None:
    text = run.text("test_unexpected")
    assert 'a call that nobody expected: POST /generate "Hallo" -> 501' in text
    assert 'inputs: expected "hello", got "Hallo"' in text


def test_a_failure_shows_the_stream_with_its_times_and_a_command_that_asks_again(run: Run) -> None:
    for name in ("test_unused", "test_its_own_failure_first"):
        text = run.text(name)
        assert "ms  200 text/event-stream" in text
        assert 'ms  token "' in text
        assert "curl -sS -i -N http://127.0.0.1:" in text
        assert '"Authorization: Bearer $HF_TOKEN"' in text
        assert "hf_abcdefghijk" not in text.replace('headers={"Authorization": "Bearer hf_abcdefghijk"}', "")


def test_an_error_of_an_answer_is_raised_with_its_own_traceback(run: Run) -> None:
    text = run.text("test_answer_function")
    assert '>       assert asked.inputs == "hello", "not what was agreed"' in text
    assert "E       AssertionError: not what was agreed" in text
    assert "fake_tgi/" not in text.partition("fake_tgi -----")[0], "only the user's own lines"
    assert 'raise LookupError("no such answer")' in run.text("test_answer_coroutine")
    assert "E       AssertionError: not what was agreed" in run.text("test_answer_that_nobody_waits_for")
    assert "never ask that" in run.text("test_answer_function_that_fails_with_pytest")
    assert "has no attribute 'nothing'" in run.text("test_predicate")


def test_a_test_that_fails_by_itself_shows_what_else_was_found_and_fails_once(run: Run) -> None:
    assert "greeting was never used" in run.text("test_its_own_failure_first")
    text = run.text("test_its_own_failure_after_an_answers")
    assert "stub 1 raised AssertionError: not what was agreed" in text
    assert 'assert asked.inputs == "hello", "not what was agreed"' in text.partition("fake_tgi -----")[2]


def test_an_error_of_the_fake_itself_is_never_silent(run: Run) -> None:
    assert "ZeroDivisionError: inside" in run.text("test_the_fake_breaks")
