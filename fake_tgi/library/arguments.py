"""What a fake is made with, by name: every setting, and two short names that the docs of others use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from os import PathLike, fspath
from typing import Any, Final, Literal, TypedDict

from ..settings import Settings

__all__ = ["ALIASES", "SEVERAL", "SettingsArguments", "as_setting", "read_settings"]

ALIASES: Final[dict[str, str]] = {"ttft": "time_to_first_token", "itl": "inter_token_latency"}
"""Short names."""

SEVERAL: Final = ("cors_allow_origin", "fault")
"""Settings that are any number of texts."""


class SettingsArguments(TypedDict, total=False):
    """The settings, as in `fake_tgi.settings.Settings`, but for host and port; and the short names.

    Times are texts with a unit or a distribution: "20ms", "lognormal(800ms,0.4)". A path may be a Path, and
    one fault or several are said alike: `fault="overload"`, `fault=["overload", "gzip"]`.
    """

    max_concurrent_requests: int
    max_best_of: int
    max_stop_sequences: int
    max_top_n_tokens: int
    max_input_tokens: int
    max_total_tokens: int
    waiting_served_ratio: float
    max_batch_prefill_tokens: int
    max_batch_total_tokens: int
    max_waiting_tokens: int
    max_batch_size: int | None
    prometheus_port: int
    master_shard_uds_path: str
    tokenizer_name: str | PathLike[str]
    tokenizer_config_path: str | PathLike[str] | None
    revision: str | None
    trust_remote_code: bool
    validation_workers: int
    api_key: str | None
    json_output: bool
    otlp_endpoint: str | None
    otlp_service_name: str
    cors_allow_origin: str | Sequence[str]
    disable_grammar_support: bool
    max_client_batch_size: int
    usage_stats: str
    payload_limit: int
    max_image_fetch_size: int
    model_id: str | PathLike[str]
    graceful_termination_timeout: int
    model_max_length: int
    version: str
    sha: str | None
    docker_label: str | None
    support_chunking: bool
    seed: int
    answers: str
    ignore_eos: bool
    stubs: str | PathLike[str] | None
    strict: bool
    admin_token: str | None
    time_to_first_token: str | None
    prefill_time_per_token: str | None
    inter_token_latency: str | None
    load_factor: float | None
    profile: str | None
    simulate_batching: bool
    clock: Literal["real", "virtual", "stepped"]
    speedup: float
    replay: str | PathLike[str] | None
    replay_speed: float | str
    on_miss: str
    upstream: str | None
    fault: str | Sequence[str]
    allow_fault_header: bool
    workers: int
    coalesce: bool
    ttft: str | None
    itl: str | None


def read_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by their own names. Raises TypeError for an unknown name, and one given twice."""
    known = [spec.name for spec in fields(Settings) if spec.init and spec.name not in ("hostname", "port")]
    found: dict[str, Any] = {}
    for name, value in given.items():
        own = ALIASES.get(name, name)
        if own not in known:
            close = get_close_matches(name, [*known, *ALIASES], n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(close)}?" if close else "see fake_tgi.settings.Settings"
            hint = "say host=" if name == "hostname" else hint
            raise TypeError(f"FakeTGI has no setting {name!r}: {hint}")
        if own in found:
            raise TypeError(f"{own} is given twice: as {own} and as {name}")
        found[own] = as_setting(own, value)
    return found


def as_setting(name: str, value: Any) -> Any:
    """What Settings takes: a path as a text, and one text or a list of them where there may be several."""
    if isinstance(value, PathLike):
        return fspath(value)
    if name in SEVERAL and isinstance(value, (str, list)):
        return (value,) if isinstance(value, str) else tuple(value)
    return value
