"""What the page on the router says, the fake does: in this order, with these statuses, in these forms."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from fake_tgi import FakeTGI
from tgi_contracts import is_valid

from .examples import ROOT, blocks_of

PAGE = (ROOT / "docs" / "how-it-answers.md").read_text(encoding="utf-8")
FORMS = {"an empty body": None, "plain text": "text/plain; charset=utf-8", "JSON": "application/json"}


@dataclass
class Wrong:
    """One request in which this, and everything below it in the table, is wrong."""

    method: str = "PUT"
    key: str = "Bearer nope"
    content_type: str = "text/plain"
    body: str = "{" + "x" * 3_000


def rows() -> list[tuple[str, int, str]]:
    found = re.findall(r"^\| ([^|]+) \| (\d+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    return [(what, int(status), form) for what, status, form in found]


def body(**parameters: Any) -> str:
    return json.dumps({"inputs": "", "parameters": parameters})


# What is put right, row by row; the row after it is then the first that is wrong.
MENDED: list[dict[str, str]] = [
    {"key": "Bearer sesame"},
    {"method": "POST"},
    {"content_type": "application/json"},
    {"body": "{nope"},
    {"body": '{"inputs": 5}'},
    {"body": body(best_of=9, top_p=2)},
    {"body": body(top_p=2)},
]


def answers() -> list[tuple[int, str | None]]:
    """Of each row the answer to a request that is wrong in it and in all below it, but right above."""
    wrong, got = Wrong(), []
    with FakeTGI(api_key="sesame", payload_limit=2_000, max_concurrent_requests=0) as fake:
        for mended in [{}, *MENDED]:
            for name, value in mended.items():
                setattr(wrong, name, value)
            got.append(asked(fake, wrong))
    with FakeTGI(api_key="sesame") as fake:
        got.append(asked(fake, wrong))
        fake.sick(crash_after=0)
        wrong.body = json.dumps({"inputs": "Hello", "parameters": {}})
        got.append(asked(fake, wrong))
    return got


def asked(fake: FakeTGI, wrong: Wrong) -> tuple[int, str | None]:
    answer = requests.request(
        wrong.method,
        f"{fake.base_url}/generate",
        data=wrong.body,
        headers={"Authorization": wrong.key, "Content-Type": wrong.content_type},
        timeout=10,
    )
    return answer.status_code, answer.headers.get("content-type")


def test_the_first_thing_that_is_wrong_is_the_one_that_is_told() -> None:
    expected = [
        (status, next(kind for words, kind in FORMS.items() if form.startswith(words)))
        for _, status, form in rows()
    ]
    assert len(expected) == 10
    assert answers() == expected


@pytest.mark.parametrize("event", [block.code for block in blocks_of("docs/how-it-answers.md")][:2])
def test_the_events_that_it_shows_are_events(event: str) -> None:
    value = json.loads(event)
    assert is_valid(value, "StreamEvent") or is_valid(value, "ChatStreamEvent") or "http_status_code" in event
    said = value["error"] if isinstance(value["error"], str) else value["error"]["message"]
    with FakeTGI(max_concurrent_requests=0 if "overloaded" in said else 8) as fake:
        route, payload = (
            ("/generate_stream", {"inputs": ""})
            if isinstance(value["error"], str)
            else (
                "/v1/chat/completions",
                {"messages": [{"role": "user", "content": "Hi"}], "stream": True},
            )
        )
        answer = requests.post(f"{fake.base_url}{route}", json=payload, timeout=10)
    assert answer.status_code == 200
    assert json.loads(answer.text.split("\n\n")[0].removeprefix("data: ").removeprefix("data:")) == value
