"""Answers where nothing stands in the way: the same bytes, the same books, and a third of the work.

Most calls of a load test, and of a suite of tests, are of this kind: no stub or recording may answer them, no
delay, image or grammar makes them wait, one piece is all of the answer, the model cannot fail and nobody
damages what it says. Such a call is answered in one step, and what was made of one body is used for those
that are like it (alike.py). Whatever is otherwise, a refusal included, takes the long way (serve.py), before
anything was counted; so does a stream that is too long to go out in one go, whoever reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..alike import MARK, Alike
from ..call import Call
from ..extraction import ExtractionRefusal, is_json, typed
from ..frames import Body, Chunks, RawHeaders, Whole
from ..generation import Generation
from ..headers import HeadPrinter
from ..refusals import Breakdown, Refusal
from ..remembered import Remembered
from ..render.generate import generate_response
from ..render.stream import StreamWriter
from ..render.values import string
from ..requests import GenerateParameters, GenerateRequest
from ..run import Answer
from ..shard import ShardRequest
from ..state import State
from ..validation import CHUNK, in_one_piece
from .streaming import SHORT

if TYPE_CHECKING:
    from .chats_at_once import ChatsAtOnce

__all__ = ["AtOnce", "Made"]

Made = tuple[ShardRequest, Generation, Body | Chunks, float, int]
"""What the model was asked and said, the answer, when the model was asked (in seconds on the server's clock),
and how often the router counts the call."""

_Asked = tuple[GenerateParameters, str, ShardRequest, Generation, float]


class AtOnce:
    """Answers of one fake."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._generations: Alike[GenerateParameters | None] = Alike(_parameters)
        self._chats: ChatsAtOnce | None = None
        self._routes = {
            "/generate": self._generate,
            "/generate_stream": self._stream,
            "/v1/chat/completions": self._chat,
        }
        self._json = Remembered(_says_json)
        self._heads = HeadPrinter(state.compute_type)

    def answer(self, call: Call) -> Whole | None:
        """The answer to `call`, which is in the books then; None: it takes the long way."""
        route = self._routes.get(call.path)
        state = self._state
        if route is None or call.method != "POST" or not state.plain or call.broken or call.unread:
            return None
        connection = call.connection
        if connection is not None and connection.paused:
            return None  # who knows when it goes out
        if len(call.body) > state.settings.payload_limit or not self._json(call.headers):
            return None
        try:
            made = route(call)
        except (Breakdown, ExtractionRefusal, Refusal):
            return None
        if made is None:
            return None
        request, generation, body, queued, asked = made
        length, tokens = request.input_length, len(generation.tokens)
        began, now = call.received, state.clock()
        total, validation = now - began, queued - began
        state.metrics.answered(
            (asked, length, request.max_new_tokens, total, validation, 0.0, now - queued, tokens)
        )
        characters, around = len(request.inputs), state.cors.headers(call)
        if type(body) is Body:
            size = len(body.data)
            head = self._heads.whole(characters, total, validation, length, tokens, around, size)
        else:
            head = self._heads.stream(characters, around)
        whole = Whole(head, body)
        state.journal.keep(call, whole, tokens, now)
        return whole

    def _generate(self, call: Call) -> Made | None:
        asked = self._asked(call, CHUNK)
        if asked is None:
            return None
        parameters, inputs, request, generation, queued = asked
        prompt = inputs if parameters.return_full_text else ""
        if parameters.details:
            assert generation.finish_reason is not None
            answer = Answer(
                generation.tokens, generation.generated_text, generation.finish_reason,
                len(generation.tokens), request.input_length, generation.seed, (), (), queued, queued,
            )  # fmt: skip
            body = generate_response(answer, prompt=prompt, details=True)
        else:
            body = b'{"generated_text":%b}' % string(prompt + generation.generated_text)
        return request, generation, Body(body), queued, 1

    def _stream(self, call: Call) -> Made | None:
        asked = self._asked(call, SHORT)
        if asked is None:
            return None
        parameters, inputs, request, generation, queued = asked
        assert generation.finish_reason is not None
        writer = StreamWriter(
            prompt=inputs if parameters.return_full_text else "", details=parameters.details
        )
        end = (generation.finish_reason, generation.seed, request.input_length)
        events = writer.events(generation.tokens, (), generation.generated_text, end)
        return request, generation, Chunks(tuple(events)), queued, 1

    def _asked(self, call: Call, most: int) -> _Asked | None:
        """What was asked and what the model says to it. `most`: the tokens that it may be asked for."""
        state = self._state
        found = self._generations.find(call.body)
        if found is None:
            request = typed(GenerateRequest, call.body)
            inputs = request.inputs
            parameters = request.parameters if in_one_piece(request.parameters) else None
        else:
            parameters, inputs = found
        if parameters is None:
            return None
        assert parameters.max_new_tokens is not None
        shard = state.plain_shard(inputs) if parameters.max_new_tokens <= most else None
        asked = state.infer.validator.simple(inputs, parameters) if shard is not None else None
        if shard is None or asked is None:
            return None
        queued = state.clock()
        return parameters, inputs, asked, shard.generate(asked), queued

    def _chat(self, call: Call) -> Made | None:
        if self._chats is None:
            from .chats_at_once import ChatsAtOnce  # imported by what answers chats

            self._chats = ChatsAtOnce(self._state)
        return self._chats.make(call)


def _says_json(headers: RawHeaders) -> bool:
    return is_json(Call("POST", "", headers).header(b"content-type"))


def _parameters(body: bytes) -> GenerateParameters | None:
    """The parameters of a body whose prompt is the mark; None where it is not, or too much is asked for."""
    try:
        request = typed(GenerateRequest, body)
    except ExtractionRefusal:
        return None
    return request.parameters if request.inputs == MARK and in_one_piece(request.parameters) else None
