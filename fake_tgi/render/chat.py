"""An answer becomes the body of `/v1/chat/completions`, or the events of its stream.

Keys and their order: router.md 7.5 (router/src/lib.rs, ChatCompletion, ChatCompletionChunk; chat.rs).
`id` is always empty. A special token shows as empty content, a tool call's token as a piece of its
arguments. Bytes that do not change within an answer are made once for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..generation import FinishReason, Token
from ..identity import SYSTEM_FINGERPRINT
from ..remembered import Remembered
from ..run import Answer
from ..tools import NO_TOOL, FunctionCall, ToolDelta, ToolStream
from .tools import tool_call_message, tool_delta_frame
from .values import f32, string

__all__ = ["FINISH_REASONS", "ChatPrinter", "ChatWriter", "chat_completion", "usage"]

FINISH_REASONS: dict[FinishReason, bytes] = {
    "length": b'"length"',
    "eos_token": b'"stop"',
    "stop_sequence": b'"stop_sequence"',
}
"""How the OpenAI routes spell why an answer ended; `stop_sequence` is TGI's own (L:1432-1438)."""

_EMPTY = b'{"role":"assistant","content":""}'
_MESSAGE: Final = b'{"role":"assistant","content":%b}'
_USAGE: Final = b'{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}'
_WHOLE: Final = (
    b'{"object":"chat.completion","id":"","created":%b,"model":%b,"system_fingerprint":%b,"choices":'
    b'[{"index":0,"message":%b,"logprobs":%b,"finish_reason":%b}],"usage":%b}'
)


def usage(prompt_tokens: int, completion_tokens: int) -> bytes:
    """The `usage` object."""
    return _USAGE % (
        prompt_tokens,
        completion_tokens,
        prompt_tokens + completion_tokens,
    )


def chat_completion(
    answer: Answer,
    output: str | FunctionCall,
    *,
    model: str,
    created: int,
    prompt_tokens: int,
    logprobs: bool = False,
    system_fingerprint: str = SYSTEM_FINGERPRINT,
) -> bytes:
    """The whole answer: a message with `output` as its text, or the call that `output` is.

    After a `no_tool` answer the router mixes two generations (S:1263-1307): `output` and `prompt_tokens`
    are the second one's, `answer`, which gives finish_reason, logprobs and completion_tokens, is the first.
    """
    if isinstance(output, str):
        message = _MESSAGE % string(output)
    else:
        message = tool_call_message(output.name, output.arguments)
    return _completion(
        message, string(model), created, answer.finish_reason, prompt_tokens, answer.generated_tokens,
        _whole_logprobs(answer) if logprobs else b"null", system_fingerprint,
    )  # fmt: skip


def _completion(
    message: bytes,
    model: bytes,
    created: int,
    finish_reason: FinishReason,
    prompt_tokens: int,
    generated_tokens: int,
    logprobs: bytes,
    system_fingerprint: str,
) -> bytes:
    spent = usage(prompt_tokens, generated_tokens)
    fingerprint = string(system_fingerprint)
    return _WHOLE % (
        b"%d" % created, model, fingerprint, message, logprobs, FINISH_REASONS[finish_reason], spent,
    )  # fmt: skip


class ChatPrinter:
    """Prints whole answers that are a text alone, of one model: what is the same in all is printed once."""

    __slots__ = ("_format",)

    def __init__(self, model: str, system_fingerprint: str = SYSTEM_FINGERPRINT) -> None:
        model_name, fingerprint = (string(text).replace(b"%", b"%%") for text in (model, system_fingerprint))
        self._format = _WHOLE % (b"%d", model_name, fingerprint, _MESSAGE, b"null", b"%b", _USAGE)

    def text(
        self, text: str, created: int, finish_reason: FinishReason, prompt_tokens: int, generated_tokens: int
    ) -> bytes:
        """The answer `text`, made `created` seconds after 1970."""
        return self._format % (
            created, string(text), FINISH_REASONS[finish_reason],
            prompt_tokens, generated_tokens, prompt_tokens + generated_tokens,
        )  # fmt: skip


class ChatWriter:
    """Writes the chunks of one streamed answer, piece by piece.

    `tool_call_id` is not None where the model was asked for a tool call (router.md 7.4): then chunks appear
    only once a call is recognised, and `events` returns None if it turns out to be `no_tool`. Nothing has
    been written at that point, and what the model says without tools needs a new writer.
    """

    def __init__(
        self,
        *,
        model: str,
        logprobs: bool = False,
        include_usage: bool = False,
        tool_call_id: str | None = None,
        system_fingerprint: str = SYSTEM_FINGERPRINT,
    ) -> None:
        self._origin = b',"model":%b,"system_fingerprint":%b,"choices":[' % (
            string(model),
            string(system_fingerprint),
        )
        self._logprobs = logprobs
        self._include_usage = include_usage
        self.abandoned_behind = 0
        """Tokens of the last piece that had been read when `events` returned None."""
        self._tools = ToolStream() if tool_call_id is not None else None
        self._tool_frame = tool_delta_frame(tool_call_id) if tool_call_id is not None else (b"", b"", b"")
        self._produced = 0

    def events(
        self,
        items: tuple[Token, ...],
        top_tokens: tuple[tuple[Token, ...], ...],
        end: tuple[FinishReason, int | None, int] | None,
        created: int,
    ) -> list[bytes] | None:
        """A chunk for each token, and one for the usage if that was asked for.

        `end` holds finish_reason, seed and the prompt's length in tokens of the whole answer, and makes the
        last token terminal; None where more follows, or an error does. `created` is in seconds since 1970.
        """
        self._produced += len(items)
        head = b'data: {"object":"chat.completion.chunk","id":"","created":%d%b' % (created, self._origin)
        opening = head + b'{"index":0,"delta":'
        if self._tools is None and not self._logprobs:
            events = self._plain_events(opening, items, end)
            if end is not None and self._include_usage:
                events.append(head + b'],"usage":%b}\n\n' % usage(end[2], self._produced))
            return events
        if self._tools is not None:
            deltas = self._tool_deltas(items)
            if deltas is None:
                return None
        else:
            deltas = [(item, _content(item)) for item in items]
        tails = [b',"finish_reason":null}],"usage":null}\n\n'] * len(deltas)
        if end is not None and deltas and deltas[-1][1]:
            tails[-1] = b',"finish_reason":%b}],"usage":null}\n\n' % FINISH_REASONS[end[0]]
        if self._logprobs:
            tops = top_tokens or ((),) * len(items)
            tails = [
                b',"logprobs":%b%b' % (_token_logprobs(item, likely), tail)
                for (item, _), likely, tail in zip(deltas, tops, tails, strict=True)
            ]
        else:
            tails = [b',"logprobs":null' + tail for tail in tails]
        events = [opening + delta + tail for (_, delta), tail in zip(deltas, tails, strict=True) if delta]
        if end is not None and self._include_usage:
            events.append(head + b'],"usage":%b}\n\n' % usage(end[2], self._produced))
        return events

    @staticmethod
    def _plain_events(
        opening: bytes, items: tuple[Token, ...], end: tuple[FinishReason, int | None, int] | None
    ) -> list[bytes]:
        """Chunks of text without log-probabilities: most of all chunks."""
        events = [opening + rest for rest in _plain_rest.of(items)]
        if end is not None and items:
            tail = b',"logprobs":null,"finish_reason":%b}],"usage":null}\n\n' % FINISH_REASONS[end[0]]
            events[-1] = opening + _content(items[-1]) + tail
        return events

    def _tool_deltas(self, items: Iterable[Token]) -> list[tuple[Token, bytes]] | None:
        """What each token shows in tool mode: the token with its text as shown, and its delta or nothing."""
        assert self._tools is not None
        before, between, after = self._tool_frame
        shown: list[tuple[Token, bytes]] = []
        for number, item in enumerate(items, 1):
            step = self._tools.push(item.text)
            if step is NO_TOOL:
                self.abandoned_behind = number
                return None
            if not isinstance(step, ToolDelta):
                shown.append((item, b""))
                continue
            token = Token(item.id, step.arguments, item.logprob, item.special)
            if item.special:
                shown.append((token, _EMPTY))
                continue
            name = b"null" if step.name is None else string(step.name)
            shown.append((token, before + name + between + string(step.arguments) + after))
        return shown


def _content_of(item: Token) -> bytes:
    return _EMPTY if item.special else _MESSAGE % string(item.text)


_content: Final = Remembered(_content_of, most=10_000)
_plain_rest: Final[Remembered[Token, bytes]] = Remembered(
    lambda item: _content_of(item) + b',"logprobs":null,"finish_reason":null}],"usage":null}\n\n', most=10_000
)


def _token_logprobs(item: Token, likely: Iterable[Token]) -> bytes:
    return b'{"content":[%b]}' % _logprob(item, likely)


def _whole_logprobs(answer: Answer) -> bytes:
    """Every token's entry; those past the end of `top_tokens` have no alternatives."""
    tops = answer.top_tokens + ((),) * (len(answer.tokens) - len(answer.top_tokens))
    return b'{"content":[%b]}' % b",".join(map(_logprob, answer.tokens, tops))


def _logprob(item: Token, likely: Iterable[Token]) -> bytes:
    return b'{"token":%b,"logprob":%b,"top_logprobs":[%b]}' % (
        string(item.text),
        f32(item.logprob),
        b",".join(b'{"token":%b,"logprob":%b}' % (string(top.text), f32(top.logprob)) for top in likely),
    )
