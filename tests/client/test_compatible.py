"""The published surface (text-generation 0.7.0) is a contract."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import textwrap
from typing import Any

import aiohttp
import pydantic
import pytest

import text_generation
from text_generation import AsyncClient, Client, errors, inference_api, types

from .raw_server import RawServer, response
from .wire import DETAILS, answer, chat_answer, dumps, events, stream

GENERATE_STREAM = (
    "prompt do_sample=False max_new_tokens=20 repetition_penalty=None frequency_penalty=None "
    "return_full_text=False seed=None stop_sequences=None temperature=None "
    "top_k=None top_p=None truncate=None "
    "typical_p=None watermark=False top_n_tokens=None grammar=None"
)
# Positional order and defaults, as the wheel has them (`completion`: as the later source has it).
SIGNATURES = {
    "__init__": "base_url headers=None cookies=None timeout=10",
    "chat": "messages repetition_penalty=None frequency_penalty=None logit_bias=None logprobs=None "
    "top_logprobs=None max_tokens=None n=None presence_penalty=None stream=False seed=None temperature=None "
    "top_p=None tools=None tool_choice=None",
    "generate": "prompt do_sample=False max_new_tokens=20 best_of=None repetition_penalty=None "
    "frequency_penalty=None return_full_text=False seed=None stop_sequences=None temperature=None top_k=None "
    "top_p=None truncate=None typical_p=None watermark=False decoder_input_details=False top_n_tokens=None "
    "grammar=None",
    "generate_stream": GENERATE_STREAM,
    "completion": "prompt frequency_penalty=None max_tokens=None repetition_penalty=None seed=None "
    "stream=False "
    "temperature=None top_p=None stop=None",
}
FUNCTIONS = {
    "deployed_models": "headers=None",
    "check_model_support": "repo_id headers=None",
}
HOSTED = "repo_id token=None timeout=10"


def _positional(function: Any) -> str:
    shown = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.name != "self":
            default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
            shown.append(parameter.name + default)
        else:
            assert parameter.name == "self" or parameter.kind in (
                parameter.KEYWORD_ONLY,
                parameter.VAR_KEYWORD,
            ), f"{parameter.name} is new and must be keyword-only"
    return " ".join(shown)


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("method", SIGNATURES)
def test_positional_parameters_are_as_published(client: Any, method: str) -> None:
    """Names, order and defaults; everything new is keyword-only."""
    assert _positional(getattr(client, method)) == SIGNATURES[method]


def test_functions_of_the_hosted_api_are_as_published() -> None:
    """And its clients' constructors."""
    for name, expected in FUNCTIONS.items():
        assert _positional(getattr(inference_api, name)) == expected
    assert _positional(inference_api.InferenceAPIClient.__init__) == HOSTED
    assert _positional(inference_api.InferenceAPIAsyncClient.__init__) == HOSTED
    assert _positional(errors.parse_error) == "status_code payload"


def test_both_clients_take_the_same_arguments() -> None:
    """Method by method, keyword-only ones included."""
    for name, function in inspect.getmembers(Client, inspect.isfunction):
        if name.startswith("_"):
            continue
        ours = list(inspect.signature(function).parameters.values())
        theirs = list(inspect.signature(getattr(AsyncClient, name)).parameters.values())
        assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs], (
            name
        )


def test_every_published_name_is_importable() -> None:
    """Also the helpers that the published modules carried along."""
    names = {
        "": "Client AsyncClient InferenceAPIClient InferenceAPIAsyncClient __version__ DEPRECATION_WARNING",
        "client": "Client AsyncClient ClientSession ClientTimeout requests json ValidationError parse_error "
        "StreamResponse Response Request Parameters Grammar ChatRequest "
        "ChatCompletionChunk ChatComplete Message "
        "Tool Dict Optional List AsyncIterator Iterator Union CompletionRequest "
        "Completion CompletionComplete",
        "types": "GrammarType Grammar ToolCall Message Tool ChatCompletionComplete Function "
        "ChoiceDeltaToolCall "
        "ChoiceDelta Choice ChatCompletionChunk ChatComplete ChatRequest Parameters Request InputToken Token "
        "FinishReason BestOfSequence Details Response StreamDetails StreamResponse DeployedModel BaseModel "
        "field_validator Enum ValidationError PrefillToken Chunk CompletionRequest "
        "CompletionComplete Completion "
        "ConfigDict",
        "errors": "ValidationError GenerationError OverloadedError IncompleteGenerationError BadRequestError "
        "ShardNotReadyError ShardTimeoutError NotFoundError RateLimitExceededError "
        "NotSupportedError UnknownError "
        "parse_error",
        "inference_api": "INFERENCE_ENDPOINT deployed_models check_model_support InferenceAPIClient "
        "InferenceAPIAsyncClient Client AsyncClient DeployedModel NotSupportedError parse_error requests os "
        "__version__",
    }
    for module, found in names.items():
        home = getattr(text_generation, module) if module else text_generation
        for name in found.split():
            assert hasattr(home, name), f"{module}.{name}"
    assert text_generation.client.ValidationError is pydantic.ValidationError
    assert types.ValidationError is errors.ValidationError
    assert types.PrefillToken is types.InputToken


def test_the_network_libraries_of_the_modules_can_be_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """`text_generation.client.requests.post` resolves, as test suites in the wild expect."""
    import requests

    monkeypatch.setattr("text_generation.client.requests.post", lambda *a, **k: "patched")
    monkeypatch.setattr("text_generation.inference_api.requests.get", lambda *a, **k: "patched")
    assert requests.post("x") == requests.get("x") == "patched"


def test_importing_the_package_loads_nothing() -> None:
    """Neither a network library nor pydantic, until they are used."""
    script = """
        import sys, text_generation
        heavy = {"aiohttp", "requests", "pydantic", "urllib3", "starlette", "uvicorn", "hypothesis"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        text_generation.Client("http://x")
        assert not {"aiohttp", "requests"} & set(sys.modules)
        text_generation.AsyncClient("http://x")
        assert not {"aiohttp", "requests"} & set(sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_attributes_are_as_published() -> None:
    """The sync client's timeout is the value given, the async one's an `aiohttp.ClientTimeout`."""
    headers = {"a": "b"}
    client, async_client = (
        Client("http://x/", headers, {"c": "d"}, 7),
        AsyncClient("http://x/", headers, None, 7),
    )
    assert (client.base_url, client.cookies, client.timeout) == ("http://x/", {"c": "d"}, 7)
    assert client.headers is headers
    assert async_client.headers is headers
    assert async_client.timeout == aiohttp.ClientTimeout(total=7)


def test_laziness_is_as_published() -> None:
    """`generate_stream` checks nothing before it is read; `chat` checks at once and, async, is awaited."""
    Client("http://x").generate_stream("")  # the empty prompt is not looked at
    with pytest.raises(errors.ValidationError, match="`inputs` cannot be empty"):
        next(Client("http://x").generate_stream(""))
    with pytest.raises(pydantic.ValidationError):
        Client("http://x").chat([{"content": "no role"}], stream=True)
    assert inspect.iscoroutinefunction(AsyncClient.chat)
    assert not inspect.iscoroutinefunction(AsyncClient.generate_stream)
    made = AsyncClient("http://x").generate_stream("hi")
    assert hasattr(made, "__anext__")
    assert not hasattr(made, "__await__")


BODY = {
    "inputs": "Why is the sky blue?",
    "parameters": {
        "do_sample": False,
        "max_new_tokens": 20,
        "repetition_penalty": None,
        "frequency_penalty": None,
        "return_full_text": False,
        "stop": [],
        "seed": None,
        "temperature": None,
        "top_k": None,
        "top_p": None,
        "truncate": None,
        "typical_p": None,
        "best_of": None,
        "watermark": False,
        "details": True,
        "decoder_input_details": False,
        "top_n_tokens": None,
        "grammar": None,
    },
    "stream": False,
}
CHAT = {
    "model": "tgi",
    "messages": [{"role": "user", "content": "hi", "name": None, "tool_calls": None}],
    **dict.fromkeys(
        [
            "repetition_penalty",
            "frequency_penalty",
            "logit_bias",
            "logprobs",
            "top_logprobs",
            "max_tokens",
            "n",
            "presence_penalty",
        ]
    ),
    "stream": False,
    **dict.fromkeys(["seed", "temperature", "top_p", "tools", "tool_choice"]),
}


def test_bodies_are_as_published(face: Any, server: RawServer) -> None:
    """Every field, in the same order, nulls included."""
    server.scripts += [[answer()], [stream(*events("ab"))], [response(200, dumps(chat_answer()))]]
    client = face.client(server.url)
    face.call(client, "generate", "Why is the sky blue?")
    face.collect(face.stream(client, "generate_stream", "Why is the sky blue?"))
    face.call(client, "chat", [types.Message(role="user", content="hi")])
    assert server.seen[0].body == dumps(BODY)
    assert server.seen[1].body == dumps({**BODY, "stream": True})
    assert server.seen[2].body == dumps(CHAT)
    assert [seen.path for seen in server.seen] == ["/", "/", "/v1/chat/completions"]
    assert server.seen[0].headers["content-type"] == "application/json"
    assert server.seen[0].headers["user-agent"].startswith("text-generation/")


def test_the_readme_works_word_for_word(face: Any, server: RawServer) -> None:
    """Whole and streamed, special tokens skipped."""
    server.scripts += [[answer()], [stream(*events([" Ray", "leigh", " scatter", "ing"]))]]
    client = face.client(server.url)
    assert face.call(client, "generate", "Why is the sky blue?").generated_text == " Rayleigh scattering"
    items, _ = face.collect(face.stream(client, "generate_stream", "Why is the sky blue?"))
    assert "".join(r.token.text for r in items if not r.token.special) == " Rayleigh scattering"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"best_of": 0}, "`best_of` must be strictly positive"),
        ({"best_of": 2, "seed": 1, "do_sample": True}, "`seed` must not be set when `best_of` is > 1"),
        ({"best_of": 2}, "you must use sampling when `best_of` is > 1"),
        ({"repetition_penalty": 0}, "`repetition_penalty` must be strictly positive"),
        ({"frequency_penalty": -1}, "`frequency_penalty` must be strictly positive"),
        ({"temperature": 0}, "`temperature` must be strictly positive"),
        ({"top_k": 0}, "`top_k` must be strictly positive"),
        ({"truncate": 0}, "`truncate` must be strictly positive"),
        ({"top_n_tokens": 0}, "`top_n_tokens` must be strictly positive"),
        ({"seed": -1}, "`seed` must be positive"),
        ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
        ({"top_p": 0}, "`top_p` must be > 0.0 and < 1.0"),
        ({"typical_p": 1.0}, "`typical_p` must be > 0.0 and < 1.0"),
        ({"grammar": {"type": "regex", "value": ""}}, "`value` cannot be empty for `regex` grammar"),
        ({"grammar": {"type": "json", "value": {}}}, "`value` cannot be empty for `json` grammar"),
    ],
)
def test_validators_say_what_they_said(arguments: Any, message: str) -> None:
    """In the published words, as text_generation's own ValidationError and no ValueError."""
    with pytest.raises(errors.ValidationError) as caught:
        types.Parameters(**arguments)
    assert str(caught.value) == message
    assert not isinstance(caught.value, ValueError)


def test_requests_are_validated_as_published() -> None:
    """Empty inputs, and several sequences in a stream."""
    with pytest.raises(errors.ValidationError, match=r"^`inputs` cannot be empty$"):
        types.Request(inputs="")
    several = types.Parameters(best_of=2, do_sample=True)
    with pytest.raises(errors.ValidationError, match=r"^`best_of` != 1 is not supported"):
        types.Request(inputs="x", parameters=several, stream=True)
    assert types.Parameters(max_new_tokens=-5).max_new_tokens == -5


@pytest.mark.parametrize(
    ("status", "payload", "expected"),
    [
        (400, {"error": "m"}, errors.BadRequestError),
        (403, {"error": "m"}, errors.ShardNotReadyError),
        (424, {"error": "m"}, errors.ShardNotReadyError),
        (504, {"error": "m"}, errors.ShardTimeoutError),
        (404, {"error": "m"}, errors.NotFoundError),
        (429, {"error": "m"}, errors.RateLimitExceededError),
        (413, {"error": "m"}, errors.RequestTooLargeError),
        (422, {"error": "m"}, errors.UnknownError),
        (500, {"error": "m"}, errors.UnknownError),
        (400, {"error": "m", "error_type": "something else"}, errors.BadRequestError),
        (424, {"error": "m", "error_type": "generation"}, errors.GenerationError),
        (500, {"error": "m", "error_type": "incomplete_generation"}, errors.IncompleteGenerationError),
        (429, {"error": "m", "error_type": "overloaded"}, errors.OverloadedError),
        (200, {"error": "m", "error_type": "validation"}, errors.ValidationError),
        (422, {"error": "m", "error_type": "template_error"}, errors.TemplateError),
        (422, {"error": "m", "error_type": "tool_error"}, errors.ToolError),
        (503, {"error": "m", "error_type": "healthcheck"}, errors.ServiceUnavailableError),
        (500, {"error": "m", "error_type": "incomplete_generation_stream"}, errors.IncompleteGenerationError),
    ],
)
def test_parse_error_is_as_published(status: int, payload: Any, expected: type) -> None:
    """By type first, then by status; newer types are subclasses of the published UnknownError."""
    error = errors.parse_error(status, payload)
    assert type(error) is expected
    assert str(error) == "m"
    newer = (
        *(errors.TemplateError, errors.ToolError),
        *(errors.ServiceUnavailableError, errors.RequestTooLargeError),
    )
    if expected in newer:
        assert isinstance(error, errors.UnknownError)


def test_types_stay_lenient_pydantic_models() -> None:
    """Lax coercion, extras ignored, mutable."""
    token = types.Token.model_validate({"id": "5", "text": "x", "special": "true", "more": 1})
    assert (token.id, token.special) == (5, True)
    token.text = "y"
    assert token.model_dump() == {"id": 5, "text": "y", "logprob": None, "special": True}
    details = types.Details.model_validate({**DETAILS, "prefill": [{"id": 1, "text": "a", "logprob": None}]})
    assert len(details.prefill) == 1
    assert details.finish_reason is types.FinishReason.Length


def test_bodies_are_the_same_however_often_their_parameters_were_written(
    face: Any, server: RawServer
) -> None:
    """What is remembered of earlier calls never shows: not in values, types or checks."""
    server.scripts += [[answer()]]
    server.repeat = True
    client = face.client(server.url)
    prompts = ["plain", 'quotes " and \\', "\u2028 é 😀 \x00\x1f\x7f"]
    wanted = []
    for options in (
        {},
        {"top_k": 1},
        {"seed": 1, "stop_sequences": ["a", "b"]},
        {"temperature": 1},
        {"top_k": 2},
    ):
        for prompt in prompts * 2:
            face.call(client, "generate", prompt, **options)
            fresh = face.client(server.url)
            face.call(fresh, "generate", prompt, **options)
            wanted.append(prompt)
    bodies = [seen.body for seen in server.seen]
    assert bodies[::2] == bodies[1::2]
    assert [json.loads(body)["inputs"] for body in bodies[::2]] == wanted
    for _ in range(2):
        with pytest.raises(pydantic.ValidationError):
            face.call(client, "generate", "hi", top_k="many")
        with pytest.raises(errors.ValidationError):
            face.call(client, "generate", "hi", top_k=0)
        with pytest.raises(errors.ValidationError):
            face.call(client, "generate", "", top_k=1)
