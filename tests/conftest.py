"""What every test may use: the folder of shared recordings, when it stands beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `needs_shared` run whenever the folder is there, and say why when it is not."""
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("needs_shared"):
            item.add_marker(pytest.mark.skip(reason="needs ../shared, which is not beside this checkout"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `../shared`; only for tests marked `needs_shared`."""
    return SHARED
