"""For each call: where it goes, what it sends, and how its answer is read. No I/O.

`generate` posts to the base URL exactly as it was given, as published; every other call goes to its route
below the server's root, which is the base URL without a trailing slash and without the name of a route.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from . import _folding as folding
from . import types as t
from ._streams import Protocol
from ._written import Written
from .errors import InvalidResponseError

__all__ = ["Operation", "Target"]

A = TypeVar("A")
E = TypeVar("E")

_ROUTES = ("/generate_stream", "/generate", "/v1/chat/completions", "/v1/completions", "/v1")
# Newer than the published client's bodies: servers in front of TGI may know nothing of them.
_ONLY_WHEN_SET: Mapping[type[Any], tuple[str, ...]] = {
    t.ChatRequest: ("tool_prompt", "stop", "response_format", "stream_options"),
    t.CompletionRequest: ("suffix",),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Which server, and in which dialect."""

    base_url: str
    model: str = "tgi"
    omit_nulls: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Members to add to the body as they are."""
    written: Written | None = None
    """What this client has written before; None where nothing is remembered."""

    @property
    def root(self) -> str:
        """The address that the server's routes are below."""
        root = self.base_url.rstrip("/")
        for route in _ROUTES:
            if root.endswith(route):
                return root[: -len(route)].rstrip("/")
        return root

    def generate_url(self, stream: bool) -> str:
        """The base URL; where it names one of the two generate routes, the one that fits."""
        url = self.base_url.rstrip("/")
        if stream and url.endswith("/generate"):
            return url + "_stream"
        if not stream and url.endswith("/generate_stream"):
            return url.removesuffix("_stream")
        if url.endswith("/v1"):
            return self.root
        return self.base_url

    def generate(
        self, prompt: str, parameters: Mapping[str, Any], parse: Callable[[Any], Any] | None = None
    ) -> Operation[t.Response, t.StreamResponse]:
        """The function of this name, for clients that would have to import it in every call."""
        return generate(self, prompt, parameters, parse)

    def json(self, model: Any) -> bytes:
        """The body for a request model."""
        unset = {name for name in _ONLY_WHEN_SET.get(type(model), ()) if getattr(model, name) is None} or None
        if self.extra:
            data = model.model_dump(mode="json", exclude=unset, exclude_none=self.omit_nulls)
            for name, value in self.extra.items():
                if isinstance(value, Mapping) and isinstance(data.get(name), dict):
                    data[name].update(value)
                else:
                    data[name] = value
            return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        body: bytes = model.__pydantic_serializer__.to_json(
            model, exclude=unset, exclude_none=self.omit_nulls
        )
        return body


@dataclass(frozen=True, slots=True)
class Operation(Generic[A, E]):
    """One call. `protocol` and `fold` belong to streams: how to read one, and what its items amount to."""

    name: str
    method: str
    url: str
    body: bytes | None
    read: Callable[[bytes], A]
    protocol: Protocol[E] | None = None
    fold: Callable[[Sequence[E]], A] | None = None
    usage: Callable[[A], Mapping[str, Any] | None] | None = None
    parse: Callable[[Any], Any] | None = None
    """Turns the answer into the object that `output=` asked for; raises StructuredOutputError."""


# Null when not given: building the model without them is cheaper, and the body is the same.
_NULL = frozenset(
    name
    for name, field in t.Parameters.model_fields.items()
    if field.default is None and not field.is_required()
)


# Unlike json.dumps with an argument, it is not made anew for every call.
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def _generate_body(target: Target, prompt: str, parameters: Mapping[str, Any], stream: bool) -> bytes:
    """The body of a generate request: what the parameters are written as is worked out, and checked, once."""
    known = target.written
    if known is None or type(prompt) is not str or not prompt or target.extra or target.omit_nulls:
        return target.json(_request(prompt, parameters, stream))
    try:
        text = _quoted(prompt).encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return target.json(_request(prompt, parameters, stream))
    found = known.find(
        stream,
        parameters,
        lambda: target.json(_request("-", parameters, stream)).removeprefix(b'{"inputs":"-"'),
    )
    return b'{"inputs":' + text + found


def _request(prompt: str, parameters: Mapping[str, Any], stream: bool) -> t.Request:
    given = {name: value for name, value in parameters.items() if value is not None or name not in _NULL}
    return t.Request(inputs=prompt, parameters=t.Parameters(**given), stream=stream)


def generate(
    target: Target, prompt: str, parameters: Mapping[str, Any], parse: Callable[[Any], Any] | None = None
) -> Operation[t.Response, t.StreamResponse]:
    """`POST /` (or `/generate`): a whole answer."""
    body = _generate_body(target, prompt, parameters, False)
    return Operation("generate", "POST", target.generate_url(False), body, read_response, parse=parse)


def generate_stream(
    target: Target, prompt: str, parameters: Mapping[str, Any], parse: Callable[[Any], Any] | None = None
) -> Operation[t.Response, t.StreamResponse]:
    """`POST /` with `stream`, or `/generate_stream`."""
    return Operation(
        "generate_stream",
        "POST",
        target.generate_url(True),
        _generate_body(target, prompt, parameters, True),
        read_response,
        folding.GENERATION,
        folding.response,
        parse=parse,
    )


def chat(
    target: Target, request: Mapping[str, Any], parse: Callable[[Any], Any] | None = None
) -> Operation[t.ChatComplete, t.ChatCompletionChunk]:
    """`POST /v1/chat/completions`, whole or streamed as `request["stream"]` says."""
    body = target.json(t.ChatRequest(model=target.model, **request))
    return Operation(
        "chat",
        "POST",
        target.root + "/v1/chat/completions",
        body,
        _reader(t.ChatComplete),
        folding.chat_protocol(1),
        folding.chat_complete,
        usage=_usage,
        parse=parse,
    )


def completion(target: Target, request: Mapping[str, Any]) -> Operation[t.Completion, t.CompletionChunk]:
    """`POST /v1/completions`, whole or streamed as `request["stream"]` says."""
    model = t.CompletionRequest(model=target.model, **request)
    expected = 1 if isinstance(model.prompt, str) else len(model.prompt)
    return Operation(
        "completion",
        "POST",
        target.root + "/v1/completions",
        target.json(model),
        _reader(t.Completion),
        folding.completion_protocol(expected),
        folding.completion,
        usage=_usage,
    )


def tokenize(target: Target, text: str) -> Operation[t.AnswerList[t.SimpleToken], Any]:
    """`POST /tokenize`."""
    body = json.dumps({"inputs": text, **target.extra}, ensure_ascii=False).encode()
    return Operation("tokenize", "POST", target.root + "/tokenize", body, _list_reader(t.SimpleToken))


def chat_tokenize(target: Target, request: Mapping[str, Any]) -> Operation[t.ChatTokenizeResponse, Any]:
    """`POST /chat_tokenize`."""
    body = target.json(t.ChatRequest(model=target.model, **request))
    return Operation(
        "chat_tokenize", "POST", target.root + "/chat_tokenize", body, _reader(t.ChatTokenizeResponse)
    )


def info(target: Target) -> Operation[t.Info, Any]:
    """`GET /info`."""
    return Operation("info", "GET", target.root + "/info", None, _reader(t.Info))


def health(target: Target) -> Operation[bool, Any]:
    """`GET /health`: any 2xx is healthy."""
    return Operation("health", "GET", target.root + "/health", None, lambda body: True)


def metrics(target: Target) -> Operation[t.AnswerText, Any]:
    """`GET /metrics`: Prometheus text."""
    return Operation(
        "metrics",
        "GET",
        target.root + "/metrics",
        None,
        lambda body: t.AnswerText(body.decode("utf-8", "replace")),
    )


def models(target: Target) -> Operation[t.AnswerList[t.Model], Any]:
    """`GET /v1/models`."""

    def read(body: bytes) -> t.AnswerList[t.Model]:
        data = _decoded(body)
        entries = _listed(data.get("data") if isinstance(data, dict) else data, body)
        return _validated(lambda: t.AnswerList(t.Model.model_validate(entry) for entry in entries), body)

    return Operation("models", "GET", target.root + "/v1/models", None, read)


def deployed_models(endpoint: str) -> Operation[t.AnswerList[t.DeployedModel], Any]:
    """The hosted API's list of models served with TGI."""
    url = f"{endpoint}/framework/text-generation-inference"
    return Operation("deployed_models", "GET", url, None, _list_reader(t.DeployedModel))


def model_status(endpoint: str, repo_id: str) -> Operation[bool, Any]:
    """Whether the hosted API serves this model with TGI."""

    def read(body: bytes) -> bool:
        data = _decoded(body)
        return isinstance(data, dict) and data.get("framework") == "text-generation-inference"

    return Operation("model_status", "GET", f"{endpoint}/status/{repo_id}", None, read)


def read_response(body: bytes) -> t.Response:
    """A Response out of the compat route's one-element list, or out of the object that `/generate` sends."""
    stripped = body.strip()
    validate: Callable[[bytes], t.Response] = t.Response.__pydantic_validator__.validate_json
    if stripped[:1] == b"[":
        try:
            return validate(stripped[1:-1])
        except ValueError:
            data = _decoded(body)
            return _validated(lambda: t.Response.model_validate(data[0]), body)
    return _validated(lambda: validate(stripped), body)


def _reader(model: Any) -> Callable[[bytes], Any]:
    validate = model.__pydantic_validator__.validate_json
    return lambda body: _validated(lambda: validate(body), body)


def _list_reader(model: Any) -> Callable[[bytes], Any]:
    def read(body: bytes) -> Any:
        data = _listed(_decoded(body), body)
        return _validated(lambda: t.AnswerList(model.model_validate(one) for one in data), body)

    return read


def _listed(data: Any, body: bytes) -> list[Any]:
    if not isinstance(data, list):
        raise unreadable(body)
    return data


def _decoded(body: bytes) -> Any:
    return _validated(lambda: json.loads(body), body)


def _validated(read: Callable[[], A], body: bytes) -> A:
    """Run a reader; what it cannot read is an InvalidResponseError that shows the body."""
    try:
        return read()
    except (ValueError, TypeError, IndexError, KeyError) as problem:
        raise unreadable(body) from problem


def unreadable(body: bytes) -> InvalidResponseError:
    """The error for a successful answer of the wrong kind."""
    text = body.decode("utf-8", "replace")
    if not text.strip():
        said = "an empty body"
    else:
        said = f"{text[:200]}{'…' * (len(text) > 200)}"
    error = InvalidResponseError(
        f"The server's answer is not what this call is answered with: {said}. Is the base URL right?"
    )
    error.body = text[: 1 << 16]
    return error


def _usage(answer: Any) -> Mapping[str, Any] | None:
    return answer.usage if isinstance(answer.usage, Mapping) else None
