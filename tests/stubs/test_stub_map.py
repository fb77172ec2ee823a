"""Which stub answers: the highest priority, then the newest, of those that match and are not used up."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from fake_tgi.call import Call
from fake_tgi.matching import Contains, FormError
from fake_tgi.scenarios import Scenarios
from fake_tgi.stubs import Step, Stub, StubMap
from fake_tgi.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.load()


@pytest.fixture
def scenarios() -> Scenarios:
    return Scenarios()


@pytest.fixture
def stubs(tokenizer: Tokenizer, scenarios: Scenarios) -> StubMap:
    return StubMap(tokenizer, scenarios)


def call(inputs: str = "Hello", path: str = "/generate", method: str = "POST") -> Call:
    return Call(method, path, (), json.dumps({"inputs": inputs}).encode())


def answers(stubs: StubMap, *calls: Call) -> list[Any]:
    """For each call the text that it is answered with; None where no stub answers."""
    found = [stubs.match(each) for each in calls]
    return [None if match is None else match.answer.as_json().get("text") for match in found]


def test_without_a_stub_nothing_matches_and_nothing_is_looked_at(stubs: StubMap) -> None:
    assert stubs.idle
    assert stubs.match(Call("POST", "/generate", (), b"\xff")) is None


def test_the_newest_answers(stubs: StubMap) -> None:
    stubs.add(Stub(answer="old"))
    stubs.add(Stub(answer="new"))
    assert answers(stubs, call()) == ["new"]


def test_the_highest_priority_answers_before_the_newest(stubs: StubMap) -> None:
    stubs.add(Stub(answer="high", priority=1))
    stubs.add(Stub(answer="new"))
    stubs.add(Stub(answer="low", priority=-1))
    assert answers(stubs, call()) == ["high"]
    assert [placed.stub.answers[0].as_json()["text"] for placed in stubs] == ["high", "new", "low"]


def test_one_that_does_not_match_leaves_the_call_to_the_next(stubs: StubMap) -> None:
    stubs.add(Stub(answer="any"))
    stubs.add(Stub({"inputs": Contains("sky")}, "sky"))
    assert answers(stubs, call(), call("the sky")) == ["any", "sky"]


def test_a_stub_answers_as_often_as_it_may(stubs: StubMap) -> None:
    stubs.add(Stub(answer="always"))
    twice = stubs.add(Stub(answer="twice", times=2))
    assert answers(stubs, *[call()] * 3) == ["twice", "twice", "always"]
    assert (twice.hits, twice.spent) == (2, True)


def test_several_answers_come_one_after_the_other_and_the_last_one_stays(stubs: StubMap) -> None:
    stubs.add(Stub(answer=["one", "two"]))
    assert answers(stubs, *[call()] * 3) == ["one", "two", "two"]


def test_several_answers_can_be_limited_as_well(stubs: StubMap) -> None:
    stubs.add(Stub(answer=["one", "two"], times=2))
    assert answers(stubs, *[call()] * 3) == ["one", "two", None]


def test_stubs_in_order_answer_once_each_and_only_in_their_turn(stubs: StubMap) -> None:
    first, second = stubs.add_in_order(
        Stub({"inputs": "login"}, "welcome"), Stub({"inputs": "buy"}, "bought")
    )
    assert answers(stubs, call("buy"), call("login"), call("login"), call("buy"), call("buy")) == [
        None, "welcome", None, "bought", None
    ]  # fmt: skip
    assert (first.hits, second.hits) == (1, 1)


@pytest.mark.parametrize("stub", [Stub(answer="a", times=2), Stub(answer="a", step=Step("x"))])
def test_a_stub_with_a_part_of_its_own_cannot_be_put_in_order(stubs: StubMap, stub: Stub) -> None:
    with pytest.raises(ValueError, match="neither scenario nor times"):
        stubs.add_in_order(stub)
    assert len(stubs) == 0


def test_a_scenario_goes_from_state_to_state(stubs: StubMap, scenarios: Scenarios) -> None:
    stubs.add(Stub(answer="logged out", step=Step("login")))
    stubs.add(Stub({"inputs": "log in"}, "done", step=Step("login", "start", "in")))
    stubs.add(Stub({"inputs": "who"}, "you", step=Step("login", "in")))
    assert answers(stubs, call("who"), call("log in"), call("who"), call("who"), call("log in")) == [
        "logged out", "done", "you", "you", "logged out"
    ]  # fmt: skip
    assert scenarios.state("login") == "in"
    scenarios.move("login", "start")
    assert answers(stubs, call("who")) == ["logged out"]


def test_a_scenario_is_moved_only_by_the_stub_that_answers(stubs: StubMap, scenarios: Scenarios) -> None:
    stubs.add(Stub({"inputs": "x"}, "a", step=Step("s", "start", "next")))
    stubs.add(Stub({"inputs": "x"}, "b"))
    assert answers(stubs, call("x"), call("y")) == ["b", None]
    assert scenarios.states() == {}


def test_a_match_says_why(stubs: StubMap) -> None:
    stubs.add(Stub(answer="a", times=3, name="greeting", step=Step("s", None, "next")))
    match = stubs.match(call())
    assert match is not None
    assert (match.placed.name, match.why) == ("greeting", "call 1 of 3; s: start to next")


@pytest.mark.parametrize(
    ("method", "path", "answered"),
    [
        ("POST", "/generate", True), ("POST", "/", True), ("POST", "/v1/chat/completions", True),
        ("POST", "/v1/completions", True), ("POST", "/vertex", True), ("POST", "/invocations", True),
        ("POST", "/generate_stream", True), ("POST", "/models/some/one", True),
        ("GET", "/", False), ("GET", "/health", False), ("GET", "/metrics", False), ("GET", "/info", False),
        ("POST", "/tokenize", False), ("POST", "/chat_tokenize", False), ("POST", "/elsewhere", False),
        ("GET", "/generate", False),
    ],
)  # fmt: skip
def test_a_stub_without_a_route_answers_what_asks_the_model(
    stubs: StubMap, method: str, path: str, answered: bool
) -> None:
    placed = stubs.add(Stub(answer="a"))
    assert answers(stubs, call(method=method, path=path)) == ["a" if answered else None]
    assert placed.hits == answered


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_stub_with_a_route_answers_any_method_on_a_path_that_asks_no_model(
    stubs: StubMap, method: str
) -> None:
    stubs.add(Stub({"route": ["/info", "/elsewhere"]}, "a"))
    assert answers(stubs, call(method=method, path="/info"), call(method=method, path="/elsewhere")) == [
        "a",
        "a",
    ]


def test_a_stub_for_the_root_leaves_its_health_check_alone(stubs: StubMap) -> None:
    stubs.add(Stub({"route": "/"}, "a"))
    assert answers(stubs, call(method="GET", path="/"), call(path="/")) == [None, "a"]


def test_a_stub_can_be_found_and_taken_away(stubs: StubMap) -> None:
    first, second = stubs.add(Stub(answer="a")), stubs.add(Stub(answer="b"))
    assert stubs.find(first.id) is first
    stubs.remove(second)
    assert answers(stubs, call()) == ["a"]
    stubs.remove(first.id)
    assert answers(stubs, call()) == [None]
    assert stubs.idle
    with pytest.raises(LookupError, match="there is no stub 1; there are: none"):
        stubs.remove(first)


def test_all_stubs_can_be_replaced_at_once(stubs: StubMap) -> None:
    stubs.add(Stub(answer="a"))
    stubs.replace([Stub(answer="b"), Stub(answer="c", times=1)])
    assert answers(stubs, *[call()] * 2) == ["c", "b"]


def test_a_predicate_that_raises_is_an_error_of_its_stub(stubs: StubMap) -> None:
    def fails(inputs: Any) -> bool:
        raise KeyError("mine")

    stubs.add(Stub({"inputs": fails}, "a", name="broken"))
    assert stubs.match(call()) is not None
    assert str(stubs.near_misses(call())[0]) == "broken: predicate: expected an answer, got KeyError: 'mine'"


def test_whether_a_stub_would_answer_can_be_asked_without_using_it_up(stubs: StubMap) -> None:
    once = stubs.add(Stub({"inputs": "x"}, "a", times=1))
    stubs.add(Stub({"inputs": "y"}, "b", step=Step("s", "later")))
    asked = [call("x"), call("y"), call("z"), call("x", method="GET", path="/info")]
    assert [stubs.answers(each) for each in asked] == [True, False, False, False]
    assert once.hits == 0
    stubs.match(call("x"))
    assert not stubs.answers(call("x"))


@pytest.mark.parametrize(
    ("stub", "asked", "told"),
    [
        (Stub({"inputs": "Hello!"}), call("Hello"), ['inputs: expected "Hello!", got "Hello"']),
        (Stub({"route": "/generate_stream"}), call(), ["route: expected /generate_stream, got /generate"]),
        (Stub(), call(method="GET", path="/info"),
         ["route: expected a POST that asks the model, got GET /info"]),
        (Stub(step=Step("s", "in")), call(), ["scenario s: expected state in, got state start"]),
        (Stub({"streaming": True, "parameters": {"seed": 1}}), call(),
         ["streaming: expected a stream, got a whole answer", "parameters.seed: expected 1, got nothing"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_near_miss_tells_every_reason(stubs: StubMap, stub: Stub, asked: Call, told: list[str]) -> None:
    stubs.add(stub)
    (miss,) = stubs.near_misses(asked)
    assert list(map(str, miss.differences)) == told


def test_a_stub_that_is_used_up_says_so(stubs: StubMap) -> None:
    stubs.add(Stub(answer="a", times=1))
    stubs.match(call())
    (miss,) = stubs.near_misses(call())
    assert str(miss) == "stub 1: times: expected at most 1, got one more: it has answered 1"


def test_the_nearest_comes_first_and_only_a_few_are_told(stubs: StubMap) -> None:
    stubs.add(Stub({"inputs": "What is the capital of France"}, name="close"))
    stubs.add(Stub({"inputs": "Bonjour"}, name="other text"))
    stubs.add(Stub({"route": "/v1/completions", "inputs": "Bonjour"}, name="other route"))
    stubs.add(Stub({"route": "/v1/completions", "inputs": "Bonjour", "model": "x"}, name="far"))
    misses = stubs.near_misses(call("What is the capital of France?"))
    assert [miss.placed.name for miss in misses] == ["close", "other text", "other route"]


def test_many_threads_use_a_stub_up_exactly(stubs: StubMap) -> None:
    stubs.add(Stub(answer="a", times=200))
    found: list[Any] = []

    def ask() -> None:
        found.extend(answers(stubs, *[call()] * 100))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count("a") == 200
    assert found.count(None) == 200


def test_a_stub_that_was_used_up_while_it_was_looked_at_does_not_answer(stubs: StubMap) -> None:
    def other_is_faster(inputs: Any) -> bool:
        if inputs == "first":
            assert stubs.match(call("second")) is not None
        return True

    once = stubs.add(Stub({"inputs": other_is_faster}, "a", times=1))
    assert stubs.match(call("first")) is None
    assert once.hits == 1


def test_stubs_that_are_used_up_are_not_looked_at_for_ever(stubs: StubMap) -> None:
    def never(inputs: Any) -> bool:
        raise AssertionError("this stub is used up")

    stubs.add(Stub(answer="last"))
    for number in range(50):
        stubs.add(Stub(answer=str(number), times=1))
    assert answers(stubs, *[call()] * 51)[-1] == "last"
    assert len(stubs._candidates(stubs_asked())) < 26


def stubs_asked() -> Any:
    from fake_tgi.matching import Asked

    return Asked(call())


def test_a_stub_is_written_as_a_file_has_it() -> None:
    stub = Stub(
        {"inputs": Contains("a")}, ["b", "c"], times=2, priority=3, step=Step("s", "x", "y"), name="n"
    )
    assert stub.as_json() == {
        "name": "n",
        "when": {"inputs": {"contains": "a"}},
        "answers": [{"text": "b"}, {"text": "c"}],
        "times": 2,
        "priority": 3,
        "scenario": {"name": "s", "state": "x", "next": "y"},
    }


def test_two_fakes_never_meet(tokenizer: Tokenizer) -> None:
    one, other = StubMap(tokenizer, Scenarios()), StubMap(tokenizer, Scenarios())
    one.add(Stub(answer="a"))
    assert answers(other, call()) == [None]


def test_what_is_no_stub_is_refused(stubs: StubMap) -> None:
    with pytest.raises(FormError, match="input: expected one of route, "):
        stubs.add(Stub({"input": "a"}, "b"))
