"""The headers of a request: the caller's win over ours, whatever their case. No I/O.

None drops a header (also one of ours), numbers are written out, and what HTTP cannot carry is refused
here, so that both clients refuse the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ConfigurationError

__all__ = ["merged"]

_OURS = {
    name.lower(): name
    for name in ("Accept", "Accept-Encoding", "Authorization", "Content-Type", "Cookie", "User-Agent")
}


def merged(
    ours: Mapping[str, str], given: Mapping[str, Any] | None, cookies: Mapping[str, Any] | None
) -> dict[str, str]:
    """One set of headers out of our defaults, the caller's headers and the caller's cookies."""
    headers = dict(ours)
    if cookies:
        headers["Cookie"] = "; ".join(
            f"{name}={_text(name, value)}" for name, value in cookies.items() if value is not None
        )
    if given:
        if not isinstance(given, Mapping):
            kind = type(given).__name__
            raise ConfigurationError(f"headers: expected names with their values in a dict, not {kind}")
        for name, value in given.items():
            name = _name(name)
            if name.lower() in _OURS:
                name = _OURS[name.lower()]
                if name == "Cookie" and cookies and value is not None:
                    value = f"{_text(name, value)}; {headers['Cookie']}"
            if value is None:
                headers.pop(name, None)
            else:
                headers[name] = _text(name, value)
    return headers


def _name(name: Any) -> str:
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    if not isinstance(text, str) or not text or not text.isascii() or any(c in text for c in " :\r\n\t"):
        raise ConfigurationError(f"headers: {name!r} is no header name")
    return text


def _text(name: str, value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        kind = type(value).__name__
        raise ConfigurationError(f"headers: the value of {name!r} must be text or a number, not {kind}")
    if "\n" in value or "\r" in value or "\0" in value:
        raise ConfigurationError(f"headers: the value of {name!r} must be one line")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise ConfigurationError(f"headers: HTTP cannot carry every character of {name!r}") from None
    return value
