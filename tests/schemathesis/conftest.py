"""Collected only where Schemathesis is installed: in its own tox environment."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("schemathesis") else ["test_*.py"]
