"""YAML with line numbers, read as the JSON that it stands for.

Plain words mean what the core schema of YAML 1.2 says: `yes`, `on` and dates are texts. Anchors and merge
keys work; tags, several documents and whatever JSON has no word for are refused.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import yaml

from ..matching.differences import step
from ..matching.json_values import DEEPEST, DIGITS, NESTED, unlike_json
from .value import Located, UnreadableError

__all__ = ["read_yaml"]

_TAG: Final = "tag:yaml.org,2002:"
_MOST: Final = 200_000
_LONGEST_PLACE: Final = 60

# https://yaml.org/spec/1.2.2/#1032-tag-resolution
_PLAIN: Final = (
    ("null", r"~|null|Null|NULL|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
    ("number that JSON lacks", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
)


def read_yaml(text: str) -> Located:
    """Raises UnreadableError for what is no YAML, has a member twice, or is not JSON in other words."""
    reader = _Reader()
    try:
        node = _root(text)
        value = None if node is None else reader.value(node, "")
    except RecursionError as error:
        last = max(reader.lines.values(), default=1)
        raise UnreadableError(last, f"expected {NESTED}, got more") from error
    located = Located(value, reader.lines)
    if (wrong := unlike_json(value)) is not None:
        raise UnreadableError(located.line(wrong.where), str(wrong))
    return located


def _root(text: str) -> Any:
    """The node of a whole text; None if there is nothing in it."""
    loader: Any = None
    try:
        loader = _loader()(text)
        return loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        character = f"U+{error.character:04X}"
        raise UnreadableError(line, f"expected characters that YAML allows, got {character}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(filter(None, (error.context, error.problem)))
        raise UnreadableError(
            mark.line + 1 if mark is not None else 1, f"expected YAML, got none: {message}"
        ) from error
    except yaml.YAMLError as error:
        raise UnreadableError(1, f"expected YAML, got none: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise UnreadableError(loader.line + 1, f"expected {NESTED}, got more") from error
    except (ValueError, OverflowError) as error:  # PyYAML's own, of an escape that is no character
        raise UnreadableError(loader.line + 1, f"expected YAML, got none: {error}") from error
    finally:
        if loader is not None:
            loader.dispose()


@cache
def _loader() -> Any:
    resolvers = [(_TAG + name, re.compile(f"(?:{pattern})\\Z")) for name, pattern in _PLAIN]
    return type("Loader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {None: resolvers}})


class _Reader:
    """Makes values of nodes, and notes their lines."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self._inside: set[int] = set()
        self._made = 0

    def value(self, node: Any, where: str) -> Any:
        self._made += 1
        self.lines.setdefault(where, node.start_mark.line + 1)
        if self._made > _MOST or id(node) in self._inside:
            raise _wrong(node, f"{where}: expected a value that ends, got an alias that repeats itself")
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node, where)
        if node.tag not in (_TAG + "map", _TAG + "seq"):
            raise _wrong(node, f"{where}: expected no tag, got {node.tag}")
        if len(self._inside) == DEEPEST:  # aliases nest without brackets, so the parser did not see it
            raise _wrong(node, f"{where[:_LONGEST_PLACE]}…: expected {NESTED}, got more")
        self._inside.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, f"{where}[{index}]") for index, item in enumerate(node.value)]
            return self._object(node, where)
        finally:
            self._inside.discard(id(node))

    def _object(self, node: Any, where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, member in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _wrong(key, f"{where}: expected names as keys, got a list or an object")
            place = step(where, key.value)
            if key.value == "<<" and key.style is None:
                merged = {**self._merged(member, where), **merged}
                continue
            if key.value in found:
                raise _wrong(key, f"{place}: expected it once, got it twice")
            self.lines.setdefault(place, key.start_mark.line + 1)
            found[key.value] = self.value(member, place)
        return {**merged, **found}

    def _merged(self, node: Any, where: str) -> dict[str, Any]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for each in reversed(nodes):
            if not isinstance(each, yaml.MappingNode):
                raise _wrong(each, f"{where}.<<: expected an object, or several, got something else")
            merged.update(self.value(each, where))
        return merged


def _scalar(node: Any, where: str) -> Any:
    kind, text = node.tag.removeprefix(_TAG), node.value
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        if len(text) > DIGITS:
            raise _wrong(node, f"{where}: expected a number of at most {DIGITS} digits, got a longer one")
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text, base)
    if kind == "float":
        return float(text)
    raise _wrong(node, f"{where}: expected a text, a number, true, false or null, got a {kind}")


def _wrong(node: Any, message: str) -> UnreadableError:
    return UnreadableError(node.start_mark.line + 1, message)
