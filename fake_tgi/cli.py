"""The command `fake-tgi`."""

from __future__ import annotations
