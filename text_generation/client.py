"""Client: calls to a text-generation-inference server, synchronously.

`AsyncClient` and the names that the published module carried are importable from here, too; none of them is
loaded before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from ._base import CallOptions, ClientBase, generation_parameters, off_at_one
from .errors import ServiceUnavailableError, TextGenerationError

if TYPE_CHECKING:
    import requests as _requests_library
    from typing_extensions import Unpack

    from . import types as t
    from ._exchange import Exchange
    from ._operations import Operation
    from ._requests import Transport
    from ._retry import Retries
    from ._tracing import Trace
    from .async_client import AsyncClient
    from .mapping import MapItem
    from .stream import Stream

__all__ = ["AsyncClient", "Client"]

A = TypeVar("A")
E = TypeVar("E")


class Client(ClientBase):
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

    @overload
    def chat(
        self,
        messages: Any,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        logit_bias: list[float] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        max_tokens: int | None = None,
        n: int | None = None,
        presence_penalty: float | None = None,
        stream: Literal[False] = False,
        seed: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        *,
        tool_prompt: str | None = None,
        stop: list[str] | None = None,
        response_format: Any = None,
        stream_options: Mapping[str, Any] | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> t.ChatComplete: ...

    @overload
    def chat(
        self,
        messages: Any,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        logit_bias: list[float] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        max_tokens: int | None = None,
        n: int | None = None,
        presence_penalty: float | None = None,
        *,
        stream: Literal[True],
        seed: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        tool_prompt: str | None = None,
        stop: list[str] | None = None,
        response_format: Any = None,
        stream_options: Mapping[str, Any] | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> Stream[t.ChatCompletionChunk, t.ChatComplete]: ...

    @overload
    def chat(
        self,
        messages: Any,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        logit_bias: list[float] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        max_tokens: int | None = None,
        n: int | None = None,
        presence_penalty: float | None = None,
        stream: bool = False,
        seed: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        *,
        tool_prompt: str | None = None,
        stop: list[str] | None = None,
        response_format: Any = None,
        stream_options: Mapping[str, Any] | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> t.ChatComplete | Stream[t.ChatCompletionChunk, t.ChatComplete]: ...

    def chat(
        self,
        messages: Any,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        logit_bias: list[float] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        max_tokens: int | None = None,
        n: int | None = None,
        presence_penalty: float | None = None,
        stream: bool = False,
        seed: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        *,
        tool_prompt: str | None = None,
        stop: list[str] | None = None,
        response_format: Any = None,
        stream_options: Mapping[str, Any] | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> t.ChatComplete | Stream[t.ChatCompletionChunk, t.ChatComplete]:
        """Answer a conversation.

        The body is checked at once; with `stream=True` the request is sent when the stream is first read.

        Args:
            messages: `Message`s or dicts with `role` and `content` (text, or a list of parts).
            frequency_penalty: From -2.0 to 2.0.
            logprobs: Whether to report log-probabilities; `top_logprobs` of the likeliest at each step.
            max_tokens: Most tokens to generate.
            presence_penalty: From -2.0 (excluded) to 2.0.
            temperature: 0 picks the likeliest token; not set, the server samples at 1.0.
            tools: `Tool`s, dicts, or typed Python functions.
            tool_choice: "auto", "none", "required", a function's name, or its dict.
            response_format: A `Grammar` or its dict, or an OpenAI-style one.
            stream_options: `{"include_usage": True}` for token counts at the end of a stream.
            output: A type the answer must fit: see `generate`.
        """
        from . import _chat
        from ._operations import chat

        request, parse = _chat.request(
            messages=messages,
            repetition_penalty=repetition_penalty,
            frequency_penalty=frequency_penalty,
            logit_bias=logit_bias,
            logprobs=logprobs,
            top_logprobs=top_logprobs,
            max_tokens=max_tokens,
            n=n,
            presence_penalty=presence_penalty,
            stream=stream,
            seed=seed,
            temperature=temperature,
            top_p=off_at_one(top_p),
            tools=tools,
            tool_choice=tool_choice,
            tool_prompt=tool_prompt,
            stop=stop,
            response_format=response_format,
            stream_options=stream_options,
            output=output,
            openai=options.get("omit_nulls", self._omit_nulls),
        )
        operation = chat(self._target(options), request, parse)
        return self._stream(lambda: operation, options) if stream else self._call(operation, options)

    @overload
    def completion(
        self,
        prompt: str | list[str],
        frequency_penalty: float | None = None,
        max_tokens: int | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        stream: Literal[False] = False,
        temperature: float | None = None,
        top_p: float | None = None,
        stop: list[str] | None = None,
        *,
        suffix: str | None = None,
        **options: Unpack[CallOptions],
    ) -> t.Completion: ...

    @overload
    def completion(
        self,
        prompt: str | list[str],
        frequency_penalty: float | None = None,
        max_tokens: int | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        *,
        stream: Literal[True],
        temperature: float | None = None,
        top_p: float | None = None,
        stop: list[str] | None = None,
        suffix: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Stream[t.CompletionChunk, t.Completion]: ...

    @overload
    def completion(
        self,
        prompt: str | list[str],
        frequency_penalty: float | None = None,
        max_tokens: int | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        stream: bool = False,
        temperature: float | None = None,
        top_p: float | None = None,
        stop: list[str] | None = None,
        *,
        suffix: str | None = None,
        **options: Unpack[CallOptions],
    ) -> t.Completion | Stream[t.CompletionChunk, t.Completion]: ...

    def completion(
        self,
        prompt: str | list[str],
        frequency_penalty: float | None = None,
        max_tokens: int | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        stream: bool = False,
        temperature: float | None = None,
        top_p: float | None = None,
        stop: list[str] | None = None,
        *,
        suffix: str | None = None,
        **options: Unpack[CallOptions],
    ) -> t.Completion | Stream[t.CompletionChunk, t.Completion]:
        """Continue one prompt, or several at once (`/v1/completions`). TGI refuses any `suffix`."""
        from ._operations import completion

        request = {
            "prompt": prompt,
            "frequency_penalty": frequency_penalty,
            "max_tokens": max_tokens,
            "repetition_penalty": repetition_penalty,
            "seed": seed,
            "stream": stream,
            "temperature": temperature,
            "top_p": off_at_one(top_p),
            "stop": stop,
            "suffix": suffix,
        }
        operation = completion(self._target(options), request)
        return self._stream(lambda: operation, options) if stream else self._call(operation, options)

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
        from ._generation import request
        from ._operations import generate

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
        return self._call(generate(self._target(options), prompt, parameters, parse), options)

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
            from ._generation import request
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

    def chat_tokenize(
        self,
        messages: list[Any],
        *,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        tool_prompt: str | None = None,
        response_format: Any = None,
        **options: Unpack[CallOptions],
    ) -> t.ChatTokenizeResponse:
        """The prompt that the chat template makes of a conversation, and its tokens."""
        from . import _chat
        from ._operations import chat_tokenize

        request, _ = _chat.request(
            messages=messages,
            tools=tools,
            tool_choice=tool_choice,
            tool_prompt=tool_prompt,
            response_format=response_format,
        )
        return self._call(chat_tokenize(self._target(options), request), options)

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

    def _transport(self) -> Transport:
        if self._made is None:
            from ._requests import Transport

            self._made = Transport(*self._network)
        return self._made

    def _exchange(self, operation: Operation[A, E], options: CallOptions, stream: bool) -> Exchange[A, E]:
        from ._exchange import Exchange

        self._timeout = self.timeout  # may have been assigned to
        around = self._transport().around(operation.url)
        return Exchange(operation, self._settings(options, around.authorization), stream)

    def _call(self, operation: Operation[A, Any], options: CallOptions) -> A:
        """Send, read the whole answer, retry as asked."""
        exchange = self._exchange(operation, options, stream=False)
        transport = self._transport()
        while True:
            try:
                reply = transport.send(exchange)
                try:
                    redirected = exchange.head(reply.status, reply.headers)
                    body = reply.read_all()
                finally:
                    reply.release()
                if not redirected:
                    return exchange.answer(body)
            except TextGenerationError as error:
                _pause(exchange.failed(error))

    def _stream(self, operation: Callable[[], Operation[A, E]], options: CallOptions) -> Stream[E, A]:
        from .stream import Stream

        return Stream(lambda: self._exchange(operation(), options, stream=True), self._transport)


def _pause(seconds: float) -> None:
    import time

    time.sleep(seconds)


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
