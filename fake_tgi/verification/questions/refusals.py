"""What a server must refuse, and in which words; nothing here generates a token.

The rows of errors.json that need no special server, the first of each cause and route; and each rule of the
validation, with the limits that /info tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from tgi_contracts import ErrorRow, endpoints, error_rows

from ..claims import refused
from ..question import NOTHING, Fact, Question
from .making import PROMPT, chat, completion, generate, post, stream

__all__ = ["refusals"]

_VALIDATION: Final = "Input validation error: "

#: Causes that every route answers alike, since one layer does for all: asked of some.
_OF_SOME: Final[Mapping[str, tuple[str, ...]]] = {
    "content_type": ("/generate", "/v1/chat/completions", "/v1/completions", "/tokenize"),
    "other_method": ("/generate", "/v1/chat/completions", "/info"),
    "grammar": ("/generate", "/generate_stream", "/v1/chat/completions"),
}

#: Parameters that /generate refuses, and why. Router specification 3.2, in its order.
_PARAMETERS: Final[tuple[tuple[str, Mapping[str, Any], str], ...]] = (
    ("best_of", {"best_of": Fact("best_of")}, "you must use sampling when `best_of` is > 1"),
    ("temperature", {"temperature": 0}, "`temperature` must be strictly positive"),
    ("repetition_penalty", {"repetition_penalty": 0}, "`repetition_penalty` must be strictly positive"),
    ("frequency_penalty", {"frequency_penalty": 2.5}, "`frequency_penalty` must be >= -2.0 and <= 2.0"),
    ("top_p", {"top_p": 1}, "`top_p` must be > 0.0 and < 1.0"),
    ("top_p_32_bits", {"top_p": 0.99999999}, "`top_p` must be > 0.0 and < 1.0"),
    ("typical_p", {"typical_p": 0}, "`typical_p` must be > 0.0 and < 1.0"),
    ("top_k", {"top_k": 0}, "`top_k` must be strictly positive"),
    (
        "stop",
        {"stop": Fact("stops_over")},
        "`stop` supports up to {max_stop_sequences} stop sequences. Given: {#}",
    ),
    (
        "seed",
        {"best_of": Fact("best_of"), "do_sample": True, "seed": 1},
        "`seed` must not be set when `best_of` > 1",
    ),
    (
        "top_n_tokens",
        {"top_n_tokens": 4294967295},
        "`top_n_tokens` must be >= 0 and <= {#}. Given: 4294967295",
    ),
    (
        "truncate",
        {"truncate": 0},
        "`truncate` must be strictly positive and less than {max_input_tokens}. Given: 0",
    ),
    (
        "truncate_over",
        {"truncate": Fact("truncate_over")},
        "`truncate` must be strictly positive and less than {max_input_tokens}. Given: {truncate_over}",
    ),
    (
        "best_of_over",
        {"best_of": Fact("best_of_over"), "do_sample": True},
        "`best_of` must be > 0 and <= {max_best_of}. Given: {best_of_over}",
    ),
    (
        "order",
        {"temperature": -1, "top_p": 5, "top_k": 0, "max_new_tokens": 0},
        "`temperature` must be strictly positive",
    ),
)


def refusals() -> tuple[Question, ...]:
    """All of them, in the order of their tables."""
    return (*_rows(), *_validation(), *_keys())


def _rows() -> Iterator[Question]:
    seen: set[tuple[str, bool, str]] = set()
    for row in error_rows():
        kind = (row.path, row.stream, row.cause)
        if row.server or kind in seen:
            continue
        seen.add(kind)
        if row.path in _OF_SOME.get(row.cause, (row.path,)):
            yield _of_row(row)


def _of_row(row: ErrorRow) -> Question:
    return Question(
        row.id,
        _route(row),
        row.when,
        row.method,
        row.path,
        json=_bounded(row.request["json"]) if "json" in row.request else NOTHING,
        raw=row.request["raw"].encode() if "raw" in row.request else None,
        headers=row.request["headers"],
        status=row.answer["status"],
        error=True,
        row=row,
    )


def _route(row: ErrorRow) -> str:
    """The route that the row is about; another method's is that of its path."""
    methods = [each.method for each in endpoints() if each.path == row.path]
    if row.method in methods:
        return f"{row.method} {row.path}"
    return f"{methods[-1] if row.path != '/' else 'POST'} {row.path}" if methods else "elsewhere"


def _bounded(body: Mapping[str, Any]) -> dict[str, Any]:
    """A row's body, with a limit for servers that do not refuse it."""
    if "inputs" in body:
        return {**body, "parameters": {"max_new_tokens": 1} | dict(body.get("parameters", {}))}
    if "messages" in body or "prompt" in body:
        return {"max_tokens": 1} | dict(body)
    return dict(body)


def _validation() -> Iterator[Question]:
    for name, parameters, message in _PARAMETERS:
        yield generate(
            f"generate.refuses.{name}",
            parameters,
            f"refuses {', '.join(parameters)}",
            refused(_VALIDATION + message),
            status=422,
            error=True,
        )
    say = refused(_VALIDATION + "`inputs` cannot be empty")
    yield generate("generate.refuses.empty", {}, "refuses no prompt", say, inputs="", status=422, error=True)
    yield post(
        "generate.refuses.long",
        "/generate",
        {"inputs": Fact("long_text"), "parameters": {"max_new_tokens": 1}},
        "refuses more tokens than /info says",
        refused(
            _VALIDATION + "`inputs` tokens + `max_new_tokens` must be <= {max_total_tokens}. "
            "Given: {#} `inputs` tokens and 1 `max_new_tokens`"
        ),
        status=422,
        error=True,
    )
    best_of = refused(_VALIDATION + "`best_of` != 1 is not supported when streaming tokens")
    prefill = "`decoder_input_details` == true is not supported when streaming tokens"
    yield stream("generate_stream.refuses.best_of", {"best_of": 0}, "refuses best_of", best_of, error=True)
    yield stream(
        "generate_stream.refuses.prefill",
        {"decoder_input_details": True},
        "refuses decoder_input_details",
        refused(_VALIDATION + prefill),
        error=True,
    )
    top_p = refused(_VALIDATION + "`top_p` must be > 0.0 and < 1.0")
    yield chat("chat.refuses.top_p", {"top_p": 1}, "refuses top_p", top_p, status=422, error=True)
    yield chat("chat_stream.refuses.top_p", {"top_p": 1, "stream": True}, "refuses top_p", top_p, error=True)
    yield chat(
        "chat.refuses.stop",
        {"stop": "a"},
        "refuses a stop sequence that is no list",
        status=422,
        error=True,
    )
    yield completion(
        "completions.refuses.batch",
        {"prompt": Fact("prompts_over"), "max_tokens": 1},
        "refuses more prompts than /info says",
        refused("Number of prompts exceeds the maximum allowed batch size of {max_client_batch_size}"),
        status=422,
        error=True,
    )
    yield Question(
        "generate.too_large",
        "POST /generate",
        "refuses a body of more than 2,000,000 bytes",
        "POST",
        "/generate",
        raw=b'{"inputs":5}'.ljust(2_000_001),
        status=413,
        error=True,
        # A server with a larger limit finds that the prompt is no text.
        may_refuse=True,
    )


def _keys() -> Iterator[Question]:
    """Only asked with a key in hand; they tell nothing where the server wants none. They generate nothing."""
    body = {"inputs": PROMPT, "parameters": {"max_new_tokens": 0}}
    for name, says in (("none", "401 without a key"), ("wrong", "401 with another key")):
        yield replace(
            post(f"key.{name}", "/generate", body, says, status=401, error=True),
            key="none" if name == "none" else "wrong",
        )
    yield replace(
        post("key.upper", "/generate", body, "the key in capitals is the same", status=422, error=True),
        key="upper",
    )
