"""Times as people write them, and the distributions they name."""

from __future__ import annotations

from pathlib import Path
from random import Random
from statistics import fmean, median, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.settings import Settings, SettingsError
from fake_tgi.timing import PROFILES, TimingError, distribution, duration, latencies, written


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20ms", 0.02),
        ("1.5s", 1.5),
        ("250us", 0.00025),
        ("250µs", 0.00025),
        ("2min", 120),
        ("0", 0),
        (".5s", 0.5),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["20", "", "ms", "-1s", "1e3ms", "20 parsecs", "1s2ms", "inf"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(TimingError, match=r"20ms or 1\.5s"):
        duration(text)


@given(st.floats(1e-5, 1e5))
def test_a_written_duration_reads_back(seconds: float) -> None:
    assert duration(written(seconds)) == pytest.approx(seconds, rel=1e-6)


@pytest.mark.parametrize("text", ["20ms", "normal(20ms,5ms)", "lognormal(800ms,0.4)", "uniform(10ms,30ms)"])
def test_a_distribution_reads_back_as_it_is_written(text: str) -> None:
    assert str(distribution(text)) == text
    assert distribution(str(distribution(text))) == distribution(text)


def drawn(text: str, count: int = 20_000) -> list[float]:
    made, random = distribution(text), Random(7)
    return [made.draw(random) for _ in range(count)]


def test_a_normal_distribution_has_its_mean_and_deviation_and_is_never_negative() -> None:
    values = drawn("normal(20ms,5ms)")
    assert fmean(values) == pytest.approx(0.02, rel=0.02)
    assert stdev(values) == pytest.approx(0.005, rel=0.05)
    assert min(drawn("normal(1ms,5ms)")) == 0.0


def test_a_lognormal_distribution_has_its_median_and_a_long_tail() -> None:
    values = drawn("lognormal(800ms,0.4)")
    assert median(values) == pytest.approx(0.8, rel=0.02)
    assert fmean(values) == pytest.approx(distribution("lognormal(800ms,0.4)").mean, rel=0.02)


def test_a_uniform_distribution_stays_between_its_bounds_and_fills_them() -> None:
    values = drawn("uniform(10ms,30ms)")
    assert 0.01 <= min(values) < 0.0101
    assert 0.0299 < max(values) <= 0.03


def test_recorded_times_are_drawn_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "gaps.txt"
    file.write_text("# measured\n20ms\n\n40ms  # slow\n1s\n")
    assert set(drawn(f"recorded({file})", 200)) == {0.02, 0.04, 1.0}


def test_a_bad_line_of_recorded_times_is_named(tmp_path: Path) -> None:
    file = tmp_path / "gaps.txt"
    file.write_text("20ms\n30\n")
    with pytest.raises(TimingError, match=r"gaps\.txt, line 2: .*'30' has no unit"):
        distribution(f"recorded({file})")
    with pytest.raises(TimingError, match="No such file"):
        distribution(f"recorded({tmp_path / 'none'})")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("normal(20ms)", "two values"),
        ("uniform(30ms,10ms)", "lower bound first"),
        ("lognormal(1s,0.4s)", "without a unit"),
        ("gamma(1,2)", "lognormal"),
        ("20", "has no unit"),
    ],
)
def test_what_is_no_distribution_is_refused_with_what_was_expected(text: str, says: str) -> None:
    with pytest.raises(TimingError, match=says):
        distribution(text)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_where_its_numbers_come_from(name: str) -> None:
    profile = PROFILES[name]
    assert "made up" in profile.source
    assert 0.001 < profile.inter_token_latency < profile.time_to_first_token < 1
    assert 0 < profile.prefill_time_per_token < profile.inter_token_latency


def test_a_larger_model_and_a_slower_gpu_take_longer() -> None:
    gaps = {name: profile.inter_token_latency for name, profile in PROFILES.items()}
    assert gaps["llama-3.1-8b-l4"] > gaps["llama-3.1-8b-a10g"] > gaps["llama-3.1-8b-h100"]
    assert gaps["llama-3.1-70b-4xh100"] > gaps["llama-3.1-8b-h100"]


def test_what_is_said_beside_a_profile_wins_over_it() -> None:
    read = latencies(named="llama-3.1-8b-a100", inter_token_latency="30ms")
    assert str(read.inter_token_latency) == "30ms"
    assert read.time_to_first_token.fixed == PROFILES["llama-3.1-8b-a100"].time_to_first_token


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"inter_token_latency": "20"}, "inter_token_latency: .*has no unit"),
        ({"profile": "llama-3.1-8b-a10"}, r"did you mean llama-3\.1-8b-a10"),
        ({"load_factor": 0.5}, "load_factor: expected a number from 1"),
        ({"speedup": 0.0}, "`speedup` must be a number above 0"),
        ({"clock": "virtual", "speedup": 2.0}, "give one of them"),
        ({"clock": "lunar"}, "real, virtual or stepped"),
    ],
)
def test_settings_refuse_times_that_cannot_be(given: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Settings(**given)  # type: ignore[arg-type]
