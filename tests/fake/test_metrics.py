"""`/metrics`: series appear when touched, under TGI's names, and count as oddly as TGI counts."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fake_tgi.app import Application
from fake_tgi.exposition import HELP

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
    assert "# TYPE tgi_request_count counter\ntgi_request_count 2.0\n" in text
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
