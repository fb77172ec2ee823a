"""docs/controls.md: what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from fake_tgi.answers import KINDS
from fake_tgi.app import create_app
from fake_tgi.arguments import read_arguments
from fake_tgi.changing import GROUPS, SINGLE
from fake_tgi.config_file import read_config
from fake_tgi.flags import FLAGS
from tgi_contracts import endpoints

TEXT = (Path(__file__).parents[2] / "docs" / "controls.md").read_text(encoding="utf-8")
ROWS = [line.split(" | ") for line in TEXT.splitlines() if line.startswith("| ")]


def test_every_flag_that_it_names_is_one() -> None:
    flags = {flag.long for flag in FLAGS}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) <= flags


def test_every_control_that_it_names_is_one() -> None:
    paths = {re.sub(r"\{\w+\}", "NAME", each.path) for each in endpoints() if each.origin == "fake"}
    named = {path for path in re.findall(r"(?<!NAME)/__admin/[a-zA-Z/-]+", TEXT) if not path.endswith("/")}
    assert named <= paths


def test_every_setting_that_can_be_changed_is_in_its_table() -> None:
    table = "\n".join(" | ".join(row) for row in ROWS)
    for name in (*GROUPS, *SINGLE):
        if name != "ignore_eos":
            assert f'"{name}"' in table, name


def test_its_kinds_of_answers_are_those_there_are() -> None:
    listed = [row[0].strip("| `") for row in ROWS if row[0].strip("| `") in KINDS]
    assert listed == list(KINDS)


def test_its_file_can_be_read(tmp_path: Path) -> None:
    (written,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.S)
    path = tmp_path / "fake.yaml"
    path.write_text(written, encoding="utf-8")
    assert set(read_config(path)) == set(yaml.safe_load(written))
    (tmp_path / "stubs.yaml").write_text("version: 1\nstubs: []\n", encoding="utf-8")
    create_app(read_arguments(["--config", str(path)], {}).settings)
