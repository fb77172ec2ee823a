"""What the real router said keeps every contract, and every request schema says what it accepted."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tgi_contracts import (
    Exchange,
    body_of,
    check_exchange,
    check_stream,
    endpoint,
    is_valid,
    profiles,
    recordings,
    violations,
    violations_of,
)

from .answered import answered

ALL: list[Exchange] = list(recordings())


@pytest.mark.parametrize("profile", profiles())
def test_every_recorded_exchange_keeps_every_contract(profile: str) -> None:
    for exchange in recordings(profile=profile):
        assert check_exchange(exchange) == [], exchange["name"]


@pytest.mark.parametrize("profile", profiles())
def test_every_recorded_exchange_is_in_the_format_that_the_schema_describes(profile: str) -> None:
    for exchange in recordings(profile=profile):
        assert violations(exchange, "Exchange") == [], exchange["name"]


@pytest.mark.sweep
def test_every_recorded_answer_and_event_keeps_the_contract_of_its_route_by_itself() -> None:
    for exchange in ALL:
        request, status = exchange["request"], exchange["response"]["status"]
        for value, event in answered(exchange):
            assert violations_of(request["method"], request["path"], status, value, event=event) == []


@pytest.mark.sweep
def test_every_recorded_stream_is_whole_by_itself() -> None:
    """As sent, and as the data of its events with the end marker or without, its route known or not."""
    count = 0
    for exchange in ALL:
        values = [value for value, event in answered(exchange) if event]
        if values:
            count += 1
            for path in (None, exchange["request"]["path"]):
                assert check_stream("".join(exchange["response"]["chunks"]), path=path) == []
                assert check_stream(exchange["response"]["chunks"], path=path) == []
                assert check_stream(values, path=path) == []
                data = [value for value in values if value != "[DONE]"]
                assert check_stream(data or values, path=path) == []
    assert count == 267


#: Refused for what no schema can know: this server's limits, the tokens of a text, the template, names that
#: two members share, the inside of a grammar; or not refused for the request's sake at all.
BEYOND_A_SCHEMA = re.compile(
    r"must be > 0 and <=|`best_of` != 1 is not allowed|maximum allowed batch size|`top_n_tokens` must be"
    r"|`stop` supports up to|must be strictly positive and less than|tokens \+ `max_new_tokens`"
    r"|Template error|Tool with name|Failed to parse generated text|grammar is not valid: "
    r"|cannot compile regex|grammar is not supported|Model is overloaded|Request failed during generation"
    r"|duplicate field"
)


def test_a_request_schema_holds_exactly_for_the_requests_that_the_router_accepted() -> None:
    """Left aside are array forms of objects, which the router accepts and no one should send."""
    told: Counter[str] = Counter()
    for exchange in ALL:
        request, response = exchange["request"], exchange["response"]
        text = "".join(response["chunks"])
        if request["method"] != "POST" or response["status"] in (400, 401, 404, 405, 413, 415):
            continue
        schema = endpoint("POST", request["path"]).request
        assert schema is not None
        try:
            # The router ignores what follows the first value, and what follows its first complaint.
            body, _ = json.JSONDecoder().raw_decode((body_of(request) or b"").decode().lstrip())
        except ValueError:
            told["no JSON after all"] += 1
            continue
        if isinstance(body, list) or (isinstance(body, dict) and isinstance(body.get("parameters"), list)):
            told["array form"] += 1
            continue
        refused = response["status"] != 200 or re.search(r'^data: \{"error"', text, re.M) is not None
        holds = is_valid(body, schema)
        if refused and BEYOND_A_SCHEMA.search(text):
            told["beyond a schema"] += 1
        else:
            told["accepted" if holds else "refused"] += 1
            assert holds != refused, (exchange["name"], text[:200], violations(body, schema))
    assert told["accepted"] > 600
    assert told["refused"] > 350


def test_the_profiles_tell_how_the_router_ran_and_their_model_folders_are_there() -> None:
    assert violations(profiles(), "Profiles") == []
    for profile in profiles().values():
        folder = files("tgi_contracts") / "recordings" / profile["tokenizer"]
        assert (folder / "tokenizer.json").is_file()


def test_a_profile_that_does_not_exist_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match=r"no profile is called 'x'; there are default, auth"):
        recordings(profile="x")


def test_names_are_one_of_a_kind_and_each_exchange_is_in_the_file_of_its_profile() -> None:
    assert len({exchange["name"] for exchange in ALL}) == len(ALL)
    for name in profiles():
        assert {exchange["profile"] for exchange in recordings(profile=name)} == {name}


@pytest.mark.needs_shared
def test_the_recordings_are_those_of_the_oracle(shared: Path) -> None:
    for name in profiles():
        own = (files("tgi_contracts") / "recordings" / f"{name}.jsonl").read_bytes()
        assert own == (shared / "oracle" / "exchanges" / f"{name}.jsonl").read_bytes()


def snapshots(shared: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((shared / "snapshots").glob("*.json")):
        value = json.loads(file.read_text(encoding="utf-8"))
        for each in value if isinstance(value, list) else [value]:
            yield file.name, each


def covered_by(value: dict[str, Any]) -> tuple[str, bool]:
    """The route that gives such an answer, and whether it is an event."""
    if "generated_text" in value:
        return "/generate", False
    if value["object"] == "text_completion":
        return "/v1/completions", False
    return "/v1/chat/completions", value["object"] == "chat.completion.chunk"


@pytest.mark.needs_shared
def test_every_answer_of_a_real_model_keeps_its_contract(shared: Path) -> None:
    count = 0
    for name, value in snapshots(shared):
        path, event = covered_by(value)
        assert violations_of("POST", path, 200, value, event=event) == [], name
        count += 1
    assert count == 241


@pytest.mark.needs_shared
def test_every_stream_of_a_real_model_is_whole(shared: Path) -> None:
    count = 0
    for file in sorted((shared / "snapshots").glob("*.json")):
        value = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(value, list) and value and value[0].get("object") == "chat.completion.chunk":
            assert check_stream(value) == [], file.name
            count += 1
    assert count >= 4
