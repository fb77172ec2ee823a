"""AsyncClient: calls to a text-generation-inference server, from an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from ._async_chat_calls import AsyncChatCalls
from ._base import CallOptions, generation_parameters
from ._generation import request
from .errors import ServiceUnavailableError

if TYPE_CHECKING:
    import ssl

    import aiohttp
    from typing_extensions import Unpack

    from . import types as t
    from ._aiohttp import Transport
    from ._operations import Operation
    from ._retry import Retries
    from ._tracing import Trace
    from .async_stream import AsyncStream
    from .mapping import MapItem

__all__ = ["AsyncClient"]


class AsyncClient(AsyncChatCalls):
    """Calls to one server, awaited.

    ```python
    >>> from text_generation import AsyncClient
    >>> client = AsyncClient("http://127.0.0.1:8080")
    >>> (await client.generate("Why is the sky blue?")).generated_text
    ' Rayleigh scattering'
    >>> async for response in client.generate_stream("Why is the sky blue?"):
    ...     print(response.token.text, end="")
     Rayleigh scattering
    ```

    Usable from several event loops; each has its own connections, which are kept, used again and closed with
    the loop. `session` is an `aiohttp.ClientSession` to send through, on its own loop; `max_connections`
    limits how many are open at once (not limited by default). The other arguments mean what they mean in
    Client; `verify` may also be an `ssl.SSLContext`.
    """

    def __init__(
        self,
        base_url: str,
        headers: dict[str, str] | None = None,
        cookies: dict[str, str] | None = None,
        timeout: Any = 10,
        *,
        retries: int | Retries | None = 0,
        session: aiohttp.ClientSession | None = None,
        verify: bool | str | ssl.SSLContext | None = None,
        cert: str | tuple[str, str] | None = None,
        proxies: Mapping[str, str] | None = None,
        trust_env: bool = True,
        max_connections: int | None = None,
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
        self._network = (session, verify, cert, proxies, trust_env, max_connections)
        self._made: Transport | None = None

    @property
    def timeout(self) -> Any:
        """The timeout as published: a number shows as an `aiohttp.ClientTimeout` with that `total`, whatever
        its four clocks are."""
        if isinstance(self._timeout, int | float):
            from aiohttp import ClientTimeout

            return ClientTimeout(total=self._timeout)
        return self._timeout

    @timeout.setter
    def timeout(self, value: Any) -> None:
        self._timeout = value

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close this loop's connections. The client stays usable: the next call opens new ones."""
        if self._made is not None:
            await self._made.close()

    aclose = close

    async def generate(
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
        return await self._call(self._target(options).generate(prompt, parameters, parse), options)

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
    ) -> AsyncStream[t.StreamResponse, t.Response]:
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

    async def tokenize(self, text: str, **options: Unpack[CallOptions]) -> t.AnswerList[t.SimpleToken]:
        """The tokens of a text, as the server's tokenizer sees it; offsets are in bytes."""
        from ._operations import tokenize

        return await self._call(tokenize(self._target(options), text), options)

    async def info(self, **options: Unpack[CallOptions]) -> t.Info:
        """What the server runs: model, version, limits."""
        from ._operations import info

        return await self._call(info(self._target(options)), options)

    async def health(self, **options: Unpack[CallOptions]) -> bool:
        """Whether the server can answer: False when it says that it is unhealthy or not ready.

        Raises ConnectionFailedError or a timeout when nothing answers.
        """
        from ._operations import health

        try:
            return await self._call(health(self._target(options)), options)
        except ServiceUnavailableError:
            return False

    async def metrics(self, **options: Unpack[CallOptions]) -> t.AnswerText:
        """The server's Prometheus metrics, as text."""
        from ._operations import metrics

        return await self._call(metrics(self._target(options)), options)

    async def models(self, **options: Unpack[CallOptions]) -> t.AnswerList[t.Model]:
        """The models that the server offers; TGI has exactly one."""
        from ._operations import models

        return await self._call(models(self._target(options)), options)

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
    ) -> AsyncIterator[MapItem]:
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
        from ._mapped import Run, map_async

        run = Run(prompts, method, concurrency, ordered, errors, progress, results, arguments)
        call = getattr(self, method)
        return map_async(lambda prompt: call(prompt, **arguments), run)
