"""Cross-origin headers: on every answer, refusals included (router/src/server.rs:2114-2119)."""

from __future__ import annotations

from .call import Call
from .frames import RawHeaders

__all__ = ["Cors"]

_VARY = (b"vary", b"origin, access-control-request-method, access-control-request-headers")
_PREFLIGHT: RawHeaders = (
    (b"access-control-allow-methods", b"GET,POST"),
    (b"access-control-allow-headers", b"content-type"),
)


class Cors:
    """`origins` are the allowed ones; none given means that any is."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._any: RawHeaders = (_VARY, (b"access-control-allow-origin", b"*"))
        self._allowed = frozenset(origin.encode() for origin in origins)

    def headers(self, call: Call) -> RawHeaders:
        """What every answer to `call` carries."""
        if not self._allowed:
            return self._any
        for name, value in call.headers:
            if name == b"origin" and value in self._allowed:
                return (_VARY, (b"access-control-allow-origin", value))
        return (_VARY,)

    def preflight(self) -> RawHeaders:
        """What the answer to OPTIONS carries beside that."""
        return _PREFLIGHT
