"""The fixture works with asyncio and anyio, in any order, and on several workers at once."""

from __future__ import annotations

from pathlib import Path

from .running import Run, run_suite

SUITE = """
    import asyncio
    import os
    import threading

    import aiohttp
    import pytest
    import requests

    from fake_tgi import contains


    async def ask(inputs, route="/generate"):
        body = {"inputs": inputs, "parameters": {"max_new_tokens": 20}}
        async with aiohttp.ClientSession() as session:
            async with session.post(os.environ["TGI_BASE_URL"] + route, json=body) as answer:
                return await answer.text()


    @pytest.fixture
    async def greeting(fake_tgi):
        stub = fake_tgi.on_generate(inputs=contains("hello")).reply("Hi.")
        assert "Hi." in await ask("hello from a fixture")
        yield stub
        assert stub.call_count == 2


    @pytest.mark.asyncio
    async def test_asyncio(fake_tgi, greeting):
        assert "Hi." in await ask("hello")
        await fake_tgi.idle()
        assert [seen.inputs for seen in greeting.calls] == ["hello from a fixture", "hello"]


    @pytest.mark.asyncio
    @pytest.mark.fake_tgi(clock="virtual", ttft="20s")
    async def test_asyncio_many_at_once(fake_tgi):
        answers = await asyncio.gather(*(ask(f"question {number}") for number in range(20)))
        assert len(set(answers)) == 20
        assert len(fake_tgi.requests) == 20


    @pytest.mark.asyncio
    async def test_asyncio_unused(fake_tgi):
        fake_tgi.reply("Hi.")


    @pytest.mark.asyncio
    async def test_asyncio_answer(fake_tgi):
        async def answer(asked):
            await asyncio.sleep(0)
            assert asked.inputs == "hello"

        fake_tgi.on_generate().run(answer)
        await ask("Hallo")


    @pytest.fixture
    def anyio_backend():
        return "asyncio"


    @pytest.mark.anyio
    async def test_anyio(fake_tgi):
        fake_tgi.reply("Hi.")
        assert "Hi." in await ask("hello")
        assert fake_tgi.last_request.inputs == "hello"


    @pytest.mark.anyio
    async def test_anyio_unused(fake_tgi):
        fake_tgi.reply("Hi.")


    @pytest.mark.parametrize("number", range(12))
    def test_apart(fake_tgi, number, record):
        record(fake_tgi.base_url)
        fake_tgi.reply(f"Answer {number}.")
        for _ in range(5):
            body = {"inputs": f"{number}"}
            answer = requests.post(os.environ["TGI_BASE_URL"] + "/generate", json=body, timeout=5)
            assert answer.json() == {"generated_text": f"Answer {number}."}
        assert [seen.inputs for seen in fake_tgi.requests] == [f"{number}"] * 5
"""

CONFTEST = """
    import os
    import random
    from pathlib import Path

    import pytest


    def pytest_collection_modifyitems(items):
        random.Random(os.environ["ORDER"]).shuffle(items)


    @pytest.fixture
    def record():
        def line(text):
            worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
            with Path("addresses", worker).open("a") as file:
                file.write(text + "\\\\n")

        return line
"""

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\nasyncio_mode = auto\nfilterwarnings = error\n"


def run_on(folder: Path, plugins: str, *options: str, order: str) -> tuple[Run, dict[str, set[str]]]:
    """The run, and the addresses that each worker has seen."""
    addresses = folder / "addresses"
    addresses.mkdir()
    files = {"test_app.py": SUITE, "conftest.py": CONFTEST, "pytest.ini": INI}
    plugins = f"-p pytest_asyncio.plugin -p anyio {plugins}"
    run = run_suite(folder, files, *options, plugins=plugins, environment={"ORDER": order}, apart=True)
    return run, {file.name: set(file.read_text().split()) for file in addresses.iterdir()}


def check(run: Run) -> None:
    wrong = {name: test for name, test in run.tests.items() if test.outcome != "passed"}
    assert wrong.keys() == {"test_asyncio_unused", "test_asyncio_answer", "test_anyio_unused"}, run.output
    assert {test.outcome for test in wrong.values()} == {"error"}
    assert "stub 1 was never used" in wrong["test_asyncio_unused"].text
    assert "stub 1 was never used" in wrong["test_anyio_unused"].text
    assert 'assert asked.inputs == "hello"' in wrong["test_asyncio_answer"].text
    assert "POST /generate" in wrong["test_asyncio_answer"].text, "the calls are shown"
    assert len(run.tests) == 18


def test_asyncio_and_anyio_in_any_order(tmp_path: Path) -> None:
    run, addresses = run_on(tmp_path, "", order="another")
    check(run)
    assert len(addresses["alone"]) == 1


def test_each_of_several_workers_has_a_server_of_its_own(tmp_path: Path) -> None:
    run, addresses = run_on(tmp_path, "-p xdist", "-n", "2", order="one")
    check(run)
    assert addresses.keys() == {"gw0", "gw1"}
    assert {len(seen) for seen in addresses.values()} == {1}
    assert addresses["gw0"] != addresses["gw1"]
