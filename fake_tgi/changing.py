"""What of its settings a running fake can change, by group; everything else is there from start to end.

The groups are those of `/__admin/settings` and of its contract. Names are those of Settings and of flags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Final

from .settings import Settings, SettingsError

__all__ = ["GROUPS", "SINGLE", "TIMING", "changed", "known"]

GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "time": (
            "time_to_first_token", "prefill_time_per_token", "inter_token_latency", "load_factor", "profile",
            "simulate_batching",
        ),
        "limits": (
            "max_concurrent_requests", "max_best_of", "max_stop_sequences", "max_top_n_tokens",
            "max_input_tokens", "max_total_tokens", "max_client_batch_size", "payload_limit",
            "max_batch_prefill_tokens", "max_batch_total_tokens", "max_batch_size", "max_waiting_tokens",
            "waiting_served_ratio",
        ),
    }
)  # fmt: skip

SINGLE: Final = ("answers", "ignore_eos", "seed", "strict")

TIMING: Final = frozenset(
    name
    for name in (*GROUPS["time"], *GROUPS["limits"], "seed")
    if not name.startswith(("max_best", "max_stop", "max_top", "max_input", "max_total", "payload"))
)
"""What the times of answers follow from."""


def known(names: Iterable[str]) -> None:
    """Raises SettingsError for the name of something that cannot be changed."""
    possible = (*SINGLE, *(name for group in GROUPS.values() for name in group))
    for name in names:
        if name not in possible:
            said = f"`{name}` cannot be changed while the server runs"
            from difflib import get_close_matches  # only a mistake pays for it

            near = get_close_matches(name, possible, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise SettingsError(f"{said}: expected one of {', '.join(possible)}{hint}")


def changed(old: Settings, new: Settings) -> frozenset[str]:
    """The names of what differs. Raises SettingsError if one of them cannot be changed."""
    names = frozenset(
        field.name for field in fields(Settings) if getattr(old, field.name) != getattr(new, field.name)
    )
    known(sorted(names))
    return names
