"""The fake and its OpenAPI document, by a reader who knows neither: Schemathesis.

Run by `tox -e schemathesis`, and collected nowhere else. What it sends satisfies the document, or breaks it
on purpose; each answer must be one that the document allows: status, content type, headers, body, and every
event of a stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from fake_tgi.app import create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from tgi_contracts import openapi

#: Each operation as the document wants it, and where there is something to get wrong, as it does not.
OPERATIONS = [
    pytest.param(path, method, mode, id=f"{method} {path} {mode.value}")
    for path, item in openapi(controls=False)["paths"].items()
    for method, operation in item.items()
    for mode in GenerationMode
    if mode.is_positive or "requestBody" in operation
]

NOT_PROMISED = [
    # A document cannot know a server's limits, nor that TGI takes 3.0 for no integer: valid may be refused.
    positive_data_acceptance,
    # TGI ignores members that it does not know, and takes an array for an object: invalid may be accepted.
    negative_data_rejection,
]
#: These answer 500 when a model is asked for what it refuses; the document says so.
SAYS_500 = {"/vertex"}


def in_events(document: dict[str, Any]) -> dict[str, Any]:
    """The document with each stream described as Schemathesis reads it.

    Ours gives the schema of an event's data, as TGI's own does. Schemathesis takes it for that of an event:
    an object with the data as text.
    """
    for item in document["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                stream = answer.get("content", {}).get("text/event-stream")
                if stream is not None:
                    stream["schema"] = _event(stream["schema"], stream["x-event-stream"]["done"])
    return document


def _event(data: dict[str, Any], done: bool | None) -> dict[str, Any]:
    payload = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    text = payload if done is False else {"if": {"const": "[DONE]"}, "then": True, "else": payload}
    return {"type": "object", "properties": {"data": text}, "required": ["data"]}


@pytest.fixture(scope="module")
def document() -> Iterator[schemathesis.BaseSchema]:
    """The document as served; what it leads to is asked of the server that served it."""
    with Server(create_app(Settings(max_total_tokens=256, max_input_tokens=128))) as server:
        with urlopen(f"{server.base_url}/api-doc/openapi.json", timeout=10) as answer:
            found = schemathesis.openapi.from_dict(in_events(json.load(answer)))
        found.config.update(base_url=server.base_url)
        yield found


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_every_answer_is_one_that_the_document_allows(
    document: schemathesis.BaseSchema, path: str, method: str, mode: GenerationMode
) -> None:
    operation: Any = document[path][method.upper()]
    excluded = [*NOT_PROMISED, not_a_server_error] if path in SAYS_500 else NOT_PROMISED

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=excluded)

    check()
