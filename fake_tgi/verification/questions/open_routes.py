"""What needs no model: what the server tells about itself, its health, its documents, its tokenizer."""

from __future__ import annotations

from typing import Final

from ..comparisons import counters_moved, model_of, same_value
from ..question import Question
from .making import PROMPT, SKY, get, post

__all__ = ["AFTERWARDS", "OPEN"]

# A character of four bytes, one of two parts, and signs that stand for themselves in JSON.
_ODD: Final = 'Grüße an 東京 🌍 e\u0301 "\\" \t\n'

OPEN: Final[tuple[Question, ...]] = (
    get("info", "/info", "model and limits"),
    get(
        "models",
        "/v1/models",
        "the model of /info",
        model_of("info", lambda seen: seen.value["model_id"], lambda seen: seen.value["data"][0]["id"]),
    ),
    get("health", "/health", "200 and nothing else"),
    get("ping", "/ping", "the same as /health"),
    get("root", "/", "the same as /health"),
    get("metrics", "/metrics", "families of tgi_ metrics", compared=False),
    get("docs", "/docs", "where the documentation is", status=303),
    get("docs.page", "/docs/", "the page itself"),
    get("openapi", "/api-doc/openapi.json", "an OpenAPI document"),
    get("query", "/info?a=b", "/info, for a query means nothing", same_value("info")),
    Question("head", "GET /info", "the head of /info alone", "HEAD", "/info"),
    Question("options", "elsewhere", "200 from the CORS layer", "OPTIONS", "/generate"),
    Question("options.unknown", "elsewhere", "200 from the CORS layer", "OPTIONS", "/nope"),
    Question("slash", "elsewhere", "404, for no slash is added or taken away", "GET", "/info/", status=404),
    post("tokenize", "/tokenize", {"inputs": PROMPT}, "the prompt's tokens, with their bytes"),
    post("tokenize.odd", "/tokenize", {"inputs": _ODD}, "tokens whose places are bytes"),
    post("tokenize.empty", "/tokenize", {"inputs": ""}, "an empty prompt is no mistake here"),
    post(
        "tokenize.truncate",
        "/tokenize",
        {"inputs": PROMPT, "parameters": {"truncate": 1}},
        "truncate means nothing here",
        same_value("tokenize"),
    ),
    post("chat_tokenize", "/chat_tokenize", {"messages": SKY}, "the prompt as templated, and its tokens"),
    post(
        "chat_tokenize.continued",
        "/chat_tokenize",
        {"messages": [*SKY, {"role": "assistant", "content": "Because"}]},
        "the prompt ends with the last message",
    ),
)

AFTERWARDS: Final[tuple[Question, ...]] = (
    get(
        "metrics.afterwards",
        "/metrics",
        "the counters moved",
        counters_moved("metrics"),
        random=True,
        after=("chat.greedy", "generate.stop", "completions.two"),
    ),
    get("health.afterwards", "/health", "still in health", after=("generate_stream.left",)),
)
