"""Settings of a running FakeTGI change from wherever it is reached, and a reset brings them back."""

from __future__ import annotations

import pytest

from fake_tgi import FakeTGI
from fake_tgi.settings import SettingsError

from .callers import Caller
from .ways import WAYS, Way

every_way = pytest.mark.parametrize("way", WAYS, ids=str)


@every_way
def test_answers_limits_and_seed_are_changed_until_the_reset(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        before = await caller.generate("Hello")
        fake.change(answers="echo")
        assert await caller.generate("Hello") == "Hello"
        fake.change(answers="seeded", seed=5, max_concurrent_requests=0)
        assert (await caller.ask("POST", "/generate", {"inputs": "Hello"})).status == 429
        fake.change(max_concurrent_requests=3)
        assert await caller.generate("Hello") != before
        fake.reset()
        assert await caller.generate("Hello") == before

    way.play(story)


@every_way
def test_what_is_wrong_changes_nothing(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        for wrong in ({"answers": "none"}, {"max_best_of": -1}, {"port": 3}, {"itl": "20ms"}):
            with pytest.raises(SettingsError, match=next(iter(wrong))):
                fake.change(strict=True, **wrong)
        assert await caller.generate("Hello")

    way.play(story)
