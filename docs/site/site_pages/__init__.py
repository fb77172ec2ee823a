"""The pages made of the code itself: each option, route, error, fixture and name has its place on one.

A module for each kind. All of them are functions without arguments that return Markdown, so that tests can
look at them without building the site.
"""

from __future__ import annotations

from . import command_line, errors, how_tos, pytest_names, python_names, routes

__all__ = ["pages"]


def pages() -> dict[str, str]:
    """The Markdown of each generated page, by its path below docs/."""
    return {
        "reference/command-line.md": command_line.page(),
        "reference/routes.md": routes.page(),
        "reference/errors.md": errors.page(),
        "reference/pytest.md": pytest_names.page(),
        **how_tos.pages(),
        **python_names.pages(),
    }
