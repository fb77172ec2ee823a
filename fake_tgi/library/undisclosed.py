"""What is said of a stub or a pattern to whoever looks into a failure: everything but the secrets in it.

The journal tells of calls in the same way. Who places stubs elsewhere needs all of them, and takes `as_json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["undisclosed"]


def undisclosed(form: Mapping[str, Any]) -> Any:
    """The JSON form of a stub or a pattern, with a placeholder for each secret; what is no JSON as a text."""
    from ..recordings.redaction import Redactor  # its patterns cost start-up time that only a reader need pay

    redactor = Redactor()
    text = json.dumps(_without_headers(dict(form), redactor, inside=None), default=repr)
    return json.loads(redactor.text(text.encode()))


def _without_headers(value: Any, redactor: Any, inside: str | None) -> Any:
    """`inside` is the header whose condition this is; None outside of `headers`."""
    if isinstance(value, str):
        return value if inside is None else redactor.headers([(inside, value)])[0][1]
    if isinstance(value, (list, tuple)):
        return [_without_headers(each, redactor, inside) for each in value]
    if isinstance(value, Mapping):
        return {
            name: {header: _without_headers(part, redactor, str(header)) for header, part in each.items()}
            if inside is None and name == "headers" and isinstance(each, Mapping)
            else _without_headers(each, redactor, inside)
            for name, each in value.items()
        }
    return value
