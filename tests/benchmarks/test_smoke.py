"""Nothing costs twice what it did when its ratio was recorded."""

from __future__ import annotations

import json

import pytest

from .smoke import RECORDED, ratios


@pytest.mark.damages_answers  # not damaged, but judging them would cost more than making them
def test_nothing_costs_twice_what_it_did() -> None:
    """Ratios within one process, not times. A busy machine gets a second chance, a longer one."""
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    found = ratios()
    if any(found[name] > 2 * recorded[name] for name in recorded):
        found = ratios(60)
    assert found.keys() == recorded.keys()
    dear = {name: (found[name], recorded[name]) for name in found if found[name] > 2 * recorded[name]}
    assert not dear, f"costs, as parts of fixed work, now and as recorded: {dear}"
