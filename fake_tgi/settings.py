"""The router's numbers and names, under TGI's own names, checked as the router checks them at its start.

A Settings is complete and right once it exists: what was left unset is filled in, what the router would
refuse is refused here. It reads no environment (the command line does), and of files only the model
folder's. Rules: backends/v3/src/main.rs and launcher/src/main.rs of TGI 3.3.6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Final

from .answers import answers_of
from .mistakes import Mistake
from .model_folder import find_model_folder, model_max_length
from .quick_values import dataclass

__all__ = ["DEFAULT_MODEL", "DEFAULT_MODEL_MAX_LENGTH", "GIVEN", "UNSET", "Settings", "SettingsError"]


class _Unset(int):
    """A number that is none, told from -1 by its identity: a user's -1 is a mistake, as at other doors."""

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset(-1)
"""For a number that the router leaves to the model."""

DEFAULT_MODEL: Final = "bigscience/bloom"
"""The router's default `--tokenizer-name`."""

DEFAULT_MODEL_MAX_LENGTH: Final = 4096
"""Tokens a model handles when nothing says otherwise; TGI's default prefill budget as well."""

_U16: Final = 2**16 - 1
_U32: Final = 2**32 - 1
_USIZE: Final = 2**64 - 1

# The ranges are those of the types that the router parses these flags into (clap refuses anything else).
_RANGES: Final[dict[str, tuple[int, int]]] = {
    "max_concurrent_requests": (0, _USIZE),
    "max_best_of": (0, _USIZE),
    "max_stop_sequences": (0, _USIZE),
    "max_top_n_tokens": (0, _U32),
    "max_input_tokens": (0, _USIZE),
    "max_total_tokens": (0, _USIZE),
    "max_batch_prefill_tokens": (0, _U32),
    "max_batch_total_tokens": (0, _U32),
    "max_waiting_tokens": (0, _USIZE),
    "max_batch_size": (0, _USIZE),
    "port": (0, _U16),
    "prometheus_port": (0, _U16),
    "validation_workers": (0, _USIZE),
    "max_client_batch_size": (0, _USIZE),
    "payload_limit": (0, _USIZE),
    "max_image_fetch_size": (0, _USIZE),
    "graceful_termination_timeout": (0, _USIZE),
    "model_max_length": (1, _USIZE),
    "seed": (0, _USIZE),
    "workers": (1, 1024),
}
_MAY_BE_UNSET: Final = frozenset(
    ("max_input_tokens", "max_total_tokens", "max_batch_total_tokens", "model_max_length")
)

_TYPES: Final[dict[str, tuple[str, Callable[[object], bool]]]] = {
    "bool": ("True or False", lambda value: type(value) is bool),
    "str": ("a string", lambda value: isinstance(value, str)),
    "str | None": ("a string or None", lambda value: value is None or isinstance(value, str)),
    "float": ("a number", lambda value: type(value) in (int, float)),
    "float | str": ("a number", lambda value: type(value) in (int, float)),
    "float | None": ("a number or None", lambda value: value is None or type(value) in (int, float)),
    "tuple[str, ...]": (
        "a tuple of strings",
        lambda value: isinstance(value, tuple) and all(isinstance(item, str) for item in value),
    ),
}


_TIMED: Final = (
    "time_to_first_token", "prefill_time_per_token", "inter_token_latency", "load_factor", "profile",
)  # fmt: skip


class SettingsError(Mistake, ValueError):
    """A value or combination that the router refuses at its start; in the router's words where it has any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the server runs with. Every field is a flag of TGI's router unless said otherwise.

    Raises SettingsError for what the router refuses, and for numbers outside the type of its flag.

    Token limits: an unset `max_total_tokens` becomes `model_max_length`, an unset `max_input_tokens` one
    less than the total: what TGI's shard answers at warm-up when memory is no limit (flash_causal_lm.py).
    Names: `model_id` and `tokenizer_name` stand for one another when only one is given, because TGI's
    launcher hands its `--model-id` to the router as `--tokenizer-name`; without either, the router's default.
    """

    max_concurrent_requests: int = 128
    max_best_of: int = 2
    max_stop_sequences: int = 4
    max_top_n_tokens: int = 5
    max_input_tokens: int = UNSET
    """Longest prompt, in tokens."""
    max_total_tokens: int = UNSET
    """Prompt and answer together, in tokens."""
    waiting_served_ratio: float = 1.2
    """Share of a simulated batch that must wait to join it before `max_waiting_tokens`; not with chunking."""
    max_batch_prefill_tokens: int = 4096
    max_batch_total_tokens: int = UNSET
    """Unset: the largest of 16,000, the total and the prefill budget (v3/src/lib.rs)."""
    max_waiting_tokens: int = 20
    """Steps of a simulated batch after which whoever waits joins it; nobody waits with chunking."""
    max_batch_size: int | None = None
    """Most requests in one batch. None: any number."""
    hostname: str = "0.0.0.0"  # noqa: S104  the router's default, so that a container answers from outside
    port: int = 3000
    prometheus_port: int = 9000
    master_shard_uds_path: str = "/tmp/text-generation-server-0"  # noqa: S108  the router's default; never opened
    tokenizer_name: str = ""
    """A local model folder, or a name. Nothing is ever downloaded: a name gets the embedded tokenizer."""
    tokenizer_config_path: str | None = None
    revision: str | None = None
    trust_remote_code: bool = False
    validation_workers: int = 2
    api_key: str | None = field(default=None, repr=False)
    json_output: bool = False
    otlp_endpoint: str | None = None
    otlp_service_name: str = "text-generation-inference.router"
    cors_allow_origin: tuple[str, ...] = ()
    """Empty: any origin."""
    disable_grammar_support: bool = False
    max_client_batch_size: int = 4
    usage_stats: str = "on"
    payload_limit: int = 2_000_000
    """Longest request body, in bytes."""
    max_image_fetch_size: int = 1_073_741_824
    """Largest image fetched from a URL, in bytes."""

    # The launcher's.
    model_id: str = ""
    """What /info and /v1/models report."""
    graceful_termination_timeout: int = 90
    """Longest wait for requests in flight at shutdown, in seconds."""

    # The fake's own.
    model_max_length: int = UNSET
    """What the model handles, in tokens. Unset: what the model folder says, else 4,096."""
    model_folder: Path | None = field(init=False)
    """The folder that `tokenizer_name`, or else `model_id`, names; None: the embedded tokenizer."""
    version: str = "3.3.6-dev0"
    """The TGI version that this fake answers as, in /info."""
    sha: str | None = "db931fcf42da018a3657580c64bf2720f167f9ab"
    """The commit of that version."""
    docker_label: str | None = None
    support_chunking: bool = True
    """Whether the shard takes a prompt in pieces; without, a prompt must fit `max_batch_prefill_tokens`."""
    seed: int = 0
    """Seeds the answers that nobody scripted."""
    answers: str = "seeded"
    """What the model says when nobody scripted it: a kind of fake_tgi/answers.py, or the id of an answer."""
    ignore_eos: bool = False
    """Whether every unscripted answer runs to its `max_new_tokens`; an echo ends when all is said."""
    coalesce: bool = False
    """Whether stream events that are due at once share an HTTP chunk, which the router's never do."""
    stubs: str | None = None
    """A file of stubs (YAML, or JSON if its name ends so), read again whenever it changes."""
    strict: bool = False
    """Whether a call for the model that nobody scripted gets 501 instead of an answer."""
    admin_token: str | None = field(default=None, repr=False)
    """Opens the controls under `/__admin/` to who sends it; without one, only this machine may use them."""

    # Time, as fake_tgi/timing reads it: 20ms, normal(20ms,5ms), lognormal(800ms,0.4), uniform(10ms,30ms),
    # recorded(FILE). None: what the profile says, or no time at all.
    time_to_first_token: str | None = None
    prefill_time_per_token: str | None = None
    inter_token_latency: str | None = None
    load_factor: float | None = None
    """How many times slower everything is with every slot taken, from 1."""
    profile: str | None = None
    """A name in `fake_tgi.timing.PROFILES`."""
    simulate_batching: bool = False
    """Whether generations share a simulated batch, by TGI's own batching limits."""
    clock: str = "real"
    """real; virtual: it jumps as soon as everybody waits; stepped: it stands until it is moved."""
    speedup: float = 1.0
    """How much faster than real time a real clock runs, above 0."""

    replay: str | None = None
    """A folder or file of recordings to answer from."""
    replay_speed: float | str = 1.0
    """How much faster than recorded, above 0; infinity is at once. `2x` and `instant` become such numbers."""
    on_miss: str = "seeded"
    """What a call gets that is not recorded: `seeded` an answer, `fail` 501, `proxy` the upstream's answer,
    `record` that answer, which is recorded as well."""
    upstream: str | None = None
    """URL of the server behind `on_miss` proxy and record."""

    fault: tuple[str, ...] = ()
    """What goes wrong, as fake_tgi/faults/writing.py reads it: `cut(tokens=3) rate=0.1`."""
    allow_fault_header: bool = False
    """Whether a call may ask for faults on itself, with `x-fake-tgi-fault`."""

    workers: int = 1
    """Processes that serve on one port (`fake-tgi serve` alone); they answer as one would."""

    def __post_init__(self) -> None:
        if isinstance(self.replay_speed, str):
            object.__setattr__(self, "replay_speed", _speed(self.replay_speed))
        _check_types(self)
        if self.validation_workers == 0:
            raise SettingsError("`validation_workers` must be > 0")
        if self.max_batch_size == 0:
            raise SettingsError("`max_batch_size` must be > 0")
        _fill(self)
        _check_limits(self)
        _check_answers(self)
        _check_time(self)
        _check_faults(self)
        _check_replay(self)

    @property
    def timed(self) -> bool:
        """Whether any time is asked for."""
        return any(getattr(self, name) is not None for name in _TIMED)


GIVEN: Final = tuple(name for name in Settings.__annotations__ if name != "model_folder")
"""The names of what Settings can be made with: all but what they find out by themselves."""


def _check_types(settings: Settings) -> None:
    for name, (low, high) in _RANGES.items():
        value = getattr(settings, name)
        if (value is UNSET and name in _MAY_BE_UNSET) or (value is None and name == "max_batch_size"):
            continue
        if type(value) is not int or not low <= value <= high:
            or_none = " or None" if name == "max_batch_size" else ""
            raise SettingsError(f"`{name}` must be an integer from {low} to {high}{or_none}, got {value!r}")
    for name in GIVEN:
        if name in _RANGES:
            continue
        value = getattr(settings, name)
        expected, fits = _TYPES[Settings.__annotations__[name]]
        if not fits(value):
            raise SettingsError(f"`{name}` must be {expected}, got {value!r}")


def _fill(settings: Settings) -> None:
    """Give every unset field the value that the router, or the model behind it, would."""

    def put(name: str, value: object) -> None:
        object.__setattr__(settings, name, value)

    put("tokenizer_name", settings.tokenizer_name or settings.model_id or DEFAULT_MODEL)
    put("model_id", settings.model_id or settings.tokenizer_name)
    folder = find_model_folder(settings.tokenizer_name, settings.model_id)
    put("model_folder", folder)
    if settings.model_max_length is UNSET:
        put("model_max_length", (folder and model_max_length(folder)) or DEFAULT_MODEL_MAX_LENGTH)
    if settings.max_total_tokens is UNSET:
        put("max_total_tokens", settings.model_max_length)
    if settings.max_input_tokens is UNSET:
        put("max_input_tokens", max(settings.max_total_tokens - 1, 0))
    if settings.max_batch_total_tokens is UNSET:
        put(
            "max_batch_total_tokens",
            max(16_000, settings.max_total_tokens, settings.max_batch_prefill_tokens),
        )


def _check_limits(settings: Settings) -> None:
    if not abs(settings.waiting_served_ratio) < float("inf"):
        raise SettingsError(
            f"`waiting_served_ratio` must be a finite number, got {settings.waiting_served_ratio!r}"
        )
    if settings.usage_stats not in ("on", "off", "no-stack"):
        raise SettingsError(f"`usage_stats` must be on, off or no-stack, got {settings.usage_stats!r}")
    longest, total = settings.max_input_tokens, settings.max_total_tokens
    prefill, batch = settings.max_batch_prefill_tokens, settings.max_batch_total_tokens
    if longest >= total:
        raise SettingsError("`max_input_tokens` must be < `max_total_tokens`")
    if longest > prefill and not settings.support_chunking:
        raise SettingsError(
            f"`max_batch_prefill_tokens` must be >= `max_input_tokens`. Given: {prefill} and {longest}"
        )
    if prefill > batch:
        raise SettingsError(
            f"`max_batch_prefill_tokens` must be <= `max_batch_total_tokens`. Given: {prefill} and {batch}"
        )
    if total > batch:
        raise SettingsError(
            f"`max_total_tokens` must be <= `max_batch_total_tokens`. Given: {total} and {batch}"
        )


def _check_answers(settings: Settings) -> None:
    try:
        answers_of(settings.answers)
    except ValueError as error:
        raise SettingsError(f"`answers`: {error}, got {settings.answers!r}") from None


def _check_time(settings: Settings) -> None:
    if settings.clock not in ("real", "virtual", "stepped"):
        raise SettingsError(f"`clock` must be real, virtual or stepped, got {settings.clock!r}")
    if not 0 < settings.speedup < float("inf"):
        raise SettingsError(f"`speedup` must be a number above 0, got {settings.speedup!r}")
    if settings.clock != "real" and settings.speedup != 1:
        raise SettingsError(
            f"`speedup` is for a real clock, and `clock` is {settings.clock}: give one of them"
        )
    if not settings.timed:
        return
    from .timing import TimingError  # costs start-up time that only timed answers need to pay
    from .timing.latencies import latencies

    try:
        latencies(
            named=settings.profile,
            time_to_first_token=settings.time_to_first_token,
            prefill_time_per_token=settings.prefill_time_per_token,
            inter_token_latency=settings.inter_token_latency,
            load_factor=settings.load_factor,
        )
    except TimingError as error:
        raise SettingsError(str(error)) from None


def _check_faults(settings: Settings) -> None:
    if not settings.fault:
        return
    from .faults.writing import FaultError, rules_of  # costs start-up time that only faults need to pay

    try:
        rules_of(settings.fault)
    except FaultError as error:
        raise SettingsError(f"`fault`: {error}") from None


def _speed(written: str) -> float:
    from .timing.speed import SPEED, read_speed  # costs start-up time that few need to pay

    try:
        return read_speed(written)
    except ValueError:
        raise SettingsError(f"`replay_speed` must be {SPEED}, got {written!r}") from None


def _check_replay(settings: Settings) -> None:
    if not float(settings.replay_speed) > 0:
        raise SettingsError(f"`replay_speed` must be above 0, got {settings.replay_speed!r}")
    if settings.on_miss not in ("seeded", "fail", "proxy", "record"):
        raise SettingsError(f"`on_miss` must be seeded, fail, proxy or record, got {settings.on_miss!r}")
    if settings.upstream is not None:
        from .upstream_url import split_upstream  # costs start-up time that few need to pay

        try:
            split_upstream(settings.upstream)
        except ValueError as error:
            raise SettingsError(f"`upstream`: {error}") from None
