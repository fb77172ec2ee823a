"""What the router's schema compiler can compile, in the words of outlines-core (the revision TGI locks).

The router turns a JSON Schema into a regular expression, which is all that the shard gets to see. A schema
object is read by the first keyword it has of a fixed list; whatever else it says is not looked at. Only the
refusals are worked out here, in the compiler's order; nothing here builds the expression, which grows
exponentially where properties are optional.
"""

from __future__ import annotations

from collections.abc import Callable

from ..render.values import value as json_bytes
from ..requests import JsonValue
from ..rust_text import debug_string

__all__ = ["ENDLESS", "FORMATS", "compile_error"]

Schema = dict[str, JsonValue]

FORMATS = frozenset({"date-time", "date", "time", "uuid"})
"""The formats of strings that can be compiled."""

ENDLESS = "Recursive references are not supported"
"""What is said of a schema over which the router's process ends; the compiler has no words for it."""

_DEEPEST = 250


class _Refused(Exception):
    """The schema cannot be compiled; the message is the compiler's."""


def _unsigned(value: JsonValue) -> int | None:
    """serde_json's `as_u64`: 1 is a count, 1.0 is not."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return value
    return None


def _debug(value: JsonValue) -> str:
    """A value as Rust's `{:?}` prints serde_json's."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return f"Bool({'true' if value else 'false'})"
    if isinstance(value, str):
        return f"String({debug_string(value)})"
    if isinstance(value, list):
        return f"Array [{', '.join(map(_debug, value))}]"
    if isinstance(value, dict):
        return (
            f"Object {{{', '.join(f'{debug_string(key)}: {_debug(item)}' for key, item in value.items())}}}"
        )
    return f"Number({json_bytes(value).decode()})"


class _Compiler:
    """One schema's check. A part that was found good is not read again, however often it is referred to."""

    def __init__(self, root: JsonValue) -> None:
        self._root = root
        self._good: set[int] = set()
        self._depth = 0

    def check(self, schema: JsonValue) -> None:
        if not isinstance(schema, dict):
            raise _Refused("Invalid JSON Schema: expected an object")
        if not schema or id(schema) in self._good:
            return
        read = next((read for keyword, read in _BY_KEYWORD.items() if keyword in schema), None)
        if read is None:
            raise _Refused(
                f"Unsupported JSON Schema structure {json_bytes(schema).decode()} \n"
                "Make sure it is valid to the JSON Schema specification and check if it's supported by "
                "Outlines.\nIf it should be supported, please open an issue."
            )
        self._depth += 1
        if self._depth > _DEEPEST:
            # The router itself does not survive this: its compiler follows such references without end.
            raise _Refused(ENDLESS)
        read(self, schema)
        self._depth -= 1
        self._good.add(id(schema))

    def properties(self, schema: Schema) -> None:
        properties = schema["properties"]
        if not isinstance(properties, dict):
            raise _Refused("'properties' not found or not an object")
        for value in properties.values():
            self.check(value)

    def listed(self, keyword: str, schema: Schema) -> None:
        schemas = schema[keyword]
        if not isinstance(schemas, list):
            raise _Refused(f"'{keyword}' must be an array")
        for one in schemas:
            self.check(one)

    def enum(self, schema: Schema) -> None:
        choices = schema["enum"]
        if not isinstance(choices, list):
            raise _Refused("'enum' must be an array")
        for choice in choices:
            if isinstance(choice, (list, dict)):
                raise _Refused(f"Unsupported data type in enum: {_debug(choice)}")

    def const(self, schema: Schema) -> None:
        if isinstance(schema["const"], (list, dict)):
            raise _Refused(f"Unsupported data type in const: {_debug(schema['const'])}")

    def reference(self, schema: Schema) -> None:
        reference = schema["$ref"]
        if not isinstance(reference, str):
            raise _Refused("'$ref' must be a string")
        parts = reference.split("#")
        if len(parts) > 2:
            raise _Refused(f"Invalid reference format: {reference}")
        if len(parts) == 2 and parts[0]:
            own = self._root.get("$id") if isinstance(self._root, dict) else None
            if parts[0] != own:
                raise _Refused(f"External references are not supported: {reference}")
        found = self._root
        for step in filter(None, parts[-1].split("/")):
            if not isinstance(found, dict) or step not in found:
                raise _Refused(f"Invalid reference path: {step}")
            found = found[step]
        self.check(found)

    def type(self, schema: Schema) -> None:
        name = schema["type"]
        if not isinstance(name, str):
            raise _Refused("'type' must be a string")
        read = _BY_TYPE.get(name)
        if read is None:
            raise _Refused(f"Unsupported type: {name}")
        read(self, schema)

    def string(self, schema: Schema) -> None:
        if "maxLength" in schema or "minLength" in schema:
            least, most = schema.get("minLength"), schema.get("maxLength")
            if "maxLength" in schema and "minLength" in schema and _above(least, most):
                raise _Refused("maxLength must be greater than or equal to minLength")
        elif not isinstance(schema.get("pattern"), str):
            format_ = schema.get("format")
            if isinstance(format_, str) and format_ not in FORMATS:
                raise _Refused(f"Format {format_} is not supported by Outlines")

    def digits(self, bounds: tuple[tuple[str, str, int], ...], schema: Schema) -> None:
        """Pairs of keywords that bound a number of digits, and how many digits are always there."""
        for low, high, always in bounds:
            least, most = _unsigned(schema.get(low)), _unsigned(schema.get(high))
            if least is not None and most is not None and max(most - always, 0) < max(least - always, 0):
                raise _Refused("max bound must be greater than or equal to min bound")

    def array(self, schema: Schema) -> None:
        if _unsigned(schema.get("maxItems")) != 0 and "items" in schema:
            self.check(schema["items"])

    def object(self, schema: Schema) -> None:
        if _unsigned(schema.get("maxProperties")) != 0:
            more = schema.get("additionalProperties", True)
            if more is not True:
                self.check(more)


def _above(least: JsonValue, most: JsonValue) -> bool:
    """Whether one number is above the other; what is no number is below every number."""

    def number(value: JsonValue) -> float | None:
        return None if isinstance(value, bool) or not isinstance(value, (int, float)) else float(value)

    first, second = number(least), number(most)
    if first is None or second is None:
        return first is not None
    return first > second


_BY_KEYWORD: dict[str, Callable[[_Compiler, Schema], None]] = {
    "properties": _Compiler.properties,
    "allOf": lambda compiler, schema: compiler.listed("allOf", schema),
    "anyOf": lambda compiler, schema: compiler.listed("anyOf", schema),
    "oneOf": lambda compiler, schema: compiler.listed("oneOf", schema),
    "prefixItems": lambda compiler, schema: compiler.listed("prefixItems", schema),
    "enum": _Compiler.enum,
    "const": _Compiler.const,
    "$ref": _Compiler.reference,
    "type": _Compiler.type,
}
"""In the order in which they are looked for."""

_INTEGER_DIGITS = (("minDigits", "maxDigits", 1),)
_NUMBER_DIGITS = (
    ("minDigitsInteger", "maxDigitsInteger", 1),
    ("minDigitsFraction", "maxDigitsFraction", 0),
    ("minDigitsExponent", "maxDigitsExponent", 0),
)
_BY_TYPE: dict[str, Callable[[_Compiler, Schema], None]] = {
    "string": _Compiler.string,
    "number": lambda compiler, schema: compiler.digits(_NUMBER_DIGITS, schema),
    "integer": lambda compiler, schema: compiler.digits(_INTEGER_DIGITS, schema),
    "array": _Compiler.array,
    "object": _Compiler.object,
    "boolean": lambda compiler, schema: None,
    "null": lambda compiler, schema: None,
}


def compile_error(schema: JsonValue) -> str | None:
    """Why `schema` cannot be compiled; None when it can."""
    try:
        _Compiler(schema).check(schema)
    except _Refused as refused:
        return str(refused)
    return None
