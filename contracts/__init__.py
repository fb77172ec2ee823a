"""What a TGI server and its clients agreed on: JSON Schemas, tables of routes and errors, recordings.

This package is the referee between our client and our fake, so it imports neither. Importing it imports the
standard library alone; the first value that is held to a schema brings `jsonschema`. Each part is imported
when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._answers import violations_of
    from ._endpoints import Answer, Endpoint, Header, endpoint, endpoints
    from ._errors import ErrorRow, check_error, error_causes, error_rows
    from ._exchanges import check_exchange
    from ._openapi import openapi
    from ._recordings import (
        Exchange,
        RecordedRequest,
        RecordedResponse,
        body_of,
        exchange_of,
        profiles,
        recordings,
    )
    from ._schemas import is_valid, names, schema, violations
    from ._streams import check_stream
    from ._violation import Violation

__all__ = [
    "Answer",
    "Endpoint",
    "ErrorRow",
    "Exchange",
    "Header",
    "RecordedRequest",
    "RecordedResponse",
    "Violation",
    "body_of",
    "check_error",
    "check_exchange",
    "check_stream",
    "endpoint",
    "endpoints",
    "error_causes",
    "error_rows",
    "exchange_of",
    "is_valid",
    "names",
    "openapi",
    "profiles",
    "recordings",
    "schema",
    "violations",
    "violations_of",
]

_PARTS = {
    "Answer": "._endpoints",
    "Endpoint": "._endpoints",
    "ErrorRow": "._errors",
    "Exchange": "._recordings",
    "Header": "._endpoints",
    "RecordedRequest": "._recordings",
    "RecordedResponse": "._recordings",
    "Violation": "._violation",
    "body_of": "._recordings",
    "check_error": "._errors",
    "check_exchange": "._exchanges",
    "check_stream": "._streams",
    "endpoint": "._endpoints",
    "endpoints": "._endpoints",
    "error_causes": "._errors",
    "error_rows": "._errors",
    "exchange_of": "._recordings",
    "is_valid": "._schemas",
    "names": "._schemas",
    "openapi": "._openapi",
    "profiles": "._recordings",
    "recordings": "._recordings",
    "schema": "._schemas",
    "violations": "._schemas",
    "violations_of": "._answers",
}


def __getattr__(name: str) -> Any:
    if name not in _PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_PARTS[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PARTS})
