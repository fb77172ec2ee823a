"""The reference of the three packages: which modules have a page, and in which order their names come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import fake_tgi

__all__ = ["PAGES", "Page", "pages"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: a title, a sentence, and the modules whose public names stand on it."""

    title: str
    text: str
    modules: tuple[str, ...]


PAGES: Final[dict[str, Page]] = {
    "text_generation": Page(
        "The client",
        "The clients, their errors, what they send and what they answer with.",
        (
            "text_generation.client",
            "text_generation.async_client",
            "text_generation.inference_api",
            "text_generation.stream",
            "text_generation.async_stream",
            "text_generation.meta",
            "text_generation.errors",
            "text_generation.mapping",
            "text_generation.tools",
            "text_generation.images",
        ),
    ),
    "text_generation_types": Page(
        "The client's types",
        "What requests and answers are made of: TGI's own names.",
        ("text_generation.types",),
    ),
    "fake_tgi": Page(
        "The fake as a library",
        "A fake in a thread, what can be said to it and asked of it.",
        (
            "fake_tgi",
            "fake_tgi.library",
            "fake_tgi.transports",
            "fake_tgi.verdict",
        ),
    ),
    "fake_tgi_parts": Page(
        "The fake's parts",
        "The application, its settings, and the values that stubs, faults and times are written in.",
        (
            "fake_tgi.settings",
            "fake_tgi.app",
            "fake_tgi.server",
            "fake_tgi.stubs",
            "fake_tgi.matching",
            "fake_tgi.fault_plans",
            "fake_tgi.generation",
            "fake_tgi.timing",
        ),
    ),
    "fake_tgi.strategies": Page(
        "Strategies",
        "What Hypothesis draws: requests, answers, streams, errors, faults, and cuts of bytes.",
        ("fake_tgi.strategies",),
    ),
    "tgi_contracts": Page(
        "The contracts",
        "Schemas, routes, errors and recordings, and what holds a value, an answer or a stream to them.",
        ("tgi_contracts",),
    ),
}


def pages() -> dict[str, str]:
    """The Markdown of each page; autodoc fills in what the docstrings say."""
    return {f"reference/python/{name}.md": _page(page) for name, page in PAGES.items()}


def _page(page: Page) -> str:
    parts = [f"# {page.title}", page.text]
    for module in page.modules:
        parts += [f"## `{module}`", f"```{{eval-rst}}\n.. automodule:: {module}\n{_shown_above(module)}```"]
    return "\n\n".join(parts) + "\n"


def _shown_above(module: str) -> str:
    """A package's own names stand with the package, not with the module that they come from as well."""
    if module != "fake_tgi.library":
        return ""
    return f"   :exclude-members: {', '.join(fake_tgi.__all__)}\n"
