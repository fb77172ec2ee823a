"""TGI's published OpenAPI document held to what its own router did: where it is wrong, and what shows it.

`python -m tests.contracts.published FOLDER` prints the table of docs/contracts.md, from FOLDER/spec.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tgi_contracts import Exchange, body_of, recordings

__all__ = ["difference_table", "differences"]

CHAT = "request refused /v1/chat/completions"
#: In words, by what a difference's key begins with.
WORDS = {
    "route missing": "The route is there.",
    "status missing 400": "A body that is no JSON is answered with 400 and plain text.",
    "status missing 401": "A wrong API key is answered with 401 and no body.",
    "status missing 413": "A body too large is answered with 413 and plain text.",
    "status missing 415": "Another content type is answered with 415 and plain text.",
    "status missing 422": "There are errors of status 422; the documented 404 never comes.",
    "content type missing": "A body of the wrong shape is answered with plain text, not JSON.",
    "answer refused /v1/models": "The answer is a list with the model in it, not the model.",
    "answer refused /invocations": "The answer to the form of POST / is a list of one, as there.",
    "answer refused /generate": "A seed may exceed a signed 64-bit integer.",
    "event refused error": "An error comes as an event of a 200 stream, and has its own shape.",
    "event refused [DONE]": "The stream ends with `[DONE]`, which is no chunk.",
    "event refused token": "A seed may exceed a signed 64-bit integer.",
    f"{CHAT} $.tools": "A function's `parameters` may go by that name.",
    "request refused /chat_tokenize $.tools": "A function's `parameters` may go by that name.",
    f"{CHAT} $.tool_choice": "A tool may be chosen by its bare name.",
    f"{CHAT} $.response_format": "`json_object` is another name of `json`.",
    f"{CHAT} $.messages": "A message may have a content and tool calls.",
    "request refused /v1/completions $.prompt": "A prompt may be one text.",
    "request refused /invocations": "A prompt may be one text, a seed any unsigned integer, top_n_tokens 0.",
    "request refused /tokenize": "Nothing is validated: the members need only have the right types.",
    "request refused $.parameters.frequency_penalty": "A frequency_penalty of -2 is allowed.",
    "request refused $.parameters.seed": "A seed may be 0, or exceed a signed 64-bit integer.",
    "request refused $.parameters.top_n_tokens": "A top_n_tokens of 0 is allowed.",
    "request allowed stream_options": "`stream_options` may not be null.",
    "request allowed tool_choice": "An object as `tool_choice` needs `type`.",
    "request allowed prompt": "The list of prompts may not be empty.",
    "request allowed duplicate": "max_tokens and max_completion_tokens are one member: not both.",
}


def differences(document: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """By key: in words what the router does, and the recordings that show it."""
    plain = _plain(document)
    found: dict[str, tuple[str, list[str]]] = {}
    for exchange in recordings():
        for key, words in _of_exchange(plain, exchange):
            names = found.setdefault(key, (WORDS[words], []))[1]
            if exchange["name"] not in names:
                names.append(exchange["name"])
    return dict(sorted(found.items()))


def difference_table(document: dict[str, Any]) -> str:
    """The differences as a Markdown table, each with the first recordings that show it."""
    rows = [
        f"| {key} | {words} | {', '.join(f'`{name}`' for name in names[:3])} | {len(names)} |"
        for key, (words, names) in differences(document).items()
    ]
    return "\n".join(
        ["| where | what the router does | shown by | times |", "| --- | --- | --- | --- |", *rows]
    )


def _plain(part: Any) -> Any:
    """OpenAPI 3.0's own words in those of JSON Schema 2020-12."""
    if isinstance(part, list):
        return [_plain(item) for item in part]
    if not isinstance(part, dict):
        return part
    out = {key: _plain(value) for key, value in part.items() if key not in ("nullable", "example", "default")}
    for form, limit in (("int64", 2**63 - 1), ("int32", 2**31 - 1)):
        if out.get("format") == form:
            out["maximum"] = limit
    return {"anyOf": [out, {"type": "null"}]} if part.get("nullable") is True else out


def _of_exchange(document: dict[str, Any], exchange: Exchange) -> Iterator[tuple[str, str]]:
    request, response = exchange["request"], exchange["response"]
    method, path, status = request["method"], request["path"].partition("?")[0], response["status"]
    if method in ("OPTIONS", "HEAD") or status in (404, 405):
        return
    route = f"{method} {path}"
    operation = document["paths"].get(path, {}).get(method.lower())
    if operation is None:
        yield f"{route}: route missing", "route missing"
        return
    yield from _of_request(document, operation, exchange, route, path)
    answer = operation["responses"].get(str(status))
    if answer is None:
        yield f"{route} {status}: status missing", f"status missing {status}"
        return
    body = "".join(response["chunks"])
    media = dict(map(tuple, response["headers"])).get("content-type", "").partition(";")[0]
    content = answer.get("content", {}).get(media)
    if content is None:
        if body:
            yield f"{route} {status}: {media} missing", "content type missing"
        return
    holds = Draft202012Validator({**content["schema"], "components": document["components"]}).is_valid
    if media == "application/json" and not holds(json.loads(body)):
        yield f"{route} {status}: answer refused", f"answer refused {path}"
    for block in body.split("\n\n")[:-1] if media == "text/event-stream" else ():
        data = block.removeprefix("data: ")
        if not holds(data if data == "[DONE]" else json.loads(data)):
            kind = data if data == "[DONE]" else "error" if data.startswith('{"error"') else "token"
            yield f"{route} {status}: event refused ({kind})", f"event refused {kind}"


def _of_request(
    document: dict[str, Any], operation: dict[str, Any], exchange: Exchange, route: str, path: str
) -> Iterator[tuple[str, str]]:
    text = "".join(exchange["response"]["chunks"])
    try:
        body, _ = json.JSONDecoder().raw_decode((body_of(exchange["request"]) or b"").decode().lstrip())
    except ValueError:
        return
    if (
        "requestBody" not in operation
        or not isinstance(body, dict)
        or isinstance(body.get("parameters"), list)
    ):
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    errors = list(Draft202012Validator({**schema, "components": document["components"]}).iter_errors(body))
    accepted = exchange["response"]["status"] == 200 and 'data: {"error"' not in text
    if accepted and errors:
        where = re.sub(r"\[\d+\]", "", errors[0].json_path)
        special = f"request refused {path} {where}"
        words = special if special in WORDS else f"request refused {path}"
        yield f"{route}: request refused ({where})", words if words in WORDS else f"request refused {where}"
    if not errors and text.startswith("Failed to deserialize"):
        reason = re.sub(r" at line.*|Failed to deserialize the JSON body into the target type: ", "", text)
        member = reason.partition(":")[0] if ":" in reason else "duplicate"
        if reason != "duplicate field `inputs`":  # which no schema can see
            yield f"{route}: request allowed ({member})", f"request allowed {member}"


if __name__ == "__main__":
    text = (Path(sys.argv[1]) / "spec" / "openapi.json").read_text(encoding="utf-8")
    print(difference_table(json.loads(text)))
