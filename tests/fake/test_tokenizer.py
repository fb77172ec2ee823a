"""Text to tokens and back: what /tokenize reports, what counts as length, what a generated token adds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fake_tgi.tokenizer import Piece, Tokenizer, TokenizerError
from fake_tgi.train_tokenizer import SPECIAL_TOKENS, VOCABULARY, train

from ..sweeps import examples
from .tokenizer_kinds import KINDS, model_folder

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)
NEAR_ASCII = st.text(alphabet="ab Z09.,'st\t\n\r\x0b\x1c\x1f\x00<>/|é", max_size=40)


@pytest.fixture(scope="module")
def default() -> Tokenizer:
    return Tokenizer.load()


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tokenizer]:
    root = tmp_path_factory.mktemp("models")
    return {kind: Tokenizer.load(model_folder(kind, root / kind)) for kind in KINDS}


def test_the_shipped_tokenizer_is_what_its_corpus_trains_to() -> None:
    """Nothing is fetched and nothing is random: the file can be made again, byte for byte."""
    data = files("fake_tgi") / "data"
    corpus, words, shipped = (
        (data / name).read_text(encoding="utf-8") for name in ("corpus.txt", "words.txt", "tokenizer.json")
    )
    assert train(corpus, words) == shipped


def test_the_shipped_tokenizer_has_the_roles_and_ends_of_a_chat_model(default: Tokenizer) -> None:
    assert default.vocabulary_size == VOCABULARY == default.config("config")["vocab_size"]
    assert (default.bos_token, default.eos_token, default.eos_ids) == ("<s>", "</s>", {2})
    for id, token in enumerate(SPECIAL_TOKENS):
        assert default.encode(token, add_special_tokens=False) == [id]
        assert default.is_special(id)
        assert default.text_of(id) == token
    assert default.encode("Hello") == [1, *default.encode("Hello", add_special_tokens=False)]
    assert "messages" in default.config("tokenizer_config")["chat_template"]


def test_what_ships_as_data_stays_under_a_megabyte() -> None:
    entries = [entry for entry in (files("fake_tgi") / "data").iterdir() if entry.is_file()]
    assert sum(len(entry.read_bytes()) for entry in entries) < 1_000_000


def test_pieces_have_byte_offsets_and_a_split_character_is_reported_whole(default: Tokenizer) -> None:
    text = "Hi 😀!"
    pieces = default.pieces(text)
    assert pieces[0] == Piece(1, "", 0, 0)
    data = text.encode()
    for piece in pieces[1:]:
        assert data[piece.start : piece.stop].decode() == piece.text
    inside = [piece for piece in pieces if "😀" in piece.text]
    assert len(inside) > 1, "the shipped vocabulary has no single token for this character"
    assert {piece.stop for piece in inside} == {7}
    assert pieces[-1] == Piece(default.encode("!", False)[0], "!", 7, 8)


@given(text=ANY_TEXT)
@example(text="naïve 日本語 <s> </s>")
def test_pieces_cover_the_text_in_order(text: str) -> None:
    pieces = Tokenizer.load().pieces(text, add_special_tokens=False)
    position = 0
    for piece in pieces:
        assert piece.start <= position, "no gap"
        position = max(position, piece.stop)
    assert position == len(text.encode())


@settings(max_examples=examples(300))
@given(text=st.one_of(ANY_TEXT, NEAR_ASCII), add_special_tokens=st.booleans())
@example(text="it's <s>not</s> we'll  \n\n see 123abc", add_special_tokens=True)
@example(text="", add_special_tokens=False)
def test_count_is_the_length_of_encode(text: str, add_special_tokens: bool) -> None:
    """The shortcut for plain text, the cache, and the library agree."""
    tokenizer = SHARED_DEFAULT
    expected = len(tokenizer.encode(text, add_special_tokens))
    assert tokenizer.count(text, add_special_tokens) == expected
    assert tokenizer.count(text, add_special_tokens) == expected


SHARED_DEFAULT = Tokenizer.load()


@pytest.mark.parametrize("kind", KINDS)
def test_count_is_the_length_of_encode_for_every_kind(kinds: dict[str, Tokenizer], kind: str) -> None:
    tokenizer = kinds[kind]
    for text in ("", " ", "Hello there,  old   friend.", "naïve 😀", "a" * 500, "<s>x</s>", "don't\n"):
        for special in (True, False):
            assert tokenizer.count(text, special) == len(tokenizer.encode(text, special))


def _by_the_rule(tokenizer: Tokenizer, before: list[int], ids: list[int]) -> list[str]:
    """TGI's own way, step by step: decode with and without the new token."""
    texts, seen = [], list(before)
    prefix, read = max(0, len(seen) - 5), len(seen)
    for id in ids:
        seen.append(id)
        old, new = tokenizer.decode(seen[prefix:read]), tokenizer.decode(seen[prefix:])
        if len(new) > len(old) and not new.endswith("\ufffd"):
            texts.append(new[len(old) :])
            prefix, read = read, len(seen)
        else:
            texts.append("")
    return texts


@settings(deadline=None, max_examples=examples(200))
@given(ids=st.lists(st.integers(0, VOCABULARY - 1), max_size=12))
def test_texts_of_any_ids_follow_the_rule_of_the_model(ids: list[int]) -> None:
    assert SHARED_DEFAULT.texts(ids) == _by_the_rule(SHARED_DEFAULT, [], ids)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_an_answer_add_up_to_its_text(kinds: dict[str, Tokenizer], kind: str) -> None:
    tokenizer = kinds[kind]
    for text in (" the old river", " a good question is half of the answer", " it needs water and light"):
        pairs = tokenizer.continuation(text)
        ids = [id for id, _ in pairs]
        said = "".join(piece for id, piece in pairs if not tokenizer.is_special(id))
        assert said == tokenizer.generated_text(ids, tokenizer.anchor)
        if kind not in ("words", "wordpiece"):
            assert said == text


def test_an_unfinished_character_adds_nothing_until_it_is_complete(default: Tokenizer) -> None:
    ids = default.encode("😀", add_special_tokens=False)
    assert len(ids) > 1
    assert default.texts(ids) == [*[""] * (len(ids) - 1), "😀"]
    assert default.generated_text(ids) == "😀"
    assert default.generated_text(ids[:-1]) == "", "TGI has no text for an answer cut inside a character"


def test_an_answer_leaves_special_tokens_out(default: Tokenizer) -> None:
    ids = default.encode("one<|user|>two</s>", add_special_tokens=False)
    assert default.generated_text(ids) == "onetwo"
    assert default.decode(ids) == "one<|user|>two</s>"


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        ({}, {2}),
        ({"tokenizer_config": {"eos_token": "<|user|>"}}, {4}),
        ({"tokenizer_config": {"eos_token": {"content": "<|user|>", "lstrip": False}}}, {4}),
        ({"special_tokens_map": {"eos_token": "<|tool|>"}}, {6}),
        ({"tokenizer_config": {"eos_token": "<|user|>"}, "special_tokens_map": {"eos_token": "<s>"}}, {4}),
        ({"generation_config": {"eos_token_id": [4, 6]}}, {4, 6}),
        ({"generation_config": {"eos_token_id": 6}}, {2}),
        ({"tokenizer_config": {"eos_token": "<nowhere>"}, "config": {"eos_token_id": 5}}, {5}),
        ({"tokenizer_config": {"eos_token": "<nowhere>"}, "config": {"eos_token_id": [5, 6]}}, {5, 6}),
        ({"tokenizer_config": ["not an object"]}, {2}),
    ],
)
def test_the_end_tokens_come_from_where_tgi_looks(
    tmp_path: Path, configs: dict[str, Any], expected: set[int]
) -> None:
    definition = (files("fake_tgi") / "data" / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(definition)
    for name, value in configs.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    assert Tokenizer.load(tmp_path).eos_ids == expected


@pytest.mark.parametrize("damage", ["missing", "file", "empty", "not json", "not a tokenizer"])
def test_a_wrong_place_is_named_with_what_was_expected(tmp_path: Path, damage: str) -> None:
    place = tmp_path / "model"
    if damage == "file":
        place.write_text("{}")
    elif damage != "missing":
        place.mkdir()
        (place / "notes.txt").write_text("")
        if damage != "empty":
            (place / "tokenizer.json").write_text("{" if damage == "not json" else '{"a": 1}')
    with pytest.raises(
        TokenizerError, match=r"expected a (folder|file)? ?(with a )?tokenizer\.json"
    ) as caught:
        Tokenizer.load(place)
    assert str(place) in str(caught.value)


def test_a_damaged_configuration_is_as_good_as_none(tmp_path: Path) -> None:
    """As in TGI, which falls back to its defaults."""
    (tmp_path / "tokenizer.json").write_bytes((files("fake_tgi") / "data" / "tokenizer.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_bytes(b'{"bos_token": "\xff')
    loaded = Tokenizer.load(tmp_path)
    assert loaded.config("tokenizer_config") == {}
    assert loaded.bos_token is None


def test_threads_share_one_tokenizer(default: Tokenizer) -> None:
    texts = [f"number {i % 97} of the {'river ' * (i % 13)}" for i in range(800)]
    expected = [len(default.encode(text)) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(default.count, texts)) == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forking_after_use_warns_of_nothing() -> None:
    """The library warns on stderr when its thread pool was used before a fork; ours never uses it."""
    code = (
        "import os\n"
        "from fake_tgi.tokenizer import Tokenizer\n"
        "t = Tokenizer.load(); t.count('naïve'); t.count('plain'); t.pieces('x y')\n"
        "t.decode(t.encode('a b c'))\n"
        "pid = os.fork()\n"
        "t.encode('in both')\n"
        "pid or os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "TOKENIZERS_PARALLELISM"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True, timeout=60
    )
    assert ran.stderr == ""


def _recorded(shared: Path) -> list[dict[str, Any]]:
    lines = []
    for file in sorted((shared / "oracle" / "exchanges").glob("*.jsonl")):
        lines += [json.loads(line) for line in file.read_text(encoding="utf-8").rstrip("\n").split("\n")]
    return lines


@pytest.mark.needs_shared
def test_recorded_tokenizations_are_alike(shared: Path) -> None:
    """Every /tokenize and /chat_tokenize answer of the real router, token by token."""
    tokenizer = Tokenizer.load(shared / "oracle" / "tokenizer")
    compared = 0
    for exchange in _recorded(shared):
        request, response = exchange["request"], exchange["response"]
        if response["status"] != 200 or request["path"] not in ("/tokenize", "/chat_tokenize"):
            continue
        answer = json.loads("".join(response["chunks"]))
        if request["path"] == "/chat_tokenize":
            text, special, wanted = answer["templated_text"], False, answer["tokenize_response"]
        else:
            body = request["json"] if "json" in request else json.JSONDecoder().raw_decode(request["raw"])[0]
            text, special, wanted = (body[0] if isinstance(body, list) else body["inputs"]), True, answer
        assert [piece._asdict() for piece in tokenizer.pieces(text, special)] == wanted, exchange["name"]
        assert tokenizer.count(text, special) == len(wanted)
        compared += 1
    assert compared > 50


@pytest.mark.needs_shared
def test_recorded_generations_have_the_lengths_and_texts_that_we_find(shared: Path) -> None:
    tokenizer = Tokenizer.load(shared / "oracle" / "tokenizer")
    compared = 0
    for exchange in _recorded(shared):
        for recorded in exchange["generations"]:
            name, special = exchange["name"], recorded["add_special_tokens"]
            prompt = tokenizer.encode(recorded["inputs"], special)[-recorded["truncate"] :]
            assert min(tokenizer.count(recorded["inputs"], special), recorded["truncate"]) == len(prompt), (
                name
            )
            assert len(prompt) == recorded["input_length"], name
            if recorded["prefill"]:
                wanted = [(token["id"], token["text"]) for token in recorded["prefill"]]
                assert [(id, tokenizer.text_of(id)) for id in prompt] == wanted, name
            ids = [token["id"] for token in recorded["tokens"]]
            assert tokenizer.texts(ids) == [token["text"] for token in recorded["tokens"]], name
            assert [tokenizer.is_special(id) for id in ids] == [t["special"] for t in recorded["tokens"]], (
                name
            )
            if recorded["generated_text"] is not None and ids:
                assert tokenizer.generated_text(ids) == recorded["generated_text"], name
            compared += 1
    assert compared > 500
