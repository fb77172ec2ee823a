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
from ..render.chat import ChatWriter, text_completion
from ..requests import ChatRequest, ContentBody, GenerateParameters
from ..shard import ShardRequest
from ..sse import DONE
from ..state import State
from ..validation import in_one_piece
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


class ChatsAtOnce:
    """Answers to chats of one fake."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._chats: Alike[_Chat | None] = Alike(self._like)

    def make(self, call: Call) -> Made | None:
        """The answer to `call`; None: it takes the long way. Raises as that does."""
        state = self._state
        began = state.clock()
        found = self._chats.find(call.body)
        if found is not None:
            chat, text = found
            if chat is None:
                return None
            request, parameters, inputs = chat.request, chat.parameters, text.join(chat.around)
        else:
            if state.template is None or b'"tools"' in call.body:
                return None  # to be read only once
            request = typed(ChatRequest, call.body)
            if not _is_plain(request):
                return None
            prompt = chat_prompt(request, state.template)
            parameters, inputs = prompt.parameters, prompt.inputs
        most = SHORT if request.stream else None
        shard = state.plain_shard(inputs) if in_one_piece(parameters, most) else None
        if shard is None:
            return None
        asked = state.infer.validator.validate(inputs, parameters, add_special_tokens=False).shard
        queued = state.clock()
        generation = shard.generate(asked)
        body = (
            self._stream(request, asked, generation)
            if request.stream
            else self._whole(request, asked, generation)
        )
        return asked, generation, body, began, queued, 2  # as a chat, and as a generation

    def _whole(self, request: ChatRequest, asked: ShardRequest, generation: Generation) -> Body:
        assert generation.finish_reason is not None
        return Body(
            text_completion(
                generation.generated_text,
                model=model_of(self._state, request),
                created=self._state.unix_time(),
                finish_reason=generation.finish_reason,
                prompt_tokens=asked.input_length,
                generated_tokens=len(generation.tokens),
            )
        )

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
        around = tuple(prompt.inputs.split(MARK))
        return _Chat(request, prompt.parameters, around)


def _is_plain(request: ChatRequest) -> bool:
    """Whether the answer is a text, and nothing else."""
    return not (request.logprobs or request.tools or request.response_format)
