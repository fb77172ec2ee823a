"""Every option, fixture, fault, error and route has a heading: what the code knows, some page tells of.

The names come from the code's own tables, not from the pages' makers: a new one without a heading fails here.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import text_generation.errors
from fake_tgi import library, pytest_plugin
from fake_tgi.admin import create_admin
from fake_tgi.app import create_app
from fake_tgi.cli import main
from fake_tgi.faults.writing import FAULTS
from fake_tgi.flags import FLAGS
from fake_tgi.serve import PREFIXES, ROUTES
from fake_tgi.settings import Settings
from fake_tgi.stubs import Error, Stub
from fake_tgi.testing.options import MARKERS, OPTIONS
from fake_tgi.verdict import RULES
from tgi_contracts import endpoints, error_causes, error_rows

from .examples import ROOT

SITE = ROOT / "docs" / "site"


@pytest.fixture(scope="module")
def site_pages() -> Iterator[ModuleType]:
    """The package that makes the pages: it lies beside the site's other files and is installed nowhere."""
    sys.path.insert(0, str(SITE))
    try:
        import site_pages

        yield site_pages
    finally:
        sys.path.remove(str(SITE))
        for name in [name for name in sys.modules if name.split(".")[0] == "site_pages"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def pages(site_pages: Any) -> dict[str, str]:
    made: dict[str, str] = site_pages.pages()
    return made


def headings(markdown: str) -> list[str]:
    """The headings of a page, without their marks."""
    outside = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return [
        line.lstrip("#").replace("`", "").strip() for line in outside.splitlines() if re.match(r"#+ ", line)
    ]


def first_words(found: list[str]) -> set[str]:
    """Each name that a heading begins with, or has behind a comma: `--port VALUE, -p VALUE` has two."""
    return {re.split(r"[ =]", part)[0] for heading in found for part in heading.split(", ")}


def test_every_flag_of_the_server_has_a_heading(pages: dict[str, str]) -> None:
    named = first_words(headings(pages["reference/command-line.md"]))
    wanted = {flag.long for flag in FLAGS} | {f"-{flag.short}" for flag in FLAGS if flag.short}
    assert wanted - named == set()


def test_every_flag_says_what_it_does_and_by_which_variable(pages: dict[str, str]) -> None:
    page = pages["reference/command-line.md"]
    for flag in FLAGS:
        section = page.partition(f"{{#fake-tgi-serve-{flag.long[2:]}}}\n")[2].partition("\n### ")[0]
        assert section, flag.long
        if flag.environment != "none":
            assert f"`{flag.variable}`" in section, flag.long
        if flag.group != "no effect":
            text = re.sub(r"[`\\]", "", section)
            assert re.sub(r"[`\\]", "", flag.help).split(";")[0][1:] in text, flag.long


def test_every_command_has_a_heading_and_every_flag_of_every_command(pages: dict[str, str]) -> None:
    """`--help` is what users see: what it lists, the page has under the same command."""
    page = pages["reference/command-line.md"]
    listed = help_of("fake-tgi")
    commands = re.findall(r"^  (\w+)  ", listed.partition("commands:")[2], re.MULTILINE)
    assert {"serve", "verify", "record", "import", "demo"} <= set(commands)
    for command in commands:
        section = page.partition(f"\n## `fake-tgi {command}`\n")[2].partition("\n## ")[0]
        assert section, command
        flags = set(
            re.findall(r"^  (?:-\w(?: \w+)?, )?(--[a-z-]+)", help_of("fake-tgi", command), re.MULTILINE)
        )
        assert flags - {"--help"} - first_words(headings(section)) == set(), command


def help_of(*words: str) -> str:
    """What a command prints when it is asked for help."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main([*words[1:], "--help"])
    return printed.getvalue()


def test_every_fixture_marker_option_and_setting_of_pytest_has_a_heading(pages: dict[str, str]) -> None:
    named = headings(pages["reference/pytest.md"])
    assert set(pytest_plugin.__all__) - set(named) == set()
    assert {f"@pytest.mark.{marker.partition('(')[0]}" for marker in MARKERS} - set(named) == set()
    assert {option.flag for option in OPTIONS if option.flag} - first_words(named) == set()
    assert {option.ini_name for option in OPTIONS if option.ini} - set(named) == set()


def test_every_fixture_is_public_or_has_an_underscore() -> None:
    """What pytest finds in the plugin, by whatever name, is what `__all__` says."""
    found = {
        name
        for name, value in vars(pytest_plugin).items()
        if type(value).__name__ == "FixtureFunctionDefinition" and not name.startswith("_")
    }
    assert found == set(pytest_plugin.__all__)


def test_every_fault_has_a_heading() -> None:
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    assert set(FAULTS) - first_words(headings(page)) == set()


def test_every_error_has_a_heading_and_every_row_of_the_table_a_line(pages: dict[str, str]) -> None:
    page = pages["reference/errors.md"]
    assert set(error_causes()) - set(headings(page)) == set()
    for row in error_rows():
        section = page.partition(f"{{#{row.cause}}}\n")[2].partition("\n## ")[0]
        assert f"`{row.method} {row.path}`" in section, row.id
        assert f"| {row.answer['status']}" in section, row.id


def test_every_error_of_the_client_has_a_heading(pages: dict[str, str]) -> None:
    raised = {
        name
        for name in text_generation.errors.__all__
        if isinstance(found := getattr(text_generation.errors, name), type) and issubclass(found, Exception)
    }
    assert len(raised) > 20
    assert raised - set(headings(pages["reference/errors.md"])) == set()


def test_every_finding_has_a_heading() -> None:
    page = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    assert {rule.name for rule in RULES} - set(headings(page)) == set()


def test_every_route_has_a_heading(pages: dict[str, str]) -> None:
    named = set(headings(pages["reference/routes.md"]))
    assert {f"{endpoint.method} {endpoint.path}" for endpoint in endpoints()} - named == set()


def test_every_route_that_the_server_has_is_one_of_the_contracts(pages: dict[str, str]) -> None:
    named = set(headings(pages["reference/routes.md"]))
    for path, route in (ROUTES | PREFIXES).items():
        for method, there in (("GET", route.get), ("POST", route.post)):
            if there is not None:
                assert any(
                    name == f"{method} {path}" or re.fullmatch(rf"{method} {re.escape(path)}\{{\w+\}}", name)
                    for name in named
                ), f"{method} {path}"


def test_every_control_that_the_server_has_is_one_of_the_contracts(pages: dict[str, str]) -> None:
    named = set(headings(pages["reference/routes.md"]))
    # Starlette's routes name the type of a parameter, the contracts do not.
    app: Any = create_admin(create_app().state)
    paths = [(route, re.sub(r":\w+}", "}", route.path)) for route in app.routes]
    served = {f"{method} {path}" for route, path in paths for method in route.methods - {"HEAD"}}
    assert len(served) > 20
    assert served - named == set()


def test_every_how_to_is_a_page_and_every_test_in_it_a_section(pages: dict[str, str]) -> None:
    files = sorted((ROOT / "tests" / "examples").glob("test_howto_*.py"))
    assert len(files) >= 4
    for path in files:
        page = pages[f"how-to/{path.stem.removeprefix('test_howto_').replace('_', '-')}.md"]
        tests = re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert page.count("\n## ") >= len(tests)
        for name in tests:
            assert f"def {name}(" in page, name
        code = "".join(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
        source = path.read_text(encoding="utf-8")
        assert [line for line in code.splitlines() if line and line not in source.splitlines()] == []


def test_every_public_name_of_a_package_has_a_place(site_pages: Any) -> None:
    """The three packages, and what a stub and a setting are: their modules are on some page."""
    modules = {module for page in site_pages.python_names.PAGES.values() for module in page.modules}
    homes = {text_generation.Client, text_generation.AsyncClient, Settings, Stub, Error, library.FakeTGI}
    for home in homes:
        assert any(
            home.__module__ == module or home.__module__.startswith(f"{module}.") for module in modules
        )
    assert {"tgi_contracts", "fake_tgi", "fake_tgi.strategies", "text_generation.errors"} <= modules
    assert fields(Settings), "settings are shown by their fields"


def test_a_page_of_the_reference_names_no_module_that_is_not_there(site_pages: Any) -> None:
    from importlib.util import find_spec

    for page in site_pages.python_names.PAGES.values():
        assert [module for module in page.modules if find_spec(module) is None] == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            ["A `code` and *stars* and *args, under_score_."],
            ["A ``code`` and *stars* and \\*args, under\\_score\\_.", ""],
        ),
        (["- one", "  more", "- two"], ["- one", "  more", "- two", ""]),
        (["Tree", "    └── leaf"], ["::", "", "    Tree", "        └── leaf", ""]),
        (
            ["Text:", "```python", "a = 1", "", "b = 2", "```", "after"],
            ["Text\\:", "", ".. code-block:: python", "", "    a = 1", "    ", "    b = 2", "", "after", ""],
        ),
    ],
)
def test_no_docstring_can_break_the_build(written: list[str], shown: list[str], site_pages: Any) -> None:
    from site_pages.docstrings import as_restructured_text

    assert as_restructured_text(written) == shown


def test_every_page_of_the_checkout_is_in_the_menu(site_pages: Any) -> None:
    from site_pages.menu import menu

    pages = [
        path.relative_to(ROOT).as_posix()
        for path in Path(ROOT, "docs").rglob("*.md")
        if path.name != "index.md"
    ]
    text = menu([*pages, "docs/a-new-page.md", "CHANGELOG.md"])
    assert [page for page in (*pages, "docs/a-new-page.md") if f"\n/{page}\n" not in text] == []


def test_every_environment_of_tox_is_explained_to_contributors() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    environments = re.findall(r"^\[testenv:([\w-]+)\]", (ROOT / "tox.ini").read_text(), re.MULTILINE)
    assert "docs" in environments
    assert [name for name in environments if f"`{name}`" not in page] == []


def test_every_part_that_the_page_on_the_architecture_names_is_there() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("| where | what |")[2]
    rows = [line.split("|")[1] for line in table.partition("\n\n")[0].splitlines()[2:]]
    named = [name for row in rows for name in re.findall(r"`([\w.]+)`", row)]
    assert len(named) > 30
    assert [name for name in named if not (ROOT / "fake_tgi" / name).exists()] == []
