"""`/metrics`: series appear when touched, under TGI's names, and count as oddly as TGI counts."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fake_tgi.app import Application
from fake_tgi.batch import Batch, Calls
from fake_tgi.call import Call
from fake_tgi.exposition import HELP, exposition
from fake_tgi.frames import Head
from fake_tgi.histogram import Histogram

from .asking import ask, make


def sample(app: Application, name: str, **labels: str) -> float:
    """The value of one series; 0 where it does not exist yet."""
    told = ",".join(f'{key}="{value}"' for key, value in labels.items())
    wanted = f"{name}{{{told}}}" if told else name
    for line in ask(app, "GET", "/metrics").text.splitlines():
        series, _, value = line.rpartition(" ")
        if series == wanted:
            return float(value)
    return 0.0


def test_any_scraper_can_read_it() -> None:
    app = make()
    ask(app, "POST", "/generate", {"inputs": "a"})
    families = list(text_string_to_metric_families(ask(app, "GET", "/metrics").text))
    assert {"tgi_request_count", "tgi_request_duration"} <= {family.name for family in families}
    types = {family.name: family.type for family in families}
    assert types["tgi_request_skipped_tokens"] == "summary"


def test_nothing_is_exposed_until_something_happens() -> None:
    reply = ask(make(), "GET", "/metrics")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


CHAT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}


@pytest.mark.parametrize(
    ("path", "body", "count"),
    [
        ("/generate", {"inputs": "a"}, 1),
        ("/generate_stream", {"inputs": "a"}, 1),
        ("/", {"inputs": "a"}, 1),
        ("/v1/chat/completions", CHAT, 2),
        ("/v1/chat/completions", {**CHAT, "stream": True}, 2),
        ("/v1/completions", {"prompt": ["a", "b", "c"], "max_tokens": 1}, 4),
        ("/v1/completions", {"prompt": ["a", "b"], "max_tokens": 1, "stream": True}, 3),
        ("/vertex", {"instances": [{"inputs": "a"}, {"inputs": "b"}]}, 3),
        ("/chat_tokenize", CHAT, 1),
        ("/tokenize", {"inputs": "a"}, 0),
        ("/generate", {"inputs": 1}, 0),
    ],
)
def test_requests_are_counted_where_the_router_counts_them(path: str, body: Any, count: int) -> None:
    app = make()
    ask(app, "POST", path, body)
    assert sample(app, "tgi_request_count") == count


def test_an_answer_of_n_tokens_is_one_prefill_and_n_minus_1_decodes() -> None:
    app = make(ignore_eos=True)
    ask(app, "POST", "/generate", {"inputs": "a", "parameters": {"max_new_tokens": 7}})
    assert sample(app, "tgi_batch_inference_count", method="prefill") == 1
    assert sample(app, "tgi_batch_inference_count", method="decode") == 6
    assert sample(app, "tgi_request_generated_tokens_sum") == 7
    assert sample(app, "tgi_request_max_new_tokens_sum") == 7
    assert sample(app, "tgi_request_skipped_tokens_count") == 7
    assert sample(app, "tgi_request_success") == 1
    assert sample(app, "tgi_batch_next_size_count") == 1


@pytest.mark.parametrize(
    ("body", "err"),
    [
        ({"inputs": ""}, "validation"),
        ({"inputs": "a", "parameters": {"top_p": 1.0}}, "validation"),
    ],
)
def test_a_refusal_is_a_failure_by_its_kind(body: Any, err: str) -> None:
    app = make()
    ask(app, "POST", "/generate", body)
    assert sample(app, "tgi_request_failure", err=err) == 1
    assert sample(app, "tgi_request_success") == 0


def test_best_of_beyond_the_limit_is_refused_uncounted() -> None:
    app = make()
    parameters = {"best_of": 9, "do_sample": True}
    assert ask(app, "POST", "/generate", {"inputs": "a", "parameters": parameters}).status == 422
    assert sample(app, "tgi_request_failure", err="validation") == 0


def test_a_crash_counts_the_call_that_failed() -> None:
    app = make()
    ask(app, "POST", "/__admin/health", {"crash_after": 2})
    ask(app, "POST", "/generate", {"inputs": "a"})
    assert sample(app, "tgi_batch_inference_failure", method="decode") == 1
    assert sample(app, "tgi_batch_inference_success", method="prefill") == 1
    assert sample(app, "tgi_request_failure", err="generation") == 1


def test_names_and_types_are_the_routers() -> None:
    app = make()
    ask(app, "POST", "/generate", {"inputs": "a", "parameters": {"max_new_tokens": 3}})
    ask(app, "POST", "/generate", {"inputs": ""})
    text = ask(app, "GET", "/metrics").text
    assert "# TYPE tgi_request_count counter\ntgi_request_count 2\n" in text
    assert "# TYPE tgi_request_skipped_tokens summary\n" in text
    assert "_total" not in text.replace("max_total", "")
    assert "# HELP tgi_request_failure" not in text
    assert 'tgi_request_duration_bucket{le="0.00015000000000000001"}' in text
    described = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# HELP")}
    assert described <= set(HELP)


def test_the_headers_and_the_metrics_tell_the_same_story() -> None:
    app = make()
    reply = ask(app, "POST", "/generate", {"inputs": "a b c", "parameters": {"max_new_tokens": 5}})
    assert sample(app, "tgi_request_input_length_sum") == int(reply.headers["x-prompt-tokens"])
    assert sample(app, "tgi_request_generated_tokens_sum") == int(reply.headers["x-generated-tokens"])
    assert sample(app, "tgi_request_duration_sum") == pytest.approx(float(reply.headers["x-compute-time"]))


def test_the_generations_of_one_request_share_the_models_calls() -> None:
    """The first is prefilled alone, the others behind it, and then each step serves all."""
    app = make(ignore_eos=True)
    body = {"prompt": ["a", "b", "c"], "max_tokens": 4}
    ask(app, "POST", "/v1/completions", body)
    assert sample(app, "tgi_batch_inference_count", method="prefill") == 2
    assert sample(app, "tgi_batch_inference_count", method="decode") == 3
    assert sample(app, "tgi_batch_concat", reason="backpressure") == 1
    assert (sample(app, "tgi_batch_next_size_count"), sample(app, "tgi_batch_next_size_sum")) == (2, 3)
    assert sample(app, "tgi_request_skipped_tokens_count") == 12
    assert sample(app, "tgi_request_success") == 3
    ask(app, "POST", "/v1/completions", {**body, "stream": True})
    assert sample(app, "tgi_batch_inference_count", method="decode") == 6
    ask(app, "POST", "/generate", {"inputs": "a", "parameters": {"max_new_tokens": 4}})
    assert sample(app, "tgi_batch_inference_count", method="decode") == 9
    assert (sample(app, "tgi_batch_next_size_count"), sample(app, "tgi_batch_next_size_sum")) == (5, 7)


def test_a_batch_takes_as_many_steps_as_its_longest_generation() -> None:
    batch = Batch(3)
    assert batch.calls(3, failed=False) == Calls(1, 1, 2, 2)
    assert batch.calls(5, failed=False) == Calls(1, 1, 2, 2, joined=2)
    assert batch.calls(1, failed=False) == Calls(0, 0, 0, 0)


def test_a_crash_in_a_batch_is_one_call_that_failed_and_a_failure_of_each() -> None:
    app = make()
    ask(app, "POST", "/__admin/health", {"crash_after": 2})
    body = {"inputs": "a", "parameters": {"best_of": 2, "do_sample": True}}
    assert ask(app, "POST", "/generate", body).status == 424
    assert sample(app, "tgi_batch_inference_failure", method="decode") == 1
    assert sample(app, "tgi_request_failure", err="generation") == 2
    assert sample(app, "tgi_request_failure", err="dropped") == 0


NO_TOOL = ["{", '"function":', ' {"_name":', ' "no_tool"', "}", "}", "</s>"]


def test_a_streamed_no_tool_is_dropped_as_soon_as_it_is_recognised() -> None:
    """The model hears of it with the token behind, which nobody gets."""
    app = make()
    tokens = [{"id": 1, "text": text, "logprob": -0.5, "special": text == "</s>"} for text in NO_TOOL]
    scripted = {"tokens": tokens, "finish_reason": "eos_token"}
    second = {"tokens": tokens[-1:], "finish_reason": "eos_token"}
    ask(app, "POST", "/__admin/generations", {"generations": [scripted, second]})
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    body = {"messages": [{"role": "user", "content": "x"}], "tools": [tool], "stream": True}
    assert ask(app, "POST", "/v1/chat/completions", body).events[-1] == "[DONE]"
    assert sample(app, "tgi_request_failure", err="dropped") == 1
    assert sample(app, "tgi_request_skipped_tokens_count") == 4 + 1
    assert sample(app, "tgi_batch_inference_count", method="decode") == 4
    assert sample(app, "tgi_batch_inference_count", method="prefill") == 2
    assert (sample(app, "tgi_request_success"), sample(app, "tgi_request_count")) == (1, 3)


@pytest.mark.parametrize(
    ("permits", "path", "body", "requests", "overloaded"),
    [
        (0, "/v1/completions", {"prompt": ["a", "b", "c"]}, 2, 1),
        (1, "/v1/completions", {"prompt": ["a", "b", "c"]}, 3, 1),
        (0, "/vertex", {"instances": [{"inputs": "a"}, {"inputs": "b"}]}, 3, 2),
        (1, "/vertex", {"instances": [{"inputs": "a"}, {"inputs": "b"}]}, 3, 1),
        (1, "/generate", {"inputs": "a", "parameters": {"best_of": 2, "do_sample": True}}, 1, 1),
    ],
)
def test_of_several_generations_each_asks_for_a_permit_until_one_gets_none(
    permits: int, path: str, body: Any, requests: int, overloaded: int
) -> None:
    """But for vertex, where each stands for itself."""
    app = make(max_concurrent_requests=permits)
    assert ask(app, "POST", path, body).status in (429, 500)
    assert sample(app, "tgi_request_count") == requests
    assert sample(app, "tgi_request_failure", err="overloaded") == overloaded
    assert sample(app, "tgi_request_failure", err="dropped") == 0
    assert app.state.permits.free == permits


def test_an_instance_that_succeeds_counts_though_another_fails() -> None:
    app = make()
    body = {"instances": [{"inputs": ""}, {"inputs": "a"}]}
    assert ask(app, "POST", "/vertex", body).status == 500
    assert sample(app, "tgi_request_success") == 1
    assert sample(app, "tgi_request_failure", err="validation") == 1


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (2e6, "2000000"), (1.5e-05, "0.000015"), (0.1, "0.1")]
)
def test_numbers_are_printed_without_exponents_and_idle_fractions(value: float, text: str) -> None:
    app = make()
    app.state.metrics.asked()
    app.state.metrics._requests = value  # type: ignore[assignment]  # a count that is none
    assert f"\ntgi_request_count {text}\n" in ask(app, "GET", "/metrics").text


def test_what_was_counted_elsewhere_is_added_with_what_was_not_sorted_yet() -> None:
    app, other = make(), make()
    for each in app, other:
        head, _ = each.frames(
            Call(
                "POST",
                "/generate",
                ((b"content-type", b"application/json"),),
                b'{"inputs":"Hello","parameters":{"max_new_tokens":5}}',
            )
        )
        assert isinstance(head, Head)
    app.state.metrics.add(other.state.metrics)
    told = exposition(app.state.metrics).decode()
    for name in ("tgi_request_generated_tokens", "tgi_request_duration", "tgi_request_queue_duration"):
        assert f"\n{name}_count 2\n" in told
    assert "\ntgi_request_generated_tokens_sum 10\n" in told


def test_values_that_are_observed_often_count_as_often() -> None:
    values, times = [0.5, 2.0, 9.0, 1.0], [3, 0, 2, 1]
    together, each = Histogram((1.0, 2.0, 3.0)), Histogram((1.0, 2.0, 3.0))
    together.observe_often(values, times)
    for value, number in zip(values, times, strict=True):
        for _ in range(number):
            each.observe(value)
    assert (together.counts, together.sum, together.count) == (each.counts, each.sum, each.count)
