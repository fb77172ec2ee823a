"""Collected only in the tox environment `ecosystem`, by FAKE_TGI_ECOSYSTEM: there, nothing is skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .places import Fakes

collect_ignore_glob = [] if os.environ.get("FAKE_TGI_ECOSYSTEM") else ["test_*.py"]


@pytest.fixture(scope="session")
def fakes() -> Iterator[Fakes]:
    """Running fakes, on which each call gets a place of its own."""
    from .places import Fakes

    with Fakes() as made:
        yield made
