"""The table of questions: cheap, bounded, each after what it needs."""

from __future__ import annotations

import pytest

from fake_tgi.verification.facts import FACTS
from fake_tgi.verification.question import Fact, facts_in, tokens_at_most
from fake_tgi.verification.questions import all_questions, in_order, needed_by
from tgi_contracts import endpoints

QUESTIONS = all_questions()
GENERATING = (
    "/generate",
    "/generate_stream",
    "/",
    "/v1/chat/completions",
    "/v1/completions",
    "/vertex",
    "/invocations",
)
PROMPTS = {"inputs", "messages", "prompt"}


def test_every_question_has_a_name_of_its_own() -> None:
    names = [question.name for question in QUESTIONS]
    assert sorted(set(names)) == sorted(names)


def test_every_question_comes_after_those_it_needs() -> None:
    asked: set[str] = set()
    for question in in_order(QUESTIONS):
        assert set(needed_by(question)) <= asked, question.name
        asked.add(question.name)
    assert len(asked) == len(QUESTIONS)


def test_what_costs_nothing_is_asked_first() -> None:
    costs = [question.tokens for question in in_order(QUESTIONS)]
    first = next(i for i, cost in enumerate(costs) if cost)
    # After the first token, only what looks back at the answers costs none.
    assert [q.name for q in in_order(QUESTIONS)[first:] if not q.tokens] == [
        "metrics.afterwards",
        "health.afterwards",
    ]


def test_there_are_about_a_hundred_that_cost_nothing_and_the_rest_is_bounded() -> None:
    tgi = [question for question in QUESTIONS if question.suite == "tgi"]
    assert 100 <= sum(not question.tokens for question in tgi) <= 120
    assert 150 <= len(tgi) <= 180
    assert sum(question.tokens for question in tgi) < 1000
    assert max(question.tokens for question in QUESTIONS) == 64


def test_a_body_never_asks_for_an_unbounded_answer() -> None:
    """A server that refuses nothing must not be made to talk without end."""
    limits = {"max_new_tokens", "max_tokens", "max_completion_tokens"}
    unbounded = []
    for question in QUESTIONS:
        body = question.json
        if question.path in GENERATING and isinstance(body, dict) and body.keys() & PROMPTS:
            unbounded += [] if limits & {*body, *body.get("parameters", ())} else [question.name]
    assert unbounded == []


def test_a_question_needs_only_what_there_is() -> None:
    names = {question.name for question in QUESTIONS}
    needed = {name for question in QUESTIONS for name in needed_by(question)}
    assert needed <= names
    assert {name for question in QUESTIONS for name in facts_in(question.json)} <= set(FACTS)


# Which files the documentation is made of is up to the server: there is none to ask every server for.
ROUTES = [f"{e.method} {e.path}" for e in endpoints() if e.origin == "router" and e.path != "/docs/{file}"]


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_of_the_router_is_asked(route: str) -> None:
    assert any(question.route == route and not question.error for question in QUESTIONS)


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"inputs": "a", "parameters": {"max_new_tokens": 8}}, 8),
        ({"inputs": "a", "parameters": {"max_new_tokens": 8, "best_of": 3}}, 24),
        ({"inputs": "a", "parameters": {"max_new_tokens": 8, "best_of": Fact("best_of")}}, 16),
        ({"messages": [], "max_tokens": 5}, 5),
        ({"messages": [], "max_completion_tokens": 5}, 5),
        ({"prompt": ["a", "b"], "max_tokens": 5}, 10),
        ({"instances": [{"inputs": "a", "parameters": {"max_new_tokens": 4}}, {"max_tokens": 3}]}, 7),
        ({"inputs": "a"}, 0),
    ],
)  # fmt: skip
def test_the_cost_of_a_body_is_what_it_may_generate(body: object, tokens: int) -> None:
    assert tokens_at_most(body) == tokens
