"""A request's grammar becomes what the shard must obey, or the message of a refusal (V:348-412)."""

from __future__ import annotations

import json

from .refusals import Breakdown
from .requests import GrammarType, JsonGrammar, JsonValue, RegexGrammar
from .schemas.checks import check_grammar
from .schemas.outlines import ENDLESS
from .shard import Grammar

__all__ = ["compile_grammar"]


def compile_grammar(grammar: GrammarType, *, disabled: bool) -> Grammar | str:
    """The grammar to generate by; a string is the message after `Input validation error: `.

    Raises `Breakdown` for a schema that the router's compiler follows without end. A `json` grammar may hold
    its schema as text. A regular expression is not looked at: the shard does that.
    """
    kind, value = _parts(grammar)
    message: str | None = check_grammar(kind, value, disabled)
    if message == f"cannot compile regex from schema: {ENDLESS}":
        raise Breakdown(ENDLESS)
    if message is not None:
        return message
    if isinstance(grammar, RegexGrammar):
        return Grammar(regex=grammar.value)
    return Grammar(schema=json.loads(value) if isinstance(value, str) else value)


def _parts(grammar: GrammarType) -> tuple[str, JsonValue]:
    if isinstance(grammar, RegexGrammar):
        return "regex", grammar.value
    if isinstance(grammar, JsonGrammar):
        return "json", grammar.value
    return "json_schema", grammar.schema
