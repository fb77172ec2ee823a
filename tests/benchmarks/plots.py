"""Bars as SVG, with nothing but text and rectangles, to be read on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["bars"]

_WIDTH, _LABEL, _ROW, _TOP = 720, 250, 26, 44


def bars(title: str, rows: Sequence[tuple[str, float, str]], limit: float | None = None) -> str:
    """One bar for each row (name, value, text behind the bar); a line where `limit` is."""
    most = max([value for _, value, _ in rows] + ([limit] if limit is not None else []), default=1.0) or 1.0
    scale = (_WIDTH - _LABEL - 110) / most
    height = _TOP + _ROW * len(rows) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="#808080">',
        f"<title>{escape(title)}</title>",
        f'<text x="8" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for at, (name, value, text) in enumerate(rows):
        y = _TOP + _ROW * at
        colour = "#3b82c4" if name.startswith(("fake-tgi", "text-generation")) else "#a3a3a3"
        width = max(value * scale, 1.0)
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LABEL}" y="{y}" width="{width:.1f}" height="18" fill="{colour}"/>',
            f'<text x="{_LABEL + width + 6:.1f}" y="{y + 14}">{escape(text)}</text>',
        ]
    if limit is not None:
        x = _LABEL + limit * scale
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{height - 6}" stroke="#c43b3b" '
            'stroke-dasharray="4 3"/>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"
