"""A small Starlette application with a pydantic model for its requests, as one writes it. For uvicorn."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bare import event, whole
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


class Parameters(BaseModel):
    max_new_tokens: int = Field(20, gt=0)
    temperature: float | None = Field(None, gt=0)
    top_p: float | None = Field(None, gt=0, lt=1)
    do_sample: bool = False
    seed: int | None = None
    stop: list[str] = []
    details: bool = False


class Generate(BaseModel):
    inputs: str
    parameters: Parameters = Parameters()


async def generate(request: Request) -> Response:
    asked = Generate.model_validate_json(await request.body())
    return Response(whole(asked.parameters.max_new_tokens), media_type="application/json")


async def generate_stream(request: Request) -> Response:
    asked = Generate.model_validate_json(await request.body())
    tokens = asked.parameters.max_new_tokens

    async def events() -> AsyncIterator[bytes]:
        for at in range(tokens):
            yield event(at, tokens)

    return StreamingResponse(events(), media_type="text/event-stream")


app = Starlette(
    routes=[
        Route("/generate", generate, methods=["POST"]),
        Route("/generate_stream", generate_stream, methods=["POST"]),
    ]
)
