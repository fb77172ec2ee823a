"""The request as it goes out, as a value. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["WireRequest"]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request. `headers` keep the caller's spelling; `body` is None for GET."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
