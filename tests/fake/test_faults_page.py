"""docs/faults.md names every fault that there is, and what it says of our own clients is true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from fake_tgi.fault_plans import When
from fake_tgi.faults import FAULTS, read_faults, read_rule, spelled

from ..ecosystem import measuring
from ..ecosystem.clients import CLIENTS, OURS
from ..ecosystem.fault_examples import EXAMPLES, LATE
from ..ecosystem.faults_page import read_faults_page
from ..ecosystem.places import Fakes
from ..ecosystem.tables import read_tables

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "faults.md").read_text(encoding="utf-8")
AGAIN = "write the page again: python -m tests.ecosystem.matrix --write, in the environment ecosystem"


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    """Running fakes, on which each call gets a place of its own."""
    with Fakes() as made:
        yield made


def test_every_kind_of_fault_has_examples_of_its_own() -> None:
    assert list(EXAMPLES) == list(FAULTS)
    for kind, examples in EXAMPLES.items():
        assert all(isinstance(read_rule(example).fault, FAULTS[kind]) for example in examples)


@pytest.mark.parametrize("kind", FAULTS)
def test_every_word_that_a_kind_knows_is_shown(kind: str) -> None:
    """A parameter with a list of words, such as `place`, is run with each of them."""
    shown = [read_rule(example).fault for example in EXAMPLES[kind]]
    for name, hint in get_type_hints(FAULTS[kind]).items():
        if get_origin(hint) is Literal:
            assert {getattr(fault, name) for fault in shown} == set(get_args(hint))


@pytest.mark.parametrize("kind", FAULTS)
def test_the_page_has_a_section_for_every_kind_with_its_parameters(kind: str) -> None:
    section = PAGE.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    assert section, AGAIN
    for spec in fields(FAULTS[kind]):
        assert f"\n| `{spec.name}` |" in section, AGAIN
    assert EXAMPLES[kind][0] in section, AGAIN


def test_the_page_has_every_condition() -> None:
    asking = PAGE.partition("\n## Asking for a fault\n")[2].partition("\n## ")[0]
    for spec in fields(When):
        assert f"\n| `{spec.name}` |" in asking, AGAIN


def test_the_page_has_a_cell_for_every_client_and_example() -> None:
    written = read_faults_page(PAGE)
    for kind, examples in EXAMPLES.items():
        faces = ("health",) if kind == "health" else measuring.FACES
        missing = {(title, example, face) for title in CLIENTS for example in examples for face in faces}
        assert not missing - written.keys(), AGAIN
    assert {example for _, example, _ in written} == {each for some in EXAMPLES.values() for each in some}


@pytest.mark.damages_answers
@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind not in LATE])
def test_the_page_says_what_our_clients_make_of_a_fault(fakes: Fakes, kind: str) -> None:
    written = read_faults_page(PAGE)
    measured = measuring.faults(fakes, tuple(OURS), (kind,), at_once=1)
    assert measured
    assert {where: written.get(where) for where in measured} == measured, AGAIN


def test_the_other_page_has_every_client() -> None:
    tables = read_tables((DOCS / "ecosystem.md").read_text(encoding="utf-8"))
    assert [one for one in tables if list(one.rows) == list(CLIENTS)], AGAIN


def test_rules_may_stand_on_several_lines_of_a_file() -> None:
    rules = read_faults("cut(tokens=3) times=1;\ngzip;\n")
    assert [spelled(rule.fault) for rule in rules] == ["cut(tokens=3)", "gzip"]
