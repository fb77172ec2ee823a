"""Chats where nothing stands in the way: what at_once.py is to prompts.

Chats that differ in their last message alone have the same prompt around it, where the template does nothing
with that text but print it; then neither is the chat read nor the template rendered for each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..alike import MARK, Alike
from ..call import Call
from ..extraction import ExtractionRefusal, typed
from ..prompt import chat_prompt
from ..quick_values import dataclass
from ..refusals import Breakdown, Refusal
from ..render.chat import text_completion
from ..render.values import string
from ..requests import ChatRequest, ContentBody, GenerateParameters
from ..state import State
from ..validation import in_one_piece
from .chat import model_of

if TYPE_CHECKING:
    from .at_once import Made

__all__ = ["ChatsAtOnce"]


@dataclass(frozen=True, slots=True)
class _Chat:
    """What chats have in common. `model` is a JSON string; `around` are the parts of the prompt between which
    the text stands, which may be in it several times or not at all."""

    parameters: GenerateParameters
    model: bytes
    around: tuple[str, ...]


class ChatsAtOnce:
    """Whole answers to chats."""

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
            parameters, model, inputs = chat.parameters, chat.model, text.join(chat.around)
        else:
            if b'"stream"' in call.body or state.template is None:
                return None  # to be read only once
            request = typed(ChatRequest, call.body)
            if not _is_plain(request):
                return None
            prompt = chat_prompt(request, state.template)
            parameters, model, inputs = prompt.parameters, string(model_of(state, request)), prompt.inputs
        shard = state.plain_shard(inputs) if in_one_piece(parameters) else None
        if shard is None:
            return None
        valid = state.infer.validator.validate(inputs, parameters, add_special_tokens=False)
        queued = state.clock()
        generation = shard.generate(valid.shard)
        assert generation.finish_reason is not None
        body = text_completion(
            generation.generated_text,
            model=model,
            created=state.unix_time(),
            finish_reason=generation.finish_reason,
            prompt_tokens=valid.shard.input_length,
            generated_tokens=len(generation.tokens),
        )
        return valid.shard, generation, body, began, queued, 2  # as a chat, and as a generation

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
        return _Chat(prompt.parameters, string(model_of(self._state, request)), around)


def _is_plain(request: ChatRequest) -> bool:
    """Whether the answer is a text, and whole."""
    return not (request.stream or request.logprobs or request.tools or request.response_format)
