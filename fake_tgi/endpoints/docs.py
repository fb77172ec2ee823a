"""`/docs` and `/api-doc/openapi.json`: the contracts, as a document for tools and as a page for people.

The page is one file with no script from elsewhere, so it works without a network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from ..call import Call
from ..frames import Frame, RawHeaders
from ..headers import JSON
from ..identity import VERSION
from ..state import State
from .reading import plain

__all__ = ["openapi", "page", "redirect"]

_HTML: RawHeaders = ((b"content-type", b"text/html"),)


def redirect(state: State, call: Call) -> Iterator[Frame]:
    """`GET /docs`: to the page."""
    return plain(303, ((b"location", b"/docs/"),))


def openapi(state: State, call: Call) -> Iterator[Frame]:
    """`GET /api-doc/openapi.json`."""
    return plain(200, JSON, _document())


def page(state: State, call: Call) -> Iterator[Frame]:
    """`GET /docs/`: one file, under both of its names."""
    if call.path not in ("/docs/", "/docs/index.html"):
        return plain(404)
    return plain(200, _HTML, _page())


@cache
def _document() -> bytes:
    import tgi_contracts  # the schemas are read once somebody asks for them

    return json.dumps(tgi_contracts.openapi(), ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _page() -> bytes:
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False, indent=2)
    template = environment.from_string((files("fake_tgi") / "data" / "docs.html").read_text(encoding="utf-8"))
    return template.render(document=json.loads(_document()), version=VERSION).encode()
