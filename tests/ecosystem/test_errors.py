"""Each refusal of a TGI reaches each client's user as the page says: the class, the words, the tries."""

from __future__ import annotations

import pytest

from . import measuring
from .clients import CLIENTS
from .ecosystem_page import read_refusals
from .matrix import ECOSYSTEM
from .measuring import Cells
from .places import Fakes
from .refusals import REFUSALS

pytestmark = pytest.mark.timeout(300)  # the first test waits for all of them, which are run at once


@pytest.fixture(scope="module")
def written() -> Cells:
    """What the page says."""
    return read_refusals(ECOSYSTEM.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def measured(fakes: Fakes, written: Cells) -> Cells:
    """What all clients say of all refusals."""
    return measuring.refusals(fakes, tuple(CLIENTS), written)


@pytest.mark.parametrize("title", CLIENTS)
def test_the_page_says_what_a_client_says(measured: Cells, written: Cells, title: str) -> None:
    now = {where: said for where, said in measured.items() if where[0] == title}
    assert {where: said for where, said in written.items() if where[0] == title} == now


@pytest.mark.parametrize("name", [refused.name for refused in REFUSALS])
def test_no_client_takes_a_refusal_for_an_answer(measured: Cells, name: str) -> None:
    taken = [where for where, said in measured.items() if where[1] == name and not said.startswith("`")]
    assert taken == []
