"""This project's docstrings (plain text with code in backticks) as reStructuredText.

Whatever reStructuredText would take for markup is escaped, so that no docstring can break the build; a block
that is drawn rather than written (indented, or with a tree in it) is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["as_restructured_text", "in_restructured_text"]

_MARKUP = re.compile(r"([\\*|_<>:`])")


def in_restructured_text(
    app: object, what: str, name: str, of: object, options: object, lines: list[str]
) -> None:
    """For autodoc's event: changes `lines` in place."""
    lines[:] = as_restructured_text(lines)


def as_restructured_text(lines: Sequence[str]) -> list[str]:
    """The lines of a docstring, in reStructuredText."""
    written: list[str] = []
    for block in _blocks(lines):
        if block[0].startswith("```"):
            language = block[0].strip("`") or "text"
            written += [f".. code-block:: {language}", "", *(f"    {line}" for line in block[1:-1])]
        elif block[0].startswith("- "):
            written += [_escaped(line) for line in block]
        elif any(line.startswith(" ") for line in block):
            written += ["::", "", *(f"    {line}" for line in block)]
        else:
            written += [_escaped(line) for line in block]
        written.append("")
    return written


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """What stands between empty lines; code between fences is one block, empty lines and all."""
    block: list[str] = []
    for line in [*lines, ""]:
        fence = line.startswith("```")
        fenced = bool(block) and block[0].startswith("```")
        if fence and not fenced and block:
            yield block
            block = []
        if line.strip() or fenced:
            block.append(line.rstrip())
        if block and ((fence and fenced) or not (line.strip() or fenced)):
            yield block
            block = []
    if block:
        yield block


def _escaped(line: str) -> str:
    pieces = re.split(r"`([^`]*)`", line)
    return "".join(
        f"``{piece}``" if index % 2 and piece.strip() else _plain(piece) for index, piece in enumerate(pieces)
    )


def _plain(text: str) -> str:
    """Text without code: a word between stars stays emphasised, every other mark is a character."""
    pieces = re.split(r"(?<![\w*])(\*\w+\*)(?![\w*])", text)
    return "".join(piece if index % 2 else _MARKUP.sub(r"\\\1", piece) for index, piece in enumerate(pieces))
