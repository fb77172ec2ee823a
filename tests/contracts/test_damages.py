"""Every deliberate damage to a recorded answer is seen; the few that no one could see are listed here."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tgi_contracts import Exchange, _answers, check_exchange, recordings, violations_of

from .answered import answered
from .damages import Damage, exchange_damages, value_damages
from .test_recordings import ALL, covered_by, snapshots

#: So many damages of one kind at one place of one route's answers; set the variable to try all 130,000.
EACH = 1_000_000 if os.environ.get("TGI_CONTRACTS_EVERY_DAMAGE") else 3

Key = tuple[Any, ...]


def place(damage: Damage) -> str:
    return re.sub(r"\d+", "N", damage.where)


def tried(exchanges: list[Exchange]) -> Iterator[tuple[Exchange, Damage]]:
    seen: Counter[Key] = Counter()
    for exchange in exchanges:
        request, status = exchange["request"], exchange["response"]["status"]
        for damage in exchange_damages(dict(exchange)):
            key = (request["path"].partition("?")[0], status, damage.kind, place(damage))
            seen[key] += 1
            if seen[key] <= EACH:
                yield exchange, damage


@pytest.fixture
def each_value_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A damage to one event of a thousand leaves the others as they were: their judgement is remembered."""
    judged: dict[tuple[str, str], bool] = {}
    judge = _answers.is_valid

    def remembered(value: Any, name: str) -> bool:
        key = (name, json.dumps(value))
        if key not in judged:
            judged[key] = judge(value, name)
        return judged[key]

    monkeypatch.setattr(_answers, "is_valid", remembered)


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("each_value_judged_once")
def test_no_damage_to_a_recorded_exchange_goes_unseen() -> None:
    count: Counter[str] = Counter()
    unseen = []
    for exchange, damage in tried(ALL):
        count[damage.kind] += 1
        if not check_exchange(damage.result):
            unseen.append(f"{exchange['name']}: {damage}")
    assert unseen == []
    assert count.total() > (120_000 if EACH > 3 else 4_000)
    assert set(count) == {
        "dropped", "renamed", "retyped", "nulled", "out of range", "extra", "emptied", "status", "cut",
        "garbled",
        "event dropped", "event doubled", "stream cut", "reordered",
    }  # fmt: skip


#: What an answer does not show by itself, without the request and the model: that something optional was
#: asked for, that the model sampled, that a log-probability was a number, that this event was the last.
UNKNOWABLE = [
    r"dropped at \S*\.details",
    r"dropped at \S*\.(top_tokens|best_of_sequences)",
    r"nulled at \S*\.logprobs?",
    r"nulled at \S*\.seed",
    r"nulled at \$\.(details|generated_text)",
    r"nulled at \$\.choices\[N\]\.finish_reason",
    r"nulled at \$\.choices\[N\]\.delta\.tool_calls\[N\]\.function\.name",
]


def unseen_values(values: Iterator[tuple[str, str, int, Any, bool]]) -> tuple[int, set[str]]:
    """How many damages were tried on values by themselves, and those that no contract of the route sees."""
    seen: Counter[Key] = Counter()
    unseen = set()
    total = 0
    for method, path, status, value, event in values:
        for damage in value_damages(value):
            key = (path, status, event, damage.kind, place(damage))
            seen[key] += 1
            if seen[key] <= EACH:
                total += 1
                if not violations_of(method, path, status, damage.result, event=event):
                    unseen.add(f"{damage.kind} at {place(damage)}")
    return total, unseen


def test_by_itself_an_answer_hides_only_what_it_cannot_show() -> None:
    def values() -> Iterator[tuple[str, str, int, Any, bool]]:
        for exchange in ALL:
            request = exchange["request"]
            for value, event in answered(exchange):
                if not isinstance(value, str):
                    path = request["path"].partition("?")[0]
                    yield request["method"], path, exchange["response"]["status"], value, event

    total, unseen = unseen_values(values())
    assert total > 3_000
    hidden = {each for each in unseen if any(re.fullmatch(pattern, each) for pattern in UNKNOWABLE)}
    assert unseen - hidden == set()
    assert [p for p in UNKNOWABLE if not any(re.fullmatch(p, each) for each in unseen)] == []


#: Besides the above: what a client wrote down as null may as well be gone.
WRITTEN_AS_NULL = [
    r"dropped at \S*\.(name|tool_calls|usage|function_call|refusal|service_tier)",
    r"dropped at \S*\.(message|delta)\.content",  # of a call
]


@pytest.mark.needs_shared
def test_in_an_answer_of_a_real_model_too(shared: Path) -> None:
    def values() -> Iterator[tuple[str, str, int, Any, bool]]:
        for _, value in snapshots(shared):
            path, event = covered_by(value)
            yield "POST", path, 200, value, event

    total, unseen = unseen_values(values())
    assert total > 900
    allowed = UNKNOWABLE + WRITTEN_AS_NULL
    assert {each for each in unseen if not any(re.fullmatch(pattern, each) for pattern in allowed)} == set()


def test_an_answer_that_sends_null_for_what_should_be_absent_is_refused() -> None:
    """Only in the order in which a client writes its members down may they be null."""
    [exchange] = [e for e in recordings(profile="default") if e["name"] == "generate.details"]
    answer = json.loads("".join(exchange["response"]["chunks"]))
    answer["details"]["best_of_sequences"] = answer["details"]["top_tokens"] = None
    assert violations_of("POST", "/generate", 200, answer) != []
    written_down = json.loads(json.dumps(answer, sort_keys=True))
    assert violations_of("POST", "/generate", 200, written_down) == []
