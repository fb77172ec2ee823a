"""A name that TGI has not is asked about at once, where one that it has is near; a path may be meant so."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from fake_tgi import FakeTGI, absent
from fake_tgi.call import Call
from fake_tgi.matching import FormError, RequestPattern
from fake_tgi.matching.asked import PATHS, PREFIXES
from fake_tgi.matching.meant import near_parameter
from fake_tgi.serve import PREFIXES as SERVED_PREFIXES
from fake_tgi.serve import ROUTES
from fake_tgi.stubs import Stub
from fake_tgi.stubs.stub_file import StubFile, StubFileError
from tests.fake.asking import ask, make


def test_the_paths_that_a_stub_may_mean_are_those_that_are_served() -> None:
    assert set(ROUTES) == PATHS
    assert set(SERVED_PREFIXES) == set(PREFIXES)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("max_new_token", "max_new_tokens"),
        ("maxNewTokens", "max_new_tokens"),
        ("top_P", "top_p"),
        ("sed", "seed"),
    ],
)
def test_a_parameter_that_is_nearly_one_is_refused_with_the_one_that_is_meant(name: str, meant: str) -> None:
    for value in (5, absent()):  # what is never sent is always absent: that stub would match by mistake
        with pytest.raises(FormError, match=rf"^parameters\.{name}: .*did you mean `{meant}`\?"):
            FakeTGI(listen=False).on(parameters={name: value})


@pytest.mark.parametrize(
    "name",
    ["max_tokens", "max_completion_tokens", "response_format", "tools", "stream", "suffix", "adapter_id"],
)
def test_a_parameter_of_any_route_is_known(name: str) -> None:
    assert near_parameter(name) is None


@pytest.mark.parametrize("name", ["min_new_tokens", "parallel_tool_calls", "user", "num_beams"])
def test_a_parameter_that_others_have_may_be_looked_for(name: str) -> None:
    assert RequestPattern(parameters={name: 5}).as_json() == {"parameters": {name: 5}}


def test_a_path_that_is_none_of_tgis_has_parameters_of_its_own() -> None:
    assert RequestPattern("/mine", parameters={"max_new_token": 5}).routes == ("/mine",)


def test_a_file_and_the_admin_api_refuse_such_a_parameter_by_its_place(tmp_path: Path) -> None:
    file = tmp_path / "stubs.yaml"
    file.write_text(
        "version: 1\nstubs:\n- when:\n    parameters:\n      max_new_token: 5\n  answer: {text: x}\n"
    )
    with pytest.raises(StubFileError, match=r"line 5: stubs\[0\]\.when\.parameters\.max_new_token: "):
        StubFile(file).read()
    stub = {"when": {"parameters": {"max_new_token": 5}}, "answer": {"text": "x"}}
    reply = ask(make(), "POST", "/__admin/stubs", stub)
    assert (reply.status, reply.json()["path"]) == (422, "when.parameters.max_new_token")


def test_a_path_that_is_nearly_one_is_warned_of_and_stubbed() -> None:
    fake = FakeTGI(listen=False)
    with pytest.warns(UserWarning, match=r"^TGI has no path /generat: did you mean /generate\?$") as told:
        fake.on("/generat").reply("x")
    assert (len(fake.stubs), told[0].filename) == (1, __file__)


@pytest.mark.parametrize("path", ["/mine", "/v1/embeddings", "/models/mine", "/docs/index.html"])
def test_a_path_that_is_near_none_is_nothing_to_warn_of(path: str) -> None:
    FakeTGI(listen=False).on(path).reply("x")


def test_a_path_in_a_file_that_is_nearly_one_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "stubs.yaml"
    file.write_text("version: 1\nstubs:\n- {when: {route: /generat}, answer: {text: x}}\n")
    with caplog.at_level(logging.WARNING, "fake_tgi.stubs"):
        assert len(StubFile(file).read()) == 1
    assert caplog.messages == [f"{file}, stubs[0]: TGI has no path /generat: did you mean /generate?"]


def test_a_call_that_such_a_stub_does_not_answer_is_told_which_path_was_meant() -> None:
    app = make()
    app.state.stubs.add(Stub({"route": ["/generat", "/info"]}, "x"))
    told = "route: expected /generat (TGI has none: did you mean /generate?) or /info, got /generate"
    assert [str(miss) for miss in app.state.stubs.near_misses(Call("POST", "/generate", (), b"{}"))] == [
        f"stub 1: {told}"
    ]
