"""Each route: what it takes, and every form of what it may answer."""

from __future__ import annotations

from typing import Final

from tgi_contracts import Answer, Endpoint, endpoints

from .markdown import code, heading, marked, sentence, table

__all__ = ["page"]

_INTRODUCTION: Final = """\
# Routes

What each route takes and may answer, by status and content type, as `contracts/endpoints.json` has it; the
names of schemas lead to their files. GET routes answer HEAD as well, without the body.
The same as an OpenAPI 3.1 document: `python -m tgi_contracts openapi`. What goes wrong, and in which words,
is on the page [Errors](errors.md).

"""
_ORIGINS: Final = {
    "router": "",
    "hosted": "Of the hosted Inference API, not of the router.",
    "fake": "Of the fake alone.",
}


def page() -> str:
    """The whole page."""
    return _INTRODUCTION + "\n".join(_section(endpoint) for endpoint in endpoints())


def _section(endpoint: Endpoint) -> str:
    facts = [
        sentence(endpoint.title),
        marked(endpoint.description),
        "Asks for the server's `--api-key`, if it has one." if endpoint.api_key else "",
        _ORIGINS.get(endpoint.origin, f"Origin: {endpoint.origin}."),
    ]
    lines = [*heading(2, code(f"{endpoint.method} {endpoint.path}")), " ".join(filter(None, facts)), ""]
    if endpoint.request:
        lines += [f"Takes `application/json`: {_schema(endpoint.request)}.", ""]
    answers = [answer for status in endpoint.answers for answer in endpoint.answers[status]]
    lines += table(("status", "content type", "schema", "when"), map(_cells, answers))
    return "\n".join([*lines, ""])


def _cells(answer: Answer) -> tuple[str, str, str, str]:
    kind = code(answer.content_type) if answer.content_type else "none"
    ends = {True: " `[DONE]` ends it.", False: "", None: ""}[answer.done] if answer.is_stream else ""
    return str(answer.status), kind, _schema(answer.schema), marked(answer.when) + ends


def _schema(name: str) -> str:
    return f"[{name}](../../contracts/schemas/{name}.json)"
