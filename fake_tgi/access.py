"""Who may use the controls: anyone on this machine, and elsewhere only who has the token.

A fake in a container listens on every address. Its controls can make it say anything, so they stay shut
there until `--admin-token` opens them.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

__all__ = ["FORBIDDEN", "HEADER", "may_administer"]

HEADER = b"x-fake-tgi-admin-token"
FORBIDDEN = (
    b'{"error":"expected a call over loopback, or the header x-fake-tgi-admin-token with the value of '
    b'--admin-token","error_type":"admin"}'
)


def may_administer(scope: Any, token: str | None) -> bool:
    """Whether the ASGI call `scope` may reach `/__admin/`. With a token only the token counts.

    An application that is asked in its own process, where there is no address, may.
    """
    if token is not None:
        from hmac import compare_digest  # brings hashlib along, and few fakes have a token

        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        return compare_digest(given, token.encode())
    server = scope.get("server")
    return server is None or server[0] is None or _is_loopback(server[0])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a socket in the file system, or a name
        return not host or host.startswith("/") or host == "localhost"
