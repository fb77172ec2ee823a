"""The how-tos are tests: each file of tests/examples/test_howto_*.py is a page, each test in it a section."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

from .markdown import sentence

__all__ = ["pages"]

EXAMPLES: Final = Path(__file__).resolve().parents[3] / "tests" / "examples"


# What only the project's own tests know.
_OURS: Final = re.compile(r"^(?:@|pytestmark = )pytest\.mark\.damages_answers.*\n?", re.MULTILINE)


def pages() -> dict[str, str]:
    """A page for each file."""
    return {
        f"how-to/{path.stem.removeprefix('test_howto_').replace('_', '-')}.md": _page(path)
        for path in sorted(EXAMPLES.glob("test_howto_*.py"))
    }


def _page(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    title = sentence(path.stem.removeprefix("test_howto_").replace("_", " ")).rstrip(".")
    shown = path.relative_to(EXAMPLES.parents[1]).as_posix()
    intro = ast.get_docstring(tree) or ""
    parts = [f"# {title}", intro, f"This page is the file `{shown}`: it runs with every change."]
    lines = source.splitlines()
    setting: list[str] = []
    for node in tree.body:
        text = _OURS.sub("", "\n".join(lines[_first_line(node) - 1 : node.end_lineno]))
        if not text:
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            if setting:
                parts += ["## Set-up", _block("\n".join(setting).strip("\n"))]
                setting = []
            heading = sentence(node.name.removeprefix("test_").replace("_", " ")).rstrip(".")
            parts += [f"## {heading}", _block(text)]
        elif not _is_docstring(node) and not _is_future(node):
            setting.append(text if isinstance(node, ast.Import | ast.ImportFrom) else f"\n{text}")
    if setting:
        parts += ["## And", _block("\n".join(setting).strip("\n"))]
    return "\n\n".join(parts) + "\n"


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _block(text: str) -> str:
    return f"```python\n{text}\n```"
