"""What a test says of stubs and faults and no call comes for fails it, with the line that said it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from .running import Run, run_suite

pytestmark = pytest.mark.damages_answers  # some faults do

SUITE = """
    import os

    import pytest
    import requests

    from fake_tgi import contains


    def post(inputs, route="/generate", **more):
        body = {"inputs": inputs, "parameters": {"max_new_tokens": 4}}
        return requests.post(os.environ["TGI_BASE_URL"] + route, json=body, timeout=5, **more)


    def test_unused_with_a_key(fake_tgi):
        fake_tgi.on_generate(headers={"authorization": "Bearer hf_" + "a1b2" * 3}).reply("Hi.")
        said = contains("sk-" + "a1b2" * 3)
        fake_tgi.on_chat(headers={"x-tenant-token": "quite plain"}, inputs=said).reply("Hi.")
        post("Hallo", headers={"Authorization": "Bearer hf_" + "c3d4" * 3, "x-tenant-token": "as plain"})


    def test_unused_and_no_call(fake_tgi):
        fake_tgi.reply("Paris.")


    def test_unused_but_optional(fake_tgi):
        fake_tgi.on_generate(inputs="hello").optional().reply("Hi.")


    def test_unused_and_taken_away(fake_tgi):
        fake_tgi.on_generate(inputs="hello").reply("Hi.").remove()


    @pytest.mark.fake_tgi(allow_unused_stubs=True)
    def test_unused_but_allowed(fake_tgi):
        fake_tgi.on_generate(inputs="hello").reply("Hi.")


    def test_without_an_answer(fake_tgi):
        fake_tgi.on_generate(inputs="Hello", headers={"x-api-key": "sesame"})


    def test_with_half_a_lifetime(fake_tgi):
        hello = fake_tgi.on(inputs="Hello").fault("gzip")
        hello.once().optional().reply("Hi.")
        hello.times(2).named("rest")


    def test_gone_on_with(fake_tgi):
        hello = fake_tgi.on_generate(inputs="Hello").optional()
        hello.times(2).reply("Hi.")
        hello.reply("Bye.")


    def test_a_wrong_answer_is_told_by_itself(fake_tgi):
        for said in ("error('overlaod')", "fault('cot')", "named(5)", "repyl('Hi.')", "reply(txt='Hi.')"):
            with pytest.raises((ValueError, TypeError, AttributeError)):
                eval(f"fake_tgi.on().{said}")


    def test_forgotten_before_an_answer(fake_tgi):
        fake_tgi.on_generate(inputs="Hello")
        fake_tgi.reset()


    @pytest.mark.fake_tgi(allow_unused_stubs=True)
    def test_without_an_answer_but_allowed(fake_tgi):
        fake_tgi.on_generate(inputs="Hello")


    def test_a_fault_that_nobody_meets(fake_tgi):
        fake_tgi.overloaded(times=2)


    def test_a_fault_that_comes_too_late(fake_tgi):
        fake_tgi.overloaded(times=2).then.ok().then.html(503).then.ok()
        assert post("Hallo").status_code == 429


    def test_a_fault_that_may_be_met(fake_tgi):
        fake_tgi.overloaded(times=2).then.html(503).optional()
        post("Hallo")


    def test_faults_that_are_met(fake_tgi):
        fake_tgi.overloaded(times=3).then.html(503)
        fake_tgi.fault("error(500) first=5 times=1")
        for _ in range(5):
            post("Hallo")


    def test_a_fault_that_goes_on_for_ever(fake_tgi):
        fake_tgi.overloaded(times=None)
        fake_tgi.fault("cut(tokens=3)")


    def test_faults_that_were_taken_away(fake_tgi):
        fake_tgi.overloaded()
        fake_tgi.clear_faults()
        fake_tgi.html()
        fake_tgi.reset()
        fake_tgi.gzip()
        fake_tgi.change(seed=7)


    @pytest.mark.fake_tgi(allow_unused_stubs=True, fault="proxy_page times=1")
    def test_a_fault_that_nobody_need_meet(fake_tgi):
        fake_tgi.overloaded(times=2)


    def test_hidden_by_another(fake_tgi):
        fake_tgi.on_generate(inputs="hello").named("older").reply("Hi.")
        fake_tgi.on_generate().named("newer").reply("Ha.")
        post("hello")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_suite(tmp_path_factory.mktemp("unmet"), {"test_app.py": SUITE})


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("test_unused_with_a_key", "error"),
        ("test_unused_and_no_call", "error"),
        ("test_unused_but_optional", "passed"),
        ("test_unused_and_taken_away", "passed"),
        ("test_unused_but_allowed", "passed"),
        ("test_without_an_answer", "error"),
        ("test_with_half_a_lifetime", "error"),
        ("test_gone_on_with", "passed"),
        ("test_a_wrong_answer_is_told_by_itself", "passed"),
        ("test_forgotten_before_an_answer", "passed"),
        ("test_without_an_answer_but_allowed", "passed"),
        ("test_a_fault_that_nobody_meets", "error"),
        ("test_a_fault_that_comes_too_late", "error"),
        ("test_a_fault_that_may_be_met", "passed"),
        ("test_faults_that_are_met", "passed"),
        ("test_a_fault_that_goes_on_for_ever", "passed"),
        ("test_faults_that_were_taken_away", "passed"),
        ("test_a_fault_that_nobody_need_meet", "passed"),
        ("test_hidden_by_another", "error"),
    ],
)
def test_outcomes(run: Run, name: str, outcome: str) -> None:
    assert run.outcome(name) == outcome, run.text(name)


def line_of(code: str) -> str:
    """Where the suite has it, as reports say it."""
    number = next(at for at, line in enumerate(dedent(SUITE).splitlines(True), 1) if code in line)
    return f"(test_app.py:{number})"


def test_a_stub_without_an_answer_is_told_with_its_parts_and_its_line(run: Run) -> None:
    where = line_of('"x-api-key": "sesame"')
    told = 'a stub for inputs "Hello", headers {"x-api-key": "REDACTED"} was begun and never given an answer'
    assert f"{told} {where}" in run.text("test_without_an_answer")
    where = line_of('named("rest")')
    told = f'a stub for inputs "Hello" was begun and never given an answer {where}'
    assert run.text("test_with_half_a_lifetime").count("never given") == 1
    assert told in run.text("test_with_half_a_lifetime")


def test_an_unused_stub_is_told_without_its_secrets(run: Run) -> None:
    text = run.text("test_unused_with_a_key")
    assert '"headers": {"authorization": "REDACTED"}' in text
    assert "headers.x-tenant-token: expected a certain value (not shown), got another one (not shown)" in text
    for secret in ("a1b2a1b2", "c3d4c3d4", "quite plain", "as plain"):
        assert secret not in text


def test_a_fault_that_no_call_came_for_is_told_with_its_line_and_what_has_come(run: Run) -> None:
    where = line_of("fake_tgi.overloaded(times=2)\n")
    told = f"overload never struck {where}; it is for call 1 of those that it can strike"
    assert f"{told}\n  no call has come" in run.text("test_a_fault_that_nobody_meets")
    where = line_of("overloaded(times=2).then.ok()")
    text = run.text("test_a_fault_that_comes_too_late")
    assert f"proxy_page(status=503) never struck {where}; it is for call 4" in text
    assert '\n  POST /generate "Hallo" -> 429' in text
    assert "overload never struck" not in text


def test_an_unused_stub_without_a_call_says_so(run: Run) -> None:
    assert "no call has come" in run.text("test_unused_and_no_call")


def test_a_stub_that_another_one_hides_is_told_as_such(run: Run) -> None:
    text = run.text("test_hidden_by_another")
    assert "older was never used" in text
    assert "matches, but another stub answered it" in text
