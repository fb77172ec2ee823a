"""What every test may use: the folder of shared recordings, when it stands beside the checkout.

And how much is tried: see sweeps.py.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from fake_tgi.app import Application

from .agreement.witness import Witness
from .sweeps import DEEP, THIN, examples

# A busy machine is no reason to fail, and chance is one only where it is asked for: see sweeps.py.
settings.register_profile(
    "patient",
    settings.get_profile("default"),
    deadline=None,
    derandomize=not DEEP,
    database=settings.get_profile("default").database if DEEP else None,
    max_examples=examples(settings.get_profile("default").max_examples),
    print_blob=True,
)
settings.load_profile("patient")

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def pytest_report_header() -> str:
    """How much is tried."""
    if THIN:
        return "sweeps: thin (Python 3.11 in tox tries all; see CONTRIBUTING.md)"
    return "sweeps: deep, by chance" if DEEP else "sweeps: full"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `needs_shared` run whenever the folder is there, and say why when it is not. Those marked
    `sweep` are no part of a thin run.
    """
    if THIN:
        left_out = [item for item in items if item.get_closest_marker("sweep")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("needs_shared"):
            item.add_marker(pytest.mark.skip(reason="needs ../shared, which is not beside this checkout"))


def pytest_collection_finish() -> None:
    """What collection has made is no garbage: looking at it again and again takes an eighth of a run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `../shared`; only for tests marked `needs_shared`."""
    return SHARED


@pytest.fixture(autouse=True)
def witness(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Witness]:
    """Holds every answer that this test gets from a fake to the contracts, but for `damages_answers`."""
    made = Witness()
    if request.node.get_closest_marker("damages_answers") is None:
        monkeypatch.setattr(Application, "__call__", made.beside(Application.__call__))
        monkeypatch.setattr(Application, "frames", made.between(Application.frames))
    yield made
    assert not made.broken, f"the fake breaks its contracts:\n{made}"
