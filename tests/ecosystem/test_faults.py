"""What each client makes of each fault is what docs/faults.md says."""

from __future__ import annotations

import pytest

from fake_tgi.faults import FAULTS

from . import measuring
from .clients import CLIENTS
from .fault_examples import EXAMPLES
from .faults_page import read_faults_page
from .matrix import ECOSYSTEM, FAULTS_PAGE, changes
from .measuring import Cells
from .places import Fakes
from .versions import versions

pytestmark = [
    pytest.mark.damages_answers,
    pytest.mark.timeout(400),  # the first test waits for all of them, which are run at once
]


@pytest.fixture(scope="module")
def written() -> Cells:
    """What the page says."""
    return read_faults_page(FAULTS_PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def measured(fakes: Fakes, written: Cells) -> Cells:
    """What all clients make of all faults."""
    return measuring.faults(fakes, tuple(CLIENTS), written=written)


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("title", CLIENTS)
def test_the_page_says_what_a_client_makes_of_a_fault(
    measured: Cells, written: Cells, title: str, kind: str
) -> None:
    now = {
        where: said for where, said in measured.items() if where[0] == title and where[1] in EXAMPLES[kind]
    }
    assert now
    assert changes(written, now) == []


def test_the_pages_are_of_the_versions_that_run() -> None:
    ours = versions(CLIENTS)
    faults, ecosystem = (page.read_text(encoding="utf-8") for page in (FAULTS_PAGE, ECOSYSTEM))
    # Python, curl and node are this machine's own
    for name, number in ours.items():
        if name not in ("Python", "curl", "node"):
            assert f"{name} {number}" in faults
            assert f"| {name} | {number} |" in ecosystem
