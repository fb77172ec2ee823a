"""docs/faults.md: every fault, how to ask for it, and what every client makes of it."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from fake_tgi.fault_plans import When
from fake_tgi.faults import FAULTS, as_json, read_rule

from .fault_examples import EXAMPLES, TWICE
from .measuring import LIMIT, TIMEOUT, Cells
from .tables import read_tables, table
from .words import NOT_ASKED, NOT_STRUCK

__all__ = ["FACE_TITLES", "faults_page", "read_faults_page"]

FACE_TITLES: Final = {"whole": "whole answers", "stream": "streams", "health": "health checks"}

_MAIN: Final = (
    "text_generation.Client",
    "text_generation.AsyncClient",
    "huggingface_hub.InferenceClient",
    "huggingface_hub.AsyncInferenceClient",
    "openai.OpenAI",
    "openai.AsyncOpenAI",
)


def faults_page(cells: Cells, titles: Sequence[str], versions: Mapping[str, str], day: str) -> str:
    """The page, from what `measuring.faults` measured."""
    lines = [
        "# Faults",
        "",
        "What the fake can do wrong on purpose, how to ask for it, and what clients make of it.",
        "",
        f"Written on {day} by `python -m tests.ecosystem.matrix --write`, which runs every client at every "
        "fault; `tox -e ecosystem` runs them again and compares. Versions: "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
        + ".",
        "",
        *_doors(),
        *_reading(),
        "## All faults",
        "",
        "Each kind has its own section below, with all clients.",
        "",
    ]
    for face in ("stream", "whole"):
        lines += [f"### {FACE_TITLES[face].capitalize()} at all faults", ""]
        lines += _summary(cells, titles, face)
    for name in FAULTS:
        lines += _kind(name, cells, titles)
    return "\n".join(lines)


def read_faults_page(page: str) -> Cells:
    """What the page says, as `measuring.faults` measures it."""
    faces = {title: face for face, title in FACE_TITLES.items()}
    found: Cells = {}
    for one in read_tables(page):
        face = faces.get(one.headings[-1].partition(": ")[2])
        if face is None:
            continue
        for title, row in one.rows.items():
            for example, said in row.items():
                found[title, example, face] = said
    return found


def _doors() -> list[str]:
    conditions = [
        [f"`{spec.name}`", _values(get_type_hints(When)[spec.name]), _default(spec)] for spec in fields(When)
    ]
    return [
        "## Asking for a fault",
        "",
        "A rule says what goes wrong and, behind it, when: `cut(tokens=3) rate=0.1 times=2 route=/generate`. "
        "What stands in the parentheses are the fault's parameters, by name or in their order; what is left "
        "out has its default, and parentheses with nothing in them can be left out, too. Several rules stand "
        "with `;` between them, are applied in that order, and compose.",
        "",
        "| from | how |",
        "| --- | --- |",
        '| library | `create_app(Settings(fault=("cut(tokens=3)",)))`; later '
        "`app.state.faults.plan = FaultPlan((FaultRule(Cut(tokens=3), When(times=1)),))` |",
        "| flag | `fake-tgi serve --fault 'cut(tokens=3)'`, as often as there are rules |",
        "| environment | `FAKE_TGI_FAULT='cut(tokens=3); gzip' fake-tgi serve` |",
        "| file | rules with `;` between them, on as many lines as they need: "
        '`fake-tgi serve --fault "$(cat faults.txt)"` |',
        "| header | `x-fake-tgi-fault: cut(tokens=3)` on the one call that is to go wrong; the server must "
        "allow it: `--allow-fault-header`, `Settings(allow_fault_header=True)` |",
        "| stub | `fault: cut(tokens=3)` beside a stub's answer, which it strikes alone, and without `When`: "
        "[stubs](stubs.md#with-what) |",
        '| admin API | `PUT /__admin/faults` with `{"faults": ["cut(tokens=3)"]}` (POST adds, GET shows, '
        "DELETE takes all away); each rule in words or as an object, as shown with each kind |",
        "",
        "When:",
        "",
        *table(["condition", "values", "default"], conditions),
        " ".join((inspect.getdoc(When) or "").split()),
        "",
    ]


def _reading() -> list[str]:
    return [
        "## How to read the tables",
        "",
        f"Every client is as it comes, but for a timeout of {TIMEOUT:g} seconds where it takes one. "
        "Clients that know TGI's own routes ask those, the others the chat route: one whole answer and one "
        "stream, the same text each time.",
        "",
        *table(
            ["a cell", "means"],
            [
                ["right answer", "all of the text, as if nothing had happened"],
                ["`SomeError`", "this error is raised"],
                ["asked 3 times", "the server saw so many tries before the error was raised"],
                ["asked again", "... before the right answer came"],
                ["**takes ... for the answer**", "no error, and not the text: nobody would notice"],
                ["waits on", f"neither answer nor error after {LIMIT:g} seconds"],
                ["goes on trying", f"the same, asking again and again after {LIMIT:g} seconds"],
                [NOT_STRUCK, "the fault finds nothing to strike in such an answer"],
                [NOT_ASKED, "the client never asks this"],
            ],
        ),
        "For httpx and curl the errors are partly those of the few lines around them: each event read as "
        "JSON, its text taken, nothing else looked for.",
        "",
    ]


def _summary(cells: Cells, titles: Sequence[str], face: str) -> list[str]:
    shown = [title for title in _MAIN if title in titles]
    rows = []
    for name in FAULTS:
        for example in EXAMPLES[name]:
            row = [cells.get((title, example, face), "") for title in shown]
            if any(cell and cell != NOT_STRUCK for cell in row):
                rows.append([f"`{example}`", *row])
    return table(["fault", *shown], rows)


def _kind(name: str, cells: Cells, titles: Sequence[str]) -> list[str]:
    kind = FAULTS[name]
    hints = get_type_hints(kind)
    parameters = [[f"`{spec.name}`", _values(hints[spec.name]), _default(spec)] for spec in fields(kind)]
    described = [" ".join(part.split()) for part in (inspect.getdoc(kind) or "").split("\n\n")]
    lines = [f"## {name}", ""]
    for part in described:
        lines += [part, ""]
    if parameters:
        lines += table(["parameter", "values", "default"], parameters)
    else:
        lines += ["It has no parameters.", ""]
    example = EXAMPLES[name][0]
    rule = read_rule(example)
    lines += [
        f"`--fault '{example}'` · `x-fake-tgi-fault: {example}` · `{_library(rule.fault)}` · "
        f"`{json.dumps(as_json(rule))}`",
        "",
    ]
    if name in TWICE:
        lines += ["Two calls through one client, 0.3 seconds apart; the tables tell of the second.", ""]
    for face in FACE_TITLES:
        rows = [
            [title, *(cells[title, example, face] for example in EXAMPLES[name])]
            for title in titles
            if (title, EXAMPLES[name][0], face) in cells
        ]
        if not rows:
            continue
        head = ["client", *(f"`{example}`" for example in EXAMPLES[name])]
        lines += [f"### {name}: {FACE_TITLES[face]}", "", *table(head, rows)]
    return lines


def _library(fault: Any) -> str:
    given = [
        f"{spec.name}={getattr(fault, spec.name)!r}"
        for spec in fields(fault)
        if spec.default is MISSING or getattr(fault, spec.name) != spec.default
    ]
    return f"{type(fault).__name__}({', '.join(given)})"


def _values(hint: Any) -> str:
    """A field's type, in the words of who writes a rule."""
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    if get_origin(hint) is types.UnionType:
        known = [_values(each) for each in get_args(hint) if each is not type(None)]
        return f"{' or '.join(known)}, or none"
    named = {int: "a whole number", float: "a number", str: "a text", bool: "`true` or `false`"}
    return named.get(hint, "sizes in bytes, again and again: `3|1|7`")


def _default(spec: Any) -> str:
    if spec.default is MISSING:
        return "must be given"
    default = spec.default
    if hasattr(default, "sizes"):
        return "`" + "|".join(map(str, default.sizes)) + "`"
    return "none" if default is None else f"`{str(default).lower() if default in (True, False) else default}`"
