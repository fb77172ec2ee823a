"""What the strategies draw: requests, answers and streams as plain values, with what led to them.

Every one is frozen, compares by what it holds, and prints in full when a test fails. Bytes are those of the
wire. A value that knows both sides can be written down as a recorded exchange.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, overload

from ..call import Call
from ..generation import FinishReason, Generation, Token
from ..requests import JsonValue
from ..segmentation import Segmentation
from ..shard import ShardRequest

__all__ = ["Headers", "ModelCall", "Request", "Response", "Stream", "written_down"]

Headers = tuple[tuple[str, str], ...]
"""Names in lower case, in the order sent."""

DONE = "[DONE]"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a client sends it.

    `payload` is the body as a JSON value, None for a request without a body. `body` is what is sent: that
    value as compact JSON or, drawn adversarially, in another spelling that the router reads as the same.
    """

    method: str
    path: str
    payload: JsonValue = None
    headers: Headers = ()
    body: bytes = b""

    @property
    def stream(self) -> bool:
        """Whether a stream of events is asked for."""
        if self.path == "/generate_stream":
            return True
        return (
            self.path in ("/", "/v1/chat/completions", "/v1/completions", "/invocations")
            and isinstance(self.payload, dict)
            and self.payload.get("stream") is True
        )

    def call(self) -> Call:
        """The same as the fake's own value, for `fake_tgi.serve.serve`."""
        headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers)
        return Call(self.method, self.path, headers, self.body)

    def recorded(self) -> dict[str, Any]:
        """The request in the format of the recordings (contract RecordedRequest)."""
        found: dict[str, Any] = {"method": self.method, "path": self.path, "headers": dict(self.headers)}
        if not self.body:
            return found
        if self.payload is not None and self.body == json.dumps(self.payload).encode():
            return {**found, "json": self.payload}
        try:
            return {**found, "raw": self.body.decode()}
        except UnicodeDecodeError:
            return {**found, "raw_b64": base64.b64encode(self.body).decode()}


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of the model: what the router asked of it, and what it produced."""

    request: ShardRequest
    generation: Generation

    def recorded(self) -> dict[str, Any]:
        """In the format of the recordings (contract RecordedGeneration), which a fake's queue takes."""
        asked, made, sampling = self.request, self.generation, self.request.sampling
        return {
            "inputs": asked.inputs,
            "truncate": asked.truncate,
            "add_special_tokens": asked.add_special_tokens,
            "input_length": asked.input_length,
            "parameters": {
                "temperature": sampling.temperature,
                "top_k": sampling.top_k,
                "top_p": sampling.top_p,
                "typical_p": sampling.typical_p,
                "do_sample": sampling.do_sample,
                "seed": made.seed,
                "repetition_penalty": sampling.repetition_penalty,
                "frequency_penalty": sampling.frequency_penalty,
                "watermark": sampling.watermark,
                "grammar_regex": asked.grammar.regex if asked.grammar is not None else None,
            },
            "max_new_tokens": asked.max_new_tokens,
            "stop_sequences": list(asked.stop_sequences),
            "top_n_tokens": asked.top_n_tokens,
            "adapter_id": asked.adapter_id,
            "prefill": [_token(item.id, item.text, item.logprob) for item in made.prefill] or None,
            "tokens": _tokens(made.tokens),
            "top_tokens": [_tokens(tops) for tops in made.top_tokens] or None,
            "finish_reason": made.finish_reason,
            "generated_text": made.generated_text,
            "generated_tokens": len(made.tokens),
            **({"error": made.error} if made.error is not None else {}),
        }


def _token(id: int, text: str, logprob: float | None) -> dict[str, Any]:
    return {"id": id, "text": text, "logprob": logprob}


def _tokens(tokens: Iterable[Token]) -> list[dict[str, Any]]:
    return [{**_token(item.id, item.text, item.logprob), "special": item.special} for item in tokens]


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer, and the request and the model's calls that it follows from."""

    request: Request
    status: int
    headers: Headers
    body: bytes
    calls: tuple[ModelCall, ...] = ()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as a JSON value. Raises ValueError if it is none."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The value of a header, by its name in any case; None if it is not there."""
        return dict(self.headers).get(name.lower())

    def exchange(self, name: str = "drawn") -> dict[str, Any]:
        """Question, model and answer in the format of the recordings (contract Exchange)."""
        return written_down(name, self.request, self.calls, self.status, self.headers, [self.body])


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of events to its end, and the request and the model's calls that it follows from.

    `chunks` are the events as sent, one HTTP chunk each, `data: [DONE]` among them where the route ends its
    streams so. `answers` are the generations that the stream shows, one for each prompt, `prompt` what
    stands before their text (the prompt itself where the request asks for the full text).
    """

    request: Request
    status: int
    headers: Headers
    chunks: tuple[bytes, ...]
    answers: tuple[Generation, ...]
    prompt: str = ""
    calls: tuple[ModelCall, ...] = ()

    @property
    def events(self) -> list[Any]:
        """The data of every event: JSON values, and the text "[DONE]"."""
        found = []
        for chunk in self.chunks:
            if chunk.startswith(b":"):  # a keep-alive
                continue
            data = chunk.removeprefix(b"data: ").rstrip(b"\n")
            found.append(DONE if data == DONE.encode() else json.loads(data))
        return found

    @overload
    def to_bytes(self) -> bytes: ...

    @overload
    def to_bytes(self, cuts: Segmentation | Iterable[int]) -> list[bytes]: ...

    def to_bytes(self, cuts: Segmentation | Iterable[int] | None = None) -> bytes | list[bytes]:
        """The body as sent; with `cuts` in pieces, cut there: by a segmentation, or at these offsets."""
        data = b"".join(self.chunks)
        if cuts is None:
            return data
        return (cuts if isinstance(cuts, Segmentation) else Segmentation.at(cuts)).cut(data)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens of the answer to the first prompt."""
        return self.answers[0].tokens

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the answer to the first prompt ended, in the words of the generate routes."""
        return self.answers[0].finish_reason

    @property
    def generated_text(self) -> str:
        """The text of the answer to the first prompt, special tokens left out, after `prompt`."""
        return self.prompt + self.answers[0].generated_text

    def header(self, name: str) -> str | None:
        """The value of a header, by its name in any case; None if it is not there."""
        return dict(self.headers).get(name.lower())

    def exchange(self, name: str = "drawn") -> dict[str, Any]:
        """Question, model and answer in the format of the recordings (contract Exchange)."""
        return written_down(
            name, self.request, self.calls, self.status, self.headers, self.chunks, chunked=True
        )


def written_down(
    name: str,
    request: Request,
    calls: Iterable[ModelCall],
    status: int,
    headers: Headers,
    chunks: Iterable[bytes],
    *,
    chunked: bool = False,
) -> dict[str, Any]:
    """An exchange in the format of the recordings (contract Exchange)."""
    return {
        "name": name,
        "request": request.recorded(),
        "generations": [call.recorded() for call in calls],
        "response": {
            "status": status,
            "headers": [list(header) for header in headers],
            "chunked": chunked,
            "chunks": [chunk.decode() for chunk in chunks],
        },
    }
