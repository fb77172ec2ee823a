"""Trains the tokenizer that the package ships, from `data/`: `python -m fake_tgi.train_tokenizer`.

The corpus, the word list and this script are the tokenizer's source: nothing is fetched, nothing is random,
and the same text always gives the same bytes. The text is the corpus, the phrases that the seeded shard
speaks in, and sentences put together from the words of all three and what can be derived from them, so that
common words, stems and endings occur often enough to merge.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from .shards.phrases import SLOTS

__all__ = ["SPECIAL_TOKENS", "VOCABULARY", "train", "training_text"]

VOCABULARY = 4096
"""Entries, special tokens and the 256 bytes included."""

SPECIAL_TOKENS = ("<unk>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>")
"""In the order of their ids, from 0."""

_WORD = re.compile(r"[a-z]{2,}")
_ENDINGS = ("", "", "", "s", "ed", "ing", "er", "ly", "ness", "ment", "ation", "able")
_SENTENCES = 8000


def _sentences(words: list[str]) -> Iterator[str]:
    """Word salad in a fixed order: a linear congruential walk over words and endings."""
    state = 2024
    for number in range(_SENTENCES):
        chosen = []
        for _ in range(5 + number % 9):
            state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
            word = words[(state >> 33) % len(words)]
            ending = _ENDINGS[(state >> 21) % len(_ENDINGS)]
            chosen.append((word[:-1] if word.endswith("e") and ending[:1] in set("eia") else word) + ending)
        punctuation = ".", ",", "?", ".", ";", "."
        yield chosen[0].capitalize() + " " + " ".join(chosen[1:]) + punctuation[number % len(punctuation)]


def training_text(corpus: str, words: str) -> list[str]:
    """The lines to train on, in order."""
    phrases = [phrase for table in SLOTS.values() for phrase in table]
    lines = corpus.splitlines()
    english = [line for line in lines if line.isascii()]
    known = sorted(set(_WORD.findall("\n".join([*english, *phrases, words]).lower())))
    return [line + "\n" for line in [*lines * 4, *(english + phrases) * 6, *_sentences(known)]]


def train(corpus: str, words: str) -> str:
    """The text of tokenizer.json: byte-level BPE, `<s>` put in front by the post-processor."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=2,
        show_progress=False,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(training_text(corpus, words), trainer)
    bos = SPECIAL_TOKENS.index("<s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", bos)]
    )
    # Written by json, not by the library, so that the file does not change with the library's layout.
    return json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    """Reads the corpus and the words of the package and writes tokenizer.json beside them."""
    data = Path(str(files("fake_tgi"))) / "data"
    parser = argparse.ArgumentParser(prog="python -m fake_tgi.train_tokenizer", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=data / "tokenizer.json", help="where to write the result")
    options = parser.parse_args()
    corpus, words = ((data / name).read_text(encoding="utf-8") for name in ("corpus.txt", "words.txt"))
    options.out.write_text(train(corpus, words), encoding="utf-8")


if __name__ == "__main__":
    main()
