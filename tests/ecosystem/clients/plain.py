"""Plain HTTP: httpx, and the command curl, with the few lines around them that people write.

Those lines read the data of each event as JSON and take the text from it; they look for nothing else. An
`error` in an event they show as a KeyError, because there is no token in it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from . import base

_WHOLE: dict[str, Any] = {"inputs": base.PROMPT, "parameters": {"max_new_tokens": 200}}
_CHAT: dict[str, Any] = {"messages": base.USER, "max_tokens": 200}
_TOOLS: dict[str, Any] = {**_CHAT, "tools": [base.TOOL]}
_FORMAT: dict[str, Any] = {"type": "json", "value": base.SCHEMA}
_GRAMMAR: dict[str, Any] = {
    "inputs": base.PROMPT,
    "parameters": {"max_new_tokens": 200, "grammar": _FORMAT},
}
_COMPLETION: dict[str, Any] = {"prompt": base.PROMPT, "max_tokens": 200}
_PICTURE: dict[str, Any] = {"messages": [{"role": "user", "content": base.seeing()}], "max_tokens": 200}
_GENERATE, _CHATS, _COMPLETIONS = "/generate", "/v1/chat/completions", "/v1/completions"


class Httpx(base.Client):
    """`httpx.Client`."""

    title = "httpx"
    packages = ("httpx",)
    fails = base.SHAPE_ALONE
    whole, stream = "text", "text_stream"

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        self._http = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=timeout)

    def close(self) -> None:
        self._http.close()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(self.url + path, json=body)
        _check(answer)
        return answer.json()

    def _events(self, path: str, body: dict[str, Any]) -> Iterator[Any]:
        with self._http.stream("POST", self.url + path, json={**body, "stream": True}) as answer:
            if answer.is_error:
                answer.read()
            _check(answer)
            for line in answer.iter_lines():
                if (event := _event(line)) is not None:
                    yield event

    def text(self) -> str:
        return self._post(_GENERATE, _WHOLE)["generated_text"]

    def text_stream(self) -> Iterator[str]:
        for event in self._events("/generate_stream", _WHOLE):
            yield _token(event)

    def chat(self) -> str:
        return self._post(_CHATS, _CHAT)["choices"][0]["message"]["content"]

    def chat_stream(self) -> Iterator[str]:
        for event in self._events(_CHATS, _CHAT):
            yield event["choices"][0]["delta"]["content"]

    def tools(self) -> list[tuple[str, Any]]:
        return _called(self._post(_CHATS, _TOOLS))

    def tools_stream(self) -> list[tuple[str, Any]]:
        return _put_together(list(self._events(_CHATS, _TOOLS)))

    def structured(self) -> Any:
        return json.loads(self._post(_GENERATE, _GRAMMAR)["generated_text"])

    def structured_chat(self) -> Any:
        return _content(self._post(_CHATS, {**_CHAT, "response_format": _FORMAT}))

    def structured_openai(self) -> Any:
        return _content(self._post(_CHATS, {**_CHAT, "response_format": base.OPENAI_FORMAT}))

    def completion(self) -> str:
        return self._post(_COMPLETIONS, _COMPLETION)["choices"][0]["text"]

    def completion_stream(self) -> Iterator[str]:
        for event in self._events(_COMPLETIONS, _COMPLETION):
            yield event["choices"][0]["text"]

    def image(self) -> str:
        return self._post(_CHATS, _PICTURE)["choices"][0]["message"]["content"]

    def models(self) -> list[str]:
        return _models(_check(self._http.get(f"{self.url}/v1/models")).json())

    def health(self) -> bool:
        return self._http.get(f"{self.url}/health").is_success


class HttpxAsync(base.Client):
    """`httpx.AsyncClient`."""

    title = "httpx (async)"
    packages = ("httpx",)
    fails = base.SHAPE_ALONE
    whole, stream = "text", "text_stream"

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        self._http = httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=timeout)

    async def close(self) -> None:
        await self._http.aclose()

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self._http.post(self.url + path, json=body)
        _check(answer)
        return answer.json()

    async def _events(self, path: str, body: dict[str, Any]) -> AsyncIterator[Any]:
        async with self._http.stream("POST", self.url + path, json={**body, "stream": True}) as answer:
            if answer.is_error:
                await answer.aread()
            _check(answer)
            async for line in answer.aiter_lines():
                if (event := _event(line)) is not None:
                    yield event

    async def text(self) -> str:
        return (await self._post(_GENERATE, _WHOLE))["generated_text"]

    async def text_stream(self) -> AsyncIterator[str]:
        async for event in self._events("/generate_stream", _WHOLE):
            yield _token(event)

    async def chat(self) -> str:
        return (await self._post(_CHATS, _CHAT))["choices"][0]["message"]["content"]

    async def chat_stream(self) -> AsyncIterator[str]:
        async for event in self._events(_CHATS, _CHAT):
            yield event["choices"][0]["delta"]["content"]

    async def tools(self) -> list[tuple[str, Any]]:
        return _called(await self._post(_CHATS, _TOOLS))

    async def tools_stream(self) -> list[tuple[str, Any]]:
        return _put_together([event async for event in self._events(_CHATS, _TOOLS)])

    async def structured(self) -> Any:
        return json.loads((await self._post(_GENERATE, _GRAMMAR))["generated_text"])

    async def structured_chat(self) -> Any:
        return _content(await self._post(_CHATS, {**_CHAT, "response_format": _FORMAT}))

    async def structured_openai(self) -> Any:
        return _content(await self._post(_CHATS, {**_CHAT, "response_format": base.OPENAI_FORMAT}))

    async def completion(self) -> str:
        return (await self._post(_COMPLETIONS, _COMPLETION))["choices"][0]["text"]

    async def completion_stream(self) -> AsyncIterator[str]:
        async for event in self._events(_COMPLETIONS, _COMPLETION):
            yield event["choices"][0]["text"]

    async def image(self) -> str:
        return (await self._post(_CHATS, _PICTURE))["choices"][0]["message"]["content"]

    async def models(self) -> list[str]:
        return _models(_check(await self._http.get(f"{self.url}/v1/models")).json())

    async def health(self) -> bool:
        return (await self._http.get(f"{self.url}/health")).is_success


class CurlError(Exception):
    """curl's exit status and what it wrote; `named` for the pages."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said.strip())
        self.named = f"curl: exit {status}"


class Curl(base.Client):
    """`curl --no-buffer --silent --show-error --fail-with-body`."""

    title = "curl"
    packages = ("curl",)
    language = "command"
    fails = base.SHAPE_ALONE
    whole, stream = "text", "text_stream"

    def _run(self, path: str, body: dict[str, Any] | None) -> Iterator[str]:
        """The lines of the answer, as they come. A curl that is left is ended, as by Ctrl-C."""
        arguments = [
            "curl", "--no-buffer", "--silent", "--show-error", "--fail-with-body", "--max-time",
            str(self.timeout), "--header", f"Authorization: Bearer {self.key}", self.url + path,
        ]  # fmt: skip
        if body is not None:
            arguments += ["--header", "Content-Type: application/json", "--data", json.dumps(body)]
        with subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
        ) as curl:
            assert curl.stdout is not None
            assert curl.stderr is not None
            lines = []
            try:
                for line in curl.stdout:
                    lines.append(line)
                    yield line
                if status := curl.wait():
                    raise CurlError(status, curl.stderr.read() + "".join(lines))
            finally:
                curl.terminate()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return json.loads("".join(self._run(path, body)))

    def _events(self, path: str, body: dict[str, Any]) -> Iterator[Any]:
        lines = self._run(path, {**body, "stream": True})
        try:
            for line in lines:
                if (event := _event(line.rstrip("\r\n"))) is not None:
                    yield event
        finally:
            lines.close()  # type: ignore[attr-defined]

    def text(self) -> str:
        return self._post(_GENERATE, _WHOLE)["generated_text"]

    def text_stream(self) -> Iterator[str]:
        for event in self._events("/generate_stream", _WHOLE):
            yield _token(event)

    def chat(self) -> str:
        return self._post(_CHATS, _CHAT)["choices"][0]["message"]["content"]

    def chat_stream(self) -> Iterator[str]:
        for event in self._events(_CHATS, _CHAT):
            yield event["choices"][0]["delta"]["content"]

    def tools(self) -> list[tuple[str, Any]]:
        return _called(self._post(_CHATS, _TOOLS))

    def tools_stream(self) -> list[tuple[str, Any]]:
        return _put_together(list(self._events(_CHATS, _TOOLS)))

    def structured(self) -> Any:
        return json.loads(self._post(_GENERATE, _GRAMMAR)["generated_text"])

    def structured_chat(self) -> Any:
        return _content(self._post(_CHATS, {**_CHAT, "response_format": _FORMAT}))

    def structured_openai(self) -> Any:
        return _content(self._post(_CHATS, {**_CHAT, "response_format": base.OPENAI_FORMAT}))

    def completion(self) -> str:
        return self._post(_COMPLETIONS, _COMPLETION)["choices"][0]["text"]

    def completion_stream(self) -> Iterator[str]:
        for event in self._events(_COMPLETIONS, _COMPLETION):
            yield event["choices"][0]["text"]

    def image(self) -> str:
        return self._post(_CHATS, _PICTURE)["choices"][0]["message"]["content"]

    def models(self) -> list[str]:
        return _models(json.loads("".join(self._run("/v1/models", None))))

    def health(self) -> bool:
        list(self._run("/health", None))
        return True


def _check(answer: httpx.Response) -> httpx.Response:
    """`raise_for_status` does not show the body, in which the reason stands."""
    if answer.is_error:
        said = f"{answer.status_code} {answer.reason_phrase}: {answer.text}"
        raise httpx.HTTPStatusError(said, request=answer.request, response=answer)
    return answer


def _event(line: str) -> Any:
    """The event of a line; None where it has none, or where it is the last."""
    data = line[6:] if line.startswith("data: ") else line[5:] if line.startswith("data:") else ""
    return json.loads(data) if data and data != "[DONE]" else None


def _token(event: Any) -> str:
    return "" if event["token"]["special"] else str(event["token"]["text"])


def _content(answer: Any) -> Any:
    return json.loads(answer["choices"][0]["message"]["content"])


def _called(answer: Any) -> list[tuple[str, Any]]:
    calls = answer["choices"][0]["message"]["tool_calls"]
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls]


def _put_together(events: list[Any]) -> list[tuple[str, Any]]:
    deltas = [event["choices"][0]["delta"] for event in events]
    pieces = [call["function"] for delta in deltas for call in delta.get("tool_calls", ())]
    return [(pieces[0]["name"], json.loads("".join(piece["arguments"] for piece in pieces)))]


def _models(answer: Any) -> list[str]:
    return [model["id"] for model in answer["data"]]
