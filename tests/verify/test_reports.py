"""The same findings as a text for people, as JSON for programs, as JUnit for CI; none shows a secret."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from shutil import which
from typing import Any
from xml.etree import ElementTree

import pytest

from fake_tgi.verification.curl import curl_of
from fake_tgi.verification.drift import Drift
from fake_tgi.verification.json_report import json_report
from fake_tgi.verification.junit_report import junit_report
from fake_tgi.verification.recording import recording_of
from fake_tgi.verification.report import Report
from fake_tgi.verification.text_report import summary, text_report

from . import damages as d
from .damaged import Answer, Patient, patient
from .damages import on

KEY = "hf_SecretSecretSecret1"
DRIFT = Drift("removed field", "POST /generate", "body.details", '"\x00"', "nothing", ("generate.greedy",))


@pytest.fixture(scope="module")
def fake() -> Iterator[Patient]:
    with patient() as one:
        yield one


@pytest.fixture(scope="module")
def sick(fake: Patient) -> Report:
    """A report with everything in it: what holds, what differs, what was not asked, what changed."""
    wrong = on("/generate_stream")(d.edit(lambda e: e.update(index=e["index"] + 4) if "index" in e else None))
    return replace(fake.verified("--skip", "/vertex", damage=wrong), drift=(DRIFT,))


def test_a_difference_is_told_once_with_its_smallest_example(sick: Report) -> None:
    (difference,) = sick.differences()
    assert difference.violation.where == "events[0].index"
    assert len(difference.questions) > 5
    assert difference.example.question.name == "generate_stream.one"


def test_the_text_tells_what_was_expected_what_came_and_how_to_ask_again(sick: Report) -> None:
    text = text_report(sick)
    assert "1. POST /generate_stream: events[0].index (index)" in text
    assert "expected  1" in text
    assert "got       5" in text
    assert "also seen by" in text
    assert "curl -sS -i -N http" in text
    assert re.search(r"POST /generate_stream +\d+ hold, +\d+ differ", text)
    assert "could not be asked" in text
    assert "no key is set" in text
    assert "removed field   POST /generate body.details" in text
    assert text.endswith(summary(sick) + "\n")


def test_the_json_has_all_of_it(sick: Report) -> None:
    value = json.loads(json_report(sick))
    assert (value["exit_status"], value["server"]) == (
        1,
        "text-generation-router 3.3.6-dev0, bigscience/bloom",
    )
    assert sum(route["holds"] for route in value["routes"]) == len(sick.of_kind("holds"))
    assert [question["name"] for question in value["questions"]] == [o.question.name for o in sick.outcomes]
    (difference,) = value["differences"]
    assert difference["example"]["response"]["status"] == 200
    assert difference["example"]["curl"].startswith("curl ")
    assert {question["result"] for question in value["questions"]} == {"holds", "differs", "unasked"}
    assert value["drift"][0]["kind"] == "removed field"


# As CI servers read it: which element may stand where, with which attributes; a number is a number.
COUNTS = {"name": str, "tests": int, "failures": int, "errors": int, "skipped": int, "time": float}
JUNIT: dict[str, tuple[set[str], dict[str, type]]] = {
    "testsuites": ({"testsuite"}, COUNTS),
    "testsuite": ({"testcase"}, COUNTS),
    "testcase": ({"failure", "skipped"}, {"name": str, "classname": str, "time": float}),
    "failure": (set(), {"message": str, "type": str}),
    "skipped": (set(), {"message": str}),
}


def assert_junit(element: ElementTree.Element) -> None:
    children, attributes = JUNIT[element.tag]
    assert element.attrib.keys() == attributes.keys(), element.tag
    for name, kind in attributes.items():
        kind(element.attrib[name])
    assert {child.tag for child in element} <= children
    assert element.tag != "testcase" or len(element) <= 1
    for child in element:
        assert_junit(child)


def test_the_junit_is_valid_and_counts_right(sick: Report) -> None:
    document = junit_report(sick)
    assert document.isascii()
    root = ElementTree.fromstring(document)
    assert root.tag == "testsuites"
    assert_junit(root)
    for parent in (root, *root):
        cases = list(parent.iter("testcase"))
        assert int(parent.attrib["tests"]) == len(cases)
        assert int(parent.attrib["failures"]) == sum(case.find("failure") is not None for case in cases)
        assert int(parent.attrib["skipped"]) == sum(case.find("skipped") is not None for case in cases)
    assert int(root.attrib["failures"]) == len(sick.of_kind("differs")) + 1
    names = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert len(set(names)) == len(names)


def test_the_junit_can_hold_whatever_a_server_sends(fake: Patient) -> None:
    """XML has no way to write most control characters."""

    def damage(answer: Answer) -> None:
        answer.headers["content-type"] = "application/json"
        answer.chunks = [bytes(range(256)), "\ufffe\ud7ff😀]]>&".encode()]

    report = fake.verified("--only", "/tokenize", damage=damage)
    root = ElementTree.fromstring(junit_report(report))
    assert_junit(root)
    assert int(root.attrib["failures"]) > 3
    assert json.loads(json_report(report))["exit_status"] == 1
    assert text_report(report)


def test_no_report_shows_the_key_even_if_the_server_does() -> None:
    """In headers, in bodies, in parts of events: a recording least of all."""

    def echo(answer: Answer) -> None:
        answer.headers["x-your-key"] = KEY
        answer.headers["set-cookie"] = f"session={KEY}"
        answer.chunks = [chunk.replace(b"error", f"error for {KEY}".encode()) for chunk in answer.chunks]

    with patient(api_key=KEY) as fake:
        report = fake.verified(damage=echo, TGI_TOKEN=KEY)
        right = fake.verified(TGI_TOKEN=KEY)
    assert report.exit_status == 1
    assert right.exit_status == 0
    assert not right.of_kind("unasked")
    for written in (text_report, json_report, junit_report, recording_of):
        for each in (report, right):
            assert KEY not in written(each)
            assert KEY.upper() not in written(each)
            assert "REDACTED" in recording_of(each)
    assert KEY not in repr(report)


def outcome(report: Report, name: str) -> Any:
    return next(each for each in report.outcomes if each.question.name == name)


@pytest.mark.parametrize(
    "name",
    [
        "info", "head", "options", "generate.other_method", "generate.content_type", "generate.bad_json",
        "generate.odd", "generate.trailing", "tokenize.odd", "chat_stream.greedy", "compat.full_text",
    ],
)  # fmt: skip
@pytest.mark.skipif(which("curl") is None, reason="runs curl, which is not installed")
def test_the_curl_line_asks_the_same(fake: Patient, name: str) -> None:
    """Run by a shell, it gets the status and the body that were seen."""
    report = fake.verified("--only", name)
    seen = outcome(report, name).seen
    line = curl_of(seen, report.target)
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True, timeout=20)
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    assert int(head.split(" ")[1]) == seen.status
    assert re.sub(r'"created":\d+', "", body) == re.sub(r'"created":\d+', "", seen.text)


@pytest.mark.skipif(which("curl") is None, reason="runs curl, which is not installed")
def test_the_curl_line_of_a_large_body_is_short_and_asks_the_same(fake: Patient) -> None:
    report = fake.verified("--only", "generate.too_large")
    line = curl_of(outcome(report, "generate.too_large").seen, report.target)
    assert len(line) < 300
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True, timeout=20)
    assert b" 413 " in done.stdout


def test_the_curl_line_names_the_variable_of_the_key() -> None:
    with patient(api_key="sesame") as fake:
        report = fake.verified("--only", "/generate", TGI_TOKEN="sesame")
        line = curl_of(outcome(report, "generate.greedy").seen, report.target)
        wrong = curl_of(outcome(report, "key.wrong").seen, report.target)
    assert '"Authorization: Bearer $TGI_TOKEN"' in line
    assert '"Authorization: Bearer wrong"' in wrong
    assert shlex.split(line)[0] == "curl"
