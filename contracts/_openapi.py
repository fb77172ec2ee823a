"""The OpenAPI document, built from endpoints.json and the schemas.

Nothing here is written for one route: what the document says of a route is what the table and the schemas
say. OpenAPI 3.1 has no words for a stream of events; the schema of a `text/event-stream` answer describes
the data of one event, as is the custom, and `x-event-stream` says so and whether `[DONE]` ends the stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from ._endpoints import Answer, Endpoint, endpoints, everywhere
from ._files import schema_file
from ._resolved import referenced

__all__ = ["openapi"]

_TAGS = {
    "router": ("Text Generation Inference", "Routes of the router."),
    "hosted": ("Hosted Inference API", "Routes around one model, as the hosted Inference API offers them."),
    "fake": ("Controls of the fake", "What the fake plays, changed and asked while it runs."),
}
_KEY = "apiKey"
_TOKEN = "adminToken"  # noqa: S105  its name in the document
_REASONS = {
    200: "The answer", 201: "Created", 303: "See other", 400: "Bad request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not found", 413: "Too large", 415: "Unsupported media type", 422: "Unprocessable",
    424: "The model failed", 429: "Overloaded", 500: "Inner failure", 503: "Not available", 504: "Time-out",
}  # fmt: skip


def openapi(*, version: str = "3.3.6-dev0", hosted: bool = True, controls: bool = True) -> dict[str, Any]:
    """An OpenAPI 3.1 document of a TGI router; the dictionary is the caller's own.

    `version` is the router's, for `info.version`. With `hosted=False` the routes of the hosted Inference API
    are left out, with `controls=False` those under `/__admin/`, which only the fake has.
    """
    left_out = {origin for origin, there in (("hosted", hosted), ("fake", controls)) if not there}
    listed = [each for each in endpoints() if each.origin not in left_out]
    paths: dict[str, dict[str, Any]] = {}
    for each in listed:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    origins = dict.fromkeys(each.origin for each in listed)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Text Generation Inference",
            "description": "What a TGI router takes and answers, held to recordings of the real one.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "version": version,
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": _TAGS[origin][0], "description": _TAGS[origin][1]} for origin in origins],
        "paths": paths,
        "components": {
            "schemas": {name: _component(schema_file(name)) for name in _needed(listed)},
            "securitySchemes": {
                name: scheme for name, scheme in _SCHEMES.items() if controls or name != _TOKEN
            },
        },
    }


_SCHEMES = {
    _KEY: {
        "type": "http",
        "scheme": "bearer",
        "description": "The server's --api-key, in any case; asked for only if it is set.",
    },
    _TOKEN: {
        "type": "apiKey",
        "in": "header",
        "name": "x-fake-tgi-admin-token",
        "description": "The server's --admin-token; without one, calls must come over loopback.",
    },
}
_IN_PATHS = {
    "id": {
        "description": "Name of the model, its slash as it is.",
        "example": "bigscience/bloomz",
    },
    "file": {"description": "Name of a file.", "example": "index.html"},
}


def _operation(each: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(each),
        "summary": each.title,
        "description": each.description,
        "tags": [_TAGS[each.origin][0]],
    }
    if each.parameters:
        operation["parameters"] = deepcopy(list(each.parameters))
    elif "{" in each.path:
        name = each.path.partition("{")[2].rstrip("}")
        text = {"type": "string", "minLength": 1}
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": text, **_IN_PATHS[name]}
        ]
    if each.request is not None:
        content = {"application/json": {"schema": _ref(each.request)}}
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = {
        str(status): _response(each.path, status, forms) for status, forms in each.answers.items()
    }
    if each.api_key or each.origin == "fake":
        operation["security"] = [{_KEY if each.api_key else _TOKEN: []}, {}]
    return operation


def _operation_id(each: Endpoint) -> str:
    one = "one" if each.parameters else "of model"
    words = re.findall(r"[A-Za-z0-9]+", each.path.replace("{id}", one))
    if each.path.endswith("/"):
        words.append("index")
    return "_".join([each.method.lower(), *words])


def _response(path: str, status: int, forms: Iterable[Answer]) -> dict[str, Any]:
    forms = list(forms)
    response: dict[str, Any] = {
        "description": " ".join([f"{_REASONS[status]}.", *dict.fromkeys(f.when for f in forms)])
    }
    headers = _headers(path, forms)
    if headers:
        response["headers"] = headers
    content: dict[str, Any] = {}
    for media in dict.fromkeys(form.content_type for form in forms if form.content_type is not None):
        alike = [form for form in forms if form.content_type == media]
        refs = [_ref(form.schema) for form in alike]
        content[media] = {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}
        if alike[0].is_stream:
            content[media]["x-event-stream"] = {"schema": "of the data of one event", "done": alike[0].done}
    if content:
        response["content"] = content
    return response


def _headers(path: str, forms: list[Answer]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for form in forms:
        for header in form.headers:
            required = all(any(h.name == header.name for h in other.headers) for other in forms)
            found[header.name] = _header(header.description, header.schema, required=required)
    for name, shared in everywhere(path).items():
        found[name] = _header(shared["description"], shared["schema"], required=name == "vary")
    return found


def _header(description: str, schema: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    return {"description": description, "required": required, "schema": dict(schema)}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _needed(listed: Iterable[Endpoint]) -> list[str]:
    """The schemas that the routes name, and those that these refer to, sorted."""
    waiting = [each.request for each in listed if each.request is not None]
    waiting += [f.schema for e in listed for forms in e.answers.values() for f in forms if f.content_type]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schema_file(name))
    return sorted(found)


def _references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [name for item in part for name in _references(item)]
    if isinstance(part, dict):
        own = [referenced(part["$ref"])] if isinstance(part.get("$ref"), str) else []
        return own + [name for key, value in part.items() if key != "examples" for name in _references(value)]
    return []


def _component(part: Any, key: str | None = None) -> Any:
    """A schema with its references led into the document, and without what only a file has."""
    if key in ("examples", "const", "enum", "default"):
        return deepcopy(part)
    if isinstance(part, list):
        return [_component(item) for item in part]
    if isinstance(part, dict):
        out = {k: _component(v, k) for k, v in part.items() if k not in ("$schema", "$id")}
        return out | _ref(referenced(part["$ref"])) if isinstance(part.get("$ref"), str) else out
    return part
