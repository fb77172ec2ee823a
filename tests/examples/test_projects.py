"""The example projects: `tox -e examples` runs all of them in clean environments, and here one of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECTS = Path(__file__).parent / "projects"


def test_the_suite_of_a_project_passes(tmp_path: Path) -> None:
    found = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    for file in (PROJECTS / "sync_app").iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        cwd=tmp_path,
        env=found,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 passed" in done.stdout


def test_every_project_is_described_and_uses_the_fake() -> None:
    readme = (PROJECTS / "README.md").read_text(encoding="utf-8")
    projects = [folder for folder in PROJECTS.iterdir() if folder.is_dir()]
    assert len(projects) == 3
    for project in projects:
        assert f"]({project.name})" in readme
        assert "text-generation[fake]" in (project / "requirements.txt").read_text().splitlines()
