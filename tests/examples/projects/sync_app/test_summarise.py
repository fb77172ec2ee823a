"""What the summariser does with a server that answers, fails, breaks off, and is busy."""

import io
import runpy

import pytest
from summarise import ModelError, Summariser

from fake_tgi import contains


@pytest.fixture
def summariser(fake_tgi):
    made = Summariser(first_delay=0.01)
    yield made
    made.close()


def test_a_summary(fake_tgi, summariser):
    fake_tgi.reply(" Cats sleep a lot.")
    assert summariser.summary("Cats sleep for most of the day.") == "Cats sleep a lot."
    asked = fake_tgi.last_request
    assert asked.inputs.startswith("Summarise in one sentence:\n\nCats sleep")
    assert asked.parameters["max_new_tokens"] == 60


def test_each_text_has_its_own_summary(fake_tgi, summariser):
    cats = fake_tgi.on_generate(inputs=contains("Cats")).reply("About cats.")
    dogs = fake_tgi.on_generate(inputs=contains("Dogs")).reply("About dogs.")
    assert [summariser.summary(text) for text in ("Dogs bark.", "Cats sleep.")] == [
        "About dogs.",
        "About cats.",
    ]
    assert cats.called_once
    assert dogs.called_once


def test_tokens_come_one_by_one_without_the_special_ones(fake_tgi, summariser):
    fake_tgi.on_generate(stream=True).stream(["Cats", " sleep", "."])
    assert list(summariser.stream("Cats sleep.")) == ["Cats", " sleep", "."]


def test_characters_of_several_bytes_survive_any_cut(fake_tgi, summariser):
    fake_tgi.on_generate(stream=True).stream(["Über", " 🐈", "."])
    fake_tgi.resegment(1)
    assert "".join(summariser.stream("Katzen")) == "Über 🐈."


def test_a_busy_server_is_asked_again(fake_tgi, summariser):
    fake_tgi.reply("At last.")
    fake_tgi.overloaded(times=2).then.ok()
    assert summariser.summary("Cats sleep.") == "At last."
    fake_tgi.assert_request_made("/generate", times=3)


def test_but_not_for_ever(fake_tgi, summariser):
    fake_tgi.overloaded(times=None)
    with pytest.raises(ModelError, match="Model is overloaded"):
        summariser.summary("Cats sleep.")
    fake_tgi.assert_request_made("/generate", times=4)


@pytest.mark.parametrize(
    "trouble",
    [
        lambda fake: fake.disconnect(after_tokens=2),
        lambda fake: fake.tcp_reset(after_tokens=2),
        lambda fake: fake.end_early(after_tokens=2),
    ],
    ids=["disconnect", "tcp_reset", "end_early"],
)
def test_half_an_answer_is_not_taken_for_a_whole_one(fake_tgi, summariser, trouble):
    fake_tgi.on_generate().stream(["Cats", " sleep", "."])
    trouble(fake_tgi)
    with pytest.raises(ModelError):
        list(summariser.stream("Cats sleep."))


def test_a_proxys_page_is_told_by_its_status(fake_tgi, summariser):
    fake_tgi.html(502)
    with pytest.raises(ModelError, match="502"):
        summariser.summary("Cats sleep.")


def test_what_the_server_refuses_is_told_in_its_words(fake_tgi, summariser):
    with pytest.raises(ModelError, match="must be <= 4096"):
        summariser.summary("Cats sleep. " * 2000)


@pytest.mark.fake_tgi(clock="virtual", ttft="20s")
def test_patience_without_waiting(fake_tgi, summariser):
    fake_tgi.reply("Slow but sure.")
    assert summariser.summary("Cats sleep.") == "Slow but sure."
    assert fake_tgi.last_request.seconds >= 20


def test_the_command(fake_tgi, monkeypatch, capsys):
    fake_tgi.reply("Cats sleep a lot.")
    monkeypatch.setattr("sys.stdin", io.StringIO("Cats sleep."))
    runpy.run_module("summarise", run_name="__main__")
    assert capsys.readouterr().out.strip() == "Cats sleep a lot."
