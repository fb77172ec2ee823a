"""Chats where nothing stands in the way: what at_once.py is to prompts.

Chats that differ in their last message alone have the same prompt around it, where the template does nothing
with that text but print it; then neither is the chat read nor the template rendered for each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..alike import MARK, Alike
from ..call import Call
from ..extraction import ExtractionRefusal, typed
from ..frames import Body, Chunks
from ..generation import Generation
from ..prompt import chat_prompt
from ..quick_values import dataclass
from ..refusals import Breakdown, Refusal
from ..render.chat import ChatPrinter, ChatWriter
from ..requests import ChatRequest, ContentBody, GenerateParameters
from ..shard import ShardRequest
from ..sse import DONE
from ..state import State
from ..validation import CHUNK, in_one_piece
from .chat import model_of
from .streaming import SHORT

if TYPE_CHECKING:
    from .at_once import Made

__all__ = ["ChatsAtOnce"]


@dataclass(frozen=True, slots=True)
class _Chat:
    """What chats have in common. `around` are the parts of the prompt between which the text stands, which
    may be in it several times or not at all."""

    request: ChatRequest
    parameters: GenerateParameters
    around: tuple[str, ...]
    printer: ChatPrinter


class ChatsAtOnce:
    """Answers to chats of one fake."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._chats: Alike[_Chat | None] = Alike(self._like)

    def make(self, call: Call) -> Made | None:
        """The answer to `call`; None: it takes the long way. Raises as that does."""
        state = self._state
        found = self._chats.find(call.body)
        if found is not None:
            chat, text = found
            if chat is None:
                return None
            inputs = text.join(chat.around)
        else:
            if state.template is None or b'"tools"' in call.body:
                return None  # to be read only once
            request = typed(ChatRequest, call.body)
            if not _is_plain(request):
                return None
            prompt = chat_prompt(request, state.template)
            inputs = prompt.inputs
            chat = self._common(request, prompt.parameters)
            if chat is None:
                return None
        shard = state.plain_shard(inputs)
        asked = None
        if shard is not None:
            asked = state.infer.validator.simple(inputs, chat.parameters, add_special_tokens=False)
        if shard is None or asked is None:
            return None
        queued = state.clock()
        generation = shard.generate(asked)
        assert generation.finish_reason is not None
        body: Body | Chunks
        if chat.request.stream:
            body = self._stream(chat.request, asked, generation)
        else:
            body = Body(
                chat.printer.text(
                    generation.generated_text,
                    state.unix_time(),
                    generation.finish_reason,
                    asked.input_length,
                    len(generation.tokens),
                )
            )
        return asked, generation, body, queued, 2  # as a chat, and as a generation

    def _stream(self, request: ChatRequest, asked: ShardRequest, generation: Generation) -> Chunks:
        assert generation.finish_reason is not None
        writer = ChatWriter(
            model=model_of(self._state, request), include_usage=request.stream_options.include_usage
        )
        end = (generation.finish_reason, generation.seed, asked.input_length)
        events = writer.events(generation.tokens, (), end, self._state.unix_time())
        assert events is not None  # there are no tools
        return Chunks((*events, DONE))

    def _like(self, body: bytes) -> _Chat | None:
        """What the chats have in common that are like this one."""
        template = self._state.template
        if template is None or not template.prints_contents:
            return None
        try:
            request = typed(ChatRequest, body)
            if not _is_plain(request) or not request.messages:
                return None
            last = request.messages[-1]
            # what the assistant has begun is cut behind its text, and so depends on it
            if last.role == "assistant" or last.body != ContentBody(MARK):
                return None
            prompt = chat_prompt(request, template)
        except (Breakdown, ExtractionRefusal, Refusal):
            return None
        return self._common(request, prompt.parameters, tuple(prompt.inputs.split(MARK)))

    def _common(
        self, request: ChatRequest, parameters: GenerateParameters, around: tuple[str, ...] = ()
    ) -> _Chat | None:
        """None where more is asked for than goes out in one go."""
        if not in_one_piece(parameters, SHORT if request.stream else CHUNK):
            return None
        return _Chat(request, parameters, around, ChatPrinter(model_of(self._state, request)))


def _is_plain(request: ChatRequest) -> bool:
    """Whether the answer is a text, and nothing else."""
    return not (request.logprobs or request.tools or request.response_format)
