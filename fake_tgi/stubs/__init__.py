"""Stubs: which calls to answer, with what, and how often. `state.stubs.add(Stub(…))` places one."""

from __future__ import annotations

from .answer_of import Function
from .error_answers import Error
from .model_answers import Generated, Text, Tokens, ToolCall
from .placed import PlacedStub, StubFailure, StubMatch
from .speech import StubToken
from .stub import Step, Stub, read_stub
from .stub_map import StubMap
from .wire_answers import Raw, Recorded

__all__ = [
    "Error",
    "Function",
    "Generated",
    "PlacedStub",
    "Raw",
    "Recorded",
    "Step",
    "Stub",
    "StubFailure",
    "StubMap",
    "StubMatch",
    "StubToken",
    "Text",
    "Tokens",
    "ToolCall",
    "read_stub",
]
