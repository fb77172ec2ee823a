"""docs/contracts.md: its Python runs, and its counts and tables are those of the files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tgi_contracts import error_rows, names, recordings

from .test_recordings import snapshots
from .unproven import unproven_table

TEXT = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", TEXT, re.S))
def test_its_python_runs(code: str) -> None:
    exec(compile(code, "docs/contracts.md", "exec"), {})


@pytest.mark.sweep
def test_its_list_of_what_no_recording_shows_is_the_one_of_the_recordings() -> None:
    listed = TEXT.partition("<!-- unproven -->\n")[2].partition("\n<!--")[0]
    assert listed == unproven_table()


def test_its_counts_are_those_of_the_files() -> None:
    assert f"{sum(1 for _ in recordings()):,} recorded exchanges" in TEXT
    events = sum(
        "".join(exchange["response"]["chunks"]).count("\n\n")
        for exchange in recordings(profile="default")
        if exchange["request"]["path"] == "/generate_stream" and exchange["response"]["status"] == 200
    )
    assert f"prints `{events} events hold to StreamEvent`" in TEXT
    rows = error_rows()
    assert f"{len(rows)} rows, {sum(row.recorded is not None for row in rows)} of them" in TEXT


@pytest.mark.needs_shared
def test_its_count_of_real_models_answers_is_that_of_the_snapshots(shared: Path) -> None:
    assert f"{sum(1 for _ in snapshots(shared))} answers of real models" in TEXT


def test_every_schema_that_it_names_exists() -> None:
    named = set(re.findall(r"schema `([A-Z]\w+)`|schemas `([A-Z]\w+)`", TEXT))
    assert {name for pair in named for name in pair if name} <= set(names())
