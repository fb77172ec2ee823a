"""Named latencies of common model and GPU pairs, each with where its numbers come from.

None of these was measured. They follow from the model's size and the GPU's data sheet by the two rules
below, whose efficiencies are made up; take them for an order of magnitude, and measure your own server
(`recorded(FILE)`) when more is needed.

- A decode step reads all weights once: bytes of weights / memory bandwidth / 0.6, and 2 ms on top.
- A prompt token costs two operations a weight: 2 * parameters / operations per second / 0.4.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from .durations import TimingError

__all__ = ["PROFILES", "Profile", "profile"]

_BANDWIDTH_USED: Final = 0.6
_COMPUTE_USED: Final = 0.4
_STEP: Final = 0.002
_FIRST: Final = 0.015


@dataclass(frozen=True, slots=True)
class Profile:
    """Latencies in seconds. `load_factor`: how much slower with all slots taken. `source`: says whence."""

    time_to_first_token: float
    prefill_time_per_token: float
    inter_token_latency: float
    load_factor: float
    source: str


@dataclass(frozen=True, slots=True)
class _Gpu:
    name: str
    bandwidth: float
    """Bytes a second."""
    operations: float
    """Dense 16-bit operations a second."""


# The vendor's data sheets, without sparsity.
_L4 = _Gpu("L4", 300e9, 121e12)
_A10G = _Gpu("A10G", 600e9, 125e12)
_A100 = _Gpu("A100 80 GB SXM", 2_039e9, 312e12)
_H100 = _Gpu("H100 SXM", 3_350e9, 989e12)


def _derived(model: str, parameters: float, gpu: _Gpu, count: int = 1, *, load_factor: float) -> Profile:
    """16-bit weights, spread over `count` GPUs."""
    step = _STEP + 2 * parameters / (gpu.bandwidth * count) / _BANDWIDTH_USED
    return Profile(
        time_to_first_token=round(_FIRST + step, 6),
        prefill_time_per_token=round(2 * parameters / (gpu.operations * count) / _COMPUTE_USED, 9),
        inter_token_latency=round(step, 6),
        load_factor=load_factor,
        source=(
            f"made up: {model}, 16-bit weights on {count} x {gpu.name}, derived from the data sheet's "
            f"{gpu.bandwidth / 1e9:.0f} GB/s and {gpu.operations / 1e12:.0f} TFLOPS with assumed "
            "efficiencies; not measured"
        ),
    )


PROFILES: Final[dict[str, Profile]] = {
    "llama-3.1-8b-l4": _derived("Llama 3.1 8B", 8.03e9, _L4, load_factor=3.0),
    "llama-3.1-8b-a10g": _derived("Llama 3.1 8B", 8.03e9, _A10G, load_factor=2.5),
    "llama-3.1-8b-a100": _derived("Llama 3.1 8B", 8.03e9, _A100, load_factor=2.0),
    "llama-3.1-8b-h100": _derived("Llama 3.1 8B", 8.03e9, _H100, load_factor=2.0),
    "llama-3.1-70b-4xa100": _derived("Llama 3.1 70B", 70.6e9, _A100, 4, load_factor=2.5),
    "llama-3.1-70b-4xh100": _derived("Llama 3.1 70B", 70.6e9, _H100, 4, load_factor=2.0),
    "mistral-7b-a10g": _derived("Mistral 7B", 7.25e9, _A10G, load_factor=2.5),
    "bloom-176b-8xa100": _derived("BLOOM", 176.2e9, _A100, 8, load_factor=3.0),
}


def profile(name: str) -> Profile:
    """The profile called `name`. Raises TimingError with the names there are."""
    found = PROFILES.get(name)
    if found is None:
        close = difflib.get_close_matches(name, PROFILES, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(PROFILES)}"
        raise TimingError(f"profile: expected the name of a profile ({hint}), got {name!r}")
    return found
