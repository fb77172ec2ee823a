"""Whatever configures TGI's launcher starts the fake: each flag, each variable, and all of them at once.

The list is that of `Args` in launcher/src/main.rs (3.3.6), and of the variables that it reads beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest

from fake_tgi.arguments import UsageError, read_arguments
from fake_tgi.flags import FLAGS
from fake_tgi.settings import Settings

APPLIED: dict[str, tuple[str | None, object]] = {
    "model-id": ("bigscience/bloomz", "bigscience/bloomz"),
    "validation-workers": ("3", 3),
    "max-concurrent-requests": ("64", 64),
    "max-best-of": ("3", 3),
    "max-stop-sequences": ("6", 6),
    "max-top-n-tokens": ("7", 7),
    "max-input-tokens": ("1000", 1000),
    "max-total-tokens": ("2000", 2000),
    "max-batch-prefill-tokens": ("4000", 4000),
    "max-batch-total-tokens": ("50000", 50000),
    "max-batch-size": ("8", 8),
    "hostname": ("127.0.0.1", "127.0.0.1"),
    "port": ("0", 0),
    "cors-allow-origin": ("http://a.test", ("http://a.test",)),
    "api-key": ("sesame", "sesame"),
    "tokenizer-config-path": ("tokenizer_config.json", "tokenizer_config.json"),
    "disable-grammar-support": (None, True),
    "max-client-batch-size": ("5", 5),
    "payload-limit": ("3000000", 3000000),
    "graceful-termination-timeout": ("10", 10),
}
# `--max-input-length` is the old name of `--max-input-tokens`, and not taken beside it.
OLD = {"max-input-length": "1000"}
WITHOUT_EFFECT: dict[str, str | None] = {
    "revision": "main",
    "sharded": "true",
    "num-shard": "2",
    "quantize": "awq",
    "speculate": "2",
    "dtype": "bfloat16",
    "kv-cache-dtype": "fp8_e5m2",
    "trust-remote-code": None,
    "cuda-graphs": "1,2,4",
    "prometheus-port": "9001",
    "shard-uds-path": "/tmp/shard",
    "master-addr": "localhost",
    "master-port": "29500",
    "huggingface-hub-cache": "/data",
    "weights-cache-override": "/weights",
    "disable-custom-kernels": None,
    "cuda-memory-fraction": "0.9",
    "rope-scaling": "dynamic",
    "rope-factor": "2.0",
    "json-output": None,
    "otlp-endpoint": "http://otel:4317",
    "otlp-service-name": "tgi",
    "watermark-gamma": "0.5",
    "watermark-delta": "2.0",
    "ngrok-authtoken": "x",
    "ngrok-edge": "x",
    "env": None,
    "lora-adapters": "a,b",
    "usage-stats": "off",
    "enable-prefill-logprobs": None,
}
# Of them a batch is told that is simulated, and that prompts do not join in chunks.
OF_A_BATCH = {"waiting-served-ratio": "0.4", "max-waiting-tokens": "21"}
# Read by the launcher, or by what it starts, and no flag of either.
VARIABLES = {
    "HF_TOKEN": "hf_x", "HF_HUB_USER_AGENT_ORIGIN": "test", "PREFIX_CACHING": "0", "ATTENTION": "paged",
    "HF_HUB_ENABLE_HF_TRANSFER": "1", "HF_API_TOKEN": "hf_x", "CUDA_VISIBLE_DEVICES": "0",
    "NVIDIA_VISIBLE_DEVICES": "all", "ZE_AFFINITY_MASK": "0", "TGI_WIGGLE_ROOM": "0.95",
    "COMPUTE_TYPE": "gpu", "LOG_LEVEL": "debug", "LOG_COLORIZE": "1", "LOG_FORMAT": "json",
    "HF_HOME": "/data", "HF_HUB_CACHE": "/data", "HF_HUB_OFFLINE": "1", "RUST_BACKTRACE": "1",
    "PYTHON_VERSION": "3.11",
}  # fmt: skip
EVERY = {name: value for name, (value, _) in APPLIED.items()} | OLD | WITHOUT_EFFECT | OF_A_BATCH
EVERY |= {"ngrok": None}


NO_BATCH = "no effect but with --simulate-batching and --support-chunking false: "


def words(name: str, value: str | None) -> list[str]:
    return [f"--{name}"] if value is None else [f"--{name}", value]


def variable(name: str) -> str:
    return name.upper().replace("-", "_")


@pytest.mark.parametrize("name", APPLIED)
def test_a_flag_that_a_fake_can_obey_is_obeyed_and_so_is_its_variable(name: str) -> None:
    written, meant = APPLIED[name]
    field = name.replace("-", "_")
    assert getattr(Settings(), field) != meant
    assert getattr(read_arguments(words(name, written), {}).settings, field) == meant
    by_variable = read_arguments([], {variable(name): written or "true"}).settings
    assert getattr(by_variable, field) == meant


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_a_flag_that_is_for_machines_is_taken_and_said_to_do_nothing(name: str) -> None:
    arguments = read_arguments(words(name, WITHOUT_EFFECT[name]), {})
    assert arguments.notices == (f"no effect on a fake: --{name}",)
    taken = {field.name: getattr(arguments.settings, field.name) for field in fields(Settings)}
    default = {field.name: getattr(Settings(), field.name) for field in fields(Settings)}
    changed = {field for field in taken if taken[field] != default[field]}
    assert changed <= {name.replace("-", "_")}


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_its_variable_is_said_to_do_nothing_if_the_launcher_has_it(name: str) -> None:
    told = () if name == "env" else (f"no effect on a fake: {variable(name)}",)
    assert read_arguments([], {variable(name): WITHOUT_EFFECT[name] or "true"}).notices == told


@pytest.mark.parametrize("name", OF_A_BATCH)
def test_a_flag_for_a_batch_counts_where_one_is_simulated_and_else_is_said_to_do_nothing(name: str) -> None:
    given = words(name, OF_A_BATCH[name])
    for arguments, spelled in (
        (read_arguments(given, {}), f"--{name}"),
        (read_arguments([], {variable(name): OF_A_BATCH[name]}), variable(name)),
    ):
        assert arguments.notices == (f"{NO_BATCH}{spelled}",)
        assert str(getattr(arguments.settings, name.replace("-", "_"))) == OF_A_BATCH[name]
    assert read_arguments([*given, "--simulate-batching", "--support-chunking", "false"], {}).notices == ()


def test_the_old_name_of_a_flag_still_works_but_not_beside_the_new_one() -> None:
    assert read_arguments(["--max-input-length", "1000"], {}).settings.max_input_tokens == 1000
    with pytest.raises(UsageError, match="is the old name of --max-input-tokens"):
        read_arguments(["--max-input-length", "1000", "--max-input-tokens", "1000"], {})


def test_ngrok_stops_the_fake_as_it_stops_tgi() -> None:
    with pytest.raises(UsageError, match="TGI's router stops"):
        read_arguments(["--ngrok"], {})


def started(arguments: list[str], environment: dict[str, str]) -> list[str]:
    """What the program tells until it listens; then it is stopped, which must go in order."""
    env = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    process: Any = subprocess.Popen(
        [sys.executable, "-m", "fake_tgi.cli", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=env | environment,
    )
    told = []
    try:
        for line in process.stderr:
            told.append(line.rstrip("\n"))
            if "http://" in line:
                break
    finally:
        process.terminate()
        process.stderr.close()
        assert process.wait(20) == 0, told
    return told


def whole_configuration() -> dict[str, str | None]:
    return {
        name: value for name, value in EVERY.items() if name not in (*OLD, "ngrok", "tokenizer-config-path")
    }


def test_a_whole_configuration_in_flags_starts_it_with_one_line_for_what_does_nothing() -> None:
    given = [word for name, value in whole_configuration().items() for word in words(name, value)]
    idle, alone, model, address = started(given, VARIABLES)
    assert idle.startswith("fake-tgi: no effect on a fake: ")
    assert set(idle.rpartition(": ")[2].split(", ")) == {f"--{name}" for name in WITHOUT_EFFECT}
    assert alone == f"fake-tgi: {NO_BATCH}--max-waiting-tokens, --waiting-served-ratio"
    assert model.startswith("fake-tgi: bigscience/bloomz is not a folder here")
    assert address.startswith("fake-tgi: bigscience/bloomz as TGI")


def test_a_whole_configuration_in_variables_starts_it() -> None:
    given = {variable(name): value or "true" for name, value in whole_configuration().items()}
    idle, _, _, address = started([], VARIABLES | given)
    assert set(idle.rpartition(": ")[2].split(", ")) == {variable(name) for name in WITHOUT_EFFECT} - {"ENV"}
    assert address.startswith("fake-tgi: bigscience/bloomz as TGI")


def test_the_list_and_the_flags_of_the_fake_say_the_same() -> None:
    of_the_router_alone = {
        "tokenizer-name", "master-shard-uds-path", "messages-api-enabled", "max-image-fetch-size",
    }  # fmt: skip
    known = {flag.long[2:] for flag in FLAGS if flag.group != "fake"}
    assert known - set(EVERY) == of_the_router_alone
    assert set(EVERY) <= known
