"""Tests share one server and nothing else; what a test changes is as before when it is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import Run, run_suite

pytestmark = pytest.mark.damages_answers  # TGI never sends 501

SUITE = """
    import os
    import socket
    import statistics
    import threading
    import time

    import pytest
    import requests

    SESSION = requests.Session()
    ADDRESSES = []


    def post(inputs, route="/generate", session=SESSION, **more):
        body = {"inputs": inputs, "parameters": {"max_new_tokens": 4}}
        return session.post(os.environ["TGI_BASE_URL"] + route, json=body, timeout=5, **more)


    @pytest.mark.parametrize("turn", ["first", "second"])
    def test_nothing_of_another_test(fake_tgi, turn):
        ADDRESSES.append(fake_tgi.base_url)
        assert fake_tgi.requests == []
        before = post("Hello").json()
        fake_tgi.reply("Queued.")
        fake_tgi.fault("overload")
        assert post("Hello").status_code == 429
        assert before == {"generated_text": before["generated_text"]} != {"generated_text": "Queued."}
        fake_tgi.clear_faults()
        post("Hello")
        assert len(set(ADDRESSES)) == 1, "the server is the same"


    LEFT = {}


    def test_leaves_a_stream_open(fake_tgi):
        fake_tgi.stall(after_tokens=1, seconds=60)
        LEFT["answer"] = post("Hello", "/generate_stream", session=requests.Session(), stream=True)
        LEFT["lines"] = LEFT["answer"].iter_lines()
        assert next(LEFT["lines"])
        LEFT["fake"] = fake_tgi


    def test_is_not_reached_by_it(fake_tgi):
        with pytest.raises(requests.RequestException):
            list(LEFT["lines"])
        assert fake_tgi.requests == []
        assert [event.ended for event in LEFT.pop("fake").journal] != ["in flight"]
        post("Hello")
        assert [seen.inputs for seen in fake_tgi.requests] == ["Hello"]


    def test_leaves_half_a_request_there(fake_tgi):
        host, port = fake_tgi.base_url.removeprefix("http://").split(":")
        LEFT["socket"] = client = socket.create_connection((host, int(port)), timeout=5)
        client.sendall(b"POST /generate HTTP/1.1\\r\\nhost: a\\r\\ncontent-type: application/json\\r\\n")
        client.sendall(b"expect: 100-continue\\r\\ncontent-length: 14\\r\\n\\r\\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b'{"inputs"')


    def test_is_not_reached_by_the_other_half(fake_tgi):
        with LEFT.pop("socket") as client, pytest.raises(OSError, match="reset|pipe"):
            for _ in range(100):
                client.sendall(b':"x"}')
                assert client.recv(100) == b""
        assert fake_tgi.requests == []


    @pytest.mark.fake_tgi(seed=1)
    def test_settings_of_a_test(fake_tgi):
        LEFT["seeded"] = post("Hello").json()


    def test_are_its_own(fake_tgi):
        assert post("Hello").json() != LEFT.pop("seeded")


    @pytest.mark.fake_tgi(clock="virtual", ttft="30s", itl="1s")
    def test_time(fake_tgi):
        began = time.monotonic()
        post("Hello")
        assert time.monotonic() - began < 5
        assert fake_tgi.requests[0].seconds >= 30


    @pytest.mark.fake_tgi(clock="stepped")
    def test_a_clock_that_stands(fake_tgi):
        fake_tgi.stall(seconds=60)
        answer = []
        thread = threading.Thread(target=lambda: answer.append(post("Hello", session=requests.Session())))
        thread.start()
        while not fake_tgi.requests:
            time.sleep(0.001)
        assert answer == []
        while not answer:
            fake_tgi.clock.advance(61)
            time.sleep(0.001)
        thread.join()


    def test_between_tests_the_server_answers(fake_tgi_server):
        answer = requests.get(fake_tgi_server.base_url + "/info", timeout=5)
        assert answer.json()["model_id"] == "bigscience/bloom"


    def test_it_cannot_be_stopped(fake_tgi):
        with pytest.raises(RuntimeError, match="one of your own"):
            fake_tgi.stop()
        with pytest.raises(RuntimeError, match="one of your own"):
            fake_tgi.start()


    def test_without_a_socket(fake_tgi):
        session = requests.Session()
        session.mount(fake_tgi.base_url, fake_tgi.requests_adapter())
        fake_tgi.reply("Hi.")
        assert post("Hello", session=session).json() == {"generated_text": "Hi."}
        assert fake_tgi.last_request.inputs == "Hello"


    def test_a_second_fake(fake_tgi):
        from fake_tgi import FakeTGI

        with FakeTGI(seed=3) as other:
            assert other.base_url != fake_tgi.base_url
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_suite(tmp_path_factory.mktemp("isolation"), {"test_app.py": SUITE})


def test_each_test_finds_a_fresh_fake_at_the_same_address(run: Run) -> None:
    assert {name: run.text(name) for name, test in run.tests.items() if test.outcome != "passed"} == {}
    assert len(run.tests) == 14


ENVIRONMENT = """
    import os
    import unittest

    import pytest

    NAMES = ("HF_INFERENCE_ENDPOINT", "TGI_BASE_URL", "HF_TOKEN", "OPENAI_BASE_URL", "OPENAI_API_KEY",
             "LLM_URL", "FROM_INI", "no_proxy")
    BEFORE = {name: os.environ.get(name) for name in NAMES}


    def now():
        return {name: os.environ.get(name) for name in NAMES}


    @pytest.fixture(autouse=True)
    def as_before_and_after():
        assert now() == BEFORE
        yield
        assert now() == BEFORE


    def test_without_the_fixture():
        assert "TGI_BASE_URL" not in os.environ


    def test_usual(fake_tgi):
        url = fake_tgi.base_url
        assert now() == {
            "HF_INFERENCE_ENDPOINT": url, "TGI_BASE_URL": url, "HF_TOKEN": "hf_fake",
            "OPENAI_BASE_URL": None, "OPENAI_API_KEY": "hf_fake", "LLM_URL": None, "FROM_INI": url + "/v1",
            "no_proxy": "example.org,127.0.0.1",
        }


    @pytest.mark.fake_tgi(openai=True, environment={"LLM_URL": "{base_url}/x"})
    def test_more(fake_tgi):
        assert os.environ["OPENAI_BASE_URL"] == fake_tgi.base_url + "/v1"
        assert os.environ["LLM_URL"] == fake_tgi.base_url + "/x"
        assert os.environ["FROM_INI"] == fake_tgi.base_url + "/v1"


    @pytest.mark.fake_tgi(environment=False)
    def test_none(fake_tgi):
        assert now() == BEFORE


    @pytest.mark.fake_tgi(api_key="secret")
    def test_a_fake_that_wants_a_key(fake_tgi):
        assert os.environ["HF_TOKEN"] == "secret"


    def test_a_test_that_changes_it_too(fake_tgi, monkeypatch):
        monkeypatch.setenv("TGI_BASE_URL", "http://elsewhere")


    @pytest.mark.usefixtures("fake_tgi")
    class TestUnit(unittest.TestCase):
        def test_unit(self):
            self.assertEqual(os.environ["TGI_BASE_URL"], self.fake_tgi.base_url)
            self.fake_tgi.assert_no_requests()

        @pytest.mark.fake_tgi(strict=True)
        def test_unit_marked(self):
            self.assertTrue(self.fake_tgi.settings.strict)


    class TestUnitByAttribute(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def give(self, fake_tgi):
            self.fake = fake_tgi

        def test_unit_attribute(self):
            self.assertEqual(os.environ["TGI_BASE_URL"], self.fake.base_url)

        def test_unit_unused(self):
            self.fake.reply("Hi.")
"""


def test_the_environment_leads_to_the_fake_and_back(tmp_path: Path) -> None:
    ini = "[pytest]\nfake_tgi_environment =\n    FROM_INI = {base_url}/v1\n"
    run = run_suite(
        tmp_path,
        {"test_app.py": ENVIRONMENT, "pytest.ini": ini},
        environment={"HF_TOKEN": "hf_real", "http_proxy": "http://proxy", "no_proxy": "example.org"},
    )
    unused = run.tests["test_unit_unused"]
    assert unused.outcome == "error"
    assert "was never used" in unused.text
    others = {name: test.text for name, test in run.tests.items() if test.outcome != "passed"}
    assert others.keys() == {"test_unit_unused"}, run.output
    assert len(run.tests) == 10


CHANGED_TWICE = """
    import os
    import unittest

    import pytest

    NAMES = ("HF_TOKEN", "TGI_BASE_URL", "OPENAI_API_KEY")
    BEFORE = {name: os.environ.get(name) for name in NAMES}


    def changes(monkeypatch):
        assert os.environ["TGI_BASE_URL"].startswith("http://127.0.0.1:")
        assert os.environ["HF_TOKEN"] == "hf_fake"
        monkeypatch.setenv("HF_TOKEN", "hf_mine")
        monkeypatch.delenv("TGI_BASE_URL")
        os.environ["OPENAI_API_KEY"] = "set without monkeypatch"


    def test_ours_first(fake_tgi, monkeypatch):
        changes(monkeypatch)


    def test_after_ours_first():
        assert {name: os.environ.get(name) for name in NAMES} == BEFORE


    def test_ours_last(monkeypatch, fake_tgi):
        changes(monkeypatch)


    def test_after_ours_last():
        assert {name: os.environ.get(name) for name in NAMES} == BEFORE


    @pytest.fixture
    def mine(monkeypatch):
        monkeypatch.setenv("HF_TOKEN", "hf_mine")


    def test_changed_before(mine, fake_tgi):
        assert os.environ["HF_TOKEN"] == "hf_fake"


    def test_after_changed_before():
        assert {name: os.environ.get(name) for name in NAMES} == BEFORE


    @pytest.mark.usefixtures("fake_tgi")
    class TestUnit(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def give(self, monkeypatch):
            self.monkeypatch = monkeypatch

        def test_unit(self):
            changes(self.monkeypatch)


    def test_after_unit():
        assert {name: os.environ.get(name) for name in NAMES} == BEFORE


    @pytest.mark.fake_tgi_recording(file="none.recording.json")
    def test_recorded(monkeypatch):
        changes(monkeypatch)


    def test_after_recorded():
        assert {name: os.environ.get(name) for name in NAMES} == BEFORE
"""


@pytest.mark.parametrize("token", [None, "hf_real"])
def test_what_a_test_sets_with_monkeypatch_does_not_reach_the_next(tmp_path: Path, token: str | None) -> None:
    environment = {} if token is None else {"HF_TOKEN": token}
    empty = '{"format": "tgi-recording", "version": 1}'
    run = run_suite(
        tmp_path, {"test_app.py": CHANGED_TWICE, "none.recording.json": empty}, environment=environment
    )
    assert {name: test.text for name, test in run.tests.items() if test.outcome != "passed"} == {}, run.output
    assert len(run.tests) == 10
