"""What is secret in a request, and how it is shown. No I/O.

A header is secret when its name is known to carry credentials or sounds like it; a URL's user part and
the values of secret-sounding query fields are, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

__all__ = ["MASK", "headers", "secret_name", "url"]

MASK = "***"
_SECRET = re.compile(r"auth|token|secret|passw|api[-_]?key|cookie|credential|signature", re.IGNORECASE)


def secret_name(name: str) -> bool:
    """Whether a header or query field of this name holds a secret."""
    return _SECRET.search(name) is not None or name.lower() in ("key", "sig")


def headers(values: Mapping[str, str]) -> dict[str, str]:
    """Headers fit to be shown: the scheme of an Authorization stays, its credentials do not."""
    shown = {}
    for name, value in values.items():
        if not secret_name(name):
            shown[name] = url(value) if "://" in value else value
        elif name.lower().endswith("authorization") and " " in value.strip():
            shown[name] = f"{value.split()[0]} {MASK}"
        else:
            shown[name] = MASK
    return shown


def url(value: str) -> str:
    """A URL fit to be shown: without password and without secret query values."""
    try:
        parts = urlsplit(value)
        host = parts.netloc.rpartition("@")
        netloc = f"{MASK}@{host[2]}" if host[1] else parts.netloc
        fields = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return value.rpartition("@")[2]
    query = parts.query
    if any(secret_name(name) for name, _ in fields):
        query = urlencode([(n, MASK if secret_name(n) else v) for n, v in fields], safe="*")
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))
