"""The page on pytest says what is so: its tests run, its settings are read, all there is has a heading."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fake_tgi import pytest_plugin
from fake_tgi.recordings.files import write_file
from fake_tgi.recordings.recording import Recording
from fake_tgi.testing.environment import OPENAI, POINTED
from fake_tgi.testing.options import MARKERS, MODES, OPTIONS

from .running import run_suite

pytestmark = pytest.mark.damages_answers  # TGI never sends 501

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pytest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
HEADINGS = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
FAILING = "def test_greeting"
RECORDED = "def test_summary"


def block(language: str) -> str:
    (found,) = (code for name, code in BLOCKS if name == language)
    return str(found)


def test_every_test_of_the_page_passes(tmp_path: Path) -> None:
    media = (("content-type", "application/json"),)
    asked, answered = json.dumps({"inputs": "Summarise: …"}).encode(), b'{"generated_text": "Short."}'
    said = Recording("1", "POST", "/generate", media, asked, 200, media, False, (answered,))
    files = {f"test_{number}.py": code for number, code in enumerate(PYTHON) if FAILING not in code}
    (recorded,) = (name for name, code in files.items() if RECORDED in code)
    write_file(
        tmp_path / "recordings" / recorded.removesuffix(".py") / "test_summary.recording.json", [said], {}
    )
    run = run_suite(tmp_path, files)
    assert {name: test.text for name, test in run.tests.items() if test.outcome != "passed"} == {}, run.output
    assert len(run.tests) == len(files) == 6


def test_a_failure_reads_as_shown(tmp_path: Path) -> None:
    (code,) = (code for code in PYTHON if FAILING in code)
    run = run_suite(tmp_path, {"test_app.py": code})
    assert run.outcome("test_greeting") == "error"
    assert block("text") in run.text("test_greeting")


def test_the_settings_of_the_page_are_read(tmp_path: Path) -> None:
    suite = """
        import os

        def test_settings(fake_tgi, pytestconfig):
            settings = fake_tgi.settings
            assert (settings.seed, settings.strict, settings.clock) == (7, True, "virtual")
            assert (settings.max_total_tokens, settings.time_to_first_token) == (2048, "200ms")
            assert os.environ["LLM_URL"] == os.environ["OPENAI_BASE_URL"] == fake_tgi.base_url + "/v1"
            assert pytestconfig.getini("fake_tgi_recordings") == "recorded"
            assert pytestconfig.getini("fake_tgi_upstream") == "https://tgi.example"
    """
    ini = block("ini")
    run = run_suite(tmp_path, {"pytest.ini": ini, "test_app.py": suite}, "--strict-config")
    assert run.outcome("test_settings") == "passed", run.output
    assert [option.ini_name for option in OPTIONS if f"{option.ini_name} =" not in ini] == []


def test_every_option_setting_mark_and_fixture_has_a_heading() -> None:
    told = " ".join(HEADINGS)
    for option in OPTIONS:
        assert option.flag is None or f"`{option.flag}" in told, option.flag
        assert option.ini is None or f"`{option.ini_name}`" in told, option.ini_name
    for mark in MARKERS:
        assert f"`@pytest.mark.{mark.partition('(')[0]}`" in told
    for name in pytest_plugin.__all__:
        assert f"`{name}`" in told


def test_every_variable_mode_and_argument_is_on_the_page() -> None:
    for name in (*POINTED, *OPENAI, *MODES):
        assert f"`{name}`" in PAGE, name
    for mark in MARKERS:
        for argument in re.findall(r"(\w+)=", mark.partition("): ")[0]):
            assert f"`{argument}`" in PAGE or f"`{argument}=" in PAGE, argument


def test_every_link_of_the_page_leads_somewhere() -> None:
    anchors = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in HEADINGS}
    docs = Path(__file__).resolve().parents[2] / "docs"
    for link in re.findall(r"\]\(([^)]+)\)", PAGE):
        page, _, anchor = link.partition("#")
        if page.startswith("reference/"):
            continue  # made when the site is built, whose own tests follow its links
        assert not page or (docs / page).is_file(), link
        assert page or anchor in anchors, link
