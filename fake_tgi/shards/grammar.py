"""Answers that satisfy a grammar, where nobody has said what the answer should be.

A JSON Schema gets a plausible value, checked against the schema; where none is found, Hypothesis draws one.
Where nothing satisfies the schema, its bounds are let go, as TGI's own compiler never looks at them. A
regular expression gets a text found on a walk through it, or else by Hypothesis. For each grammar a few
answers are worked out, once; the request then decides which of them it gets. Tool calls go to the tool that
the prompt seems to ask for. The answer is tokenised and stopped like any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from random import Random
from typing import Any

from ..caches import BoundedCache
from ..generation import Generation
from ..schemas.parts import checker
from ..seeds import canonical, key_of
from ..shard import Grammar, ShardRequest
from ..tokenizer import Tokenizer
from .plausible import Plausible
from .regex_texts import RegexTexts
from .text_answers import TextAnswers

__all__ = ["GrammarError", "GrammarShard", "answers_to"]

_ANSWERS = 6
_TRIES = 40
_DRAWN = 30
_NO_TOOL = "no_tool"
_WORD = re.compile(r"[a-z]{3,}")
_LOOKED_AT = 300


class GrammarError(ValueError):
    """The shard cannot obey the grammar; the message is what it would fail with."""


class GrammarShard:
    """A Shard for requests with a grammar. `seed` is the server's. Safe to share over threads."""

    def __init__(self, tokenizer: Tokenizer, seed: int = 0) -> None:
        self._answers = TextAnswers(tokenizer)
        self._key = key_of(seed)
        self._known: BoundedCache[str, tuple[str, ...] | GrammarError] = BoundedCache(
            entries=512, size=2_000_000
        )

    def slow(self, request: ShardRequest) -> bool:
        """True until the answers to a grammar have been worked out."""
        grammar = request.grammar
        return grammar is None or any(
            self._known.get(_key(each)) is None for each in _choices(grammar, request)
        )

    def generate(self, request: ShardRequest) -> Generation:
        """The answer to `request`; the generation fails where its grammar cannot be obeyed."""
        if request.grammar is None:
            raise ValueError("expected a request with a grammar, got one without")
        sampling = request.sampling
        seen = canonical(request, sampling.seed if sampling.samples else None)
        number = int.from_bytes(blake2b(seen, digest_size=8, key=self._key).digest(), "little")
        choices = _choices(request.grammar, request)
        grammar = choices[number % len(choices)]
        try:
            texts = self._texts(grammar)
        except GrammarError as error:
            return Generation((), "", None, request.input_length, error=str(error))
        return self._answers.generation(texts[(number >> 16) % len(texts)], request)

    def _texts(self, grammar: Grammar) -> tuple[str, ...]:
        key = _key(grammar)
        known = self._known.get(key)
        if known is None:
            try:
                known = answers_to(grammar)
            except GrammarError as error:
                known = error
            size = sum(map(len, known)) if isinstance(known, tuple) else len(str(known))
            self._known.put(key, known, len(key) + size)
        if isinstance(known, GrammarError):
            raise known
        return known


def _key(grammar: Grammar) -> str:
    return json.dumps([grammar.regex, grammar.schema])


def _choices(grammar: Grammar, request: ShardRequest) -> list[Grammar]:
    """The grammar itself; for a choice of tools, one grammar for each tool that the prompt asks for most.

    A model that may refuse all tools does so only if there is no other.
    """
    functions = _functions(grammar.schema)
    if not functions:
        return [grammar]
    named = [name for name in functions if name != _NO_TOOL] or list(functions)
    # The router puts the tools behind this line, at the end of what the user said.
    prompt = request.inputs.rpartition("\n---\n")[0] or request.inputs
    said = _WORD.findall(prompt[-_LOOKED_AT:].lower())

    def asked_for(name: str) -> float:
        about = functions[name].get("description") if isinstance(functions[name], dict) else ""
        words = set(_WORD.findall(f"{name} {about}".lower().replace("_", " ")))
        return sum(min(said.count(word), 3) for word in words) / (len(words) or 1)

    most = max(map(asked_for, named))
    return [
        replace(grammar, schema={"properties": {"function": functions[name]}, "required": ["function"]})
        for name in named
        if asked_for(name) == most
    ]


def _functions(schema: Any) -> dict[str, Any]:
    """The functions of a tool grammar (router specification 7.3), {} for any other schema."""
    try:
        functions, choice = schema["$functions"], schema["properties"]["function"]["anyOf"]
        called = [each["$ref"] for each in choice]
    except (KeyError, TypeError):
        return {}
    if not isinstance(functions, dict):
        return {}
    # Two tools of one name are referred to twice, but only the last one of them is there.
    if [*dict.fromkeys(called)] != [f"#/$functions/{name}" for name in functions]:
        return {}
    return functions


def answers_to(grammar: Grammar) -> tuple[str, ...]:
    """Some texts that satisfy a grammar, the same ones each time. Raises GrammarError if none is found."""
    if grammar.regex is not None:
        return _matching(grammar.regex)
    schema: Any = grammar.schema
    satisfies = partial(checker(schema), schema)
    plausible = list(_plausible(schema))
    found = _distinct(map(_text, filter(satisfies, plausible)))
    if plausible and not found:
        found = _distinct(_drawn(schema, satisfies)) or _distinct(map(_text, plausible))
    if not found:
        raise GrammarError("Unexpected <class 'ValueError'>: no value satisfies the grammar")
    return found


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in texts:
        found[text] = None
        if len(found) >= _ANSWERS:
            break
    return tuple(found)


def _matching(pattern: str) -> tuple[str, ...]:
    try:
        texts = RegexTexts(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise GrammarError(f"Unexpected <class 're.error'>: {error}") from error
    found = _distinct(_walked(texts)) or _distinct(_searched(pattern))
    if not found:
        raise GrammarError("Unexpected <class 'ValueError'>: no text satisfies the grammar")
    return found


def _walked(texts: RegexTexts) -> Iterator[str]:
    for number in range(_TRIES):
        try:
            yield texts.draw(Random(number))  # noqa: S311 - no secret
        except (ValueError, RecursionError):
            pass


def _searched(pattern: str) -> Iterator[str]:
    """Texts that Hypothesis finds."""
    from ..drawing import DrawError, draw, matching

    for printable in True, False:
        try:
            yield from draw(matching(pattern, printable=printable), _DRAWN)
        except DrawError:
            continue
        return


def _plausible(schema: Any) -> Iterator[Any]:
    """Plausible values, some of which may not satisfy the schema."""
    texts: dict[str, str] = {}

    def matching(pattern: str) -> str:
        if pattern not in texts:
            try:
                texts[pattern] = _matching(pattern.removeprefix("^").removesuffix("$"))[0]
            except GrammarError as error:
                raise ValueError(str(error)) from error
        return texts[pattern]

    for number in range(_TRIES):
        try:
            yield Plausible(schema, Random(number), matching).value()  # noqa: S311 - no secret
        except Exception:  # noqa: S110 - a tool's parameters are checked by nobody: anything may be in them
            pass


def _drawn(schema: Any, satisfies: Callable[[Any], bool]) -> Iterator[str]:
    """Texts of values that Hypothesis finds, the plain ones of middling length first."""
    from ..drawing import DrawError, draw, json_values

    try:
        values = draw(json_values(schema), _DRAWN)
    except DrawError:
        return
    texts = [_text(_in_order(value, schema)) for value in values if satisfies(value)]
    yield from sorted(
        texts, key=lambda text: (not (text.isascii() and "\\" not in text), abs(len(text) - 30))
    )


def _in_order(value: Any, schema: Any) -> Any:
    """Properties in the schema's order: a model that follows the schema writes them so."""
    if not isinstance(value, dict) or not isinstance(schema, dict):
        return value
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    names = [name for name in properties if name in value]
    return {name: _in_order(value[name], properties.get(name)) for name in dict.fromkeys([*names, *value])}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
