"""A small server that is OpenAI-compatible and no TGI: other ids, errors, framing, further members."""

from __future__ import annotations

import json
from typing import Any

Reply = tuple[int, str, list[bytes]]


class OpenAILike:
    """An ASGI application. `lacks` names what it refuses with 400: `tools`, `logprobs`, `completions`."""

    def __init__(self, lacks: frozenset[str] = frozenset()) -> None:
        self._lacks = lacks

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        status, content_type, chunks = self._answer(scope["method"], scope["path"], body)
        headers = [(b"content-type", content_type.encode()), (b"x-request-id", b"7")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _answer(self, method: str, path: str, body: bytes) -> Reply:
        if (method, path) == ("GET", "/v1/models"):
            return _json(
                200, {"object": "list", "data": [{"id": "some-model", "object": "model", "root": "x"}]}
            )
        if method != "POST" or path not in ("/v1/chat/completions", "/v1/completions"):
            return _json(404, {"detail": "Not Found"})
        try:
            asked = json.loads(body)
        except ValueError:
            return _json(400, {"error": {"message": "no JSON", "type": "invalid_request_error"}})
        chat = path.endswith("chat/completions")
        if chat and not isinstance(asked.get("messages"), list):
            return _json(422, {"detail": [{"loc": ["messages"], "msg": "Field required"}]})
        if asked.get("temperature", 0) < 0 or asked.get("model") != "some-model":
            return _json(400, {"object": "error", "message": "temperature must be non-negative", "code": 400})
        wants = {name for name in ("tools", "logprobs") if asked.get(name)} | (
            set() if chat else {"completions"}
        )
        if wants & self._lacks:
            return _json(400, {"error": {"message": f"{wants & self._lacks} is not supported", "code": 400}})
        return _stream(asked, chat) if asked.get("stream") else _json(200, _whole(asked, chat))


def _json(status: int, value: Any) -> Reply:
    return status, "application/json; charset=utf-8", [json.dumps(value).encode()]


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-123", "object": kind, "created": 1700000000, "model": "some-model-2024"}


_USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "prompt_tokens_details": None}


def _whole(asked: Any, chat: bool) -> dict[str, Any]:
    reason = "length" if asked["max_tokens"] == 1 else "stop"
    if not chat:
        prompts = asked["prompt"] if isinstance(asked["prompt"], list) else [asked["prompt"]]
        choices = [
            {"index": i, "text": " Hi", "finish_reason": reason, "logprobs": None}
            for i, _ in enumerate(prompts)
        ]
        return {**_head("text_completion"), "choices": choices, "usage": _USAGE}
    message: dict[str, Any] = {"role": "assistant", "content": "Hi there", "refusal": None, "tool_calls": []}
    if asked.get("tools"):
        call = {
            "id": "call_1",
            "type": "function",
            "function": {"name": "set_unit", "arguments": '{"unit": "c"}'},
        }
        message.update(content=None, tool_calls=[call])
        reason = "tool_calls"
    logprobs = None
    if asked.get("logprobs"):
        logprobs = {"content": [{"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}]}
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": logprobs}
    return {**_head("chat.completion"), "choices": [choice], "usage": _USAGE, "service_tier": "default"}


def _stream(asked: Any, chat: bool) -> Reply:
    kind = "chat.completion.chunk" if chat else "text_completion"
    parts: list[Any] = [" Hi", " there"]
    if chat:
        parts = [{"role": "assistant", "content": ""}, {"content": "Hi"}, {"content": " there"}]
        if asked.get("tools"):
            start = {
                "index": 0,
                "id": "call_1",
                "type": "function",
                "function": {"name": "set_unit", "arguments": ""},
            }
            more = [{"index": 0, "function": {"arguments": part}} for part in ('{"unit":', ' "c"}')]
            parts = [{"role": "assistant", "content": None, "tool_calls": [call]} for call in (start, *more)]
    name = "delta" if chat else "text"
    events = [{**_head(kind), "choices": [{"index": 0, name: part, "finish_reason": None}]} for part in parts]
    end = {
        "index": 0,
        name: {} if chat else "",
        "finish_reason": "tool_calls" if asked.get("tools") else "stop",
    }
    events.append({**_head(kind), "choices": [end]})
    if (asked.get("stream_options") or {}).get("include_usage"):
        events.append({**_head(kind), "choices": [], "usage": _USAGE})
    lines = [f"data:{json.dumps(event)}\r\n\r\n" for event in events]
    return 200, "text/event-stream; charset=utf-8", [
        b": keep-alive\r\n\r\n", *(line.encode() for line in lines), b"data: [DONE]\r\n\r\n"
    ]  # fmt: skip
