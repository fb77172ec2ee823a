"""The generation rules, seen from outside: what `/generate`, `/generate_stream` and `POST /` answer."""

from __future__ import annotations

from typing import Any

import pytest

from fake_tgi.app import Application

from .asking import Reply, ask, make


def tokens(count: int, *, logprob: float = -0.5) -> list[dict[str, Any]]:
    return [{"id": 300 + i, "text": f" w{i}", "logprob": logprob, "special": False} for i in range(count)]


def scripted(count: int, reason: str = "length", **more: Any) -> dict[str, Any]:
    return {"tokens": tokens(count), "finish_reason": reason, **more}


def queue(app: Application, *generations: dict[str, Any]) -> None:
    assert ask(app, "POST", "/__admin/generations", {"generations": list(generations)}).status == 200


def generate(app: Application, **parameters: Any) -> Reply:
    return ask(app, "POST", "/generate", {"inputs": "Go on.", "parameters": parameters})


def test_the_same_question_gets_the_same_answer_whatever_was_asked_between() -> None:
    first = generate(make(), seed=7).json()
    app = make()
    ask(app, "POST", "/generate", {"inputs": "Something else"})
    assert generate(app, seed=7).json() == first
    assert generate(make(seed=1), seed=7).json() != first


def test_the_concatenated_stream_is_the_whole_answer() -> None:
    body = {"inputs": "Tell me about rivers.", "parameters": {"max_new_tokens": 40, "details": True}}
    whole = ask(make(), "POST", "/generate", body).json()
    events = ask(make(), "POST", "/generate_stream", body).events
    text = "".join(event["token"]["text"] for event in events if not event["token"]["special"])
    assert text == events[-1]["generated_text"] == whole["generated_text"]
    assert [event["token"] for event in events] == whole["details"]["tokens"]
    assert [event["index"] for event in events] == list(range(1, len(events) + 1))


def test_details_stand_only_where_they_were_asked_for() -> None:
    assert list(generate(make(), max_new_tokens=3).json()) == ["generated_text"]
    details = generate(make(), max_new_tokens=3, details=True).json()["details"]
    assert list(details) == ["finish_reason", "generated_tokens", "seed", "prefill", "tokens"]
    assert details["prefill"] == []


def test_prefill_comes_with_decoder_input_details_and_its_first_logprob_is_null() -> None:
    details = generate(make(), max_new_tokens=1, decoder_input_details=True).json()["details"]
    assert details["prefill"][0]["logprob"] is None
    assert all(token["logprob"] is not None for token in details["prefill"][1:])
    assert list(details["prefill"][0]) == ["id", "text", "logprob"]


@pytest.mark.parametrize(
    ("parameters", "reported"),
    [
        ({"seed": 5}, None),
        ({"seed": 5, "do_sample": True}, 5),
        ({"seed": 5, "temperature": 1.0}, None),
        ({"seed": 5, "temperature": 0.5}, 5),
        ({"seed": 5, "top_k": 3}, 5),
        ({"seed": 5, "top_p": 0.9}, 5),
        ({"seed": 2**64 - 1, "typical_p": 0.9}, 2**64 - 1),
    ],
)
def test_a_seed_is_reported_only_by_a_model_that_sampled(parameters: Any, reported: int | None) -> None:
    details = generate(make(), max_new_tokens=1, details=True, **parameters).json()["details"]
    assert details["seed"] == reported


def test_no_parameters_sample_and_empty_ones_do_not() -> None:
    app = make()
    stream = ask(app, "POST", "/generate_stream", {"inputs": "Go on."})
    assert stream.events[-1]["details"] is None
    queue(app, scripted(1), scripted(1))
    ask(app, "POST", "/generate", {"inputs": "x"})
    assert generate(app, details=True, max_new_tokens=1).json()["details"]["seed"] is None


def test_the_prompt_comes_back_when_asked_and_by_default_on_the_compatibility_route() -> None:
    app = make()
    body = {"inputs": "Go on.", "parameters": {"max_new_tokens": 2}}
    alone = ask(app, "POST", "/generate", body).json()["generated_text"]
    compat = ask(app, "POST", "/", body).json()
    assert [item["generated_text"] for item in compat] == ["Go on." + alone]
    body["parameters"]["return_full_text"] = False  # type: ignore[index]  # the dict is of two kinds
    assert ask(app, "POST", "/", body).json()[0]["generated_text"] == alone
    assert generate(app, max_new_tokens=2, return_full_text=True).json()["generated_text"] == "Go on." + alone


@pytest.mark.damages_answers(reason="a model that samples has a seed, but for these scripts")
def test_best_of_keeps_the_likeliest_and_shows_the_others_in_their_order() -> None:
    app = make(max_best_of=3)
    for logprob in (-0.9, -0.1, -0.5):
        queue(app, {"tokens": tokens(2, logprob=logprob), "finish_reason": "length"})
    details = generate(app, best_of=3, do_sample=True, details=True, max_new_tokens=2).json()["details"]
    assert details["tokens"][0]["logprob"] == pytest.approx(-0.1)
    others = [sequence["tokens"][0]["logprob"] for sequence in details["best_of_sequences"]]
    assert others == pytest.approx([-0.9, -0.5])


@pytest.mark.damages_answers(reason="scripts without a seed, one of them longer than asked")
def test_of_equally_likely_answers_the_first_one_wins() -> None:
    app = make()
    queue(app, scripted(2), {**scripted(3), "generated_text": "second"})
    details = generate(app, best_of=2, do_sample=True, details=True, max_new_tokens=2).json()["details"]
    assert (details["generated_tokens"], details["best_of_sequences"][0]["generated_text"]) == (2, "second")


def test_an_answer_past_1024_tokens_is_scheduled_again_and_overshoots() -> None:
    """1,025 asked, 2,048 given: each piece is scheduled with the whole, undiminished number."""
    app = make(max_input_tokens=4000, max_total_tokens=8000)
    queue(app, scripted(1024), scripted(1024), scripted(1024))
    details = generate(app, max_new_tokens=1025, details=True).json()["details"]
    assert (details["generated_tokens"], len(details["tokens"])) == (2048, 2048)
    assert len(app.state.queue) == 1


def test_an_answer_that_cannot_go_on_ends_where_it_is() -> None:
    app = make(max_input_tokens=1024, max_total_tokens=2048)
    queue(app, scripted(1024), scripted(1024))
    reply = generate(app, max_new_tokens=2000, details=True).json()
    assert (reply["details"]["generated_tokens"], reply["details"]["finish_reason"]) == (1024, "length")


def test_a_streamed_continuation_has_one_terminal_event_and_indexes_that_go_on() -> None:
    app = make(max_input_tokens=4000, max_total_tokens=8000)
    queue(app, scripted(1024), scripted(2, "eos_token"))
    body = {"inputs": "Go on.", "parameters": {"max_new_tokens": 3000, "details": True}}
    events = ask(app, "POST", "/generate_stream", body).events
    assert [event["index"] for event in events] == list(range(1, 1027))
    assert [event["generated_text"] for event in events[:-1]] == [None] * 1025
    assert events[-1]["details"]["generated_tokens"] == 1026
    assert events[-1]["details"]["finish_reason"] == "eos_token"


def test_an_error_follows_the_tokens_before_it() -> None:
    app = make()
    failing = {"tokens": tokens(2), "finish_reason": None, "error": "boom"}
    queue(app, failing, failing)
    events = ask(app, "POST", "/generate_stream", {"inputs": "x"}).events
    assert [event.get("index") for event in events] == [1, 2, None]
    message = "Request failed during generation: Server error: boom"
    assert events[-1] == {"error": message, "error_type": "generation"}
    whole = ask(app, "POST", "/", {"inputs": "x"})
    assert (whole.status, whole.json()) == (424, {"error": message, "error_type": "generation"})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"best_of": 2}, "`best_of` != 1 is not supported when streaming tokens"),
        ({"best_of": 0}, "`best_of` != 1 is not supported when streaming tokens"),
        ({"decoder_input_details": True}, "`decoder_input_details` == true is not supported when streaming"),
        ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
    ],
)
def test_a_stream_says_what_is_wrong_in_an_event_of_a_200(parameters: Any, said: str) -> None:
    reply = ask(make(), "POST", "/generate_stream", {"inputs": "x", "parameters": parameters})
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/event-stream"
    (event,) = reply.events
    assert event["error"].startswith(f"Input validation error: {said}")
    assert event["error_type"] == "validation"


def test_a_queued_generation_answers_its_own_prompt_first() -> None:
    app = make()
    queue(app, *(scripted(n, "eos_token", inputs=inputs) for n, inputs in enumerate("abc", 1)))
    lengths = [
        len(ask(app, "POST", "/generate_stream", {"inputs": inputs}).events) for inputs in ("b", "z", "c")
    ]
    assert lengths == [2, 1, 3]


def test_what_was_not_asked_for_is_not_sent_though_somebody_queued_it() -> None:
    app = make()
    rich = scripted(1, prefill=[{"id": 1, "text": "a", "logprob": None}], top_tokens=[tokens(2)])
    queue(app, rich, rich)
    plain = generate(app, details=True, max_new_tokens=1).json()["details"]
    assert plain["prefill"] == []
    assert "top_tokens" not in plain
    asked = generate(app, decoder_input_details=True, top_n_tokens=2, max_new_tokens=1).json()["details"]
    assert len(asked["prefill"]) == 1
    assert [len(tops) for tops in asked["top_tokens"]] == [2]


@pytest.mark.parametrize(
    ("generation", "where"),
    [
        ({}, "tokens"),
        ({"tokens": []}, "finish_reason"),
        ({"tokens": [], "finish_reason": "length"}, "generations[0].tokens"),
        ({"tokens": [{"id": "1", "text": "a"}], "finish_reason": "length"}, "generations[0].tokens[0].id"),
        ({"tokens": [{"id": True, "text": "a"}], "finish_reason": "length"}, "generations[0].tokens[0].id"),
        ({"tokens": [{"id": 1}], "finish_reason": "length"}, "'text'"),
        ({"tokens": [{"id": 1, "text": "a"}], "finish_reason": "done"}, "finish_reason"),
        ("x", "generations[0]"),
    ],
)
def test_a_malformed_generation_is_refused_with_its_place_and_nothing_is_queued(
    generation: Any, where: str
) -> None:
    app = make()
    reply = ask(app, "POST", "/__admin/generations", {"generations": [generation, scripted(1)]})
    assert reply.status == 422
    assert where in reply.json()["error"]
    assert len(app.state.queue) == 0


def test_a_reset_forgets_everything() -> None:
    app = make()
    before = ask(app, "POST", "/generate", {"inputs": "Go on."}).json()
    queue(app, scripted(1))
    ask(app, "POST", "/__admin/health", {"gone": True})
    ask(app, "POST", "/generate", {"inputs": "x"})
    assert ask(app, "POST", "/__admin/reset").status == 200
    assert ask(app, "GET", "/health").status == 200
    assert ask(app, "GET", "/metrics").body == b""
    assert ask(app, "POST", "/generate", {"inputs": "Go on."}).json() == before


def test_the_controls_need_no_key_of_the_models() -> None:
    app = make(api_key="sesame")
    assert ask(app, "POST", "/__admin/generations", {"generations": [], "replace": True}).status == 200
    assert ask(app, "POST", "/__admin/reset").status == 200


def test_headers_tell_what_the_answer_cost() -> None:
    reply = generate(make(), max_new_tokens=5, seed=1)
    names = [name for name in reply.headers if name.startswith("x-")]
    assert names == [
        "x-compute-type", "x-compute-time", "x-compute-characters", "x-total-time", "x-validation-time",
        "x-queue-time", "x-inference-time", "x-time-per-token", "x-prompt-tokens", "x-generated-tokens",
    ]  # fmt: skip
    assert reply.headers["x-compute-type"] == "gpu+optimized"
    assert reply.headers["x-compute-characters"] == "6"
    prompt = ask(make(), "POST", "/tokenize", {"inputs": "Go on."}).json()
    assert int(reply.headers["x-prompt-tokens"]) == len(prompt)


def test_code_points_are_counted_where_characters_are() -> None:
    reply = ask(make(), "POST", "/generate_stream", {"inputs": "naïve 😀"})
    assert reply.headers["x-compute-characters"] == "7"
    assert reply.headers["x-accel-buffering"] == "no"
    assert reply.headers["cache-control"] == "no-cache"


def test_the_quick_start_is_answered_as_its_readme_says() -> None:
    assert ask(make(), "POST", "/generate", {"inputs": "Why is the sky blue?"}).json() == {
        "generated_text": " Rayleigh scattering"
    }


@pytest.mark.needs_shared
def test_the_quick_start_is_answered_alike_by_another_tokenizer(shared: Any) -> None:
    app = make(tokenizer_name=str(shared / "oracle" / "tokenizer"))
    body = {"inputs": "Why is the sky blue?", "parameters": {"details": True}}
    answer = ask(app, "POST", "/generate", body).json()
    assert answer["generated_text"] == " Rayleigh scattering"
    assert answer["details"]["tokens"][-1]["text"] == "</s>"
