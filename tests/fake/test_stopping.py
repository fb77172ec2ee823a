"""When a generation ends: the limit, then the end token, then a stop sequence, as TGI's shard decides it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.generation import Token
from fake_tgi.shard import Sampling, ShardRequest
from fake_tgi.shards.text_answers import EchoShard, TextAnswers, text_generation_from
from fake_tgi.stopping import StopSequences, said, stop_tokens
from fake_tgi.tokenizer import Tokenizer

EOS = Token(2, "</s>", -0.1, True)


def tokens(*texts: str) -> tuple[Token, ...]:
    return tuple(EOS if text == "</s>" else Token(100 + i, text, -0.5) for i, text in enumerate(texts))


def asked(
    *stop: str, limit: int = 100, ignore_eos: bool = False, inputs: str = "prompt", **more: object
) -> ShardRequest:
    return ShardRequest(inputs, 2, limit, 1000, stop_sequences=stop, ignore_eos=ignore_eos, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.load()


@pytest.mark.parametrize(
    ("texts", "request_", "kept", "reason"),
    [
        # the three reasons, and none
        (["a", "b", "c"], asked(limit=2), 2, "length"),
        (["a", "</s>", "c"], asked(), 2, "eos_token"),
        (["a", "b", "c"], asked("ab"), 2, "stop_sequence"),
        (["a", "b"], asked(), 2, None),
        # their order
        (["a", "</s>"], asked(limit=2), 2, "length"),
        (["a", "b"], asked("ab", limit=2), 2, "length"),
        (["a", "</s>"], asked("a</s>"), 2, "eos_token"),
        (["a", "</s>", "b"], asked("</s>b", ignore_eos=True), 3, "stop_sequence"),
        (["a", "</s>", "b"], asked(ignore_eos=True), 3, None),
        # a stop sequence ends where a token ends, and a line break may follow it
        (["aST", "OPb", "c"], asked("STOP"), 3, None),
        (["a ST", "OP", "b"], asked("STOP"), 2, "stop_sequence"),
        (["a STOP\n", "b"], asked("STOP"), 1, "stop_sequence"),
        (["a STOP\n\n", "b"], asked("STOP"), 2, None),
        (["a STOP", "\n", "b"], asked("OP\n"), 2, "stop_sequence"),
        # the first one that fits, whatever its place in the list; text is not a pattern
        (["x", "y", "z"], asked("z", "y"), 2, "stop_sequence"),
        (["a.c", "abc"], asked("a.c"), 1, "stop_sequence"),
        (["abc", "a.c"], asked("a.c"), 2, "stop_sequence"),
        # an empty one stands everywhere
        (["a", "b"], asked(""), 1, "stop_sequence"),
        (["", "b"], asked(""), 1, "stop_sequence"),
    ],
)
def test_tokens_end_by_the_first_rule_that_holds(
    texts: list[str], request_: ShardRequest, kept: int, reason: str | None
) -> None:
    candidates = tokens(*texts)
    assert stop_tokens(candidates, request_, {2}) == (candidates[:kept], reason)


def test_candidates_are_taken_one_by_one_and_never_past_the_end() -> None:
    """So an endless source of tokens is fine."""

    def endless() -> Iterator[Token]:
        yield from tokens("a", "b", "stop")
        raise AssertionError("one token too many was asked for")

    assert stop_tokens(endless(), asked("stop"), {2})[1] == "stop_sequence"


def test_what_was_said_long_ago_is_forgotten() -> None:
    """Past 300 characters only 200 are kept, so a long stop sequence is found late, as it is in TGI."""
    stop = "x" * 250
    assert StopSequences([stop])(stop)
    seen = StopSequences([stop])
    assert not seen("y" * 290)
    needed = next(number for number in range(1, 400) if seen("x"))
    # Forgotten at 11, 112 and 213; what is left then are 200 of the 213.
    assert needed == 213 + 50


@given(texts=st.lists(st.text("ab\n.", max_size=120), max_size=12), stop=st.text("ab\n.", max_size=4))
def test_a_stop_sequence_is_found_as_the_shards_pattern_finds_it(texts: list[str], stop: str) -> None:
    pattern, output = re.compile(f"{re.escape(stop)}$"), ""
    watch = StopSequences([stop])
    for text in texts:
        output += text
        if len(output) > 300:
            output = output[-200:]
        assert watch(text) == bool(pattern.findall(output))


def test_a_text_becomes_tokens_and_an_end(tokenizer: Tokenizer) -> None:
    made = text_generation_from(" Rayleigh scattering", asked(), tokenizer)
    assert "".join(token.text for token in made.tokens) == " Rayleigh scattering</s>"
    assert made.tokens[-1].special
    assert (made.generated_text, made.finish_reason) == (" Rayleigh scattering", "eos_token")
    assert [token.id for token in made.tokens] == tokenizer.encode(" Rayleigh scattering</s>", False)
    assert (made.seed, made.prefill, made.top_tokens, made.input_length) == (None, (), (), 2)


def test_a_text_is_cut_by_the_limit_and_by_stop_sequences(tokenizer: Tokenizer) -> None:
    answers = TextAnswers(tokenizer)
    whole = answers.generation(" one two three", asked())
    for limit in range(1, len(whole.tokens) + 1):
        cut = answers.generation(" one two three", asked(limit=limit))
        assert cut.tokens == whole.tokens[:limit]
        assert cut.finish_reason == "length"
        assert whole.generated_text.startswith(cut.generated_text)
    stopped = answers.generation(" one two three", asked(" two"))
    assert (stopped.generated_text, stopped.finish_reason) == (" one two", "stop_sequence")


def test_a_text_cut_inside_a_character_has_no_text(tokenizer: Tokenizer) -> None:
    made = text_generation_from("a😀", asked(limit=2), tokenizer)
    assert [token.text for token in made.tokens] == ["a", ""]
    assert made.generated_text == "", "what TGI reports, see Tokenizer.generated_text"


def test_an_empty_text_is_an_end_alone(tokenizer: Tokenizer) -> None:
    """A generation of no tokens would break the router."""
    made = text_generation_from("", asked(), tokenizer)
    assert [token.text for token in made.tokens] == ["</s>"]
    assert (made.generated_text, made.finish_reason) == ("", "eos_token")


def test_special_tokens_in_a_text_are_sent_but_not_part_of_it(tokenizer: Tokenizer) -> None:
    made = text_generation_from("a<|user|>b</s>never", asked(), tokenizer)
    assert [(token.text, token.special) for token in made.tokens] == [
        ("a", False),
        ("<|user|>", True),
        ("b", False),
        ("</s>", True),
    ]
    assert made.generated_text == "ab"


def test_a_text_gets_what_the_request_asks_for(tokenizer: Tokenizer) -> None:
    request = asked(top_n_tokens=2, prefill=True, sampling=Sampling(do_sample=True, seed=7))
    made = text_generation_from("yes", request, tokenizer)
    assert made.seed == 7
    assert len(made.top_tokens) == len(made.tokens)
    prompt = tokenizer.encode("prompt")[-request.input_length :]
    assert [token.id for token in made.prefill] == prompt
    assert made.prefill[0].logprob is None


def test_the_same_text_has_the_same_numbers(tokenizer: Tokenizer) -> None:
    first, second = (text_generation_from("the same", asked(), tokenizer) for _ in range(2))
    assert first == second


def test_said_is_what_the_tokenizer_would_decode(tokenizer: Tokenizer) -> None:
    made = text_generation_from("naïve 😀<|tool|> end", asked(), tokenizer)
    assert said(made.tokens, tokenizer) == tokenizer.generated_text([token.id for token in made.tokens])


def test_an_echo_says_the_prompt(tokenizer: Tokenizer) -> None:
    made = EchoShard(tokenizer).generate(asked(inputs="Say this: naïve 日本"))
    assert (made.generated_text, made.finish_reason) == ("Say this: naïve 日本", "eos_token")
