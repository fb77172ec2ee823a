"""Small tokenizers of the other kinds that a model folder may have, trained where they are used."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers import Tokenizer as Backend

KINDS = ("byte_level", "metaspace", "sentencepiece_bytes", "wordpiece", "words")
SPECIAL = [AddedToken(text, special=True, normalized=False) for text in ("<unk>", "<s>", "</s>")]


def _template() -> processors.TemplateProcessing:
    return processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])


def _backend(kind: str) -> tuple[Backend, trainers.Trainer]:
    if kind == "byte_level":
        made = Backend(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        made.decoder = decoders.ByteLevel()
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        return made, trainers.BpeTrainer(
            vocab_size=900, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
        )
    if kind == "metaspace":
        made = Backend(models.Unigram())
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.decoder = decoders.Metaspace()
        return made, trainers.UnigramTrainer(
            vocab_size=900, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
        )
    if kind == "sentencepiece_bytes":  # the way of Llama 2: spaces as ▁, unknown characters as bytes
        made = Backend(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        made.decoder = decoders.Sequence(
            [
                decoders.Replace("▁", " "),
                decoders.ByteFallback(),
                decoders.Fuse(),
                decoders.Strip(" ", 1, 0),
            ]
        )
        bytes_ = [f"<0x{value:02X}>" for value in range(256)]
        return made, trainers.BpeTrainer(
            vocab_size=900, special_tokens=[*SPECIAL, *bytes_], show_progress=False
        )
    if kind == "wordpiece":
        made = Backend(models.WordPiece(unk_token="<unk>"))
        made.normalizer = normalizers.BertNormalizer(lowercase=True)
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        made.decoder = decoders.WordPiece()
        return made, trainers.WordPieceTrainer(vocab_size=900, special_tokens=SPECIAL, show_progress=False)
    made = Backend(models.WordLevel(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made, trainers.WordLevelTrainer(vocab_size=300, special_tokens=SPECIAL, show_progress=False)


def model_folder(kind: str, folder: Path) -> Path:
    """Writes tokenizer.json and tokenizer_config.json of a kind into `folder`."""
    corpus = (files("fake_tgi") / "data" / "corpus.txt").read_text(encoding="utf-8")
    made, trainer = _backend(kind)
    made.train_from_iterator([line for line in corpus.splitlines() if line.isascii()], trainer)
    made.post_processor = _template()
    definition = json.loads(made.to_str())
    if kind == "sentencepiece_bytes":  # bytes are ordinary tokens there, not added ones
        definition["added_tokens"] = definition["added_tokens"][:3]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(definition), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        '{"bos_token": "<s>", "eos_token": "</s>"}', encoding="utf-8"
    )
    return folder
