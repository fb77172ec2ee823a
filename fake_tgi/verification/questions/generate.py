"""Generating: /generate, /generate_stream, POST /, /vertex and /invocations, a few tokens at a time."""

from __future__ import annotations

from typing import Any, Final

from ..claims import finishes, greedy_is_likeliest, holds_json, matches, prefill_counts, seed_is
from ..comparisons import (
    begins_like,
    counted_by,
    full_text_of,
    same_text,
    same_tokens,
    stops_at,
    truncated_to,
)
from ..question import Fact, Question
from ..seen import Seen
from .making import FEW, PROMPT, SKY, compat, generate, post, stream

__all__ = ["GENERATE"]

_MOST: Final = 2**64 - 1
_SEED: Final = {"do_sample": True, "seed": 42, "details": True}
_SAME: Final = same_text("generate.greedy")
_YES_OR_NO: Final = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}


def _count(seen: Seen) -> int:
    return len(seen.value)


_COUNTED: Final = counted_by("tokenize", _count)

_PLAIN: Final = (
    generate("generate.greedy", {"details": True}, "an answer with its details", _COUNTED),
    generate(
        "generate.one", {"max_new_tokens": 1, "details": True}, "one token",
        begins_like("generate.greedy"),
    ),
    generate(
        "generate.again", {"details": True}, "the same, for it does not sample",
        same_tokens("generate.greedy"),
    ),
    generate("generate.plain", {}, "the text alone", _SAME),
    generate(
        "generate.full_text", {"return_full_text": True}, "the prompt, too", full_text_of("generate.greedy")
    ),
    generate("generate.ignored", {"guess": [1], "stream": True}, "unknown parameters mean nothing", _SAME),
    post(
        "generate.array",
        "/generate",
        [PROMPT, {"max_new_tokens": FEW}],
        "an array, its members in order, is an object",
        _SAME,
        hidden_tokens=FEW,
    ),
    Question(
        "generate.trailing",
        "POST /generate",
        "what follows the first value means nothing",
        "POST",
        "/generate",
        raw=b'{"inputs":"What is Deep Learning?","parameters":{"max_new_tokens":8}} and more',
        rules=(_SAME,),
        hidden_tokens=FEW,
    ),
    generate("generate.odd", {"details": True}, "any character", inputs='Grüße 🌍 "\\" \t', random=False),
    generate(
        "generate.stop", {"stop": [Fact("stop")], "details": True}, "ends at its word",
        stops_at("generate.greedy"),
    ),
    generate(
        "generate.truncate", {"truncate": 2, "details": True}, "a cut prompt", truncated_to(2, "tokenize"),
    ),
    generate(
        "generate.top_n", {"top_n_tokens": 2, "details": True}, "likeliest tokens",
        same_tokens("generate.greedy"), greedy_is_likeliest(),
    ),
    generate("generate.prefill", {"decoder_input_details": True}, "the prompt's tokens", prefill_counts()),
    generate(
        "generate.penalties",
        {"repetition_penalty": 1.1, "frequency_penalty": -2, "watermark": True, "details": True},
        "penalties and a watermark",
    ),
)  # fmt: skip

_SAMPLED: Final = (
    generate("generate.seed", _SEED, "tells its seed", seed_is(42)),
    generate("generate.seed.again", _SEED, "the same with the same seed", same_tokens("generate.seed")),
    generate("generate.seed.most", {**_SEED, "seed": _MOST}, "a seed of 64 bits", seed_is(_MOST)),
    generate("generate.sampled", {"do_sample": True, "details": True}, "a seed of its own", random=True),
    generate(
        "generate.sampling",
        {"temperature": 0.7, "top_k": 5, "top_p": 0.9, "typical_p": 0.9, "details": True},
        "all ways to sample", random=True,
    ),
    generate(
        "generate.best_of",
        {"best_of": Fact("best_of"), "do_sample": True, "details": True, "max_new_tokens": 2},
        "the others, too", random=True,
    ),
)  # fmt: skip

_GRAMMAR: Final = (
    generate(
        "generate.regex", {"grammar": {"type": "regex", "value": "[0-9]{4}"}, "details": True},
        "four digits", matches("[0-9]{4}"),
    ),
    generate(
        "generate.json",
        {"grammar": {"type": "json", "value": _YES_OR_NO}, "details": True, "max_new_tokens": 24},
        "an object", holds_json({"ok": bool}),
    ),
    generate(
        "generate.json_schema",
        {
            "grammar": {"type": "json_schema", "value": {"name": "answer", "schema": _YES_OR_NO}},
            "details": True, "max_new_tokens": 24,
        },
        "an object", holds_json({"ok": bool}),
    ),
)  # fmt: skip

_STREAM: Final = (
    stream(
        "generate_stream.greedy", {"details": True}, "token by token", same_tokens("generate.greedy"),
        _SAME, _COUNTED,
    ),
    stream("generate_stream.plain", {}, "no details unless asked for", _SAME),
    stream("generate_stream.one", {"max_new_tokens": 1}, "one token", begins_like("generate.greedy")),
    stream(
        "generate_stream.full_text", {"return_full_text": True}, "the prompt, too",
        full_text_of("generate.greedy"),
    ),
    stream(
        "generate_stream.seed", _SEED, "the same with the same seed", seed_is(42),
        same_tokens("generate.seed"),
    ),
    stream(
        "generate_stream.stop", {"stop": [Fact("stop")], "details": True}, "ends at its word",
        stops_at("generate.greedy"),
    ),
    stream(
        "generate_stream.top_n", {"top_n_tokens": 2, "details": True}, "likeliest tokens",
        same_tokens("generate.greedy"), greedy_is_likeliest(),
    ),
    stream(
        "generate_stream.regex", {"grammar": {"type": "regex", "value": "[0-9]{4}"}, "details": True},
        "four digits", matches("[0-9]{4}"),
    ),
    stream("generate_stream.left", {"max_new_tokens": 64}, "a client that leaves early", leave_after=2),
)  # fmt: skip


def _finish() -> Any:
    return finishes("length", "eos_token")


_COMPAT: Final = (
    compat(
        "compat.greedy", {"return_full_text": False, "details": True}, "a list of one answer", _SAME,
        _finish(),
    ),
    compat(
        "compat.full_text", {"return_full_text": True}, "the prompt, too", full_text_of("generate.greedy"),
    ),
    compat(
        "compat_stream.greedy", {"return_full_text": False, "details": True}, "a stream, if asked for",
        same_tokens("generate.greedy"), _SAME, streamed=True,
    ),
    compat(
        "compat.seed", {**_SEED, "return_full_text": False}, "the same with the same seed",
        same_tokens("generate.seed"),
    ),
)  # fmt: skip

_PLATFORMS: Final = (
    post(
        "vertex.generate", "/vertex",
        {"instances": [{"inputs": PROMPT, "parameters": {"max_new_tokens": FEW}}] * 2},
        "one answer to each instance", random=True,
    ),
    post(
        "vertex.chat", "/vertex", {"instances": [{"messages": SKY, "max_tokens": FEW, "temperature": 0}]},
        "an instance may be a chat",
    ),
    compat("invocations.generate", {"return_full_text": False}, "as POST /", _SAME, path="/invocations"),
    compat(
        "invocations.generate_stream", {"return_full_text": False}, "as POST /", _SAME,
        path="/invocations", streamed=True,
    ),
)  # fmt: skip

GENERATE: Final[tuple[Question, ...]] = (*_PLAIN, *_SAMPLED, *_GRAMMAR, *_STREAM, *_COMPAT, *_PLATFORMS)
