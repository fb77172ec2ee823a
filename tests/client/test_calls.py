"""The calls beside generating: tokenize, chat_tokenize, info, health, metrics, models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from text_generation import errors

from .raw_server import RawServer, response
from .wire import answer, dumps

TOKENS = [{"id": 1, "text": "", "start": 0, "stop": 0}, {"id": 2, "text": "é", "start": 0, "stop": 2}]
INFO = {
    "model_id": "fixture/tiny",
    "model_sha": None,
    "model_pipeline_tag": None,
    "max_concurrent_requests": 128,
    "max_best_of": 2,
    "max_stop_sequences": 4,
    "max_input_tokens": 1000,
    "max_total_tokens": 1024,
    "validation_workers": 2,
    "max_client_batch_size": 4,
    "router": "text-generation-router",
    "version": "3.3.6-dev0",
    "sha": "db931fc",
    "docker_label": None,
    "waiting_served_ratio": 1.2,
}
MODELS = {"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": "m"}]}


def test_texts_are_tokenized(face: Any, server: RawServer) -> None:
    """At `/tokenize` below the root; offsets are in bytes; nothing is too empty."""
    server.scripts += [[response(200, dumps(TOKENS))], [response(200, b"[]")]]
    client = face.client(server.url + "/generate")
    tokens = face.call(client, "tokenize", "é")
    assert [(token.id, token.text, token.start, token.stop) for token in tokens] == [
        (1, "", 0, 0),
        (2, "é", 0, 2),
    ]
    assert tokens.meta.status == 200
    assert face.call(client, "tokenize", "") == []
    assert (server.seen[0].path, json.loads(server.seen[0].body)) == ("/tokenize", {"inputs": "é"})


def test_chats_are_tokenized(face: Any, server: RawServer) -> None:
    """The template's text, and its tokens."""
    server.scripts += [[response(200, dumps({"tokenize_response": TOKENS, "templated_text": "<s>é"}))]]
    found = face.call(face.client(server.url), "chat_tokenize", [{"role": "user", "content": "é"}])
    assert found.templated_text == "<s>é"
    assert len(found.tokenize_response) == 2
    assert server.seen[0].path == "/chat_tokenize"


def test_the_server_tells_about_itself(face: Any, server: RawServer) -> None:
    """Every field of this version, and those of others as extra attributes."""
    server.scripts += [[response(200, dumps(INFO))]]
    info = face.call(face.client(server.url), "info")
    assert (info.model_id, info.max_total_tokens, info.version) == ("fixture/tiny", 1024, "3.3.6-dev0")
    assert info.waiting_served_ratio == 1.2
    assert (server.seen[0].method, server.seen[0].path) == ("GET", "/info")
    assert "content-type" not in server.seen[0].headers


def test_health_is_a_yes_or_no(face: Any, server: RawServer) -> None:
    """Unhealthy is an answer; a refusal of another kind, or no answer at all, is an error."""
    unhealthy = response(503, b'{"error":"unhealthy","error_type":"healthcheck"}')
    server.scripts += [[response(200, b"", None)], [unhealthy], [response(404, b"")]]
    client = face.client(server.url)
    assert face.call(client, "health") is True
    assert face.call(client, "health") is False
    with pytest.raises(errors.NotFoundError):
        face.call(client, "health")
    with pytest.raises(errors.ConnectionFailedError):
        face.call(face.client("http://127.0.0.1:9"), "health")


def test_metrics_and_models(face: Any, server: RawServer) -> None:
    """Prometheus text as it is; the list of models, in OpenAI's shape or plain."""
    text = b"# TYPE tgi_queue_size gauge\ntgi_queue_size 0\n"
    server.scripts += [[response(200, text, "text/plain")], [response(200, dumps(MODELS))]]
    client = face.client(server.url + "/v1")
    metrics = face.call(client, "metrics")
    assert metrics == text.decode()
    assert metrics.meta.status == 200
    assert [model.id for model in face.call(client, "models")] == ["m"]
    assert [seen.path for seen in server.seen] == ["/metrics", "/v1/models"]


@pytest.mark.parametrize(
    "method", ["info", "models", "tokenize", "chat_tokenize", "generate", "chat", "completion"]
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"7", b"null", b"{}", b"[]", b'"x"', b"[[]]"])
def test_an_answer_of_another_kind_is_shown(face: Any, server: RawServer, method: str, body: bytes) -> None:
    """Never a KeyError or a foreign validation error, and nothing made up."""
    server.scripts += [[response(200, body)]]
    arguments: list[Any] = {
        "chat": [[{"role": "user", "content": "x"}]],
        "chat_tokenize": [[{"role": "user", "content": "x"}]],
        "info": [],
        "models": [],
    }.get(method, ["x"])
    client = face.client(server.url)
    if (method, body) in (("tokenize", b"[]"), ("models", b"[]")):
        assert face.call(client, method, *arguments) == []
        return
    with pytest.raises(errors.InvalidResponseError) as caught:
        face.call(client, method, *arguments)
    assert caught.value.body == body.decode()
    assert caught.value.status == 200


def test_an_error_in_a_200_is_the_error(face: Any, server: RawServer) -> None:
    """Some proxies answer so."""
    server.scripts += [[response(200, b'{"error":"Model is overloaded","error_type":"overloaded"}')]]
    with pytest.raises(errors.OverloadedError):
        face.call(face.client(server.url), "generate", "hi")


def test_headers_and_body_can_be_added_to_a_call(face: Any, server: RawServer) -> None:
    """`headers=`, `extra=` and `adapter_id=` for one call, beside the client's own."""
    server.scripts += [[answer()]]
    client = face.client(server.url, {"x-client": "1", "x-both": "client"}, {"c": "d"})
    options = {
        "headers": {"X-Both": "call", "x-client": None},
        "extra": {"parameters": {"new": 1}, "more": 2},
    }
    face.call(client, "generate", "hi", adapter_id="lora", **options)
    seen = server.seen[0]
    assert seen.headers["x-both"] == "call"
    assert "x-client" not in seen.headers
    assert seen.headers["cookie"] == "c=d"
    body = json.loads(seen.body)
    assert (body["more"], body["parameters"]["new"], body["parameters"]["adapter_id"]) == (2, 1, "lora")
    assert body["parameters"]["max_new_tokens"] == 20


def test_a_closed_client_can_be_used_again(face: Any, server: RawServer) -> None:
    """It opens new connections."""
    server.scripts += [[answer()], [answer()]]
    client = face.client(server.url)
    face.call(client, "generate", "hi")
    client.close() if face.name == "sync" else face.run(client.aclose())
    face.call(client, "generate", "hi")
    assert server.connections == 2


def test_tokens_come_from_where_hugging_face_keeps_them(
    face: Any, server: RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """The argument, the environment, the token file; an explicit wish not to send one is respected."""
    monkeypatch.setenv("HF_INFERENCE_ENDPOINT", server.url)
    status = response(200, b'{"framework":"text-generation-inference"}')
    sent = []
    home = tmp_path / "hf"
    home.mkdir()

    def ask(**options: Any) -> None:
        server.scripts += [[status], [answer()]]
        face.call(face.hosted("a/b", **options), "generate", "hi")
        sent.append(server.seen[-1].headers.get("authorization"))

    ask()
    (home / "token").write_text("from-file\n")
    ask()
    monkeypatch.setenv("HF_TOKEN", "from-env")
    ask()
    ask(token="given")
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    ask()
    assert sent == [None, "Bearer from-file", "Bearer from-env", "Bearer given", None]
