"""Runs the suite of each example project as a newcomer does: a clean environment, the wheel, `pytest`.

`python run_projects.py [PROJECT …]`: all of them, if none is named. Says how long each step takes; the exit
status is 1 if a suite fails. The wheel is built from this checkout, unless `--wheel FILE` names one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECTS = HERE / "projects"
ROOT = HERE.parents[1]
NAMES = sorted(folder.name for folder in PROJECTS.iterdir() if (folder / "requirements.txt").is_file())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("projects", nargs="*", metavar="PROJECT", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--wheel", type=Path, help="a wheel of this package")
    given = parser.parse_args()
    for name in given.projects:
        if name not in NAMES:
            parser.error(f"there is no project {name!r}; there is: {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="fake-tgi-projects-") as folder:
        place = Path(folder)
        wheel = given.wheel.resolve() if given.wheel else build_wheel(place)
        results = [run_project(name, wheel, place / name) for name in given.projects or NAMES]
    print(f"\n{'project':20} {'install':>10} {'first run':>10} {'again':>10}")
    for name, install, first, again, _ in results:
        print(f"{name:20} {install:8.1f} s {first:8.1f} s {again:8.1f} s")
    return int(any(failed for *_, failed in results))


def build_wheel(place: Path) -> Path:
    """From a copy, so that nothing is left in the checkout, and nothing of an earlier build gets in."""
    source = place / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "*.egg-info", "build", "tests"))
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(place), str(source))
    (wheel,) = place.glob("text_generation-*.whl")
    return wheel


def run_project(name: str, wheel: Path, place: Path) -> tuple[str, float, float, float, bool]:
    """Name, seconds to install, for the suite and for a second run of it, and whether it failed."""
    print(f"== {name}", flush=True)
    shutil.copytree(PROJECTS / name, place, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    python = place / ".venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    began = time.monotonic()
    run(sys.executable, "-m", "venv", str(place / ".venv"))
    requirements = (place / "requirements.txt").read_text(encoding="utf-8").splitlines()
    extra = "text-generation[fake]"
    assert extra in requirements, f"{name} does not use the fake"
    requirements[requirements.index(extra)] = f"text-generation[fake] @ {wheel.as_uri()}"
    run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
    installed = time.monotonic()
    status = pytest(python, place)
    first = time.monotonic()
    status = pytest(python, place) or status
    return name, installed - began, first - installed, time.monotonic() - first, bool(status)


def pytest(python: Path, place: Path) -> int:
    """The exit status."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
    return subprocess.run([str(python), "-m", "pytest", "-q"], cwd=place, env=found, check=False).returncode


def run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
