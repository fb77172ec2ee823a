"""Public means listed, and what is listed is used by a type checker's tests."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import fake_tgi
import text_generation
import tgi_contracts
from text_generation import AsyncClient, AsyncStream, Client, Stream

TYPED_PROGRAMS = Path(__file__).resolve().parents[1] / "typing"
# The published client's modules keep its names, listed or not; a package of parts has nothing to list.
PARTS = (
    "endpoints", "hyper", "minijinja", "recordings", "render", "schemas", "serde", "shards", "testing",
    "transports", "vision", "workers",
)  # fmt: skip
WITHOUT_LIST = {"fake_tgi", *(f"fake_tgi.{package}" for package in PARTS)}


def public_modules() -> list[str]:
    """Every module without an underscore in its name, found by its file: a broken one fails its own test."""
    found = set()
    for package in (text_generation, fake_tgi, tgi_contracts):
        folder = Path(str(package.__file__)).parent
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            if parts[0] != "data":
                found.add(".".join([package.__name__, *parts]).removesuffix(".__init__"))
    return sorted(name for name in found - WITHOUT_LIST if "._" not in name)


@pytest.mark.parametrize("name", public_modules())
def test_a_public_module_lists_what_is_public_and_has_it(name: str) -> None:
    module = importlib.import_module(name)
    listed = module.__all__
    assert listed == sorted(set(listed), key=listed.index), "a name is listed twice"
    assert [entry for entry in listed if not hasattr(module, entry)] == []


def names_used(program: str) -> set[str]:
    tree = ast.parse((TYPED_PROGRAMS / program).read_text(encoding="utf-8"))
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("kind", [Client, AsyncClient, Stream, AsyncStream])
def test_every_public_method_of_the_client_is_used_in_a_typed_program(kind: type) -> None:
    methods = {name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name))}
    assert methods - names_used("client.py") == set()


def test_every_public_name_of_the_client_is_used_in_a_typed_program() -> None:
    modules = {"client", "errors", "inference_api", "types"}
    assert set(text_generation.__all__) - modules - names_used("client.py") == set()
