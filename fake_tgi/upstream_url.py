"""What a URL of a server to pass calls on to must be; a path in it goes before that of each call."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

__all__ = ["split_upstream"]


def split_upstream(url: str) -> SplitResult:
    """The URL in its parts. Raises ValueError for what is no http or https URL, or has a query."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"expected a URL such as http://127.0.0.1:3000 ({error}), got {url!r}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"expected a URL such as http://127.0.0.1:3000, got {url!r}")
    if parts.query or parts.fragment:
        raise ValueError(f"expected a URL without a query, got {url!r}")
    return parts
