"""The contract suite as a command: `fake-tgi verify URL`."""

from __future__ import annotations

__all__: list[str] = []
