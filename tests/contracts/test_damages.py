"""Every deliberate damage to a recorded answer is seen; the few that no one could see are listed here."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tgi_contracts import Exchange, _answers, check_exchange, recordings, violations_of

from .answered import answered
from .damages import Damage, exchange_damages, value_damages
from .test_recordings import ALL, covered_by, snapshots

DOCUMENT = Path(__file__).parents[2] / "docs" / "contracts.md"

#: So many damages of one kind at one place of one route's answers; set the variable to try them all.
EACH = 1_000_000 if os.environ.get("TGI_CONTRACTS_EVERY_DAMAGE") else 3

Key = tuple[Any, ...]


def place(damage: Damage) -> str:
    return re.sub(r"\d+", "N", damage.where)


def tried(exchanges: list[Exchange], seen: Counter[Key]) -> Iterator[tuple[Exchange, Damage]]:
    """Exchanges with one damage each, counted in `seen` whether they are tried or left out."""
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


@pytest.mark.sweep
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("each_value_judged_once")
def test_no_damage_to_a_recorded_exchange_goes_unseen() -> None:
    count: Counter[str] = Counter()
    seen: Counter[Key] = Counter()
    unseen = []
    for exchange, damage in tried(ALL, seen):
        count[damage.kind] += 1
        if not check_exchange(damage.result):
            unseen.append(f"{exchange['name']}: {damage}")
    assert unseen == []
    assert f"Of {seen.total():,} deliberate damages" in DOCUMENT.read_text(encoding="utf-8")
    assert count.total() == seen.total() if EACH > 3 else count.total() > 4_000
    assert set(count) == {
        "dropped", "renamed", "retyped", "nulled", "out of range", "extra", "emptied", "status", "cut",
        "garbled",
        "event dropped", "event doubled", "stream cut", "reordered",
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Excuse:
    """Damages to values by themselves that nobody could see: where, of which answers and members."""

    kind: str
    place: str
    paths: str
    event: bool
    when: Callable[[Damage], bool] = lambda damage: True

    def covers(self, damage: Damage, path: str, event: bool) -> bool:
        return (
            (damage.kind, event) == (self.kind, self.event)
            and re.fullmatch(self.place, place(damage)) is not None
            and re.fullmatch(self.paths, path) is not None
            and self.when(damage)
        )


WHOLE, STREAMED, CHAT = "/generate|/|/invocations", "/generate_stream|/|/invocations", "/v1/chat/completions"
DETAILS = r"\$(\[N\])?\.details"
LOGPROB = r"(best_of_sequences\[N\]\.)?(prefill\[N\]|tokens\[N\]|top_tokens\[N\]\[N\])\.logprob"
CHAT_LOGPROB = r"\$\.choices\[N\]\.logprobs(\.content\[N\](\.top_logprobs\[N\])?\.logprob)?"

#: What an answer does not show by itself, without the request and the model: that something optional was
#: asked for, that the model sampled, that a log-probability was a number, that this event was the last.
UNKNOWABLE = (
    Excuse("dropped", DETAILS, WHOLE, False),
    Excuse("dropped", DETAILS + r"\.(top_tokens|best_of_sequences)", WHOLE, False),
    Excuse("dropped", r"\$\.top_tokens", STREAMED, True),
    Excuse("nulled", rf"{DETAILS}\.{LOGPROB}", WHOLE, False),
    Excuse("nulled", r"\$\.(token|top_tokens\[N\])\.logprob", STREAMED, True),
    Excuse("nulled", CHAT_LOGPROB, CHAT, False),
    Excuse("nulled", CHAT_LOGPROB, CHAT, True),
    Excuse("nulled", DETAILS + r"(\.best_of_sequences\[N\])?\.seed", WHOLE, False),
    Excuse("nulled", DETAILS + r"\.seed", STREAMED, True),
    Excuse("nulled", r"\$\.details", STREAMED, True),
    # Details come with the last event alone: beside them the text must be there.
    Excuse("nulled", r"\$\.generated_text", STREAMED, True, lambda damage: damage.holder["details"] is None),
    Excuse("nulled", r"\$\.choices\[N\]\.finish_reason", CHAT, True),
    Excuse("nulled", r"\$\.choices\[N\]\.delta\.tool_calls\[N\]\.function\.name", CHAT, True),
)


def hidden(
    values: Iterator[tuple[str, str, int, Any, bool]], excuses: tuple[Excuse, ...]
) -> tuple[int, set[str], set[Excuse]]:
    """How many damages were tried on values by themselves; those that no contract of the route sees and
    nothing excuses; and the excuses that were needed."""
    seen: Counter[Key] = Counter()
    unseen, needed = set(), set()
    total = 0
    for method, path, status, value, event in values:
        for damage in value_damages(value):
            key = (path, status, event, damage.kind, place(damage), damage.was is None)
            seen[key] += 1
            if seen[key] <= EACH:
                total += 1
                if not violations_of(method, path, status, damage.result, event=event):
                    excuse = next((each for each in excuses if each.covers(damage, path, event)), None)
                    if excuse is None:
                        unseen.add(f"{path} {status}: {damage} (was {json.dumps(damage.was)[:60]})")
                    else:
                        needed.add(excuse)
    return total, unseen, needed


@pytest.mark.sweep
def test_by_itself_an_answer_hides_only_what_it_cannot_show() -> None:
    def values() -> Iterator[tuple[str, str, int, Any, bool]]:
        for exchange in ALL:
            request = exchange["request"]
            for value, event in answered(exchange):
                if not isinstance(value, str):
                    path = request["path"].partition("?")[0]
                    yield request["method"], path, exchange["response"]["status"], value, event

    total, unseen, needed = hidden(values(), UNKNOWABLE)
    assert total > 3_000
    assert unseen == set()
    assert set(UNKNOWABLE) - needed == set()


def was_null(damage: Damage) -> bool:
    return damage.was is None


def was_null_beside_a_call(damage: Damage) -> bool:
    return damage.was is None and damage.holder.get("tool_calls") is not None


def written_down(damage: Damage) -> bool:
    """Whether a client wrote it: members in the order of the alphabet."""
    return list(damage.holder) == sorted(damage.holder)


#: Besides the above: what a client wrote down as null may as well be gone, and the other way round.
WRITTEN_AS_NULL = (
    Excuse("dropped", r"\$\.choices\[N\]\.(usage|message\.(name|tool_calls))", CHAT, False, was_null),
    Excuse("dropped", r"\$\.choices\[N\]\.message\.content", CHAT, False, was_null_beside_a_call),
    Excuse("dropped", r"\$\.choices\[N\]\.delta\.(tool_calls|function_call|refusal)", CHAT, True, was_null),
    Excuse("dropped", r"\$\.choices\[N\]\.delta\.content", CHAT, True, was_null_beside_a_call),
    Excuse("dropped", r"\$\.service_tier", CHAT, True, was_null),
    Excuse("nulled", DETAILS, WHOLE, False, written_down),
)


@pytest.mark.sweep
@pytest.mark.needs_shared
def test_in_an_answer_of_a_real_model_too(shared: Path) -> None:
    def values() -> Iterator[tuple[str, str, int, Any, bool]]:
        for _, value in snapshots(shared):
            path, event = covered_by(value)
            yield "POST", path, 200, value, event

    total, unseen, needed = hidden(values(), UNKNOWABLE + WRITTEN_AS_NULL)
    assert total > 900
    assert unseen == set()
    assert set(WRITTEN_AS_NULL) - needed == set()


def test_an_answer_that_sends_null_for_what_should_be_absent_is_refused() -> None:
    """Only in the order in which a client writes its members down may they be null."""
    [exchange] = [e for e in recordings(profile="default") if e["name"] == "generate.details"]
    answer = json.loads("".join(exchange["response"]["chunks"]))
    answer["details"]["best_of_sequences"] = answer["details"]["top_tokens"] = None
    assert violations_of("POST", "/generate", 200, answer) != []
    written_down = json.loads(json.dumps(answer, sort_keys=True))
    assert violations_of("POST", "/generate", 200, written_down) == []
