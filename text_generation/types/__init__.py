"""What goes out and what comes back, as pydantic models with TGI's own field names.

The published models keep their fields, order, defaults and messages. They are wider on the way in: fields
that other servers leave out or add do not fail, an unknown `finish_reason` becomes a member of its own, and
tool calls have one shape whichever a server version sends.
"""

from __future__ import annotations

# The published module could be asked for these, too.
from enum import Enum  # noqa: F401

from pydantic import BaseModel, ConfigDict, field_validator  # noqa: F401

from ..errors import ValidationError  # noqa: F401
from ._answers import AnswerList, AnswerText
from ._chat import (
    ChatComplete,
    ChatCompletionChunk,
    ChatCompletionComplete,
    ChatRequest,
    ChatTokenizeResponse,
    Choice,
    ChoiceDelta,
    ChoiceDeltaToolCall,
    Chunk,
    Function,
    Message,
)
from ._completion import Completion, CompletionChunk, CompletionComplete, CompletionRequest
from ._generation import (
    BestOfSequence,
    Details,
    FinishReason,
    InputToken,
    PrefillToken,
    Response,
    StreamDetails,
    StreamResponse,
    Token,
)
from ._grammar import Grammar, GrammarType
from ._parameters import Parameters, Request
from ._server import DeployedModel, Info, Model, SimpleToken
from ._tools import FunctionCall, Tool, ToolCall

__all__ = [
    "AnswerList",
    "AnswerText",
    "BestOfSequence",
    "ChatComplete",
    "ChatCompletionChunk",
    "ChatCompletionComplete",
    "ChatRequest",
    "ChatTokenizeResponse",
    "Choice",
    "ChoiceDelta",
    "ChoiceDeltaToolCall",
    "Chunk",
    "Completion",
    "CompletionChunk",
    "CompletionComplete",
    "CompletionRequest",
    "DeployedModel",
    "Details",
    "FinishReason",
    "Function",
    "FunctionCall",
    "Grammar",
    "GrammarType",
    "Info",
    "InputToken",
    "Message",
    "Model",
    "Parameters",
    "PrefillToken",
    "Request",
    "Response",
    "SimpleToken",
    "StreamDetails",
    "StreamResponse",
    "Token",
    "Tool",
    "ToolCall",
]
