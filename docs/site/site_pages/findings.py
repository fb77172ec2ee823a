"""Each finding of the verdict on a client: what it is, why it is wrong, what to do instead."""

from __future__ import annotations

from typing import Final

from fake_tgi.verdict import RULES, Rule

from .markdown import code, heading, marked, sentence

__all__ = ["page"]

_INTRODUCTION: Final = """\
# Findings

What `fake_tgi.assert_client_ok()` and [`fake-tgi report`](command-line.md#fake-tgi-report) look for in what
the server saw of its clients, the gravest first. An error is wrong in every program, a warning in most, an
info is good to know. Each can be waived by its name: `waive=["NAME"]`, or `--waive NAME`.

"""


def page() -> str:
    """The whole page."""
    return _INTRODUCTION + "\n".join(map(_section, RULES))


def _section(rule: Rule) -> str:
    paragraphs = (marked(rule.title), marked(rule.explains), f"**Instead:** {marked(rule.fix)}")
    lines = heading(2, code(rule.name), f"finding-{rule.name}")
    lines += [f"*{sentence(rule.severity)}*", ""]
    for paragraph in paragraphs:
        lines += [sentence(paragraph), ""]
    return "\n".join(lines)
