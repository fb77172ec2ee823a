"""A help desk: `GET /ask?question=…` answers as a stream of text, with what it looks up on the way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from openai import APIError, AsyncOpenAI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

MODEL = "tgi"
HOURS = {"monday": "9 to 17", "sunday": "closed"}
TOOL = {
    "type": "function",
    "function": {
        "name": "opening_hours",
        "description": "When the shop is open",
        "parameters": {
            "type": "object",
            "properties": {"day": {"type": "string", "enum": sorted(HOURS)}},
            "required": ["day"],
        },
    },
}


def messages(question: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "You work at a help desk."}, {"role": "user", "content": question}]


async def ask(request: Request) -> Response:
    question = request.query_params.get("question")
    if not question:
        return JSONResponse({"error": "ask a question"}, 400)
    client: AsyncOpenAI = request.app.state.client
    try:
        stream = await client.chat.completions.create(
            model=MODEL, messages=messages(question), stream=True, max_tokens=100
        )
    except APIError as error:
        return JSONResponse({"error": f"the model does not answer: {error.message}"}, 503)

    async def texts() -> AsyncIterator[str]:
        async with stream:  # whoever leaves ends the call behind, too
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    yield chunk.choices[0].delta.content

    return StreamingResponse(texts(), media_type="text/plain")


async def hours(request: Request) -> Response:
    client: AsyncOpenAI = request.app.state.client
    answer = await client.chat.completions.create(
        model=MODEL,
        messages=messages(request.query_params["question"]),
        tools=[TOOL],
        tool_choice="required",
        max_tokens=100,
    )
    (call,) = answer.choices[0].message.tool_calls
    day = json.loads(call.function.arguments)["day"]
    return JSONResponse({"day": day, "hours": HOURS[day]})


def create_app(client: AsyncOpenAI | None = None) -> Starlette:
    app = Starlette(routes=[Route("/ask", ask), Route("/hours", hours)])
    app.state.client = client or AsyncOpenAI(max_retries=2)
    return app
