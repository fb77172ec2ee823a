"""Client: calls to a text-generation-inference server, synchronously.

`AsyncClient` and the names that the published module carried are importable from here, too; none of them is
loaded before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from ._base import CallOptions, generation_parameters
from ._chat_calls import ChatCalls
from ._generation import request
from .errors import ServiceUnavailableError

if TYPE_CHECKING:
    import requests as _requests_library
    from typing_extensions import Unpack

    from . import types as t
    from ._operations import Operation
    from ._requests import Transport
    from ._retry import Retries
    from ._tracing import Trace
    from .async_client import AsyncClient
    from .mapping import MapItem
    from .stream import Stream

__all__ = ["AsyncClient", "Client"]


class Client(ChatCalls):
    """Calls to one server.

    ```python
    >>> from text_generation import Client
    >>> client = Client("http://127.0.0.1:8080")
    >>> client.generate("Why is the sky blue?").generated_text
    ' Rayleigh scattering'
    >>> "".join(r.token.text for r in client.generate_stream("Why is the sky blue?") if not r.token.special)
    ' Rayleigh scattering'
    ```

    Safe to share between threads and across forks; connections are kept and used again. `timeout` in seconds
    is for connecting, for the first token and for any silence after it, never for the whole call: see
    `text_generation.Timeouts`. `retries` are off unless asked for. `session` is a `requests.Session` to send
    through; `verify`, `cert` and `proxies` mean what they mean in requests; `trust_env=False` ignores proxy,
    CA and netrc settings of the environment. `omit_nulls` and `model` adapt the bodies to other servers.
    `trace` is called with a TraceEvent at each step of each call.
    """

    def __init__(
        self,
        base_url: str,
        headers: dict[str, str] | None = None,
        cookies: dict[str, str] | None = None,
        timeout: Any = 10,
        *,
        retries: int | Retries | None = 0,
        session: _requests_library.Session | None = None,
        verify: bool | str | None = None,
        cert: str | tuple[str, str] | None = None,
        proxies: Mapping[str, str] | None = None,
        trust_env: bool = True,
        model: str = "tgi",
        omit_nulls: bool = False,
        trace: Trace | None = None,
    ) -> None:
        super().__init__(
            base_url,
            headers,
            cookies,
            timeout,
            retries=retries,
            model=model,
            omit_nulls=omit_nulls,
            trace=trace,
        )
        self.timeout = timeout
        self._network = (session, verify, cert, proxies, trust_env)
        self._made: Transport | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections. The client stays usable: the next call opens new ones."""
        if self._made is not None:
            self._made.close()

    def generate(
        self,
        prompt: str,
        do_sample: bool = False,
        max_new_tokens: int = 20,
        best_of: int | None = None,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        return_full_text: bool = False,
        seed: int | None = None,
        stop_sequences: list[str] | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        truncate: int | None = None,
        typical_p: float | None = None,
        watermark: bool = False,
        decoder_input_details: bool = False,
        top_n_tokens: int | None = None,
        grammar: Any = None,
        *,
        adapter_id: str | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> t.Response:
        """Continue a prompt.

        Args:
            prompt: The text to continue.
            do_sample: Draw tokens; otherwise the likeliest is taken.
            max_new_tokens: Most tokens to generate.
            best_of: Generate this many sequences and return the likeliest. Needs sampling and no seed.
            repetition_penalty: 1.0 is none.
            frequency_penalty: 0 is none.
            return_full_text: Whether to put the prompt before the text.
            seed: For sampling.
            stop_sequences: Stop after one of these; it stays in the text.
            temperature: Of sampling; above 0.
            top_k: Sample among the k likeliest tokens.
            top_p: Sample among the likeliest tokens that together have this probability; 1.0 is off.
            truncate: Keep only the prompt's last tokens, this many.
            typical_p: Mass of typical decoding, between 0 and 1.
            watermark: Mark the text.
            decoder_input_details: Report the prompt's tokens too.
            top_n_tokens: Report this many of the likeliest tokens at each step.
            grammar: A `Grammar` (or its dict) that the answer must satisfy.
            adapter_id: A LoRA adapter of the server.
            output: A type that the answer must fit (pydantic model, dataclass, TypedDict, Enum, Literal) or a
                compiled regular expression: the right grammar is sent, and `.parsed` is the object.

        Raises:
            ValidationError: A parameter is wrong; also what the server refuses.
            TextGenerationError: Whatever else goes wrong: see `text_generation.errors`.
        """
        parameters, parse, options = request(
            generation_parameters(
                do_sample=do_sample,
                max_new_tokens=max_new_tokens,
                best_of=best_of,
                repetition_penalty=repetition_penalty,
                frequency_penalty=frequency_penalty,
                return_full_text=return_full_text,
                seed=seed,
                stop_sequences=stop_sequences,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                truncate=truncate,
                typical_p=typical_p,
                watermark=watermark,
                decoder_input_details=decoder_input_details,
                top_n_tokens=top_n_tokens,
                grammar=grammar,
            ),
            adapter_id,
            output,
            options,
        )
        return self._call(self._target(options).generate(prompt, parameters, parse), options)

    def generate_stream(
        self,
        prompt: str,
        do_sample: bool = False,
        max_new_tokens: int = 20,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        return_full_text: bool = False,
        seed: int | None = None,
        stop_sequences: list[str] | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        truncate: int | None = None,
        typical_p: float | None = None,
        watermark: bool = False,
        top_n_tokens: int | None = None,
        grammar: Any = None,
        *,
        adapter_id: str | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> Stream[t.StreamResponse, t.Response]:
        """Continue a prompt, token by token. See `generate` for the arguments.

        Nothing happens before the stream is first read: not even the parameters are checked.
        """

        def operation() -> Operation[t.Response, t.StreamResponse]:
            from ._operations import generate_stream

            parameters, parse, target_options = request(
                generation_parameters(
                    do_sample=do_sample,
                    max_new_tokens=max_new_tokens,
                    repetition_penalty=repetition_penalty,
                    frequency_penalty=frequency_penalty,
                    return_full_text=return_full_text,
                    seed=seed,
                    stop_sequences=stop_sequences,
                    temperature=temperature,
                    top_k=top_k,
                    top_p=top_p,
                    truncate=truncate,
                    typical_p=typical_p,
                    watermark=watermark,
                    top_n_tokens=top_n_tokens,
                    grammar=grammar,
                ),
                adapter_id,
                output,
                options,
            )
            return generate_stream(self._target(target_options), prompt, parameters, parse)

        return self._stream(operation, options)

    def tokenize(self, text: str, **options: Unpack[CallOptions]) -> t.AnswerList[t.SimpleToken]:
        """The tokens of a text, as the server's tokenizer sees it; offsets are in bytes."""
        from ._operations import tokenize

        return self._call(tokenize(self._target(options), text), options)

    def info(self, **options: Unpack[CallOptions]) -> t.Info:
        """What the server runs: model, version, limits."""
        from ._operations import info

        return self._call(info(self._target(options)), options)

    def health(self, **options: Unpack[CallOptions]) -> bool:
        """Whether the server can answer: False when it says that it is unhealthy or not ready.

        Raises ConnectionFailedError or a timeout when nothing answers.
        """
        from ._operations import health

        try:
            return self._call(health(self._target(options)), options)
        except ServiceUnavailableError:
            return False

    def metrics(self, **options: Unpack[CallOptions]) -> t.AnswerText:
        """The server's Prometheus metrics, as text."""
        from ._operations import metrics

        return self._call(metrics(self._target(options)), options)

    def models(self, **options: Unpack[CallOptions]) -> t.AnswerList[t.Model]:
        """The models that the server offers; TGI has exactly one."""
        from ._operations import models

        return self._call(models(self._target(options)), options)

    def map(
        self,
        prompts: Iterable[Any],
        *,
        method: Literal["generate", "chat", "completion"] = "generate",
        concurrency: int | Literal["adaptive"] = "adaptive",
        ordered: bool = True,
        errors: Literal["each", "first", "together"] = "each",
        progress: bool = False,
        results: str | PathLike[str] | None = None,
        **arguments: Any,
    ) -> Iterator[MapItem]:
        """Answer many prompts, several at a time.

        Args:
            prompts: Any iterable; it is read as it is needed. For `method="chat"`, each is a list of messages
                or the text of a single one.
            method: "generate", "chat" or "completion".
            concurrency: How many calls at once, or "adaptive": it grows while the server keeps up, is halved
                when the server is full, and what was refused is asked again.
            ordered: In the order of the prompts, or else as they are completed.
            errors: "each": a failed prompt is an item with its `error`. "first": the first error is raised in
                its turn. "together": after the last item, MapError is raised with all of them.
            progress: Draw a progress bar (needs tqdm).
            results: A JSON Lines file to write answers to. What it already answers is not asked again.
            **arguments: For every call.

        Yields:
            A MapItem for each prompt: `index`, `prompt`, `answer` or `error`, and `result()`.
        """
        from ._mapped import Run, map_sync

        run = Run(prompts, method, concurrency, ordered, errors, progress, results, arguments)
        call = getattr(self, method)
        return map_sync(lambda prompt: call(prompt, **arguments), run)


# What the published module could be asked for, and where it is now.
_PUBLISHED: Mapping[str, tuple[str, str | None]] = {
    "Union": ("typing", "Union"),
    "Optional": ("typing", "Optional"),
    "List": ("typing", "List"),
    "Dict": ("typing", "Dict"),
    "AsyncClient": ("text_generation.async_client", "AsyncClient"),
    "ClientSession": ("aiohttp", "ClientSession"),
    "ClientTimeout": ("aiohttp", "ClientTimeout"),
    "ValidationError": ("pydantic", "ValidationError"),
    "parse_error": ("text_generation.errors", "parse_error"),
    "requests": ("requests", None),
    "json": ("json", None),
    "warnings": ("warnings", None),
    "AsyncIterator": ("typing", "AsyncIterator"),
    "Iterator": ("typing", "Iterator"),
    **{
        name: ("text_generation.types", name)
        for name in (
            "ChatComplete",
            "ChatCompletionChunk",
            "ChatRequest",
            "Completion",
            "CompletionComplete",
            "CompletionRequest",
            "Grammar",
            "Message",
            "Parameters",
            "Request",
            "Response",
            "StreamResponse",
            "Tool",
        )
    },
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLISHED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _PUBLISHED[name]
    found = import_module(module)
    return found if attribute is None else getattr(found, attribute)
