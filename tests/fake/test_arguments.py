"""Command lines and variables are read as clap reads them for TGI's router and launcher.

What clap does was observed on the router's own argument table, built with clap 4.5.32.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fake_tgi.arguments import Arguments, UsageError, _plainly, read_arguments
from fake_tgi.cli import main
from fake_tgi.flags import FLAGS
from fake_tgi.settings import Settings, SettingsError
from fake_tgi.usage import read_words

# The first that a flag takes is its sample; a few need a value of their own.
SAMPLES = ("7", "0.5", "some-text", "true", "awq", "bfloat16", "fp8_e5m2", "linear", "on")
OWN_SAMPLES = {
    "hostname": "127.0.0.1",
    "max_batch_total_tokens": "50000",
    "time_to_first_token": "lognormal(800ms,0.4)",
    "prefill_time_per_token": "50us",
    "inter_token_latency": "20ms",
    "load_factor": "2",
    "profile": "llama-3.1-8b-a100",
    "clock": "virtual",
    "speedup": "10",
    "on_miss": "fail",
    "upstream": "http://127.0.0.1:1",
    "answers": "adversarial",
    "config": os.devnull,
    "fault": "cut(tokens=3) rate=0.1",
    "support_chunking": "false",
}


def read(*words: str, **environment: str) -> Arguments:
    return read_arguments(words, environment)


def sample(flag: Any) -> list[str]:
    """The words that give this flag some value."""
    if flag.read is None:
        return [flag.long]
    if flag.name in OWN_SAMPLES:
        return [flag.long, OWN_SAMPLES[flag.name]]
    for value in SAMPLES:
        try:
            flag.read(value)
        except ValueError:
            continue
        return [flag.long, value]
    raise AssertionError(f"no sample value for {flag.long}")


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.long)
def test_every_flag_of_router_and_launcher_is_taken(flag: Any) -> None:
    if flag.name == "ngrok":
        with pytest.raises(UsageError, match="TGI's router stops"):
            read(flag.long)
        return
    arguments = read(*sample(flag))
    if flag.name == "config":  # what stands in such a file has tests of its own
        assert arguments.settings == Settings()
    elif flag.group == "no effect":
        assert arguments.notices == (f"no effect on a fake: {flag.long}",)
    else:
        name = "max_input_tokens" if flag.name == "max_input_length" else flag.name
        assert getattr(arguments.settings, name) != getattr(Settings(), name)


def test_a_launcher_command_line_gets_one_notice() -> None:
    arguments = read(
        "--model-id", "tiiuae/falcon-7b", "--num-shard", "2", "--sharded", "true", "--quantize", "awq",
        "--dtype=bfloat16", "--max-input-length", "1024", "--max-total-tokens", "2048", "--json-output",
         "-e", "-p", "80",
    )  # fmt: skip
    assert arguments.notices == (
        "no effect on a fake: --json-output, --sharded, --num-shard, --quantize, --dtype, --env",
        "tiiuae/falcon-7b is not a folder here: using the embedded tokenizer (nothing is downloaded)",
    )
    settings = arguments.settings
    assert (settings.port, settings.max_input_tokens, settings.max_total_tokens) == (80, 1024, 2048)
    assert settings.model_id == settings.tokenizer_name == "tiiuae/falcon-7b"


def test_no_arguments_give_the_defaults_silently() -> None:
    assert read() == Arguments(Settings(), ())


@pytest.mark.parametrize(
    "words", [["--port", "81"], ["--port=81"], ["-p", "81"], ["-p81"], ["-p=81"], ["-p", "+81"]]
)
def test_a_value_can_be_written_in_these_ways(words: list[str]) -> None:
    assert read(*words).settings.port == 81


@pytest.mark.parametrize(
    ("name", "value", "setting"),
    [
        ("PORT", "81", {"port": 81}),
        ("MAX_BEST_OF", "1", {"max_best_of": 1}),
        ("MAX_INPUT_LENGTH", "10", {"max_input_tokens": 10}),
        ("MODEL_ID", "a/b", {"model_id": "a/b", "tokenizer_name": "a/b"}),
        ("API_KEY", "", {"api_key": ""}),
        (
            "CORS_ALLOW_ORIGIN",
            "http://a.test,http://b.test",
            {"cors_allow_origin": ("http://a.test,http://b.test",)},
        ),
        ("DISABLE_GRAMMAR_SUPPORT", "true", {"disable_grammar_support": True}),
        ("DISABLE_GRAMMAR_SUPPORT", "false", {"disable_grammar_support": False}),
        ("FAKE_TGI_SEED", "42", {"seed": 42}),
        ("FAKE_TGI_IGNORE_EOS", "true", {"ignore_eos": True}),
        ("SEED", "42", {"seed": 0}),
        ("HOSTNAME", "4f66ad9a0b2e", {"hostname": "0.0.0.0"}),
        ("HOSTNAME", "127.0.0.1", {"hostname": "127.0.0.1"}),
    ],
)
def test_a_variable_stands_for_its_flag(name: str, value: str, setting: dict[str, Any]) -> None:
    settings = read(**{name: value}).settings
    assert {key: getattr(settings, key) for key in setting} == setting


def test_a_flag_wins_over_its_variable_which_is_not_even_read() -> None:
    assert read("--port", "1", PORT="not a port").settings.port == 1


def test_variables_of_launcher_flags_without_effect_are_named_but_not_read() -> None:
    arguments = read(DTYPE="float64", SHARDED="maybe", MASTER_PORT="x")
    assert arguments.notices == ("no effect on a fake: SHARDED, DTYPE, MASTER_PORT",)
    assert arguments.settings == Settings()


def test_a_variable_of_ours_that_is_misspelt_is_told() -> None:
    arguments = read(FAKE_TGI_STRCT="true", FAKE_TGI_NODE_MODULES="x", FAKE_TGI="x")
    assert arguments.notices == ("FAKE_TGI_STRCT is not read: did you mean FAKE_TGI_STRICT?",)


def test_what_does_nothing_is_told_in_one_line_by_the_name_it_was_given(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("speculate: 2\njson_output: true\nquantize: gptq\n")
    arguments = read(
        "--config", str(file), "--dtype", "float16", DTYPE="bfloat16", QUANTIZE="awq", REVISION="x"
    )
    named = f"REVISION, json_output ({file}, line 2), QUANTIZE, speculate ({file}, line 1), --dtype"
    assert arguments.notices == (f"no effect on a fake: {named}",)


def test_who_says_how_long_a_batch_waits_is_told_where_none_does() -> None:
    said = "no effect but with --simulate-batching and --support-chunking false: "
    words = ("--simulate-batching", "--waiting-served-ratio", "2")
    assert read(*words, MAX_WAITING_TOKENS="7").notices == (
        f"{said}MAX_WAITING_TOKENS, --waiting-served-ratio",
    )
    assert read("--support-chunking=false", MAX_WAITING_TOKENS="7").notices == (f"{said}MAX_WAITING_TOKENS",)
    assert read(*words, FAKE_TGI_SUPPORT_CHUNKING="false").notices == ()


def test_a_variable_that_asks_for_nothing_is_not_worth_a_line() -> None:
    arguments = read(SHARDED="false", QUANTIZE="", JSON_OUTPUT="false", REVISION="", ENV="production")
    assert arguments.notices == ()


@pytest.mark.parametrize(
    ("words", "environment", "message"),
    [
        (["--workers", "0"], {}, "--workers: expected an integer from 1 to 1024, got '0'"),
        (["--speedup=0"], {}, "--speedup must be a number above 0, got 0.0"),
        ([], {"FAKE_TGI_SPEEDUP": "0"}, "FAKE_TGI_SPEEDUP must be a number above 0, got 0.0"),
        (["--load-factor=0"], {}, "--load-factor: expected a number from 1 to 1000, got 0.0"),
        (["--validation-workers", "0"], {}, "--validation-workers must be > 0"),
        (
            ["--max-input-length", "9"],
            {"MAX_TOTAL_TOKENS": "5"},
            "--max-input-length must be < MAX_TOTAL_TOKENS",
        ),
        (
            ["--max-total-tokens", "0"],
            {},
            "--max-input-tokens must be < --max-total-tokens",
        ),
        (
            ["--profile", "llama-3.1-8b-l"],
            {},
            "--profile: expected the name of a profile (did you mean llama-3.1-8b-l4?), got 'llama-3.1-8b-l'",
        ),
    ],
)
def test_what_settings_refuse_is_told_of_the_flag_or_the_variable_that_said_it(
    words: list[str], environment: dict[str, str], message: str
) -> None:
    with pytest.raises((SettingsError, UsageError)) as refusal:
        read(*words, **environment)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("speedup: 0", "speedup (FILE, line 2) must be a number above 0, got 0.0"),
        ("profile: foo", "profile (FILE, line 2): expected the name of a profile"),
        ("load_factor: 0.5", "load_factor (FILE, line 2): expected a number from 1 to 1000, got 0.5"),
        ("replay: nothere", "replay (FILE, line 2): FOLDER/nothere: expected a folder of recordings"),
        (
            "replay: .\non_miss: proxy",
            "--upstream and on_miss (FILE, line 3) proxy or record need one another",
        ),
        ("stubs: none.yaml", "stubs (FILE, line 2): FOLDER/none.yaml: expected a stub file (UTF-8)"),
    ],
)
def test_what_is_found_when_a_file_is_read_is_told_of_file_and_line(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"# mine\n{text}\n")
    assert main(["serve", "--hostname=127.0.0.1", "--port=0", "--config", str(file)]) == 1
    expected = told.replace("FILE", str(file)).replace("FOLDER", str(tmp_path))
    assert capsys.readouterr().err.startswith(f"fake-tgi: {expected}")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_only_the_start_finds_is_told_of_the_flag_as_well(
    workers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["serve", "--hostname=127.0.0.1", "--port=0", "--workers", workers, "--on-miss", "fail"])
    told = "fake-tgi: --on-miss and --upstream need a --replay: a folder of recordings\n"
    assert (status, capsys.readouterr().err) == (1, told)


def test_a_tokenizer_config_that_is_not_there_is_told() -> None:
    assert read("--tokenizer-config-path", "/nowhere.json").notices == (
        "--tokenizer-config-path: /nowhere.json is not a file here: chats have no template, as in TGI",
    )


def test_a_value_is_told_once_by_whoever_reads_it() -> None:
    with pytest.raises(UsageError) as refusal:
        read("--fault", "overlod")
    assert str(refusal.value).count("'overlod'") == 1


def test_origins_can_be_repeated() -> None:
    settings = read("--cors-allow-origin", "http://a.test", "--cors-allow-origin=http://b.test").settings
    assert settings.cors_allow_origin == ("http://a.test", "http://b.test")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--port", "99999"], "--port: expected an integer from 0 to 65535, got '99999'"),
        (["--port", " 1"], "--port: expected an integer from 0 to 65535, got ' 1'"),
        (["--port", "1_0"], "--port: expected an integer from 0 to 65535, got '1_0'"),
        (
            ["--max-best-of", "-1"],
            "--max-best-of: expected an integer from 0 to 18446744073709551615, got '-1'",
        ),
        (
            ["--max-top-n-tokens", "4294967296"],
            "--max-top-n-tokens: expected an integer from 0 to 4294967295, got ",
        ),
        (["--waiting-served-ratio", "1_0"], "--waiting-served-ratio: expected a number, got '1_0'"),
        (["--usage-stats", "NO-STACK"], "--usage-stats: expected one of on, off, no-stack, got 'NO-STACK'"),
        (["--sharded", "yes"], "--sharded: expected true or false, got 'yes'"),
        (["--cuda-graphs", "1,x"], "--cuda-graphs: expected integers between commas, got '1,x'"),
        (["--port"], "--port: expected a value"),
        (["--api-key", "-x"], "--api-key: expected a value"),
        (["--json-output=true"], "--json-output: takes no value, got 'true'"),
        (["--json-output", "true"], "unexpected argument 'true': fake-tgi serve takes flags only"),
        (["--port", "1", "-p", "2"], "--port: given more than once"),
        (["--prot", "1"], "unknown flag --prot: did you mean --port?"),
        (["--hostn", "::1"], "unknown flag --hostn: did you mean --hostname?"),
        (["--max_best_of=3"], "unknown flag --max_best_of: did you mean --max-best-of?"),
        (["--zzz"], "unknown flag --zzz: fake-tgi serve --help lists the flags"),
        (
            ["--max-input-length", "3", "--max-input-tokens", "4"],
            "--max-input-length (3) is the old name of ",
        ),
    ],
)
def test_a_command_line_that_clap_refuses_is_refused_in_one_line(words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read(*words)
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "", "PORT: expected an integer from 0 to 65535, got ''"),
        ("JSON_OUTPUT", "1", "JSON_OUTPUT: expected true or false, got '1'"),
        ("DISABLE_GRAMMAR_SUPPORT", "TRUE", "DISABLE_GRAMMAR_SUPPORT: expected true or false, got 'TRUE'"),
    ],
)
def test_a_variable_that_clap_refuses_is_refused_by_name(name: str, value: str, message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read(**{name: value})
    assert str(refusal.value) == message


TYPED = [flag.long for flag in FLAGS] + [f"-{flag.short}" for flag in FLAGS if flag.short is not None]
VALUES = ["", "-1", "a=b", "a b", *SAMPLES, *OWN_SAMPLES.values()]
WORDS = (
    st.sampled_from([*TYPED, *VALUES])
    | st.builds("{}={}".format, st.sampled_from(TYPED), st.sampled_from(VALUES))
    | st.sampled_from(["-", "--", "-p1", "-gp", "--prot", "--max_best_of", "serve", "-a b", "--a b=1"])
)


@given(st.lists(WORDS, max_size=6))
@example(["--port", "1", "--api-key=-x"])
@example(["--cors-allow-origin", "a", "--cors-allow-origin", "b"])
def test_what_is_read_without_argparse_is_what_argparse_reads(words: list[str]) -> None:
    plain = _plainly(words)
    if plain is not None:
        assert plain == read_words(words)


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.long)
def test_every_flag_is_read_without_argparse(flag: Any) -> None:
    words = sample(flag)
    assert _plainly(words) == read_words(words) != {}
    assert _plainly(["=".join(words)]) == read_words(["=".join(words)])


def test_a_typed_hostname_that_is_no_address_listens_everywhere_and_says_so() -> None:
    arguments = read("--hostname", "tgi.internal")
    assert arguments.settings.hostname == "0.0.0.0"
    assert arguments.notices == (
        "--hostname tgi.internal is not an IP address: listening on 0.0.0.0, as TGI does",
    )


def test_localhost_stays_on_this_machine() -> None:
    assert read("--hostname", "localhost").settings.hostname == "127.0.0.1"


def test_a_model_folder_needs_no_notice(tmp_path: Path) -> None:
    arguments = read("--model-id", str(tmp_path))
    assert (arguments.notices, arguments.settings.model_folder) == ((), tmp_path)


def test_help_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read("--help")
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert [flag.long for flag in FLAGS if flag.long not in shown and flag.name != "ngrok"] == []
