"""The page on the library says what is so: its programs print what it shows, its lists name what there is."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from pathlib import Path

import pytest

from fake_tgi import FakeTGI
from fake_tgi.library import LiveStub, SeenRequest, StubBuilder
from fake_tgi.library.troubles import Troubles

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "library.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("program", "printed"), PROGRAMS, ids=range(len(PROGRAMS)))
@pytest.mark.damages_answers(reason="some of the programs do")
def test_a_program_prints_what_the_page_shows(program: str, printed: str) -> None:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(program, "docs/library.md", "exec"), {})
    assert output.getvalue() == printed


def test_every_program_shows_what_it_prints() -> None:
    assert len(PROGRAMS) == PAGE.count("```python") > 5


@pytest.mark.parametrize("kind", [Troubles, StubBuilder, LiveStub])
def test_every_verb_is_on_the_page(kind: type) -> None:
    own = (LiveStub, StubBuilder, Troubles)
    for name, _ in inspect.getmembers(kind):
        if name.startswith("_") or (kind in own and name in ("id", "name", "required", "answer")):
            continue
        assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`|^.*\.{name}\(", PAGE, re.MULTILINE), name


def test_every_way_to_ask_is_on_the_page() -> None:
    plain = {
        "state",
        "app",
        "settings",
        "output",
        "strategies",
        "stubs",
        "idle",
        "id",
        "call",
        "event",
        "query",
    }
    plain |= {"body", "answer", "generating", "streaming", "stub", "method", "route", "journal"}
    plain |= {"clear_faults"}
    for kind in (FakeTGI, SeenRequest):
        for name, _ in inspect.getmembers(kind):
            if not name.startswith("_") and name not in plain:
                assert re.search(rf"\b{name}\b", PAGE), name
