"""The command line counts more than the closest mark, that more than the fixture, all more than the ini."""

from __future__ import annotations

from pathlib import Path

import pytest

from fake_tgi.testing.configuration import (
    Configuration,
    ConfigurationError,
    Layer,
    assignments,
    configuration,
    recording_mode,
    variables,
)
from fake_tgi.testing.layers import Said
from fake_tgi.testing.options import MARKERS, OPTIONS

from .running import run_suite

pytestmark = pytest.mark.damages_answers  # TGI never sends 501

SUITE = """
    import pytest

    pytestmark = pytest.mark.fake_tgi(max_best_of=7)


    class TestOfTheIniFile:
        def test_ini(self, fake_tgi, settings_of):
            assert settings_of(fake_tgi) == {"seed": 1, "strict": True, "best_of": 7, "clock": "virtual"}


    class TestOfTheFixture:
        @pytest.fixture
        def fake_tgi_settings(self):
            return {"seed": 2, "max_best_of": 6}

        def test_fixture(self, fake_tgi, settings_of):
            assert settings_of(fake_tgi) == {"seed": 2, "strict": True, "best_of": 7, "clock": "virtual"}

        @pytest.mark.fake_tgi(seed=4, strict=False)
        def test_mark(self, fake_tgi, settings_of):
            assert settings_of(fake_tgi) == {"seed": 4, "strict": False, "best_of": 7, "clock": "virtual"}


    @pytest.mark.fake_tgi(seed=3, max_best_of=5, clock="real")
    class TestOfTheMarks:
        def test_class(self, fake_tgi, settings_of):
            assert settings_of(fake_tgi) == {"seed": 3, "strict": True, "best_of": 5, "clock": "real"}

        @pytest.mark.fake_tgi(seed=4)
        def test_closest(self, fake_tgi, settings_of):
            assert settings_of(fake_tgi) == {"seed": 4, "strict": True, "best_of": 5, "clock": "real"}


    @pytest.mark.fake_tgi(sed=4)
    def test_misspelt(fake_tgi):
        pass


    @pytest.mark.fake_tgi(port=3000)
    def test_not_here(fake_tgi):
        pass


    @pytest.mark.fake_tgi("strict")
    def test_no_name(fake_tgi):
        pass


    @pytest.mark.fake_tgi(ttft="soon")
    def test_no_value(fake_tgi):
        pass


    @pytest.mark.fake_tgi(stubs="stubs.yaml")
    def test_beside_the_test(fake_tgi):
        fake_tgi.state.stubs.find(1)
"""
CONFTEST = """
    import pytest


    @pytest.fixture
    def settings_of():
        return lambda fake: {
            "seed": fake.settings.seed,
            "strict": fake.settings.strict,
            "best_of": fake.settings.max_best_of,
            "clock": fake.settings.clock,
        }
"""


def test_precedence(tmp_path: Path) -> None:
    ini = "[pytest]\nfake_tgi_seed = 1\nfake_tgi_strict = true\n"
    ini += "fake_tgi_settings =\n  max_best_of = 8\n  clock=virtual\n"
    files = {
        "pytest.ini": ini,
        "below/test_app.py": SUITE,
        "below/stubs.yaml": "version: 1\nstubs: [{answer: {text: Hi.}}]\n",
        "conftest.py": CONFTEST,
    }
    run = run_suite(tmp_path, files, "--strict-markers")
    wrong = {name: test for name, test in run.tests.items() if test.outcome != "passed"}
    assert {name: test.text.strip().splitlines()[0] for name, test in wrong.items()} == {
        "test_misspelt": "@pytest.mark.fake_tgi: there is no sed; there is: seed, speedup",
        "test_not_here": "@pytest.mark.fake_tgi: port is not for one test's fake: "
        "the server is that of all tests",
        "test_no_name": "@pytest.mark.fake_tgi: expected names, got ('strict',)",
        "test_no_value": wrong["test_no_value"].text.strip().splitlines()[0],
    }
    assert "@pytest.mark.fake_tgi: time_to_first_token: expected a duration" in wrong["test_no_value"].text
    assert {test.outcome for test in wrong.values()} == {"error"}
    assert "fake_tgi: " in run.output
    assert "seed 1, strict" in run.output


def test_what_is_wrong_with_a_file_is_told_in_one_line(tmp_path: Path) -> None:
    suite = """
        import pytest

        @pytest.mark.fake_tgi(stubs="none.yaml")
        def test_none(fake_tgi): pass

        @pytest.mark.fake_tgi(stubs="broken.yaml")
        def test_broken(fake_tgi): pass
"""
    files = {"test_app.py": suite, "broken.yaml": "version: 1\nstubs: [{answr: {text: Hi.}}]\n"}
    run = run_suite(tmp_path, files)
    assert {test.outcome for test in run.tests.values()} == {"error"}
    assert "none.yaml: expected a stub file" in run.text("test_none")
    assert "broken.yaml, line 2: stubs[0].answr: expected no such member" in run.text("test_broken")
    assert ".py:" not in run.text("test_none") + run.text("test_broken"), "a traceback of ours"


def test_the_command_line_counts_most(tmp_path: Path) -> None:
    typed = """
        import pytest

        @pytest.mark.fake_tgi(seed=4, strict=True, clock="virtual", max_best_of=2, max_top_n_tokens=3)
        def test_typed(fake_tgi):
            settings = fake_tgi.settings
            assert (settings.seed, settings.strict, settings.clock) == (5, False, "stepped")
            assert (settings.max_best_of, settings.max_top_n_tokens) == (9, 3)
            assert settings.fault == ("gzip", "close")
    """
    options = (
        "--fake-tgi-seed=5 --no-fake-tgi-strict --fake-tgi-clock=stepped --fake-tgi-set max_best_of=9 "
        "--fake-tgi-set fault=gzip --fake-tgi-set fault=close"
    )
    run = run_suite(tmp_path, {"test_app.py": typed}, *options.split())
    assert run.outcome("test_typed") == "passed", run.output
    assert "seed 5" in run.output


def layers(*values: dict[str, object]) -> Configuration:
    return configuration([Layer(f"layer {number}", each, Path("/at")) for number, each in enumerate(values)])


def said() -> Said:
    """A run that was told nothing."""
    return Said(
        ini=lambda name: None, ini_folder=Path("/ini"), flag=lambda name: None, shell_folder=Path("/")
    )


def test_what_tests_say_alike_is_worked_out_once() -> None:
    run = said()
    assert run.configuration({}, [{"seed": 3}], Path("/at")) is run.configuration(
        {}, [{"seed": 3}], Path("/at")
    )
    assert run.configuration({}, [{"seed": 4}], Path("/at")).settings.seed == 4
    assert run.configuration({"stubs": "a"}, [], Path("/at")).settings.stubs == "/at/a"
    assert run.configuration({"stubs": "a"}, [], Path("/else")).settings.stubs == "/else/a"


def test_what_only_looks_alike_is_told_apart() -> None:
    run = said()
    assert run.configuration({"openai": True}, [], Path("/at")).openai
    with pytest.raises(ConfigurationError, match="expected True or False, got 1"):
        run.configuration({"openai": 1}, [], Path("/at"))


def test_what_may_have_been_changed_between_tests_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, fixture = said(), {"fault": ["gzip"]}
    assert run.configuration(fixture, [], tmp_path).settings.fault == ("gzip",)
    fixture["fault"].append("close")
    assert run.configuration(fixture, [], tmp_path).settings.fault == ("gzip", "close")
    monkeypatch.chdir(tmp_path)
    assert run.configuration({"model_id": "mine"}, [], tmp_path).settings.model_folder is None
    (tmp_path / "mine").mkdir()
    assert run.configuration({"model_id": "mine"}, [], tmp_path).settings.model_folder == Path("mine")
    assert run.configuration({"tokenizer_name": "mine"}, [], tmp_path).settings.model_folder == Path("mine")
    (tmp_path / "mine").rmdir()
    assert run.configuration({"tokenizer_name": "mine"}, [], tmp_path).settings.model_folder is None


def test_variables_of_all_layers_are_set_and_false_leaves_them_alone() -> None:
    first, second = {"environment": {"A": "1", "B": "2"}}, {"environment": {"B": "3"}}
    assert layers(first, second).environment == {"A": "1", "B": "3"}
    assert layers(first, {"environment": False}).environment is None
    assert layers({"environment": False}, {"environment": True}).environment == {}


def test_paths_start_where_they_were_written() -> None:
    assert layers({"stubs": "a.yaml"}).settings.stubs == "/at/a.yaml"
    assert layers({"stubs": "/else/a.yaml"}).settings.stubs == "/else/a.yaml"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"openai": 1}, "layer 0: openai: expected True or False, got 1"),
        ({"environment": 3}, "layer 0: environment: expected names with texts"),
        (
            {"record": "sometimes"},
            "layer 0: record: expected one of none, once, all, verify, got 'sometimes'",
        ),
        ({"upstream": 3}, "layer 0: upstream: expected a text, got 3"),
        ({"seed": -1}, "layer 0: `seed` must be an integer"),
        ({"on_miss": "proxy"}, "layer 0: on_miss: expected seeded or fail, got 'proxy'"),
        ({"upstreams": "http://x"}, "layer 0: there is no upstreams; there is: upstream"),
    ],
)
def test_what_cannot_be_is_told_with_who_asked_for_it(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        layers(values)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("seed", "ini: expected NAME=VALUE, got 'seed'"),
        ("sed=1", "ini: there is no sed; there is: seed, speedup"),
        ("seed=x", "ini: seed: expected an integer"),
        ("strict=yes", "ini: strict: expected true or false, got 'yes'"),
        ("sha=x", "ini: sha can be set in Python alone"),
    ],
)
def test_a_written_setting_is_read_as_on_the_command_line_of_the_server(line: str, message: str) -> None:
    assert assignments(["ttft = lognormal(800ms, 0.4)", "max-best-of=3"], "ini") == {
        "time_to_first_token": "lognormal(800ms, 0.4)",
        "max_best_of": 3,
    }
    with pytest.raises(ConfigurationError) as caught:
        assignments([line], "ini")
    assert str(caught.value).startswith(message)


def test_a_written_variable_needs_a_name_and_a_value() -> None:
    assert variables(["A=1", "B = {base_url}/x=y"], "ini") == {"A": "1", "B": "{base_url}/x=y"}
    with pytest.raises(ConfigurationError, match="ini: expected such as"):
        variables(["A"], "ini")


@pytest.mark.parametrize("mode", ["none", "once", "all", "verify"])
def test_in_ci_only_the_command_line_lets_a_test_reach_another_server(mode: str) -> None:
    assert recording_mode(mode, "the ini file", ci=False) == mode
    assert recording_mode(mode, "fake_tgi_recording", ci=True) == "none"
    assert recording_mode(mode, "the command line", ci=True) == mode


def test_pytest_tells_of_every_option_setting_mark_and_fixture(tmp_path: Path) -> None:
    shown = " ".join(run_suite(tmp_path, {}, "--help").output.split())
    for option in OPTIONS:
        assert option.flag is None or option.flag in shown
        assert option.ini is None or f"{option.ini_name} ({option.ini})" in shown
    shown = run_suite(tmp_path, {}, "--markers").output
    assert [mark for mark in MARKERS if f"@pytest.mark.{mark}" not in shown] == []
    shown = run_suite(tmp_path, {}, "--fixtures").output
    for name in ("fake_tgi ", "fake_tgi_server [session scope]", "fake_tgi_settings [session scope]"):
        assert name in shown
