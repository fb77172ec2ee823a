"""Headers that belong to one connection, not to the answer it carries: never passed on, never replayed."""

from __future__ import annotations

from typing import Final

__all__ = ["HOP_HEADERS"]

HOP_HEADERS: Final = frozenset(
    (
        "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    )
)  # fmt: skip
"""Those of one hop (RFC 9110, 7.6.1)."""
