"""What the verifier calls itself, so that in a server's books its calls are told from those of clients."""

from __future__ import annotations

from typing import Final

__all__ = ["USER_AGENT"]

USER_AGENT: Final = "fake-tgi-verify"
