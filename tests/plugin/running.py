"""pytest on other people's suites, outside this checkout, with the plugins that they name.

A run tells each test's outcome and everything that was shown of it, so that many promises need one run.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import pytest

__all__ = ["Run", "Test", "run_suite"]

_KINDS = ("failure", "error", "skipped")
# What would make a run depend on who starts it.
_OURS = ("PYTEST_", "HF_", "OPENAI_", "TGI_", "FAKE_TGI_", "CI", "COV_")


@dataclass(frozen=True)
class Test:
    """One test: passed, failed (in its own lines), error (before or behind them) or skipped; and its text."""

    __test__ = False

    outcome: str
    text: str


@dataclass(frozen=True)
class Run:
    """A whole run; `tests` by name, with what is in brackets."""

    tests: Mapping[str, Test]
    status: int
    output: str

    def outcome(self, name: str) -> str:
        """That of one test."""
        assert name in self.tests, self.output
        return self.tests[name].outcome

    def text(self, name: str) -> str:
        """What was shown of one test."""
        return self.tests[name].text


def run_suite(
    folder: Path,
    files: Mapping[str, str],
    *options: str,
    environment: Mapping[str, str] | None = None,
    plugins: str = "",
    apart: bool = False,
) -> Run:
    """Writes a suite and runs it. `plugins`: words such as `-p xdist`; others that are installed stay out.

    `apart`: in a process of its own, which takes as long again as most suites here.
    """
    for name, text in {"pytest.ini": "[pytest]\n", **files}.items():  # or one further up would count
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    found = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    found |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    words = [
        "-p", "fake_tgi.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:faulthandler", *plugins.split(),
        "--rootdir", str(folder), "--junit-xml", str(report), *options,
    ]  # fmt: skip
    status, output = (_apart if apart else _here)(folder, words, found)
    texts = _texts(output)
    tests = {name: Test(outcome, texts.get(name, "")) for name, outcome in _outcomes(report).items()}
    return Run(tests, status, output)


def _apart(folder: Path, words: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return done.returncode, done.stdout + done.stderr


def _here(folder: Path, words: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """In this process, of which everything is as before when it is over."""
    output = io.StringIO()
    modules, path, before = dict(sys.modules), list(sys.path), dict(os.environ)
    place, writes = Path.cwd(), sys.dont_write_bytecode
    try:
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.dont_write_bytecode = True  # files of the same size and second would be taken for the same
        with redirect_stdout(output), redirect_stderr(output), warnings.catch_warnings():
            warnings.resetwarnings()
            status = pytest.main(["-s", *words])
    finally:
        sys.dont_write_bytecode = writes
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)
        sys.path[:] = path
        for name in set(sys.modules) - set(modules):
            if not hasattr(sys.modules[name], "__file__") or str(folder) in str(sys.modules[name].__file__):
                del sys.modules[name]
    return int(status), output.getvalue()


def _outcomes(report: Path) -> dict[str, str]:
    """By test; one that fails in its own lines and behind them has failed and error."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase") if report.exists() else ():
        kinds = [{"failure": "failed"}.get(child.tag, child.tag) for child in case if child.tag in _KINDS]
        name = str(case.get("name"))
        before = [found[name]] if name in found else []
        found[name] = "+".join([*before, *kinds]) or "passed"
    return found


def _texts(shown: str) -> dict[str, str]:
    """What the terminal shows below each test's name."""
    parts = re.split(r"^_+ (?:ERROR at \w+ of )?(\S+) _+$|^=+ .* =+$", shown, flags=re.MULTILINE)
    found: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name is not None:
            plain = name.rpartition(".")[2] if "[" not in name else name
            found[plain] = found.get(plain, "") + text
    return found
