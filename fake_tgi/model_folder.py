"""A local model folder, as `save_pretrained` writes it: where it is, and how long its model's texts may be.

Only names that are folders count; nothing is looked up on a hub. A file that is missing or says nothing
usable is as good as absent, as for TGI's launcher.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, TypeGuard

__all__ = ["find_model_folder", "model_max_length"]

# transformers writes 1e30 for "no limit"; nothing near that is a length.
_NO_LIMIT: Final = 10**9
# The launcher's names for the same number (RawConfig in launcher/src/main.rs), the first one present counts.
_POSITIONS: Final = ("max_position_embeddings", "max_seq_len", "n_positions")


def find_model_folder(*names: str) -> Path | None:
    """The first of `names` that is a folder here; None if none is."""
    for name in dict.fromkeys(names):  # most often they are the same
        if name and (folder := Path(name)).is_dir():
            return folder
    return None


def model_max_length(folder: Path) -> int | None:
    """Tokens that the model in `folder` handles, prompt and answer together; None if the folder does not say.

    The smaller of the tokenizer's `model_max_length` and the model's `max_position_embeddings`
    (flash_causal_lm.py, warm-up).
    """
    config = _object(folder / "config.json")
    positions = next((config[name] for name in _POSITIONS if config.get(name) is not None), None)
    lengths = (_object(folder / "tokenizer_config.json").get("model_max_length"), positions)
    return min((length for length in lengths if _is_length(length)), default=None)


def _is_length(value: object) -> TypeGuard[int]:
    return type(value) is int and 1 < value < _NO_LIMIT


def _object(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
