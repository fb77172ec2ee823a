"""Fake against recordings: what a real router answered, the fake answers."""

from __future__ import annotations

import pytest

from .fidelity import BY_CIRCUMSTANCE, compare_profile, profiles

PROFILES = [name for name in profiles() if name not in BY_CIRCUMSTANCE]


@pytest.mark.parametrize("name", PROFILES)
def test_every_recorded_answer_of_a_profile_is_given_alike(name: str) -> None:
    results = list(compare_profile(name, profiles()[name]))
    assert results
    different = [
        f"{result.name}: {'; '.join(result.differences)}" for result in results if result.differences
    ]
    assert not different, "\n".join(different[:20])
