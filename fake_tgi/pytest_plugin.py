"""Fixtures for test suites that talk to TGI. Imports nothing heavy: an unused plugin must cost nothing."""

from __future__ import annotations
