"""Every request that was sent to the real router gets from the extractor what it got there."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.extraction import ExtractionRefusal, extract
from fake_tgi.requests import (
    ChatRequest,
    CompatGenerateRequest,
    CompletionRequest,
    GenerateRequest,
    SagemakerRequest,
    VertexRequest,
)

ROUTES: dict[str, Any] = {
    "/": CompatGenerateRequest,
    "/generate": GenerateRequest,
    "/generate_stream": GenerateRequest,
    "/tokenize": GenerateRequest,
    "/v1/chat/completions": ChatRequest,
    "/chat_tokenize": ChatRequest,
    "/v1/completions": CompletionRequest,
    "/invocations": SagemakerRequest,
    "/vertex": VertexRequest,
}
NOT_REACHED = (401, 404, 405)  # answered before the extractor is asked


def body_of(request: dict[str, Any]) -> bytes:
    if "json" in request:
        return json.dumps(request["json"], ensure_ascii=False).encode()
    if "raw_b64" in request:
        return base64.b64decode(request["raw_b64"])
    return str(request.get("raw", "")).encode()


def content_type_of(request: dict[str, Any]) -> str | None:
    for name, value in request["headers"].items():
        if name.lower() == "content-type":
            return str(value)
    return "application/json" if "json" in request else None


@pytest.mark.needs_shared
def test_every_recorded_refusal_is_alike_to_the_byte_and_nothing_else_is_refused(shared: Path) -> None:
    profiles = json.loads((shared / "oracle" / "profiles.json").read_text())
    refused = accepted = 0
    for path in sorted((shared / "oracle" / "exchanges").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").strip("\n").split("\n"):
            exchange = json.loads(line)
            request, response = exchange["request"], exchange["response"]
            if (
                request["method"] != "POST"
                or request["path"] not in ROUTES
                or response["status"] in NOT_REACHED
            ):
                continue
            text = "".join(response["chunks"])
            expected = (
                (response["status"], text) if text.startswith(("Failed to ", "Expected request ")) else None
            )
            try:
                extract(
                    ROUTES[request["path"]],
                    content_type_of(request),
                    body_of(request),
                    payload_limit(profiles[exchange["profile"]]),
                )
                answer = None
                accepted += 1
            except ExtractionRefusal as refusal:
                answer = (refusal.status, refusal.text)
                refused += 1
            assert answer == expected, exchange["name"]
    assert refused > 300
    assert accepted > 800


def payload_limit(profile: dict[str, Any]) -> int:
    flags = profile["router_flags"]
    return int(flags[flags.index("--payload-limit") + 1]) if "--payload-limit" in flags else 2_000_000
