"""What is built is what is needed: the three packages with their data, and nothing else."""

from __future__ import annotations

import email
import re
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"text_generation": "text_generation", "fake_tgi": "fake_tgi", "contracts": "tgi_contracts"}
JUNK = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*cache")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The wheel, built from a copy of the sources, and what the build said."""
    copy = tmp_path_factory.mktemp("sources")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=JUNK)
    shutil.copytree(ROOT / "tests", copy / "tests", ignore=JUNK)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    program = "from setuptools import build_meta; build_meta.build_wheel('out')"
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (copy / "out").iterdir()
    return wheel, done.stdout + done.stderr


@pytest.fixture(scope="module")
def names(build: tuple[Path, str]) -> set[str]:
    with zipfile.ZipFile(build[0]) as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def metadata(build: tuple[Path, str]) -> Message:
    with zipfile.ZipFile(build[0]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("dist-info/METADATA"))
        return email.message_from_bytes(wheel.read(name))


def shipped_files(folder: str) -> set[str]:
    """Every file of a package's folder, under its import name."""
    ignored = {"__pycache__", ".mypy_cache", ".ruff_cache"}
    return {
        f"{FOLDERS[folder]}/{path.relative_to(ROOT / folder).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not ignored & set(path.parts)
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_wheel_has_every_file_of_the_package_and_no_other(names: set[str], folder: str) -> None:
    inside = {name for name in names if name.startswith(f"{FOLDERS[folder]}/")}
    assert inside == shipped_files(folder)


@pytest.mark.parametrize("package", FOLDERS.values())
def test_each_package_is_marked_as_typed(names: set[str], package: str) -> None:
    assert f"{package}/py.typed" in names


def test_the_wheel_has_nothing_beside_the_packages(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(FOLDERS.values())


def test_the_wheel_is_for_any_python_and_system(build: tuple[Path, str]) -> None:
    assert build[0].name.endswith("-py3-none-any.whl")


def test_the_build_warns_of_nothing(build: tuple[Path, str]) -> None:
    warnings = [
        line
        for line in build[1].splitlines()
        if "warning" in line.lower() and "byte-compiling is disabled" not in line
    ]
    assert warnings == []


def test_a_bare_install_brings_the_clients_libraries_alone(metadata: Message) -> None:
    required = {name for name in metadata.get_all("Requires-Dist", []) if "extra ==" not in name}
    assert {name.partition("<")[0].partition(">")[0] for name in required} == {
        "aiohttp",
        "pydantic",
        "requests",
    }


def test_the_metadata_says_what_the_project_promises(metadata: Message) -> None:
    assert metadata["Name"] == "text-generation"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"
    assert {"fake", "dev"} <= set(metadata.get_all("Provides-Extra", []))


def test_the_command_and_the_plugin_are_entry_points(build: tuple[Path, str]) -> None:
    with zipfile.ZipFile(build[0]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        text = wheel.read(name).decode()
    assert "[console_scripts]\nfake-tgi = fake_tgi.cli:main\n" in text
    assert "[pytest11]\nfake_tgi = fake_tgi.pytest_plugin\n" in text


def test_every_library_that_users_get_has_its_reason_written_down(metadata: Message) -> None:
    reasons = (ROOT / "docs/design/dependencies.md").read_text(encoding="utf-8")
    for_users = [
        line
        for line in metadata.get_all("Requires-Dist", [])
        if "extra ==" not in line or re.search("extra == .fake.", line)
    ]
    names = [re.split(r"[^A-Za-z0-9_-]", line)[0] for line in for_users]
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in reasons] == []
