"""The few words of Markdown that the generated pages are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["code", "heading", "marked", "row", "sentence", "table"]


def code(text: str) -> str:
    """The text in the font of code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def heading(level: int, text: str, anchor: str = "") -> list[str]:
    """The lines of a heading, by default with the anchor that its words make."""
    return [*([f"{{#{anchor}}}"] if anchor else []), f"{'#' * level} {text}", ""]


def marked(text: str) -> str:
    """Plain text of the code's own, as Markdown: flags and variables are code, and nothing is HTML."""
    pieces = re.split(r"(`[^`]*`)", text)
    for index in range(0, len(pieces), 2):
        plain = pieces[index].replace("<", "&lt;").replace("*", "\\*")
        pieces[index] = re.sub(r"(?<![\w/-])(--[a-z][a-z-]*(?:=\w+)?)", r"`\1`", plain)
    return "".join(pieces)


def sentence(text: str) -> str:
    """The text with a capital in front, and a full stop if it ends in a letter, a digit or a bracket."""
    if not text:
        return ""
    first = text if text.startswith("`") else text[0].upper() + text[1:]
    return first + "." if first[-1].isalnum() or first[-1] in ")`*]" else first


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    return [row(head), row(["---"] * len(head)), *map(row, rows)]


def row(cells: Sequence[str]) -> str:
    """One line of a table. A cell may hold anything."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
