"""Grammars: what an answer must look like."""

from __future__ import annotations

from enum import Enum
from typing import Any

from pydantic import (
    BaseModel,
)

__all__ = ["Grammar", "GrammarType"]


class GrammarType(str, Enum):
    """What a grammar's value is. `JsonSchema` is the named form: `{"name": ..., "schema": ...}`."""

    Json = "json"
    Regex = "regex"
    JsonSchema = "json_schema"


class Grammar(BaseModel):
    """A constraint on the answer: a JSON Schema object (or its text), or a regular expression."""

    type: GrammarType
    value: str | dict[str, Any]
