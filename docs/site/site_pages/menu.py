"""The menu: what stands where, in which order. A page of docs/ that is not named here is a guide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .python_names import PAGES

__all__ = ["menu"]

_SECTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("Start", ("docs/tutorial.md", "docs/migrating.md")),
    (
        "Guides",
        (
            "docs/client.md",
            "docs/pytest.md",
            "docs/library.md",
            "docs/stubs.md",
            "docs/faults.md",
            "docs/controls.md",
            "docs/workers.md",
            "docs/recordings.md",
            "docs/journal.md",
            "docs/verdict.md",
            "docs/verify.md",
            "docs/container/",
            "docs/contracts.md",
        ),
    ),
    ("How to", ("docs/how-to/",)),
    (
        "Reference",
        (
            "docs/reference/command-line.md",
            "docs/reference/pytest.md",
            "docs/reference/routes.md",
            "docs/reference/errors.md",
            *(f"docs/reference/python/{name}.md" for name in PAGES),
        ),
    ),
    (
        "Background",
        (
            "docs/how-it-answers.md",
            "docs/deviations.md",
            "docs/fidelity.md",
            "docs/ecosystem.md",
            "docs/benchmarks.md",
            "docs/architecture.md",
            "docs/design/",
        ),
    ),
    ("Project", ("CHANGELOG.md", "CONTRIBUTING.md")),
)
_REST: Final = "Guides"


def menu(pages: Sequence[str]) -> str:
    """The front page's `toctree`s. A name that ends in a slash stands for all pages of that folder."""
    left = sorted(page for page in pages if page != "docs/index.md")
    placed: dict[str, list[str]] = {title: [] for title, _ in _SECTIONS}
    for title, names in _SECTIONS:
        for name in filter(None, names):
            found = [page for page in left if page == name or (name.endswith("/") and page.startswith(name))]
            placed[title] += found
            left = [page for page in left if page not in found]
    placed[_REST] += [page for page in left if page.startswith("docs/")]
    placed["Project"] += [page for page in left if not page.startswith("docs/")]
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n"
        + "\n".join(f"/{page}" for page in entries)
        + "\n```\n"
        for title, entries in placed.items()
        if entries
    )
