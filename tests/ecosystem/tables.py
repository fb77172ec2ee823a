"""Tables of the pages, to Markdown and back: what is written is what the tests read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Table", "read_tables", "table"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table below its headings; `rows` by their first cell, then by the head of the column.

    Both are without the marks of code.
    """

    headings: tuple[str, ...]
    rows: dict[str, dict[str, str]]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table, and an empty one."""
    return [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows), ""]


def read_tables(page: str) -> Iterator[Table]:
    """All tables of a page."""
    headings: list[str] = []
    lines: list[str] = []
    for line in [*page.splitlines(), ""]:
        if line.startswith("|"):
            lines.append(line)
            continue
        if lines:
            yield _read(tuple(headings), lines)
            lines = []
        if line.startswith("#"):
            depth = len(line) - len(line.lstrip("#"))
            headings[depth - 1 :] = [line.lstrip("# ").strip("`")]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _read(headings: tuple[str, ...], lines: Sequence[str]) -> Table:
    head, _, *body = [_cells(line) for line in lines]
    names = [name.strip("`") for name in head[1:]]
    return Table(headings, {row[0].strip("`"): dict(zip(names, row[1:], strict=True)) for row in body})


def _cells(line: str) -> list[str]:
    cells = line[1:-1].replace("\\|", "\0").split("|")
    return [cell.replace("\0", "|").strip() for cell in cells]
