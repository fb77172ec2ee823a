"""A model that sees images counts their tokens and gets their data; any other takes them for text."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.app import Application
from fake_tgi.generation import Generation, Token
from fake_tgi.shard import ShardRequest

from .asking import ask, make
from .images import SAMPLES, data_uri, png


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder with the embedded tokenizer."""
    with as_file(files("fake_tgi") / "data" / "tokenizer.json") as tokenizer:
        shutil.copyfile(tokenizer, tmp_path / "tokenizer.json")
    config = {"chat_template": "{{ messages[0].content }}"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    return tmp_path


def seeing(folder: Path, config: Any = None, **settings: Any) -> Application:
    (folder / "config.json").write_text(json.dumps(config or {"model_type": "idefics"}))
    return make(tokenizer_name=str(folder), **settings)


def length(app: Application, inputs: str) -> int:
    body = {"inputs": inputs, "parameters": {"max_new_tokens": 1}}
    return int(ask(app, "POST", "/generate", body).headers["x-prompt-tokens"])


def test_an_image_counts_as_its_models_tokens(folder: Path) -> None:
    app = seeing(folder)
    for _, data in SAMPLES.values():
        assert length(app, f"a {data_uri(data, '')} b") == length(app, "a <image> b")


def test_a_model_that_sees_nothing_takes_an_image_for_text(folder: Path) -> None:
    app = seeing(folder, {"model_type": "llama"})
    assert length(app, f"a {data_uri(png(1, 1))} b") > 30
    assert ask(app, "POST", "/generate", {"inputs": "![](http://nowhere.invalid/)"}).status == 200


def test_the_model_gets_the_image_as_data(folder: Path) -> None:
    class Recording:
        asked: ShardRequest | None = None

        def slow(self, request: ShardRequest) -> bool:
            return False

        def generate(self, request: ShardRequest) -> Generation:
            self.asked = request
            return Generation((Token(1, "x", -0.5, False),), "x", "length", request.input_length)

    app, shard = seeing(folder), Recording()
    app.state.infer.shard = shard
    with serving(png(3, 3)) as url:
        body = {"inputs": f"a ![]({url}) b", "parameters": {"max_new_tokens": 1}}
        assert ask(app, "POST", "/generate", body).status == 200
    assert shard.asked is not None
    assert shard.asked.inputs == f"a {data_uri(png(3, 3))} b"


@contextmanager
def serving(data: bytes) -> Iterator[str]:
    """The address of `data` on a real server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/image"
        server.shutdown()
        thread.join(5)


def test_a_fetched_image_may_be_too_large_and_an_embedded_one_may_not(folder: Path) -> None:
    app = seeing(folder, max_image_fetch_size=10)
    assert ask(app, "POST", "/generate", {"inputs": data_uri(png(3, 3))}).status == 200
    with serving(png(3, 3)) as url:
        refused = ask(app, "POST", "/generate", {"inputs": f"![]({url})"})
    size = len(png(3, 3))
    assert refused.json() == {
        "error": f"Input validation error: Image size {size} bytes exceeds maximum allowed size of 10 bytes",
        "error_type": "validation",
    }


REFUSED = {
    "![]()": "invalid image content: ![]()",
    "![](ftp://x/y)": "invalid image content: ![](ftp://x/y)",
    "![](HTTP://x)": "invalid image content: ![](HTTP://x)",
    "![](a\nb)": "invalid image content: ![](a\nb)",
    "![](data:)": "invalid image content: ",
    "![](data:image/png,AAAA)": "invalid image content: image/png,AAAA",
    "![](data:image/png;charset=x;base64,AAAA)": "invalid image content: image/png;charset=x;base64,AAAA",
    "![](data:image/png;BASE64,AAAA)": "invalid image content: BASE64,AAAA",
    "![](data:image/png;base64,@@@@)": "base64 encoding is invalid: Invalid symbol 64, offset 0.",
    "![](data:text/plain;base64,aGVsbG8=)": "invalid image: The image format could not be determined",
    "![](http://)": "Could not fetch image: builder error: empty host",
}


@pytest.mark.parametrize("image", REFUSED)
@pytest.mark.parametrize(
    "path", ["/generate", "/", "/tokenize", "/chat_tokenize", "/v1/chat/completions", "/v1/completions"]
)
def test_what_is_no_image_is_refused_on_every_route(folder: Path, path: str, image: str) -> None:
    app = seeing(folder)
    body = {
        "inputs": f"a {image} b",
        "prompt": f"a {image} b",
        "messages": [{"role": "user", "content": image}],
    }
    reply = ask(app, "POST", path, body)
    assert reply.status == 422
    assert reply.json() == {"error": f"Input validation error: {REFUSED[image]}", "error_type": "validation"}


def test_in_a_stream_it_is_an_event_and_in_a_chat_an_image_part_is_an_image(folder: Path) -> None:
    app = seeing(folder)
    assert ask(app, "POST", "/generate_stream", {"inputs": "![](x)"}).events[0]["error_type"] == "validation"
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    chat = {"messages": [{"role": "user", "content": [{"type": "text", "text": "See"}, part]}]}
    assert (
        ask(app, "POST", "/v1/chat/completions", chat)
        .json()["error"]
        .endswith("invalid image: unexpected end of file")
    )


@pytest.mark.parametrize("inputs", ["![alt](x)", "![] (x)", "[](x)", "![](x"])
def test_other_links_are_text(folder: Path, inputs: str) -> None:
    assert ask(seeing(folder), "POST", "/generate", {"inputs": inputs}).status == 200


def test_rules_before_the_count_come_before_the_image_and_the_count_after_it(folder: Path) -> None:
    app = seeing(folder, max_input_tokens=10, max_total_tokens=12)

    def error(inputs: str, **parameters: Any) -> str:
        reply = ask(app, "POST", "/generate", {"inputs": inputs, "parameters": parameters})
        return str(reply.json()["error"])

    assert "`max_new_tokens` must be strictly positive" in error("![](x)", max_new_tokens=0)
    assert "invalid image content" in error("![](x)" + " word" * 99, max_new_tokens=5)
    assert "must be <= 12" in error(data_uri(png(1, 1)) + " word" * 99, max_new_tokens=5)


def test_overload_comes_before_the_image_and_a_refused_image_gives_its_permit_back(folder: Path) -> None:
    app = seeing(folder, max_concurrent_requests=1)
    for _ in range(3):
        assert ask(app, "POST", "/generate", {"inputs": "![](x)"}).status == 422
    app.state.permits.acquire()
    assert ask(app, "POST", "/generate", {"inputs": "![](x)"}).status == 429


def test_tokens_are_those_of_the_count_and_their_texts_are_cut_from_what_was_given(folder: Path) -> None:
    inputs = f"ab {data_uri(png(1, 1))}"
    counted = ask(seeing(folder), "POST", "/tokenize", {"inputs": "ab <image>"}).json()
    pieces = ask(seeing(folder), "POST", "/tokenize", {"inputs": inputs}).json()
    assert [(piece["id"], piece["start"], piece["stop"]) for piece in pieces] == [
        (piece["id"], piece["start"], piece["stop"]) for piece in counted
    ]
    assert all(piece["text"] == inputs[piece["start"] : piece["stop"]] for piece in pieces)


def test_a_prompt_grows_by_its_answer_without_its_images_being_loaded_again(folder: Path) -> None:
    app = seeing(folder, max_total_tokens=8000, ignore_eos=True)
    with serving(png(1, 1)) as url:
        body = {"inputs": f"a ![]({url})", "parameters": {"max_new_tokens": 1025, "details": True}}
        details = ask(app, "POST", "/generate", body).json()["details"]
    assert details["generated_tokens"] == 2048


def test_an_image_that_breaks_the_router_down_ends_the_connection(folder: Path) -> None:
    config = {"model_type": "qwen2_5_vl", "vision_config": {"spatial_patch_size": 0}}
    app = seeing(folder, config, max_concurrent_requests=1)
    for _ in range(2):
        assert ask(app, "POST", "/generate", {"inputs": data_uri(png(1, 1))}).status == 0
    assert ask(app, "POST", "/generate", {"inputs": "a"}).status == 200
