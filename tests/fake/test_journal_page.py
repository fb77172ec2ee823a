"""The page on the journal has everything that a record has, and every way in which an answer ends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from fake_tgi.journal import Ending, ServeEvent

PAGE = (Path(__file__).parent.parent.parent / "docs" / "journal.md").read_text(encoding="utf-8")

# What the server calls while it writes a record, and what only readers of this package need.
_WRITING = {"strike", "fail", "left", "lost", "pause", "resume", "note_real_time"}
_FINER = {"size", "text", "cut_short", "real", "kept", "blocked_so_far"}


def test_every_attribute_of_a_record_is_told() -> None:
    public = {name for name in vars(ServeEvent) if not name.startswith("_")} | {"id"}
    told = set(re.findall(r"`(\w+)`", PAGE))
    assert public - _WRITING - _FINER - told == set()


def test_every_ending_is_told() -> None:
    told = re.findall(r"^\| `([a-z ]+)` \|", PAGE, re.MULTILINE)
    assert [ending for ending in told if ending in get_args(Ending)] == list(get_args(Ending))
