"""Stubs: which calls to answer, with what, and how often. `state.stubs.add(Stub(…))` places one.

Each part is imported when it is first asked for: a server without stubs needs next to none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:
    from .answer_of import Function
    from .error_answers import Error
    from .faulty import Faulty
    from .model_answers import Generated, Text, Tokens, ToolCall, Unscripted
    from .placed import PlacedStub, StubFailure, StubMatch
    from .speech import StubToken
    from .stub import Step, Stub, read_stub
    from .stub_map import StubMap
    from .wire_answers import Raw, Recorded

__all__ = [
    "Error",
    "Faulty",
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
    "Unscripted",
    "read_stub",
]

__getattr__, __dir__ = lazily(
    __name__,
    globals(),
    {
        "Error": ".error_answers",
        "Faulty": ".faulty",
        "Function": ".answer_of",
        "Generated": ".model_answers",
        "PlacedStub": ".placed",
        "Raw": ".wire_answers",
        "Recorded": ".wire_answers",
        "Step": ".stub",
        "Stub": ".stub",
        "StubFailure": ".placed",
        "StubMap": ".stub_map",
        "StubMatch": ".placed",
        "StubToken": ".speech",
        "Text": ".model_answers",
        "Tokens": ".model_answers",
        "ToolCall": ".model_answers",
        "Unscripted": ".model_answers",
        "read_stub": ".stub",
    },
)
