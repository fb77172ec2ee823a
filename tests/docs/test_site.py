"""The built site stands by itself: every link of it leads somewhere, and nothing of it is elsewhere."""

from __future__ import annotations

import os
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from .examples import ROOT

SITE = Path(os.environ["TEXT_GENERATION_SITE"]).resolve()
PAGES = sorted(SITE.rglob("*.html"))
# What a browser fetches by itself; a link that somebody follows may lead anywhere.
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}
NOT_FETCHED = {"canonical", "next", "prev", "search", "index", "author"}


class Page(HTMLParser):
    """What a page fetches, where it leads, and where in it one can be led to."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in FETCHED and FETCHED[tag] in given and given.get("rel") not in NOT_FETCHED:
            self.fetched.append(given[FETCHED[tag]])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


@cache
def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def shown(path: Path) -> str:
    return path.relative_to(SITE).as_posix()


def test_there_is_a_site() -> None:
    names = set(map(shown, PAGES))
    assert {
        "index.html",
        "docs/index.html",
        "docs/tutorial.html",
        "docs/container/README.html",
        "search.html",
    } <= names
    written = {
        path.relative_to(ROOT).with_suffix(".html").as_posix()
        for path in (ROOT / "docs").rglob("*.md")
        if "site" not in path.relative_to(ROOT / "docs").parts
    }
    assert written - names == set()


def test_nothing_is_fetched_from_elsewhere() -> None:
    fetched = {(shown(path), address) for path in PAGES for address in read(path).fetched}
    assert fetched
    assert {pair for pair in fetched if re.match(r"(?:https?:)?//", pair[1])} == set()


def test_no_style_and_no_script_fetches_from_elsewhere() -> None:
    fetching = re.compile(
        r"""(?:@import\s+|url\()\s*['"]?(?:https?:)?//|(?:fetch|importScripts)\(\s*['"]https?:"""
    )
    found = [
        shown(path)
        for kind in ("*.css", "*.js")
        for path in SITE.rglob(kind)
        if fetching.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_every_link_leads_somewhere(path: Path) -> None:
    lost = []
    for link in read(path).links:
        if re.match(r"[a-z]+:", link):
            continue
        address, anchor = urldefrag(link)
        target = (path.parent / unquote(address)).resolve() if address else path
        there = target.is_file() and target.is_relative_to(SITE)
        if there and anchor and target.suffix == ".html":
            there = unquote(anchor) in read(target).anchors
        if not there:
            lost.append(link)
    assert lost == []


def test_every_page_can_be_reached_from_the_front() -> None:
    reached, waiting = set(), [SITE / "docs" / "index.html"]
    while waiting:
        path = waiting.pop()
        if path in reached or not path.is_file() or path.suffix != ".html":
            continue
        reached.add(path)
        for link in read(path).links:
            if not re.match(r"[a-z]+:", link):
                waiting.append((path.parent / unquote(urldefrag(link)[0])).resolve())
    made_by_sphinx = {"index.html", "genindex.html", "py-modindex.html", "search.html"}
    assert {shown(path) for path in PAGES if path not in reached} - made_by_sphinx == set()


def test_the_search_works_from_the_disk() -> None:
    """Its index is a script, and no data that a browser refuses to fetch from a file."""
    page = read(SITE / "search.html")
    assert any(address.startswith("searchindex.js") for address in page.fetched)
    index = (SITE / "searchindex.js").read_text(encoding="utf-8")
    assert index.startswith("Search.setIndex(")
    assert "docs/tutorial" in index


def test_the_reference_shows_what_the_docstrings_say() -> None:
    page = (SITE / "docs/reference/python/text_generation.html").read_text(encoding="utf-8")
    for name in (
        "client.Client.generate",
        "client.Client.chat",
        "async_client.AsyncClient.generate_stream",
        "inference_api.InferenceAPIClient",
        "errors.OverloadedError",
    ):
        assert f'id="text_generation.{name}"' in page, name
