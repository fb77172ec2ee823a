"""A setting that makes no sense is refused at every door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fake_tgi import FakeTGI
from fake_tgi.arguments import UsageError, read_arguments
from fake_tgi.changing import GROUPS, SINGLE
from fake_tgi.config_file import ConfigFileError
from fake_tgi.library.spawned import words_for
from fake_tgi.settings import Settings, SettingsError

from .asking import ask, make

GROUPED = {name: group for group, names in GROUPS.items() for name in names}

SENSELESS = [
    *((name, -1) for name in (*GROUPED, "seed", "port", "workers") if name in Settings.__annotations__
      and Settings.__annotations__[name].startswith("int")),
    ("max_batch_size", 0),
    ("load_factor", 0.5),
    ("inter_token_latency", "20"),
    ("time_to_first_token", "soon"),
    ("profile", "llama"),
    ("answers", "none"),
    ("workers", 0),
    ("speedup", 0.0),
    ("clock", "lunar"),
    ("on_miss", "x"),
    ("replay_speed", "0x"),
    ("replay_speed", "fast"),
    ("usage_stats", "x"),
    ("fault", "ct"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), SENSELESS, ids=str)
def test_what_makes_no_sense_is_refused_at_every_door(name: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        Settings(**{name: (value,) if name == "fault" else value})
    if name != "port":
        with pytest.raises(SettingsError):
            FakeTGI(listen=False, **{name: value})
    with pytest.raises((UsageError, SettingsError)):
        read_arguments([f"--{name.replace('_', '-')}={value}"], {})
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({name: value}))
    with pytest.raises((ConfigFileError, SettingsError)):
        read_arguments(["--config", str(file)], {})
    if name in SINGLE or name in GROUPED:
        body = {name: value} if name in SINGLE else {GROUPED[name]: {name: value}}
        assert ask(make(), "PATCH", "/__admin/settings", body).status == 422
        with pytest.raises(SettingsError):
            FakeTGI(listen=False).change(**{name: value})


@pytest.mark.parametrize(("written", "speed"), [("2x", 2.0), (".5", 0.5), ("instant", float("inf"))])
def test_the_speed_of_a_replay_is_written_alike_at_every_door(
    written: str, speed: float, tmp_path: Path
) -> None:
    assert Settings(replay_speed=written).replay_speed == speed
    assert FakeTGI(listen=False, replay_speed=written).settings.replay_speed == speed
    assert read_arguments(["--replay-speed", written], {}).settings.replay_speed == speed
    file = tmp_path / "settings.yaml"
    file.write_text(f"replay_speed: {written}")
    assert read_arguments(["--config", str(file)], {}).settings.replay_speed == speed
    shown = ask(make(), "POST", "/__admin/recordings", {"speed": written}).json()["speed"]
    assert shown == ("instant" if speed == float("inf") else speed)


@pytest.mark.parametrize("written", ["0x", "fast", "", -1, True])
def test_a_speed_that_is_none_is_refused_over_http_in_the_words_of_the_flag(written: object) -> None:
    refused = ask(make(), "POST", "/__admin/recordings", {"speed": written})
    assert refused.status == 422
    assert refused.json()["expected"] == "a number above 0 such as 2x or 0.5x, or instant"


@pytest.mark.parametrize(
    "given", [{"support_chunking": False}, {"support_chunking": True}, {"strict": True}, {"strict": False}]
)
def test_what_is_so_or_not_is_said_to_a_subprocess_as_well(given: dict[str, Any]) -> None:
    assert read_arguments(words_for(given), {}).settings == Settings(**given)
