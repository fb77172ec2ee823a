"""Collected only in the tox environment `ecosystem`, which sets FAKE_TGI_ECOSYSTEM: there, nothing is skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .places import Fakes

collect_ignore_glob = [] if os.environ.get("FAKE_TGI_ECOSYSTEM") else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What other people's packages are warned of is theirs to mend."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="session")
def fakes() -> Iterator[Fakes]:
    """Running fakes, on which each call gets a place of its own."""
    from .places import Fakes

    with Fakes() as made:
        yield made
