"""The router's layers around its endpoints: paths, methods, CORS, API key, payload limit, content type."""

from __future__ import annotations

import pytest

from fake_tgi.call import Call
from fake_tgi.cors import Cors
from fake_tgi.serve import ROUTES

from .asking import ask, make

VARY = "origin, access-control-request-method, access-control-request-headers"
KEYED = ["/", "/generate", "/generate_stream", "/v1/chat/completions", "/v1/completions", "/tokenize"]
OPEN = ["/info", "/health", "/ping", "/v1/models", "/metrics"]


@pytest.mark.parametrize(
    "path", ["/nope", "/generate/", "//generate", "/GENERATE", "/v1", "/%67enerate", "/v2/health/live"]
)
def test_an_unknown_path_is_a_404_without_a_body(path: str) -> None:
    reply = ask(make(), "POST", path, {"inputs": "a"})
    assert (reply.status, reply.body, reply.headers["content-length"]) == (404, b"", "0")
    assert "content-type" not in reply.headers


def test_a_query_is_ignored() -> None:
    assert ask(make(), "GET", "/health?deep=1").status == 200


@pytest.mark.parametrize("path", sorted(ROUTES))
def test_a_wrong_method_is_a_405_that_names_the_right_ones(path: str) -> None:
    reply = ask(make(), "PATCH", path)
    assert (reply.status, reply.body) == (405, b"")
    assert reply.headers["allow"] == ROUTES[path].allow.decode()
    wrong = "POST" if ROUTES[path].post is None else "PUT"
    assert ask(make(), wrong, path).status == 405


@pytest.mark.parametrize("path", OPEN)
def test_head_answers_as_get_without_a_body(path: str) -> None:
    app = make()
    got, head = ask(app, "GET", path), ask(app, "HEAD", path)
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers == got.headers


@pytest.mark.parametrize("path", ["/generate", "/info", "/nope"])
def test_options_is_answered_on_any_path(path: str) -> None:
    reply = ask(make(api_key="k"), "OPTIONS", path)
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["access-control-allow-methods"] == "GET,POST"
    assert reply.headers["access-control-allow-headers"] == "content-type"
    assert ("allow" in reply.headers) == (path != "/nope")


@pytest.mark.parametrize(("method", "path"), [("GET", "/info"), ("POST", "/nope"), ("PUT", "/generate")])
def test_every_answer_carries_the_cors_headers(method: str, path: str) -> None:
    reply = ask(make(), method, path)
    assert reply.headers["vary"] == VARY
    assert reply.headers["access-control-allow-origin"] == "*"


ORIGIN, KEY = "access-control-allow-origin", {"authorization": "Bearer k"}
ASKED_ABOUT = ["access-control-allow-methods", "access-control-allow-headers"]


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "names"),
    [
        ("PUT", "/generate", KEY, 405, ["vary", ORIGIN, "allow"]),
        ("PUT", "/generate", {}, 401, ["vary", ORIGIN, "allow"]),
        ("POST", "/generate", {}, 401, ["vary", ORIGIN]),
        ("HEAD", "/generate", KEY, 405, ["vary", ORIGIN, "allow"]),
        ("PUT", "/nope", {}, 404, ["vary", ORIGIN]),
        ("OPTIONS", "/generate", {}, 200, [ORIGIN, "vary", *ASKED_ABOUT, "allow"]),
        ("OPTIONS", "/nope", {}, 200, [ORIGIN, "vary", *ASKED_ABOUT]),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_the_layers_write_their_headers_in_the_order_of_the_router(
    method: str, path: str, sent: dict[str, str], status: int, names: list[str], listed: bool
) -> None:
    app = make(api_key="k", cors_allow_origin=("http://ok.test",))
    origin = {"origin": "http://ok.test"} if listed else {}
    reply = ask(app, method, path, headers={**sent, **origin})
    expected = [name for name in names if listed or name != ORIGIN]
    assert (reply.status, list(reply.headers)) == (status, [*expected, "content-length"])


def test_of_several_origins_the_first_one_counts() -> None:
    cors = Cors(("http://ok.test",))
    origins = ((b"origin", b"http://bad.test"), (b"origin", b"http://ok.test"))
    bad, ok = (cors.headers(Call("GET", "/info", given)) for given in (origins, origins[::-1]))
    assert [name for name, _ in bad] == [b"vary"]
    assert ok[1] == (b"access-control-allow-origin", b"http://ok.test")


def test_listed_origins_are_echoed_and_others_get_nothing() -> None:
    app = make(cors_allow_origin=("http://ok.test", "http://also.test"))
    allowed = ask(app, "GET", "/info", headers={"origin": "http://also.test"})
    refused = ask(app, "GET", "/info", headers={"origin": "http://bad.test"})
    assert allowed.headers["access-control-allow-origin"] == "http://also.test"
    assert "access-control-allow-origin" not in refused.headers
    assert refused.headers["vary"] == VARY


@pytest.mark.parametrize("path", KEYED)
@pytest.mark.parametrize("header", [None, "Bearer wrong", "sesame", "Basic sesame", "Bearer sesame x"])
def test_without_the_key_a_guarded_route_is_an_empty_401(path: str, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    reply = ask(make(api_key="sesame"), "POST", path, raw=b"{", headers=headers)
    assert (reply.status, reply.body) == (401, b"")
    assert "www-authenticate" not in reply.headers
    assert "content-type" not in reply.headers


@pytest.mark.parametrize("header", ["Bearer Sesame", "bearer sesame", "BEARER SESAME"])
def test_key_and_scheme_are_compared_without_case(header: str) -> None:
    reply = ask(
        make(api_key="Sesame"), "POST", "/tokenize", {"inputs": "a"}, headers={"authorization": header}
    )
    assert reply.status == 200


def test_routes_about_the_server_need_no_key() -> None:
    app = make(api_key="sesame")
    assert [ask(app, "GET", path).status for path in [*OPEN, "/"]] == [200] * 6
    assert ask(app, "POST", "/chat_tokenize", {"messages": []}).status == 200


def test_a_wrong_method_without_the_key_is_a_401_but_on_the_shared_root_a_405() -> None:
    app = make(api_key="sesame")
    refused = ask(app, "PUT", "/generate")
    assert (refused.status, refused.headers["allow"]) == (401, "POST")
    assert ask(app, "PUT", "/").status == 405
    assert ask(app, "PUT", "/generate", headers={"authorization": "Bearer sesame"}).status == 405


def test_the_payload_limit_is_inclusive_and_comes_after_the_content_type() -> None:
    app = make(payload_limit=40)
    body = b'{"inputs":"' + b"x" * 27 + b'"}'
    assert len(body) == 40
    assert ask(app, "POST", "/tokenize", raw=body).status == 200
    large = ask(app, "POST", "/tokenize", raw=body + b" ")
    assert (large.status, large.text) == (413, "Failed to buffer the request body: length limit exceeded")
    assert large.headers["content-type"] == "text/plain; charset=utf-8"
    assert (
        ask(app, "POST", "/tokenize", raw=body + b" ", headers={"content-type": "text/plain"}).status == 415
    )


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/vnd.x+json", "APPLICATION/JSON"]
)
def test_any_json_content_type_is_taken(content_type: str) -> None:
    reply = ask(make(), "POST", "/tokenize", {"inputs": "a"}, headers={"content-type": content_type})
    assert reply.status == 200


@pytest.mark.parametrize("content_type", ["", "text/json", "application/jsonx", "json"])
def test_other_content_types_are_a_415(content_type: str) -> None:
    reply = ask(make(), "POST", "/tokenize", {"inputs": "a"}, headers={"content-type": content_type})
    assert (reply.status, reply.text) == (415, "Expected request with `Content-Type: application/json`")


def test_the_hosted_api_knows_the_served_model_and_no_other() -> None:
    app = make(model_id="bigscience/bloomz")
    deployed = ask(app, "GET", "/framework/text-generation-inference").json()
    assert [model["model_id"] for model in deployed] == ["bigscience/bloomz"]
    assert ask(app, "GET", "/status/bigscience/bloomz").json()["framework"] == "text-generation-inference"
    assert ask(app, "POST", "/models/bigscience/bloomz", {"inputs": "Hi"}).json()[0]["generated_text"]
    unknown = ask(app, "GET", "/status/else/where")
    assert (unknown.status, unknown.json()) == (404, {"error": "Model else/where does not exist"})
