"""A shard with no model: the same request gets the same plausible answer, whatever else happens."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_tgi.generation import Generation
from fake_tgi.seeds import canonical
from fake_tgi.shard import Grammar, Sampling, Shard, ShardRequest
from fake_tgi.shards.phrases import FIRST, PATTERNS, SLOTS, TOPIC
from fake_tgi.shards.seeded import SeededShard, SeedSource
from fake_tgi.tokenizer import Tokenizer

from .tokenizer_kinds import KINDS, model_folder

TOKENIZER = Tokenizer.load()
SHARD = SeededShard(TOKENIZER)
QUESTION = "What do volcanoes have to do with winter?"


def asked(inputs: str = QUESTION, limit: int = 200, **more: object) -> ShardRequest:
    return ShardRequest(inputs, 12, limit, 1000, **more)  # type: ignore[arg-type]


def sampled(seed: int, **more: float) -> Sampling:
    return Sampling(do_sample=True, seed=seed, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["shipped", *KINDS])
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """A tokenizer of each kind."""
    if request.param == "shipped":
        return TOKENIZER
    return Tokenizer.load(model_folder(request.param, tmp_path_factory.mktemp("model")))


def test_it_is_a_shard() -> None:
    shard: Shard = SHARD
    assert isinstance(shard.generate(asked()), Generation)


def test_greedy_answers_do_not_depend_on_order_or_repetition() -> None:
    requests = [asked(f"Tell me about number {i} and rivers") for i in range(50)]
    first = [SHARD.generate(request) for request in requests]
    again = [SHARD.generate(request) for request in reversed(requests)]
    assert first == again[::-1]
    assert len({generation.generated_text for generation in first}) > 40


def test_answers_are_the_same_in_another_process() -> None:
    """On any worker: nothing depends on the hash seed of the process."""
    code = (
        "from fake_tgi.shards.seeded import SeededShard, SeedSource\n"
        "from fake_tgi.shard import ShardRequest; from fake_tgi.tokenizer import Tokenizer\n"
        f"r = ShardRequest({QUESTION!r}, 12, 200, 1000, top_n_tokens=2)\n"
        "g = SeededShard(Tokenizer.load()).generate(r); print(g, SeedSource().draw(r))"
    )
    request = asked(top_n_tokens=2)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == f"{SHARD.generate(request)} {SeedSource().draw(request)}"


def test_threads_get_the_same_answers() -> None:
    requests = [asked(f"question {i % 40} about the {'old ' * (i % 7)}harbour") for i in range(400)]
    expected = [SHARD.generate(request) for request in requests]
    fresh = SeededShard(TOKENIZER)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fresh.generate, requests)) == expected


def test_a_seed_decides_only_when_sampling() -> None:
    greedy = [SHARD.generate(asked(sampling=Sampling(seed=seed))) for seed in (1, 2)]
    assert greedy[0] == greedy[1]
    assert greedy[0].seed is None
    one, two, one_again = (SHARD.generate(asked(sampling=sampled(seed))) for seed in (1, 2, 1))
    assert one == one_again
    assert one.generated_text != two.generated_text
    assert (one.seed, two.seed) == (1, 2)


def test_what_the_model_sees_changes_the_answer_and_what_it_does_not_see_does_not() -> None:
    base = SHARD.generate(asked()).generated_text
    seen = [
        asked("What do volcanoes have to do with summer?"),
        replace(asked(), input_length=5),
        asked(sampling=Sampling(temperature=0.5)),
        asked(sampling=Sampling(repetition_penalty=1.2)),
        asked(adapter_id="other"),
    ]
    assert all(SHARD.generate(request).generated_text != base for request in seen)
    unseen = [
        asked(limit=201),
        asked(prefill=True),
        asked(top_n_tokens=3),
        asked(stop_sequences=("nothing",)),
    ]
    assert all(SHARD.generate(request).generated_text == base for request in unseen)


def test_servers_of_different_seeds_answer_differently() -> None:
    texts = {SeededShard(TOKENIZER, seed).generate(asked()).generated_text for seed in range(8)}
    assert len(texts) > 5


def test_a_seed_source_draws_by_request_and_by_how_often_it_came() -> None:
    """Not by what else was asked in between."""
    a, b = asked("a"), asked("b")
    alone = SeedSource(5)
    drawn = [alone.draw(a) for _ in range(3)]
    mixed = SeedSource(5)
    got = []
    for _ in range(3):
        mixed.draw(b)
        got.append(mixed.draw(replace(a, sampling=replace(a.sampling, seed=99))))
    assert got == drawn
    assert len({*drawn, mixed.draw(b)}) == 4
    assert all(0 <= seed < 2**64 for seed in drawn)
    alone.clear()
    assert alone.draw(a) == drawn[0]
    assert SeedSource(6).draw(a) != drawn[0]


@settings(deadline=None)
@given(st.text(max_size=30), st.integers(1, 300), st.booleans())
def test_any_prompt_gets_an_answer_within_its_limit(inputs: str, limit: int, ignore_eos: bool) -> None:
    inputs = inputs.encode("utf-8", "replace").decode()
    made = SHARD.generate(asked(inputs or "x", limit, ignore_eos=ignore_eos))
    assert 1 <= len(made.tokens) <= limit
    assert made.finish_reason == ("length" if len(made.tokens) == limit else "eos_token")
    if ignore_eos:
        assert len(made.tokens) == limit


@pytest.mark.parametrize(
    "prompt", [QUESTION, "<|user|>\nWhat is a river?</s>\n<|assistant|>\n", "日本語", "1+1"]
)
def test_tokens_and_text_agree_with_the_tokenizer(kind: Tokenizer, prompt: str) -> None:
    """Ids decode to the text, token texts add up to it, and each is what the model would have streamed."""
    shard = SeededShard(kind)
    for seed in range(10):
        made = shard.generate(asked(prompt, 1000, sampling=sampled(seed)))
        ids = [token.id for token in made.tokens]
        assert "".join(token.text for token in made.tokens if not token.special) == made.generated_text
        assert kind.decode(ids, skip_special_tokens=True).strip() == made.generated_text.strip()
        assert kind.generated_text(ids, kind.anchor).strip() == made.generated_text.strip()
        assert kind.texts(ids, kind.anchor)[1:] == [token.text for token in made.tokens][1:]
        assert [token.special for token in made.tokens] == [kind.is_special(id) for id in ids]
        assert made.finish_reason == "eos_token"
        assert ids[-1] == kind.eos_id
        assert not set(ids[:-1]) & kind.eos_ids


def test_the_shipped_tokenizer_would_cut_the_answer_in_the_same_way() -> None:
    for seed in range(50):
        made = SHARD.generate(asked(sampling=sampled(seed)))
        assert [token.id for token in made.tokens[:-1]] == TOKENIZER.encode(made.generated_text, False)


def test_a_smaller_limit_gets_the_beginning_of_the_same_answer() -> None:
    whole = SHARD.generate(asked(top_n_tokens=2))
    assert whole.finish_reason == "eos_token"
    for limit in range(1, len(whole.tokens) + 1):
        cut = SHARD.generate(asked(limit=limit, top_n_tokens=2))
        assert cut.tokens == whole.tokens[:limit]
        assert cut.top_tokens == whole.top_tokens[:limit]
        assert cut.finish_reason == "length"
        assert cut.generated_text == "".join(token.text for token in cut.tokens if not token.special)


def test_an_answer_cut_inside_a_character_has_no_text() -> None:
    """The topic is a word of the prompt, and this one takes several tokens a character."""
    whole = SHARD.generate(asked("日本語とは"))
    inside = next(i for i, token in enumerate(whole.tokens) if token.text == "")
    assert SHARD.generate(asked("日本語とは", limit=inside + 1)).generated_text == ""


def test_ignoring_the_end_token_goes_on_after_the_same_beginning() -> None:
    whole = SHARD.generate(asked())
    for longer in (
        SHARD.generate(asked(limit=1024, ignore_eos=True)),
        SeededShard(TOKENIZER, ignore_eos=True).generate(asked(limit=1024)),
    ):
        assert len(longer.tokens) == 1024
        assert longer.finish_reason == "length"
        assert longer.generated_text.startswith(whole.generated_text)
        assert not any(token.special for token in longer.tokens)


def test_a_tokenizer_without_an_end_token_runs_to_the_limit(tmp_path: Path) -> None:
    folder = model_folder("byte_level", tmp_path)
    definition = (folder / "tokenizer.json").read_text().replace("</s>", "<end>")
    (folder / "tokenizer.json").write_text(definition)
    tokenizer = Tokenizer.load(folder)
    assert tokenizer.eos_ids == frozenset()
    made = SeededShard(tokenizer).generate(asked(limit=300))
    assert (len(made.tokens), made.finish_reason) == (300, "length")


def test_stop_sequences_stop_at_the_end_of_a_token() -> None:
    whole = SHARD.generate(asked())
    words = whole.generated_text.split()
    stopped = SHARD.generate(asked(stop_sequences=(words[3],)))
    assert stopped.finish_reason == "stop_sequence"
    assert stopped.generated_text.endswith(words[3])
    assert whole.generated_text.startswith(stopped.generated_text)
    assert len(stopped.tokens) < len(whole.tokens)
    assert SHARD.generate(asked(stop_sequences=("",))).tokens == whole.tokens[:1]
    assert SHARD.generate(asked(stop_sequences=("</s>",))) == whole, "the end token wins"


def test_answers_are_on_topic_and_end_after_some_sentences() -> None:
    made = [SHARD.generate(asked(sampling=sampled(seed), limit=1000)) for seed in range(200)]
    assert all("volcanoes" in each.generated_text or "winter" in each.generated_text for each in made)
    sentences = [each.generated_text.count(". ") + 1 for each in made]
    assert min(sentences) == 1
    assert 3 <= max(sentences) <= 5
    assert all(each.generated_text.endswith(".") for each in made)
    assert all(each.generated_text.startswith(" ") for each in made)


def test_after_a_line_break_an_answer_begins_without_a_space() -> None:
    made = SHARD.generate(asked("<|user|>\nhi</s>\n<|assistant|>\n"))
    assert made.generated_text[0].isupper()


def test_log_probabilities_are_32_bit_floats_of_possible_chances() -> None:
    made = SHARD.generate(asked(top_n_tokens=5, prefill=True))
    numbers = [token.logprob for token in made.tokens]
    numbers += [token.logprob for tops in made.top_tokens for token in tops]
    for number in numbers:
        assert number is not None
        assert number < 0
        assert struct.unpack("<f", struct.pack("<f", number))[0] == number
    assert len(set(numbers)) > 20


@pytest.mark.parametrize("n", [1, 2, 5, 50, 5000])
def test_top_tokens_are_sorted_distinct_and_never_more_than_certain(n: int) -> None:
    made = SHARD.generate(asked(limit=40, top_n_tokens=n))
    assert len(made.top_tokens) == len(made.tokens)
    for chosen, tops in zip(made.tokens, made.top_tokens, strict=True):
        chances = [token.logprob or 0.0 for token in tops]
        assert chances == sorted(chances, reverse=True)
        assert len({token.id for token in tops}) == len(tops) >= min(n, 4000)
        if n <= 50:
            assert sum(math.exp(chance) for chance in chances) <= 1.0001
        assert tops[0].logprob == chosen.logprob, "greedy decoding took the best one"
        assert chosen.id in {token.id for token in tops}
        assert all(token.text == TOKENIZER.text_of(token.id) for token in tops)


def test_equals_of_the_last_top_token_are_listed_too() -> None:
    lists = [
        tops
        for i in range(40)
        for tops in SHARD.generate(asked(f"thing {i}", top_n_tokens=2)).top_tokens
        if len(tops) > 2
    ]
    assert lists
    assert all(len({token.logprob for token in tops[1:]}) == 1 for tops in lists)


def test_sampling_sometimes_takes_what_is_not_the_best() -> None:
    missing = 0
    for seed in range(60):
        made = SHARD.generate(asked(sampling=sampled(seed), top_n_tokens=1))
        for chosen, tops in zip(made.tokens, made.top_tokens, strict=True):
            if chosen.id not in {token.id for token in tops}:
                missing += 1
                assert (tops[0].logprob or 0) > (chosen.logprob or 0)
    assert missing


def test_prefill_is_the_prompt_that_the_model_saw() -> None:
    request = replace(asked(prefill=True), input_length=4, truncate=4)
    made = SHARD.generate(request)
    ids = TOKENIZER.encode(request.inputs)[-4:]
    assert [(token.id, token.text) for token in made.prefill] == [(id, TOKENIZER.text_of(id)) for id in ids]
    assert made.prefill[0].logprob is None
    assert all(token.logprob is not None and token.logprob < 0 for token in made.prefill[1:])
    assert SHARD.generate(asked()).prefill == ()


def test_long_work_is_announced() -> None:
    assert not SHARD.slow(asked(limit=1024))
    assert SHARD.slow(replace(asked(prefill=True), input_length=4000))
    assert SHARD.slow(asked(limit=1024, top_n_tokens=5))


def test_every_pattern_is_made_of_known_places_and_names_the_topic_first() -> None:
    for pattern in (*FIRST, *PATTERNS):
        assert set(pattern) <= {TOPIC, *SLOTS}
        assert pattern[-1] == "end"
    assert all(TOPIC in pattern for pattern in FIRST)
    for place, phrases in SLOTS.items():
        assert all(phrase[0] == " " or place in ("because", "but", "comma", "end") for phrase in phrases)


def test_the_longest_answer_makes_no_call_for_each_token() -> None:
    """Twice the tokens cost far less than twice the calls: phrases are said as a whole."""

    def calls(limit: int) -> int:
        count = 0

        def profile(frame: object, event: str, arg: object) -> None:
            nonlocal count
            count += event == "call"

        request = asked(limit=limit, ignore_eos=True)
        SHARD.generate(request)
        sys.setprofile(profile)
        try:
            SHARD.generate(request)
        finally:
            sys.setprofile(None)
        return count

    assert calls(1000) - calls(100) < 900 / 2


def test_a_request_gets_its_seed_and_keeps_all_else() -> None:
    sampling = Sampling(0.5, 3, 0.5, 0.4, True, 1, 1.5, 0.5, True)
    request = ShardRequest(
        "Why?", 2, 20, 100, sampling, ("x",), True, 4, True, False, "adapter", Grammar(regex="a+")
    )
    assert request.seeded(7) == replace(request, sampling=replace(sampling, seed=7))


def test_what_a_model_sees_does_not_depend_on_how_a_request_got_its_seed() -> None:
    request = ShardRequest("Why?", 2, 20, 100, Sampling(0.5, do_sample=True))
    drawn = request.seeded(7).seeded(8)
    at_once = replace(request, sampling=Sampling(0.5, do_sample=True, seed=8))
    assert drawn.sampling.like is request.sampling
    assert canonical(drawn, 8) == canonical(at_once, 8)
    other = replace(drawn, sampling=replace(drawn.sampling, temperature=0.7))
    assert canonical(other, 8) != canonical(drawn, 8)
