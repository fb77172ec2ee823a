"""Text to tokens and back, by the model's own tokenizer.json.

Everything that counts, cuts or prints tokens goes through here, so the numbers agree with each other. Only
calls for one text at a time are made: those never start the library's thread pool, which is what makes it
warn when the process forks later.

The texts of generated tokens follow TGI's rule (`decode_token` in server/text_generation_server/models/
model.py): a token's text is what it adds to the decoded text, and is empty while a character is incomplete.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .caches import BoundedCache
from .counting import part_of, piece_counter
from .mistakes import Mistake
from .shipped import DATA
from .text_blocks import Cutter

if TYPE_CHECKING:
    from importlib.abc import Traversable

__all__ = ["Piece", "Tokenizer", "TokenizerError"]

_INCOMPLETE = "\ufffd"
_SHORT = 256  # characters; to remember the count of such a text costs as much as to count it again
_KNOWN_EOS = ("</s>", "<|endoftext|>", "<|eot_id|>", "<|im_end|>", "<eos>", "<|end_of_text|>", "[SEP]")


class TokenizerError(Mistake, ValueError):
    """No tokenizer can be read from the given place; the message says what was expected there."""


class Piece(NamedTuple):
    """One token of a prompt, as /tokenize reports it: `start` and `stop` are byte offsets into the text."""

    id: int
    text: str
    start: int
    stop: int


def _parsed(source: Traversable) -> Any:
    """The JSON value in a file, None when it is absent or damaged: TGI goes on without it, too."""
    try:
        return json.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _token_text(value: object) -> str | None:
    """A special token in a configuration: its text, or an object with the text as `content`."""
    if isinstance(value, Mapping):
        value = value.get("content")
    return value if isinstance(value, str) else None


class Tokenizer:
    """A tokenizer and what its folder says about special tokens. Safe to share over threads.

    `source` is where it was read from. `bos_token` and `eos_token` are texts, None when there is none;
    `eos_ids` are the ids that end a generation. `context_free`: the text of a token depends on no other
    token, but for bytes of unfinished characters. `cut` cuts the texts that are counted.
    """

    def __init__(self, definition: str, files_beside: Mapping[str, Any], *, source: str) -> None:
        """`definition` is the text of tokenizer.json; `source` is named in error messages."""
        from tokenizers import Tokenizer as Backend

        try:
            self._backend = Backend.from_str(definition)
        except Exception as error:  # the library raises plain Exception
            raise TokenizerError(
                f"{source}: expected a tokenizer.json of the Hugging Face tokenizers library, "
                f"but it cannot be read: {error}"
            ) from error
        self._files = dict(files_beside)
        self.source = source
        added = self._backend.get_added_tokens_decoder()
        self.context_free = part_of(self._backend, "decoder").get("type") == "ByteLevel"
        self.bos_token = self._configured("bos_token")
        self.eos_token = self._configured("eos_token") or next(
            (token for token in _KNOWN_EOS if self._backend.token_to_id(token) is not None), None
        )
        self.eos_ids = self._find_eos_ids()
        self._special = self.eos_ids | {id for id, token in added.items() if token.special}
        self._texts: dict[int, str] = {}
        self._counts: BoundedCache[tuple[str, bool], int] = BoundedCache(entries=4096, size=4_000_000)
        self._continuations: BoundedCache[str, tuple[tuple[int, str], ...]] = BoundedCache(
            entries=1024, size=1_000_000
        )
        self.cut: Final = Cutter()
        self._piece_count = piece_counter(self._backend, self.cut)
        self._added_by_encode = self._backend.num_special_tokens_to_add(False)

    @classmethod
    def load(cls, folder: str | Path | None = None) -> Tokenizer:
        """The tokenizer of a model folder; None is the one that ships with this package.

        `folder` holds tokenizer.json and, if it has them, tokenizer_config.json, special_tokens_map.json,
        config.json and generation_config.json. Raises TokenizerError when there is no readable tokenizer.
        """
        if folder is None:
            place: Traversable = DATA
            source = "the tokenizer of fake_tgi"
        else:
            place = path = Path(folder)
            source = str(path / "tokenizer.json")
            if not path.is_dir():
                what = "is a file" if path.exists() else "does not exist"
                raise TokenizerError(
                    f"expected a folder with a tokenizer.json in it, but {str(folder)!r} {what}. Give "
                    "the path of a model folder, or none for the tokenizer that comes with this package; "
                    "nothing is downloaded."
                )
        try:
            definition = (place / "tokenizer.json").read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            present = sorted(entry.name for entry in place.iterdir())[:8]
            raise TokenizerError(
                f"expected a file tokenizer.json (UTF-8) in {str(folder)!r}, but it cannot be read "
                f"({error}); the folder has {', '.join(present) or 'no files'}."
            ) from error
        names = ("tokenizer_config", "special_tokens_map", "config", "generation_config")
        return cls(definition, {name: _parsed(place / f"{name}.json") for name in names}, source=source)

    def config(self, name: str) -> Mapping[str, Any]:
        """A JSON object beside tokenizer.json (`tokenizer_config`, `config`, …); empty when there is none."""
        found = self._files.get(name)
        return found if isinstance(found, dict) else {}

    def _configured(self, name: str) -> str | None:
        return _token_text(self.config("tokenizer_config").get(name)) or _token_text(
            self.config("special_tokens_map").get(name)
        )

    def _find_eos_ids(self) -> frozenset[int]:
        """The ids that end a generation: a list in generation_config.json wins (flash_causal_lm.py:1243)."""
        listed = self.config("generation_config").get("eos_token_id")
        if isinstance(listed, list):
            return frozenset(value for value in listed if isinstance(value, int))
        if self.eos_token is not None and (found := self._backend.token_to_id(self.eos_token)) is not None:
            return frozenset([found])
        configured = self.config("config").get("eos_token_id", listed)
        values = configured if isinstance(configured, list) else [configured]
        return frozenset(value for value in values if isinstance(value, int))

    @property
    def eos_id(self) -> int | None:
        """The id to end an answer with; None when nothing ends one."""
        if self.eos_token is not None:
            found = self._backend.token_to_id(self.eos_token)
            if found in self.eos_ids:
                return int(found)
        return min(self.eos_ids, default=None)

    @property
    def vocabulary_size(self) -> int:
        """Entries, added tokens included."""
        return int(self._backend.get_vocab_size(with_added_tokens=True))

    def is_special(self, id: int) -> bool:
        """Whether `generated_text` leaves this token out."""
        return id in self._special

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """The token ids of a text; with `add_special_tokens`, what the post-processor adds is among them."""
        ids: list[int] = self._backend.encode(text, add_special_tokens=add_special_tokens).ids
        return ids

    def count(self, text: str, add_special_tokens: bool = True) -> int:
        """How many ids `encode` gives for the same arguments."""
        if len(text) <= _SHORT and self._piece_count is not None:
            return self._count(text, add_special_tokens)
        key = (text, add_special_tokens)
        known = self._counts.get(key)
        if known is None:
            known = self._count(text, add_special_tokens)
            self._counts.put(key, known, len(text))
        return known

    def _count(self, text: str, add_special_tokens: bool) -> int:
        found = self._piece_count(text) if self._piece_count is not None else None
        if found is None:
            return len(self._backend.encode(text, add_special_tokens=add_special_tokens))
        return found + self._added_by_encode if add_special_tokens else found

    def pieces(self, text: str, add_special_tokens: bool = True) -> list[Piece]:
        """The list of /tokenize: tokens with the bytes of `text` that they stand for (server.rs:71).

        Tokens that the post-processor added have no bytes: "", 0, 0. A token that is a part of a character
        reports the whole character.
        """
        encoding = self._backend.encode(text, add_special_tokens=add_special_tokens)
        ids, offsets = encoding.ids, encoding.offsets
        if text.isascii():
            return [
                Piece(id, text[start:stop], start, stop)
                for id, (start, stop) in zip(ids, offsets, strict=True)
            ]
        at = [0, *accumulate(len(character.encode()) for character in text)]
        return [
            Piece(id, text[start:stop], at[start], at[stop])
            for id, (start, stop) in zip(ids, offsets, strict=True)
        ]

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of ids taken together."""
        return str(self._backend.decode(ids, skip_special_tokens=skip_special_tokens))

    def text_of(self, id: int) -> str:
        """The text of one token by itself, as prefill and top tokens show it."""
        text = self._texts.get(id)
        if text is None:
            text = self._texts[id] = self.decode([id])
        return text

    def texts(self, ids: Iterable[int], before: Sequence[int] = ()) -> list[str]:
        """What each generated token adds to the text, after the tokens `before` (the end of the prompt)."""
        if not self.context_free:
            return self._texts_in_context(ids, before)
        texts: list[str] = []
        unfinished: list[int] = []
        for id in ids:
            text = self.text_of(id)
            if unfinished or text.endswith(_INCOMPLETE):
                unfinished.append(id)
                text = self.decode(unfinished)
                if text.endswith(_INCOMPLETE):
                    texts.append("")
                    continue
                unfinished.clear()
            texts.append(text)
        return texts

    def _texts_in_context(self, ids: Iterable[int], before: Sequence[int]) -> list[str]:
        """The rule itself: the text so far is decoded with and without the new token."""
        texts: list[str] = []
        all_ids = list(before)
        prefix, read = max(len(all_ids) - 5, 0), len(all_ids)
        for id in ids:
            all_ids.append(id)
            known = self.decode(all_ids[prefix:read])
            text = self.decode(all_ids[prefix:])
            if len(text) > len(known) and not text.endswith(_INCOMPLETE):
                texts.append(text[len(known) :])
                prefix, read = read, len(all_ids)
            else:
                texts.append("")
        return texts

    def generated_text(self, ids: Sequence[int], before: Sequence[int] = ()) -> str:
        """The text of a whole answer without special tokens.

        Empty when it ends inside a character, because TGI applies the rule of a single token to it
        (flash_causal_lm.py:2332).
        """
        anchor = list(before[-1:])
        known = self.decode(anchor, skip_special_tokens=True)
        text = self.decode([*anchor, *ids], skip_special_tokens=True)
        return "" if text.endswith(_INCOMPLETE) else text[len(known) :]

    def continuation(self, text: str) -> tuple[tuple[int, str], ...]:
        """Ids with texts that add up to `text` when they follow a prompt, as far as the vocabulary allows.

        A tokenizer that marks the beginning of words would otherwise lose, or invent, a space in front.
        """
        known = self._continuations.get(text)
        if known is None:
            known = self._find_continuation(text)
            self._continuations.put(text, known, 40 * len(text))
        return known

    def _find_continuation(self, text: str) -> tuple[tuple[int, str], ...]:
        plain = self.encode(text, add_special_tokens=False)
        best: tuple[tuple[int, str], ...] = ()
        for anchor in "", "\n", ".", "a":
            before = self.encode(anchor, add_special_tokens=False) if anchor else []
            ids = self.encode(anchor + text, add_special_tokens=False) if anchor else plain
            if ids[: len(before)] != before:
                continue
            following = ids[len(before) :]
            texts = self.texts(following, before or self.anchor)
            found = tuple(zip(following, texts, strict=True))
            if "".join(texts) == text:
                return found
            best = best or found
        return best

    @property
    def anchor(self) -> list[int]:
        """What to decode after when the prompt's own end is not at hand: a plain token, no space behind."""
        return [] if self.context_free else self.encode("a", add_special_tokens=False)[-1:]
