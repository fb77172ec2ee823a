"""`fake-tgi report`: the verdict outside a test, in words, for CI servers and for code scanners."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from fake_tgi.app import Application, create_app
from fake_tgi.cli import main
from fake_tgi.journal.json_form import as_json
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from fake_tgi.verdict import RULES, judge
from fake_tgi.verdict.reports import sarif
from fake_tgi.verdict.saved import events_of

from .events import call
from .guilty import GUILTY, attempts


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., str]:
    def save(*events: Any) -> str:
        path = tmp_path / "journal.json"
        path.write_text(json.dumps({"requests": [as_json(event) for event in events]}))
        return str(path)

    return save


Saved = Callable[..., str]


@pytest.mark.parametrize(("name", "case"), [(name, cases[0]) for name, cases in GUILTY.items()])
def test_a_saved_journal_is_judged_as_a_live_one(name: str, case: Any) -> None:
    text = json.dumps([as_json(event) for event in case.events])
    again = events_of(text, "here")
    first, second = (judge(events, received=case.received) for events in (case.events, again))
    assert [each.name for each in first.findings] == [each.name for each in second.findings]
    assert str(first) == str(second)


def test_a_finding_fails_the_command(saved: Saved, capsys: pytest.CaptureFixture[str]) -> None:
    source = saved(*attempts(0.001))
    assert main(["report", source]) == 1
    said = capsys.readouterr().out
    assert "retry-without-backoff" in said
    assert "#1 " in said


def test_what_the_verifier_did_is_left_out_and_counted() -> None:
    app = create_app(Settings())
    with Server(app) as server:
        assert main(["verify", server.base_url, "--only", "generate.greedy"]) == 0
    verifying = list(app.state.journal)
    told = f"left out: {len(verifying)} requests of fake-tgi verify"
    said = str(judge([*verifying, call(1000)]))
    assert said == f"no findings about the client, from 1 request\n\n{told}"


def test_the_verifier_may_do_what_a_client_is_blamed_for() -> None:
    blamed = json.dumps([as_json(event) for event in attempts(0.001)])
    assert judge(events_of(blamed, "here")).findings
    assert judge(events_of(blamed.replace("client/1", "fake-tgi-verify"), "here")).findings == ()


def test_no_finding_does_not(saved: Saved, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", saved(call(1))]) == 0
    assert capsys.readouterr().out == "no findings about the client, from 1 request\n"


@pytest.mark.parametrize(("fail_on", "status"), [("error", 0), ("warning", 0), ("info", 1), ("never", 0)])
def test_the_severity_that_fails_is_chosen(saved: Saved, fail_on: str, status: int) -> None:
    assert main(["report", saved(call(1, status=429)), "--fail-on", fail_on]) == status


def test_what_is_waived_does_not_fail(saved: Saved, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", saved(*attempts(0.001)), "--waive", "retry-without-backoff"]) == 0
    assert "waived: retry-without-backoff" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--waive", "retry-without-backof"], "did you mean retry-without-backoff?"),
        (["--fail-on", "panic"], "invalid choice"),
        (["--wait", "-1"], "expected seconds from 0, got '-1'"),
        (["--format", "html"], "invalid choice"),
    ],
)
def test_a_wrong_command_line_is_told(
    saved: Saved, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["report", saved(call(1)), *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "expected the JSON of a journal, got no JSON"),
        ('{"a": 1}', 'expected {"requests": [...]}, or a list of requests'),
        ('[{"request": 1}]', "requests[0]: request: expected a JSON object, got int"),
    ],
)
def test_what_is_no_journal_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    path = tmp_path / "journal.json"
    path.write_text(content)
    assert main(["report", str(path)]) == 2
    assert said in capsys.readouterr().err


def test_nothing_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for source in ("nowhere", "http://127.0.0.1:9"):
        assert main(["report", source]) == 2
    said = capsys.readouterr().err
    assert "a server is given as http://HOST:PORT" in said
    assert "http://127.0.0.1:9 cannot be reached" in said
    assert main(["report"]) == 2
    assert "expected the URL of a fake" in capsys.readouterr().err


def test_the_list_has_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [rule.name for rule in RULES]


def test_junit_has_a_case_for_each_finding(saved: Saved, tmp_path: Path) -> None:
    source = saved(*attempts(0.001), call(3, 9.0, status=429, body={"inputs": "other\x00"}))
    source = saved(*events_of(Path(source).read_text(), source), call(4, 20.0, query="token=hf_9Qz7kLm3Xw"))
    out = tmp_path / "report.xml"
    words = ["report", source, "--format", "junit", "--out", str(out), "--waive", "secret-in-url"]
    assert main(words) == 1
    (suite,) = ElementTree.parse(out).getroot()
    cases = {case.get("name"): case for case in suite}
    assert set(cases) == {rule.name for rule in RULES}
    assert [name for name, case in cases.items() if case.find("failure") is not None] == [
        "retry-without-backoff"
    ]
    assert [name for name, case in cases.items() if case.find("skipped") is not None] == ["secret-in-url"]
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")
    assert cases["no-retry-on-overload"].find("system-out") is not None


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "minLength": 1}},
                },
                "region": {
                    "type": "object",
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                },
            },
        },
        "logicalLocations": _array(
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {"fullyQualifiedName": {"type": "string"}},
            }
        ),
    },
}
RULE = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
        "defaultConfiguration": {"type": "object", "properties": {"level": LEVEL}},
    },
}
RESULT = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": _array(LOCATION),
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "suppressions": _array(
            {
                "type": "object",
                "required": ["kind"],
                "additionalProperties": False,
                "properties": {
                    "kind": {"enum": ["inSource", "external"]},
                    "justification": {"type": "string"},
                },
            }
        ),
    },
}
DRIVER = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "informationUri": {"type": "string", "format": "uri"},
        "rules": {**_array(RULE), "uniqueItems": True},
    },
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": _array(
            {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "additionalProperties": False,
                        "properties": {"driver": DRIVER},
                    },
                    "results": _array(RESULT),
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                },
            }
        ),
    },
}
"""What we write, by the rules of https://docs.oasis-open.org/sarif/sarif/v2.1.0, and nothing beside."""


def test_sarif_is_as_its_standard_says() -> None:
    events = [event for cases in GUILTY.values() for event in cases[0].events]
    for index, event in enumerate(events):
        event.id = index + 1
    log = json.loads(sarif(judge(events, waive=["secret-in-url"]), "journal.json", "warning"))
    Draft202012Validator(SARIF).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.name for rule in RULES]
    assert len(run["results"]) > 5
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert ("suppressions" in result) == (result["ruleId"] == "secret-in-url")


@pytest.fixture
def app() -> Application:
    return create_app(Settings())


@pytest.fixture
def server(app: Application) -> Iterator[Server]:
    with Server(app) as server:
        yield server


def test_a_running_fake_is_asked(
    server: Server, app: Application, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for prefix in ("", "/ns/one"):
        for number in range(3):
            connection = HTTPConnection("127.0.0.1", server.port)
            body = json.dumps({"inputs": f"number {number}"})
            connection.request("POST", f"{prefix}/generate", body, {"content-type": "application/json"})
            connection.getresponse().read()
            connection.close()
        keep = tmp_path / "kept.json"
        assert main(["report", server.base_url + prefix, "--save", str(keep)]) == 1
        assert "new-connection-per-call" in capsys.readouterr().out
        assert main(["report", str(keep)]) == 1
        assert "from 3 requests" in capsys.readouterr().out
    assert urlopen(f"{server.base_url}/health").status == 200


def test_a_server_that_is_no_fake_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    async def other(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in ("startup", "shutdown"):
                await send({"type": f"{(await receive())['type']}.complete"})
            return
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with Server(other) as server:
        assert main(["report", server.base_url]) == 2
    assert "answers 404 to a question for its journal: is it a fake-tgi?" in capsys.readouterr().err
