"""Nothing is paid for before it is used, and then little: by what is imported, and by what a test adds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.settings import Settings
from fake_tgi.state import State
from fake_tgi.testing.handle import LentFake
from fake_tgi.testing.serving import TestServer

from .running import run_suite

SUITE = """
    import os
    import sys
    import urllib.request

    # Each costs tens of milliseconds, and is only for what this test does not do.
    DEAR = {
        "hypothesis", "starlette", "jsonschema", "jinja2", "prometheus_client", "yaml", "aiohttp", "requests",
    }
    OURS = {"fake_tgi", "fake_tgi.pytest_plugin", "fake_tgi.testing", "fake_tgi.testing.options"}


    def loaded():
        return {name for name in sys.modules if name.startswith("fake_tgi")}


    def test_unused():
        assert loaded() == OURS
        assert DEAR & sys.modules.keys() == set()


    def test_used(fake_tgi):
        fake_tgi.reply("Hi.")
        request = urllib.request.Request(
            os.environ["TGI_BASE_URL"] + "/generate", b'{"inputs": "x"}', {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.read() == b'{"generated_text":"Hi."}'
        assert DEAR & sys.modules.keys() == set()


    def test_compiled(fake_tgi):
        loader = sys.modules["fake_tgi.library"].__loader__
        assert "_pytest" not in type(loader).__module__
"""
OUTLIVED = """
    import gc
    import urllib.request

    import pytest


    @pytest.mark.parametrize("number", range(5))
    def test_one_of_many(fake_tgi, number):
        fake_tgi.reply("Hi.")
        request = urllib.request.Request(
            fake_tgi.base_url + "/generate", b'{"inputs": "x"}', {"content-type": "application/json"}
        )
        urllib.request.urlopen(request).close()


    def test_nothing_is_left_of_them():
        from fake_tgi.state import State

        gc.collect()
        left = [one for one in gc.get_objects() if type(one) is State]
        assert len(left) <= 2, "what the server itself has, and at most the last one"
"""
# As pytest does by itself where our distribution is installed, and not merely linked to.
CONFTEST = """
    import pytest

    pytest.register_assert_rewrite("fake_tgi.library")
"""


def test_a_run_pays_for_what_it_uses(tmp_path: Path) -> None:
    run = run_suite(tmp_path, {"test_app.py": SUITE, "conftest.py": CONFTEST}, apart=True)
    assert run.outcome("test_unused") == "passed", run.output
    assert run.outcome("test_used") == "passed", run.output
    assert run.outcome("test_compiled") == "passed", "pytest has compiled all of it anew"


def test_no_fake_outlives_its_test(tmp_path: Path) -> None:
    run = run_suite(tmp_path, {"test_app.py": OUTLIVED}, apart=True)
    assert run.outcome("test_nothing_is_left_of_them") == "passed", run.output


def test_a_fresh_fake_for_a_test_costs_three_milliseconds_at_most() -> None:
    took = []
    with TestServer() as server:
        for _ in range(50):
            began = time.perf_counter()
            app = server.fresh(Settings(strict=True))
            with server.lent_to(app):
                LentFake(app, server)
            took.append(time.perf_counter() - began)
    assert min(took) < 0.003, "the quickest of many: another program may have had the processor meanwhile"


def test_a_fresh_fake_for_a_test_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[State] = []
    begin = State.__init__

    def counted(self: State, *given: Any, **named: Any) -> None:
        made.append(self)
        begin(self, *given, **named)

    with TestServer() as server:
        monkeypatch.setattr(State, "__init__", counted)
        app = server.fresh(Settings())
        with server.lent_to(app):
            fake = LentFake(app, server)
    assert made == [fake.state]
