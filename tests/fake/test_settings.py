"""The settings are the router's, with its defaults, and refuse what it refuses at its start."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.model_folder import model_max_length
from fake_tgi.settings import DEFAULT_MODEL_MAX_LENGTH, GIVEN, Settings, SettingsError

# backends/v3/src/main.rs at 3.3.6; None and "unset" are tested by their effect.
ROUTER_DEFAULTS = {
    "max_concurrent_requests": 128,
    "max_best_of": 2,
    "max_stop_sequences": 4,
    "max_top_n_tokens": 5,
    "waiting_served_ratio": 1.2,
    "max_batch_prefill_tokens": 4096,
    "max_waiting_tokens": 20,
    "hostname": "0.0.0.0",
    "port": 3000,
    "prometheus_port": 9000,
    "master_shard_uds_path": "/tmp/text-generation-server-0",
    "tokenizer_name": "bigscience/bloom",
    "tokenizer_config_path": None,
    "revision": None,
    "trust_remote_code": False,
    "validation_workers": 2,
    "api_key": None,
    "json_output": False,
    "otlp_endpoint": None,
    "otlp_service_name": "text-generation-inference.router",
    "cors_allow_origin": (),
    "disable_grammar_support": False,
    "max_client_batch_size": 4,
    "usage_stats": "on",
    "payload_limit": 2_000_000,
    "max_image_fetch_size": 1_073_741_824,
}


@pytest.mark.parametrize("name", ROUTER_DEFAULTS)
def test_a_setting_defaults_as_in_the_router(name: str) -> None:
    assert getattr(Settings(), name) == ROUTER_DEFAULTS[name]


def model_folder(path: Path, config: object = None, tokenizer_config: object = None) -> Path:
    path.mkdir(exist_ok=True)
    for name, value in (("config", config), ("tokenizer_config", tokenizer_config)):
        if value is not None:
            (path / f"{name}.json").write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.mark.parametrize(
    ("config", "tokenizer_config", "length"),
    [
        ({"max_position_embeddings": 2048}, {"model_max_length": 4096}, 2048),
        ({"max_position_embeddings": 4096}, {"model_max_length": 2048}, 2048),
        ({"max_position_embeddings": 4096}, {"model_max_length": 1000000000000000019884624838656}, 4096),
        ({"max_position_embeddings": None, "n_positions": 1024}, {}, 1024),
        ({"max_seq_len": 512}, None, 512),
        (None, {"model_max_length": 300}, 300),
        (None, {"model_max_length": 1e30}, None),
        ({"max_position_embeddings": "many"}, {"model_max_length": True}, None),
        ("not json", "[1]", None),
        (None, None, None),
    ],
)
def test_a_model_folder_says_how_long_its_texts_may_be(
    tmp_path: Path, config: object, tokenizer_config: object, length: int | None
) -> None:
    assert model_max_length(model_folder(tmp_path / "model", config, tokenizer_config)) == length


def test_unset_token_limits_are_what_the_model_allows(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", {"max_position_embeddings": 700})
    settings = Settings(tokenizer_name=str(folder))
    assert (settings.max_input_tokens, settings.max_total_tokens) == (699, 700)
    assert settings.model_folder == folder


def test_unset_token_limits_without_a_model_folder_fit_the_prefill_budget() -> None:
    settings = Settings()
    assert settings.model_folder is None
    assert settings.max_total_tokens == DEFAULT_MODEL_MAX_LENGTH == settings.max_batch_prefill_tokens
    assert settings.max_input_tokens == DEFAULT_MODEL_MAX_LENGTH - 1


def test_an_unset_prompt_limit_is_one_less_than_the_given_total() -> None:
    assert Settings(max_total_tokens=100).max_input_tokens == 99


def test_given_token_limits_may_exceed_what_the_model_folder_says(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", {"max_position_embeddings": 700})
    settings = Settings(model_id=str(folder), max_input_tokens=1000, max_total_tokens=2000)
    assert (settings.max_input_tokens, settings.max_total_tokens) == (1000, 2000)


@pytest.mark.parametrize(
    ("given", "model_id", "tokenizer_name"),
    [
        ({}, "bigscience/bloom", "bigscience/bloom"),
        ({"model_id": "a/b"}, "a/b", "a/b"),
        ({"tokenizer_name": "c/d"}, "c/d", "c/d"),
        ({"model_id": "a/b", "tokenizer_name": "c/d"}, "a/b", "c/d"),
    ],
)
def test_model_and_tokenizer_name_stand_for_one_another(
    given: dict[str, str], model_id: str, tokenizer_name: str
) -> None:
    settings = Settings(**given)  # type: ignore[arg-type]
    assert (settings.model_id, settings.tokenizer_name) == (model_id, tokenizer_name)


def test_a_model_id_that_is_a_folder_serves_as_tokenizer_folder(tmp_path: Path) -> None:
    assert Settings(model_id=str(tmp_path)).model_folder == tmp_path
    assert Settings(model_id=str(tmp_path), tokenizer_name="c/d").model_folder == tmp_path


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"validation_workers": 0}, "`validation_workers` must be > 0"),
    ({"max_batch_size": 0}, "`max_batch_size` must be > 0"),
    (
        {"max_input_tokens": 10, "max_total_tokens": 10},
        "`max_input_tokens` must be < `max_total_tokens`",
    ),
    ({"max_total_tokens": 0}, "`max_input_tokens` must be < `max_total_tokens`"),
    (
        {"max_input_tokens": 5000, "max_total_tokens": 6000, "support_chunking": False},
        "`max_batch_prefill_tokens` must be >= `max_input_tokens`. Given: 4096 and 5000",
    ),
    (
        {"max_batch_total_tokens": 4000},
        "`max_batch_prefill_tokens` must be <= `max_batch_total_tokens`. Given: 4096 and 4000",
    ),
    (
        {"max_total_tokens": 9000, "max_batch_total_tokens": 8000},
        "`max_total_tokens` must be <= `max_batch_total_tokens`. Given: 9000 and 8000",
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSALS)
def test_what_the_router_refuses_at_its_start_is_refused_in_its_words(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings(**given)
    assert str(refusal.value) == message


def test_a_prompt_longer_than_the_prefill_budget_is_served_in_chunks() -> None:
    assert Settings(max_input_tokens=50_000, max_total_tokens=60_000).max_batch_total_tokens == 60_000


# What the model decides if it is not said.
LEFT_TO_THE_MODEL = ("max_input_tokens", "max_total_tokens", "max_batch_total_tokens", "model_max_length")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("port", 65_536, "an integer from 0 to 65535, got 65536"),
        ("port", -1, "an integer from 0 to 65535, got -1"),
        ("max_best_of", True, "an integer from 0 to 18446744073709551615, got True"),
        ("max_top_n_tokens", 2**32, "an integer from 0 to 4294967295"),
        ("seed", 1.0, "an integer from 0 to 18446744073709551615, got 1.0"),
        *((name, -1, "an integer from") for name in LEFT_TO_THE_MODEL),
        ("max_batch_size", -1, "an integer from 0 to 18446744073709551615 or None, got -1"),
        ("waiting_served_ratio", float("nan"), "a finite number, got nan"),
        ("usage_stats", "some", "on, off or no-stack, got 'some'"),
        ("disable_grammar_support", "true", "True or False, got 'true'"),
        ("model_id", None, "a string, got None"),
        ("api_key", 1, "a string or None, got 1"),
        ("cors_allow_origin", "http://a.test", "a tuple of strings, got 'http://a.test'"),
        ("waiting_served_ratio", "1", "a number, got '1'"),
    ],
)
def test_a_value_outside_the_type_of_its_flag_is_refused(name: str, value: Any, expected: str) -> None:
    with pytest.raises(SettingsError, match=f"^`{name}` must be {expected}"):
        Settings(**{name: value})


def test_zero_is_a_limit_like_any_other() -> None:
    names = (
        "max_concurrent_requests",
        "max_best_of",
        "max_stop_sequences",
        "max_top_n_tokens",
        "payload_limit",
    )
    settings = Settings(**dict.fromkeys(names, 0))  # type: ignore[arg-type]
    assert [getattr(settings, name) for name in names] == [0, 0, 0, 0, 0]


def test_every_setting_can_be_changed_in_a_copy() -> None:
    settings = Settings(max_total_tokens=100)
    assert replace(settings, port=0) != settings
    assert replace(settings, port=settings.port) == settings


def test_the_api_key_is_not_shown() -> None:
    assert "sesame" not in repr(Settings(api_key="sesame"))


def test_every_field_is_documented_or_a_flag_of_the_router() -> None:
    from fake_tgi.flags import FLAGS

    flags = {flag.name for flag in FLAGS}
    own = {"model_max_length", "model_folder", "version", "sha", "docker_label"}
    assert {field.name for field in fields(Settings)} - flags == own


def test_what_settings_can_be_made_with_is_known_by_name() -> None:
    assert {each.name for each in fields(Settings) if each.init} == set(GIVEN)
