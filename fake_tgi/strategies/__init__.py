"""Hypothesis strategies for tests of whatever talks to a TGI server, or is one."""

from __future__ import annotations

__all__: list[str] = []
