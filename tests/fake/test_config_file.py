"""`--config`: a file says what flags say, and a mistake in it is told with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.arguments import read_arguments
from fake_tgi.config_file import ConfigFileError, read_config
from fake_tgi.settings import Settings
from tgi_contracts import schema, violations


def written(folder: Path, text: str, name: str = "fake.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def settings(path: Path, *words: str, **environment: str) -> Settings:
    return read_arguments(["--config", str(path), *words], environment).settings


@pytest.mark.parametrize("example", schema("ServerConfig")["examples"])
def test_what_the_contract_shows_is_read(tmp_path: Path, example: dict[str, Any]) -> None:
    path = written(tmp_path, json.dumps(example), "fake.json")
    found = settings(path)
    for name, value in example.items():
        assert getattr(found, name) == (tuple(value) if isinstance(value, list) else value)
    assert violations(example, "ServerConfig") == []


def test_a_flag_wins_over_its_variable_and_that_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "seed: 1\nanswers: echo\nmax_best_of: 3\nstrict: true\nignore_eos: null\n")
    found = settings(path, "--answers", "hypothesis", MAX_BEST_OF="4", FAKE_TGI_ANSWERS="seeded")
    assert (found.seed, found.answers, found.max_best_of, found.strict) == (1, "hypothesis", 4, True)
    assert read_arguments([], {"FAKE_TGI_CONFIG": str(path)}).settings.seed == 1


def test_paths_are_those_seen_from_the_file(tmp_path: Path) -> None:
    written(tmp_path, "version: 1\nstubs: []\n", "mine.yaml")
    path = written(tmp_path, "stubs: mine.yaml\nreplay_speed: instant\nfault: cut\n")
    found = settings(path)
    assert found.stubs == str(tmp_path / "mine.yaml")
    assert (found.replay_speed, found.fault) == (float("inf"), ("cut",))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seed: 1\nansers: echo\n", r"line 2: ansers: expected the name of a flag.*did you mean answers\?"),
        ("seed: 1\n\nseed2: -1\n", "line 3: seed2: expected the name"),
        ("max-best-of: 1\n", "line 1: max-best-of: .*did you mean max_best_of"),
        ("answers: [echo]\n", r"line 1: answers: expected a text or a number, got \['echo'\]"),
        ("answers: eco\n", "line 1: answers: expected one of seeded, echo, .* got 'eco'"),
        ("strict: 1\n", "line 1: strict: expected true or false, got 1"),
        ("fault:\n  - cut\n  - cutt\n", "line 1: fault: unknown fault 'cutt'"),
        ("workers: 0\n", "line 1: workers: expected an integer from 1 to 1024, got 0$"),
        ("inter_token_latency: 20\n", "line 1: inter_token_latency: .*has no unit"),
        ("- seed\n", "expected names of flags with values"),
        ("seed: [\n", "line 2: "),
        ("config: other.yaml\n", "line 1: config: expected the name of a flag"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigFileError, match=says) as told:
        read_config(path)
    assert str(told.value).startswith(str(path))
    assert told.value.exit_status == 2


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="expected a file of flags"):
        read_config(tmp_path / "none.yaml")
