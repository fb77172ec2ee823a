"""A text in blocks is the same text, and the same words and tokens are in it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from fake_tgi.text_blocks import Cutter, blocks
from fake_tgi.tokenizer import Tokenizer

from ..sweeps import examples

WORDS = st.sampled_from(
    ["a", "the", "lazy", "don't", "12345", "x" * 70, "...", "\t", "\n", " ", "", "'s", "é", "<|", "Word", "_"]
)
TEXTS = st.lists(WORDS, max_size=80).map(" ".join)
TOKENIZER = Tokenizer.load()


@settings(max_examples=examples(300), deadline=None)
@given(TEXTS)
def test_blocks_are_the_text_and_cut_no_word(text: str) -> None:
    found = blocks(text)
    assert "".join(found) == text
    for before, behind in pairwise(found):
        assert not before[-1].isspace()
        assert behind[0] == " "
        assert not behind[1].isspace()


@settings(max_examples=examples(300), deadline=None)
@given(TEXTS)
def test_the_tokens_of_blocks_are_those_of_the_text(text: str) -> None:
    assert TOKENIZER.count(text, False) == len(TOKENIZER.encode(text, False))


def test_what_was_seen_before_is_a_block_of_its_own() -> None:
    prompt = "Answer the question of the user in one short sentence, and say nothing that you do not know. "
    assert blocks(prompt + "Why is the sky blue?")[0] == blocks(prompt + "Who was the first to say so?")[0]


@given(st.lists(TEXTS, max_size=4))
def test_whatever_was_cut_before_the_pieces_are_those_of_the_text(texts: list[str]) -> None:
    cut = Cutter()
    for text in texts:
        begun, last, pieces = cut(text)
        assert [*begun, last] == blocks(text)
        assert " ".join(pieces) == last
        assert cut(text) is cut(text)


def test_a_text_that_begins_like_the_last_one_is_cut_as_if_there_had_been_none() -> None:
    """Wherever it ends, and whatever stands where the other one was cut."""
    beginning = " ".join(["word"] * 40)
    behind = [
        "",
        "word",
        " ",
        "  ",
        " x",
        " x" * 13,
        "s and more of them",
        " and\u2003so on",
        " x" * 44,
        " x" * 44 + "y",
        " x" * 45,
        "  x" * 13,
    ]
    for length in range(60, len(beginning)):
        for end in behind:
            cut = Cutter()
            cut(beginning[:length] + " that differs from others at its very end")
            begun, last, _ = cut(beginning[:length] + end)
            assert [*begun, last] == blocks(beginning[:length] + end)
