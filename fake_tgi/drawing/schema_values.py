"""Values for a JSON Schema, and texts for a regular expression."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil, floor
from typing import Any

from hypothesis import strategies as st

from ..schemas.parts import DEEPEST, alternatives, bounds, checker, count, kinds
from .conditions import as_choices
from .examples import DrawError

__all__ = ["json_values", "matching"]

_PRINTABLE = st.characters(codec="ascii", min_codepoint=0x20, max_codepoint=0x7E)


def matching(pattern: str, *, printable: bool = True) -> st.SearchStrategy[str]:
    """Texts that a regular expression matches from end to end; by default of printable ASCII alone."""
    return st.from_regex(pattern, fullmatch=True, alphabet=_PRINTABLE if printable else None)


def _ended(pattern: str) -> str:
    """The same for Python, whose `$` is also before a line break at the end."""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern


def json_values(schema: Any) -> st.SearchStrategy[Any]:
    """Values for a JSON Schema (2020-12), checked as they are drawn. Raises DrawError if it has none.

    Objects have no properties but those that the schema lists or requires, in its order: so a model that is
    held to the schema writes them. Not hypothesis-jsonschema: its objects fail with the Hypothesis of today.
    """
    try:
        without_conditions = as_choices(schema)
        return _Values(without_conditions, always_checked=without_conditions != schema).of(
            without_conditions, 0
        )
    except Exception as error:  # a tool's parameters are checked by nobody, so there may be anything in them
        raise DrawError(f"the schema cannot be read: {error!r}") from error


class _Values:
    """Strategies for the parts of one schema, each made once."""

    def __init__(self, root: Any, *, always_checked: bool) -> None:
        self._root = root
        self._always_checked = always_checked
        self._satisfies = checker(root)
        self._made: dict[int, st.SearchStrategy[Any]] = {}

    def of(self, schema: Any, depth: int) -> st.SearchStrategy[Any]:
        made = self._made.get(id(schema))
        if made is None:
            if depth > DEEPEST:
                raise DrawError("the schema has no end")
            made = st.one_of([self._flat(way, depth) for way in alternatives(schema, self._root)])
            if isinstance(schema, dict) and (self._always_checked or not _PLAIN.issuperset(schema)):
                made = made.filter(partial(self._satisfies, schema))
            self._made[id(schema)] = made
        return made

    def _flat(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        if "const" in schema:
            return st.just(schema["const"])
        if isinstance(schema.get("enum"), list):
            return st.sampled_from(schema["enum"])
        read: dict[str, Callable[[dict[str, Any], int], st.SearchStrategy[Any]]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._integer,
            "number": self._number,
            "boolean": self._boolean,
            "null": self._null,
        }
        wanted = kinds(schema) or ["string", "integer", "boolean", "null"]
        return st.one_of([read[kind](schema, depth) for kind in wanted])

    def _object(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", {})
        required = schema.get("required", [])
        named = {name: self.of(inner, depth + 1) for name, inner in properties.items()}
        always = {name: inner for name, inner in named.items() if name in required}
        if more is not False:
            extra = self.of(more, depth + 1)
            always |= {name: extra for name in required if name not in named}
            least = count(schema.get("minProperties"), 0)
            always |= {f"key{i + 1}": extra for i in range(least - len({*always, *named}))}
        optional = {name: inner for name, inner in named.items() if name not in always}
        made = st.fixed_dictionaries(always, optional=optional)
        order = dict.fromkeys((*named, *always))
        return made.map(lambda drawn: {name: drawn[name] for name in order if name in drawn})

    def _array(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        first = [self.of(each, depth + 1) for each in schema.get("prefixItems", ())]
        least = max(count(schema.get("minItems"), 0) - len(first), 0)
        most = max(count(schema.get("maxItems"), least + len(first) + 4) - len(first), least)
        items = schema.get("items", {})
        each = st.nothing() if items is False else self.of(items, depth + 1)
        if "contains" in schema:
            each |= self.of(schema["contains"], depth + 1)
        rest = st.lists(each, min_size=least, max_size=most)
        return st.tuples(st.tuples(*first), rest).map(lambda parts: [*parts[0], *parts[1]])

    def _string(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        if isinstance(schema.get("pattern"), str):
            return st.from_regex(_ended(schema["pattern"]), alphabet=_PRINTABLE)
        return st.text(
            _PRINTABLE,
            min_size=count(schema.get("minLength"), 0),
            max_size=count(schema.get("maxLength"), 60),
        )

    def _integer(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        low, high = bounds(schema, 1)
        step = schema.get("multipleOf")
        if isinstance(step, int) and step > 0:
            return st.integers(_whole(low, step, ceil), _whole(high, step, floor)).map(lambda n: n * step)
        return st.integers(_whole(low, 1, ceil), _whole(high, 1, floor))

    def _number(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        low, high = bounds(schema, 0)
        step = schema.get("multipleOf")
        if isinstance(step, (int, float)) and step > 0:
            return st.integers(_whole(low, step, ceil), _whole(high, step, floor)).map(lambda n: n * step)
        return st.floats(low, high, allow_nan=False, allow_infinity=False)

    def _boolean(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        return st.booleans()

    def _null(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        return st.none()


def _whole(limit: float | None, step: float, rounded: Callable[[float], int]) -> int | None:
    return None if limit is None else rounded(limit / step)


_PLAIN = frozenset(
    {
        *(
            "type",
            "properties",
            "required",
            "enum",
            "const",
            "$ref",
            "$defs",
            "definitions",
            "minItems",
            "items",
        ),
        *(
            "title",
            "description",
            "default",
            "examples",
            "additionalProperties",
            "anyOf",
            "minimum",
            "maximum",
        ),
        *("minLength", "prefixItems"),
    }
)
"""Keywords that the strategies obey by themselves; a schema with any other has its values checked."""
