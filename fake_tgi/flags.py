"""Every flag of TGI's router and launcher, and the fake's own, as a table; and how clap reads a value.

A flag's name is that of its field in Settings, or TGI's name where the fake has no use for it. The tables
are those of backends/v3/src/main.rs and launcher/src/main.rs (3.3.6) and of the releases before, so that
a command line made for either starts the fake unchanged. Values are read as clap 4 reads them, no
friendlier: what the fake takes, TGI takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal

from .answers import answers_of
from .quick_values import dataclass

__all__ = ["FLAGS", "Flag", "Group", "choice", "decimal", "integer", "refused", "switch", "text"]

Group = Literal["server", "limits", "model", "fake", "no effect"]
Reader = Callable[[str], object]


def integer(bits: int) -> Reader:
    """Reads an unsigned Rust integer of that many bits. The reader raises ValueError."""
    top = 2**bits - 1

    def read(value: str) -> int:
        if re.fullmatch(r"\+?[0-9]+", value, re.ASCII) is None or int(value) > top:
            raise ValueError(f"expected an integer from 0 to {top}")
        return int(value)

    return read


def decimal(value: str) -> float:
    """Reads a Rust float: as Python's, but without underscores or spaces. Raises ValueError."""
    if "_" in value or value != value.strip():
        raise ValueError("expected a number")
    try:
        return float(value)
    except ValueError:
        raise ValueError("expected a number") from None


def text(value: str) -> str:
    """Any text, the empty one too."""
    return value


def switch(value: str) -> bool:
    """Reads true or false, of a switch's variable or of a flag. clap takes nothing but these two words."""
    if value not in ("true", "false"):
        raise ValueError("expected true or false")
    return value == "true"


def workers(value: str) -> int:
    """Reads a number of processes. Raises ValueError."""
    try:
        count = int(str(integer(16)(value)))
    except ValueError:
        count = 0
    if not 1 <= count <= 1024:
        raise ValueError("expected an integer from 1 to 1024")
    return count


def refused(error: ValueError, written: object) -> str:
    """What a reader says of a value, with the value, unless it has told that itself."""
    said = str(error)
    return said if repr(str(written)) in said else f"{said}, got {written!r}"


def choice(*words: str) -> Reader:
    """Reads one of `words`. The reader raises ValueError."""

    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return value

    return read


def times(value: str) -> str:
    """Checks a time or a distribution of times, and leaves it as written. Raises ValueError."""
    from .timing.distributions import distribution  # only who gives one pays for it

    distribution(value)
    return value


def faults(value: str) -> str:
    """Checks faults, and leaves them as written. Raises ValueError."""
    from .faults.writing import read_faults  # only who gives one pays for it

    read_faults(value)
    return value


def answers(value: str) -> str:
    """Checks a kind of answers or the id of one, and leaves it as written. Raises ValueError."""
    answers_of(value)
    return value


def replay_speed(value: str) -> float:
    """Reads how much faster than recorded: `2x`, `0.5`, or `instant`. Raises ValueError."""
    from .timing.speed import read_speed  # only who gives one pays for it

    return read_speed(value)


def numbers(value: str) -> tuple[int, ...]:
    """Reads unsigned integers between commas. Raises ValueError."""
    read = integer(64)
    try:
        return tuple(int(str(read(item))) for item in value.split(","))
    except ValueError:
        raise ValueError("expected integers between commas") from None


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `read` None makes it a switch, which takes no value on the command line.

    `help` is for `--help`; empty for a flag without effect. `environment`: whether `variable` is read when
    the flag is absent. One of the launcher's that has no effect is only noticed, for its name may be
    anyone's; of the router's, bad values stop TGI too. "none": TGI has no variable for it.
    """

    name: str
    group: Group
    read: Reader | None = None
    help: str = ""
    short: str | None = None
    repeats: bool = False
    environment: Literal["read", "noticed", "none"] = "read"

    @property
    def long(self) -> str:
        """As typed: `--max-best-of`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """TGI's variable for it; the fake's own flags carry a prefix, as their names alone are anyone's."""
        return f"FAKE_TGI_{self.name.upper()}" if self.group == "fake" else self.name.upper()


_U16, _U32, _USIZE = integer(16), integer(32), integer(64)

_EFFECTIVE: Final = (
    Flag("hostname", "server", text, "address to listen on; not an IP address: 0.0.0.0"),
    Flag("port", "server", _U16, "port to listen on; 0 takes a free one", short="p"),
    Flag("api_key", "server", text, "answer 401 to calls without `Authorization: Bearer KEY`"),
    Flag("cors_allow_origin", "server", text, "origin that browsers may call from; repeat it", repeats=True),
    Flag(
        "graceful_termination_timeout", "server", _USIZE, "seconds that requests may take to end", short="g"
    ),
    Flag("max_concurrent_requests", "limits", _USIZE, "generations at once; more get 429"),
    Flag("max_best_of", "limits", _USIZE, "highest `best_of`"),
    Flag("max_stop_sequences", "limits", _USIZE, "most `stop` sequences"),
    Flag("max_top_n_tokens", "limits", _U32, "highest `top_n_tokens`"),
    Flag("max_input_tokens", "limits", _USIZE, "longest prompt in tokens; default: one less than the total"),
    Flag("max_input_length", "limits", _USIZE, "old name of --max-input-tokens"),
    Flag("max_total_tokens", "limits", _USIZE, "prompt and answer in tokens; default: what the model allows"),
    Flag("max_batch_prefill_tokens", "limits", _U32, "prompt tokens of a simulated batch's step"),
    Flag(
        "max_batch_total_tokens",
        "limits",
        _U32,
        "tokens of a simulated batch; at least as many as the others",
    ),
    Flag("max_batch_size", "limits", _USIZE, "requests of a simulated batch; default: any number"),
    Flag("max_waiting_tokens", "limits", _USIZE, "steps of a batch without chunking before who waits joins"),
    Flag("waiting_served_ratio", "limits", decimal, "share of such a batch that must wait to join earlier"),
    Flag("max_client_batch_size", "limits", _USIZE, "most prompts in one call"),
    Flag("payload_limit", "limits", _USIZE, "longest request body in bytes"),
    Flag("max_image_fetch_size", "limits", _USIZE, "largest image in bytes"),
    Flag("validation_workers", "limits", _USIZE, "reported by /info"),
    Flag("disable_grammar_support", "limits", None, "refuse `grammar`"),
    Flag("model_id", "model", text, "the model's name in answers; a local folder serves as tokenizer too"),
    Flag(
        "tokenizer_name", "model", text, "local model folder with a tokenizer.json; a name: the embedded one"
    ),
    Flag("tokenizer_config_path", "model", text, "tokenizer_config.json to use for the chat template"),
    Flag("config", "fake", text, "file that says what flags say, YAML or JSON: `seed: 7`"),
    Flag("seed", "fake", _USIZE, "seed of the answers that nobody scripted"),
    Flag(
        "answers",
        "fake",
        answers,
        "what the model says unscripted: seeded, echo, hypothesis, adversarial; or the id of one answer",
    ),
    Flag("ignore_eos", "fake", None, "let every such answer run to its max_new_tokens"),
    Flag("coalesce", "fake", None, "let stream events that are due at once share an HTTP chunk"),
    Flag("stubs", "fake", text, "file of stubs, YAML or JSON; read again when it changes"),
    Flag("strict", "fake", None, "answer 501 to what no stub answers, with the nearest ones"),
    Flag("admin_token", "fake", text, "open the controls under /__admin/ to who sends this token"),
    Flag("replay", "fake", text, "folder of recordings to answer from (fake-tgi record makes one)"),
    Flag("replay_speed", "fake", replay_speed, "2x: twice as fast as recorded; instant: at once"),
    Flag(
        "on_miss",
        "fake",
        choice("seeded", "fail", "proxy", "record"),
        "what a call gets that is not recorded: an answer, 501, or --upstream's, recorded or not",
    ),
    Flag("upstream", "fake", text, "URL of the server for --on-miss proxy and record"),
    Flag(
        "time_to_first_token",
        "fake",
        times,
        "20ms, normal(20ms,5ms), lognormal(800ms,0.4) or uniform(1ms,3ms)",
    ),
    Flag("prefill_time_per_token", "fake", times, "time for each token of the prompt, written the same way"),
    Flag(
        "inter_token_latency", "fake", times, "time between tokens; recorded(FILE) draws from measured ones"
    ),
    Flag("load_factor", "fake", decimal, "how many times slower with every slot taken, from 1"),
    Flag("profile", "fake", text, "times of a model on a GPU, such as llama-3.1-8b-a100 (made up)"),
    Flag("simulate_batching", "fake", None, "let generations share a batch, by TGI's batching limits"),
    Flag("support_chunking", "fake", switch, "false: as a backend whose batches take a prompt whole"),
    Flag("clock", "fake", choice("real", "virtual", "stepped"), "virtual jumps over waits; stepped stands"),
    Flag("fault", "fake", faults, "what goes wrong: 'cut(tokens=3) rate=0.1'; repeat it", repeats=True),
    Flag("allow_fault_header", "fake", None, "let calls ask for faults with x-fake-tgi-fault"),
    Flag("workers", "fake", workers, "processes that serve together; they answer as one would"),
    Flag("speedup", "fake", decimal, "how much faster than real time the clock runs"),
)

_QUANTIZATIONS: Final = choice(
    "awq", "compressed-tensors", "eetq", "exl2", "gptq", "marlin", "bitsandbytes",
    "bitsandbytes-nf4", "bitsandbytes-fp4", "fp8",
)  # fmt: skip

_ROUTER_WITHOUT_EFFECT: Final = tuple(
    Flag(name, "no effect", read)
    for name, read in (
        ("prometheus_port", _U16),
        ("master_shard_uds_path", text),
        ("revision", text),
        ("trust_remote_code", None),
        ("json_output", None),
        ("otlp_endpoint", text),
        ("otlp_service_name", text),
        ("ngrok", None),
        ("ngrok_authtoken", text),
        ("ngrok_edge", text),
        ("usage_stats", choice("on", "off", "no-stack")),
    )
)

_LAUNCHER_WITHOUT_EFFECT: Final = tuple(
    Flag(name, "no effect", read, short=short, environment="none" if name == "env" else "noticed")
    for name, read, short in (
        ("sharded", switch, None),
        ("num_shard", _USIZE, None),
        ("quantize", _QUANTIZATIONS, None),
        ("speculate", _USIZE, None),
        ("dtype", choice("float16", "bfloat16"), None),
        ("kv_cache_dtype", choice("fp8_e4m3fn", "fp8_e5m2"), None),
        ("cuda_graphs", numbers, None),
        ("shard_uds_path", text, None),
        ("master_addr", text, None),
        ("master_port", _USIZE, None),
        ("huggingface_hub_cache", text, None),
        ("weights_cache_override", text, None),
        ("disable_custom_kernels", None, None),
        ("cuda_memory_fraction", decimal, None),
        ("rope_scaling", choice("linear", "dynamic"), None),
        ("rope_factor", decimal, None),
        ("watermark_gamma", decimal, None),
        ("watermark_delta", decimal, None),
        ("env", None, "e"),
        ("lora_adapters", text, None),
        ("enable_prefill_logprobs", None, None),
        ("messages_api_enabled", None, None),  # of the router until 2.0
    )
)

FLAGS: Final[tuple[Flag, ...]] = _EFFECTIVE + _ROUTER_WITHOUT_EFFECT + _LAUNCHER_WITHOUT_EFFECT
