"""`generations`: what a model could have answered, by the rules of TGI's shard."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fake_tgi.drawing import DrawError, draw
from fake_tgi.generation import Generation, Token
from fake_tgi.shard import Grammar, Sampling, ShardRequest
from fake_tgi.stopping import stop_tokens
from fake_tgi.strategies import generations
from fake_tgi.tokenizer import Tokenizer

from .judging import SOME, least

TOKENIZER = Tokenizer.load()
PROMPT = "Why is the sky blue?"
REQUESTS = st.builds(
    ShardRequest,
    inputs=st.just(PROMPT),
    input_length=st.just(TOKENIZER.count(PROMPT)),
    max_new_tokens=st.integers(1, 40),
    truncate=st.just(4000),
    sampling=st.builds(Sampling, do_sample=st.booleans(), seed=st.integers(0, 2**64 - 1)),
    stop_sequences=st.lists(st.sampled_from((".", " sky", "\U0001f600", "", "e")), max_size=2).map(tuple),
    top_n_tokens=st.integers(0, 4),
    prefill=st.booleans(),
)
WORLDS = pytest.mark.parametrize("adversarial", [False, True], ids=["plain", "adversarial"])


def asked(**changes: Any) -> ShardRequest:
    usual: dict[str, Any] = {"inputs": PROMPT, "input_length": 7, "max_new_tokens": 20, "truncate": 4000}
    return ShardRequest(**{**usual, **changes})


@WORLDS
@SOME
@given(st.data(), REQUESTS)
def test_an_answer_stops_where_the_shard_would_stop_it(
    adversarial: bool, data: st.DataObject, request: ShardRequest
) -> None:
    made = data.draw(generations(request, adversarial=adversarial))
    tokens, reason = stop_tokens(made.tokens, request, TOKENIZER.eos_ids)
    assert (tokens, reason) == (made.tokens, made.finish_reason)
    assert made.error is None


@WORLDS
@SOME
@given(st.data(), REQUESTS)
def test_an_answer_reports_what_was_asked_for_and_nothing_else(
    adversarial: bool, data: st.DataObject, request: ShardRequest
) -> None:
    made = data.draw(generations(request, adversarial=adversarial))
    assert made.seed == (request.sampling.seed if request.sampling.do_sample else None)
    assert len(made.top_tokens) == (len(made.tokens) if request.top_n_tokens else 0)
    assert all(made.top_tokens)
    if not request.prefill:
        assert made.prefill == ()
    elif made.prefill:
        assert made.prefill[0].logprob is None
    assert made.input_length == request.input_length
    if adversarial:
        assert made.generated_text == "".join(token.text for token in made.tokens if not token.special)


@SOME
@given(st.data(), REQUESTS)
def test_a_plain_answer_agrees_with_the_tokenizer(data: st.DataObject, request: ShardRequest) -> None:
    made = data.draw(generations(request))
    ids = [token.id for token in made.tokens]
    assert TOKENIZER.texts(ids) == [token.text for token in made.tokens]
    assert made.generated_text == TOKENIZER.generated_text(ids)
    assert [token.special for token in made.tokens] == [TOKENIZER.is_special(id) for id in ids]
    assert all(token.logprob is not None and token.logprob < 0 for token in made.tokens)
    if request.prefill:
        assert len(made.prefill) == request.input_length
    for token, likeliest in zip(made.tokens, made.top_tokens, strict=False):
        assert len(likeliest) >= request.top_n_tokens
        assert token.id in {item.id for item in likeliest} or request.sampling.do_sample


@WORLDS
@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"properties": {"city": {"type": "string"}, "days": {"enum": [1, 7]}}, "required": ["days"]},
    ],
)
def test_an_answer_obeys_a_json_schema(adversarial: bool, schema: dict[str, object]) -> None:
    request = asked(max_new_tokens=1000, grammar=Grammar(schema=schema))
    for made in draw(generations(request, adversarial=adversarial), 50):
        Draft202012Validator(schema).validate(json.loads(made.generated_text))


@WORLDS
@pytest.mark.parametrize("pattern", ["yes|no", "[0-9]{3}-[0-9]{4}", "(\U0001f600|caf\u00e9){1,2}"])
def test_an_answer_obeys_a_regular_expression(adversarial: bool, pattern: str) -> None:
    request = asked(max_new_tokens=100, grammar=Grammar(regex=pattern))
    for made in draw(generations(request, adversarial=adversarial), 50):
        assert re.fullmatch(pattern, made.generated_text)


def test_a_grammar_that_nothing_satisfies_is_told_when_drawn() -> None:
    with pytest.raises(DrawError):
        draw(generations(asked(grammar=Grammar(schema={"$functions": {}, "properties": {}}))), 1)


def test_another_tokenizer_gives_its_own_tokens(shared_tokenizer: Tokenizer) -> None:
    for made in draw(generations(asked(), tokenizer=shared_tokenizer), 50):
        ids = [token.id for token in made.tokens]
        assert shared_tokenizer.texts(ids, shared_tokenizer.anchor) == [token.text for token in made.tokens]


@pytest.fixture(scope="module")
def shared_tokenizer() -> Tokenizer:
    """The tokenizer of the recordings, which ships with the contracts."""
    from importlib.resources import files

    return Tokenizer.load(str(files("tgi_contracts") / "recordings" / "tokenizer"))


ODDITIES = {
    "an empty text before the end": lambda made: any(token.text == "" for token in made.tokens[:-1]),
    "a huge token": lambda made: any(len(token.text) > 4000 for token in made.tokens),
    "a special token in the middle": lambda made: any(token.special for token in made.tokens[:-1]),
    "a token that looks like an event": lambda made: any("data: " in token.text for token in made.tokens),
    "a number that is none": lambda made: any(token.logprob is None for token in made.tokens),
    "the greatest id": lambda made: any(token.id == 2**32 - 1 for token in made.tokens),
    "a line separator": lambda made: "\u2028" in made.generated_text,
    "an end token with an unusual text": lambda made: made.tokens[-1].special and made.tokens[-1].text == "}",
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_the_adversarial_world_has_each_oddity(oddity: str) -> None:
    seek = settings(max_examples=5000, database=None)
    found = find(generations(asked(), adversarial=True), ODDITIES[oddity], settings=seek)
    assert len(found.tokens) <= 3


def test_the_plain_world_splits_characters_over_tokens() -> None:
    found = least(generations(asked()), lambda made: any(token.text == "" for token in made.tokens[:-1]))
    assert any(token.text in ("\U0001f600", " \u65e5") or len(token.text) == 1 for token in found.tokens)


@WORLDS
def test_answers_shrink_to_an_end_token(adversarial: bool) -> None:
    found = least(generations(asked(), adversarial=adversarial), lambda made: True)
    assert [token.special for token in found.tokens] == [True]
    assert found.generated_text == ""


def test_a_failure_shrinks_to_the_token_that_causes_it() -> None:
    def has_a_special_one(made: Generation) -> bool:
        return any(token.special for token in made.tokens[:-1])

    found = least(generations(asked(), adversarial=True), has_a_special_one)
    assert len(found.tokens) == 2
    assert found.tokens[0] == Token(0, "", 0.0, True)
