"""An answer of a route, or one event of its stream, against the contracts of that route and status.

Where a status has several forms (a JSON error and a plain text, a whole answer and a stream), the value
itself tells them apart. Besides its schema, a value must agree with itself.

TGI's own recordings of real models were not taken from the wire but written down by a client, which puts
null where a member was absent and sorts members by name. Such a value is held to the schema of that form
(`Client...`); only its order tells it from a server that sends nulls it should not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ._endpoints import Answer, expected_answers
from ._relations import relations
from ._schemas import is_valid, violations
from ._violation import Violation, shown

__all__ = ["violations_of"]

JSON: Final = "application/json"
_TEXTS_THAT_MAY_BE_EMPTY: Final = ("Empty", "Metrics")

#: The form in which a client writes an answer down.
_WRITTEN_DOWN: Final[Mapping[str, str]] = {
    "GenerateResponse": "ClientGenerateResponse",
    "CompatGenerateResponse": "ClientCompatGenerateResponse",
    "StreamEvent": "ClientStreamResponse",
    "ChatCompletion": "ClientChatCompletion",
    "ChatStreamEvent": "ClientChatCompletionChunk",
    "CompletionFinal": "ClientCompletionFinal",
    "CompletionStreamEvent": "ClientCompletionChunk",
}


def violations_of(method: str, path: str, status: int, value: Any, *, event: bool = False) -> list[Violation]:
    """Each way in which an answer breaks the contracts of its route; [] if it keeps one of them.

    `value` is the body: for JSON as `json.loads` gives it, for plain text a str or bytes, for an empty body
    "", b"" or None. With `event=True` it is the data of one event of a stream: as `json.loads` gives it, or
    the text "[DONE]". The path may have a query. What only a sequence of events can show is check_stream's.

    Raises LookupError where no contract covers the answer: an unknown route, a status that it never gives,
    an event of an answer that is no stream, or a whole body where only a stream is answered.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    forms = [form for form in expected_answers(method, path, status) if form.is_stream == event]
    if not forms:
        what = "a stream of events" if event else "a whole body"
        raise LookupError(f"{method.upper()} {path} never answers {status} with {what}")
    if not event:
        value, forms = _of_kind(value, forms)
    try:
        return _explained(value, forms)
    except RecursionError:
        return [Violation("$", "depth", "fewer levels, as all answers have", "more than can be looked at")]


def _explained(value: Any, forms: list[Answer]) -> list[Violation]:
    # Whether any form is kept comes before the explanation of one: to explain is dear.
    told = [_at_once(value, form.schema) for form in forms]
    if [] in told:
        return []
    explained = (found or violations(value, form.schema) for found, form in zip(told, forms, strict=True))
    return _among_classes(value, forms) or min(explained, key=len)


def _at_once(value: Any, name: str) -> list[Violation] | None:
    """[] if the value holds; what is wrong with it although its schema holds; None if that does not."""
    if is_valid(value, name):
        return relations(value, name)
    other = _WRITTEN_DOWN.get(name)
    if other is not None and _sorted_throughout(value) and is_valid(value, other):
        return relations(value, name)
    return None


def _of_kind(value: Any, forms: list[Answer]) -> tuple[Any, list[Answer]]:
    """The forms that are text, JSON or empty as the value is; all of them if none is."""
    if value is None and any(form.schema in _TEXTS_THAT_MAY_BE_EMPTY for form in forms):
        value = ""
    if isinstance(value, str):
        alike = [form for form in forms if form.content_type != JSON]
    else:
        alike = [form for form in forms if form.content_type == JSON]
    return value, alike or forms


def _among_classes(value: Any, forms: list[Answer]) -> list[Violation]:
    """One sentence for an error of a class that this status does not have."""
    if len(forms) < 2 or not isinstance(value, dict) or value.keys() != {"error", "error_type"}:
        return []
    from ._files import schema_file

    classes = [schema_file(form.schema)["properties"]["error_type"]["const"] for form in forms]
    if value["error_type"] in classes:
        return []
    expected = "one of " + ", ".join(map(shown, classes))
    return [Violation("$.error_type", "enum", expected, shown(value["error_type"]))]


def _sorted_throughout(value: Any) -> bool:
    if isinstance(value, dict):
        keys = list(value)
        return keys == sorted(keys) and all(map(_sorted_throughout, value.values()))
    return all(map(_sorted_throughout, value)) if isinstance(value, list) else True
