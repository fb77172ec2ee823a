"""What a TGI server and its clients agreed on: JSON Schemas, tables of routes and errors, recordings.

This package is the referee between our client and our fake, so it imports neither; and it imports only the
standard library until a value breaks a contract and has to be told why.
"""

from __future__ import annotations

from ._answers import violations_of
from ._endpoints import Answer, Endpoint, Header, endpoint, endpoints
from ._errors import ErrorRow, check_error, error_causes, error_rows
from ._exchanges import check_exchange
from ._recordings import Exchange, RecordedRequest, RecordedResponse, body_of, profiles, recordings
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
    "is_valid",
    "names",
    "profiles",
    "recordings",
    "schema",
    "violations",
    "violations_of",
]
