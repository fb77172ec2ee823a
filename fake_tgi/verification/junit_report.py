"""The report as JUnit's XML, which every CI reads: a suite for each route, a case for each question."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml  # written only, never parsed

from .curl import curl_of
from .outcome import Outcome
from .report import Report

__all__ = ["junit_report"]

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_report(report: Report) -> str:
    """An XML document. What differs is a failure, what could not be asked is skipped, with its reason."""
    root = Xml.Element("testsuites", name=f"fake-tgi verify {report.target.url}")
    for route in (count.route for count in report.routes()):
        outcomes = [outcome for outcome in report.outcomes if outcome.question.route == route]
        suite = _suite(root, route, [outcome.seen.seconds if outcome.seen else 0.0 for outcome in outcomes])
        for outcome in outcomes:
            _case(suite, report, outcome)
        _count(suite)
    if report.drift is not None:
        suite = _suite(root, "drift", [])
        for drift in report.drift:
            case = Xml.SubElement(suite, "testcase", classname="drift", time="0.000")
            case.set("name", _clean(f"{drift.route} {drift.where}"))
            told = f"{drift.kind}: {drift.before} -> {drift.after}"
            _detail(case, "failure", told, f"seen by {', '.join(drift.questions)}", kind=drift.kind)
        _count(suite)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{report.seconds:.3f}")
    Xml.indent(root)
    document: bytes = Xml.tostring(root, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii") + "\n"


def _suite(root: Xml.Element, name: str, seconds: list[float]) -> Xml.Element:
    return Xml.SubElement(root, "testsuite", name=_clean(name), time=f"{sum(seconds):.3f}")


def _case(suite: Xml.Element, report: Report, outcome: Outcome) -> None:
    seconds = outcome.seen.seconds if outcome.seen is not None else 0.0
    case = Xml.SubElement(suite, "testcase", classname=_clean(outcome.question.route), time=f"{seconds:.3f}")
    case.set("name", _clean(outcome.question.name))
    verdict = outcome.verdict
    if verdict.kind == "unasked":
        _detail(case, "skipped", verdict.reason)
    elif verdict.kind == "differs":
        lines = [str(violation) for violation in verdict.violations]
        if outcome.seen is not None:
            lines += [f"answered {outcome.seen.status}: {outcome.seen.text[:1000]}"]
            lines += [curl_of(outcome.seen, report.target)]
        _detail(case, "failure", lines[0], "\n".join(lines), kind=verdict.violations[0].rule)


def _detail(case: Xml.Element, tag: str, message: str, text: str = "", kind: str | None = None) -> None:
    element = Xml.SubElement(case, tag, message=_clean(message))
    if kind is not None:
        element.set("type", kind)
    element.text = _clean(text) or None


def _count(suite: Xml.Element) -> None:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
