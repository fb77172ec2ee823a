"""Writes data/quickstart.jsonl, the recording behind the quick-start: `python -m fake_tgi.record_quickstart`.

One recorded generation a line, in the format of the router's own recordings. The text is that of the
published client's README; its tokens and likelihoods are the embedded tokenizer's, so the file must be
written again whenever that tokenizer is trained again (a test says so).
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from .likelihood import Likelihood
from .settings import Settings
from .tokenizer import Tokenizer

__all__ = ["ANSWERS", "record"]

ANSWERS: Final = {"Why is the sky blue?": " Rayleigh scattering"}
"""What is asked in the README, and what is answered there."""


def record(tokenizer: Tokenizer, inputs: str, answer: str) -> dict[str, Any]:
    """The generation that answers `inputs` with `answer` and then ends by itself."""
    pairs = [*tokenizer.continuation(answer)]
    if tokenizer.eos_id is None:
        raise ValueError("expected a tokenizer with an end-of-sequence token, which a whole answer needs")
    pairs.append((tokenizer.eos_id, tokenizer.text_of(tokenizer.eos_id)))
    tokens = Likelihood(tokenizer).tokens(pairs, mix=0)
    limit = Settings()
    input_length = tokenizer.count(inputs)
    return {
        "inputs": inputs,
        "truncate": limit.max_input_tokens,
        "add_special_tokens": True,
        "input_length": input_length,
        "max_new_tokens": limit.max_total_tokens - input_length,
        "stop_sequences": [],
        "tokens": [
            {"id": token.id, "text": token.text, "logprob": token.logprob, "special": token.special}
            for token in tokens
        ],
        "generated_text": answer,
        "generated_tokens": len(tokens),
        "finish_reason": "eos_token",
    }


def main() -> None:
    """Writes the file into this package's `data` folder."""
    tokenizer = Tokenizer.load()
    lines = (json.dumps(record(tokenizer, inputs, answer)) + "\n" for inputs, answer in ANSWERS.items())
    place = Path(str(files("fake_tgi"))) / "data" / "quickstart.jsonl"
    place.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
