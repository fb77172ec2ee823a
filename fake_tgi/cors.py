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
_NOT_ALLOWED: RawHeaders = (_VARY,)


class Cors:
    """`origins` are the allowed ones; none given means that any is."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._any: RawHeaders = (_VARY, (b"access-control-allow-origin", b"*"))
        allowed = [origin.encode() for origin in origins]
        self._allowed = {each: (_VARY, (b"access-control-allow-origin", each)) for each in allowed}

    def headers(self, call: Call) -> RawHeaders:
        """What every answer to `call` carries; one to OPTIONS what is allowed as well, in another order.

        The same object wherever it is equal, but for OPTIONS: what is made of it can be remembered.
        """
        found = self._any
        if self._allowed:
            origin = next((value for name, value in call.headers if name == b"origin"), b"")
            found = self._allowed.get(origin, _NOT_ALLOWED)
        return found if call.method != "OPTIONS" else (*found[1:], _VARY, *_PREFLIGHT)
