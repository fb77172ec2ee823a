"""A verdict as text, as JUnit's XML and as SARIF 2.1.0: what terminals, CI servers and code scanners read."""

from __future__ import annotations

import json
import re
from typing import Any, Final
from xml.etree import ElementTree as Xml  # written only, never parsed

from .finding import Finding, Rule, Severity
from .judging import RULES, Verdict
from .telling import line_of

__all__ = ["WRITERS", "junit", "sarif", "text"]

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_LEVELS: Final[dict[Severity, str]] = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def text(verdict: Verdict, source: str, fail_on: Severity | None) -> str:
    """The verdict in words."""
    return f"{verdict}\n"


def junit(verdict: Verdict, source: str, fail_on: Severity | None) -> str:
    """An XML document: a case for each rule; a failure is a finding as bad as `fail_on`."""
    failing = verdict.failing(fail_on) if fail_on is not None else ()
    root = Xml.Element("testsuites", name=_clean(f"fake-tgi report {source}"))
    suite = Xml.SubElement(root, "testsuite", name="client")
    found = {finding.name: finding for finding in (*verdict.findings, *verdict.waived)}
    for rule in RULES:
        case = Xml.SubElement(suite, "testcase", classname="client", name=rule.name, time="0")
        finding = found.get(rule.name)
        if finding is None:
            continue
        if finding in verdict.waived:
            Xml.SubElement(case, "skipped", message="waived")
        elif finding in failing:
            element = Xml.SubElement(case, "failure", message=_clean(rule.title), type=rule.severity)
            element.text = _clean(_evidence(finding))
        else:
            Xml.SubElement(case, "system-out").text = _clean(f"{rule.title}\n{_evidence(finding)}")
    for element in (suite, root):
        element.set("tests", str(len(RULES)))
        element.set("failures", str(len(failing)))
        element.set("errors", "0")
        element.set("skipped", str(len(verdict.waived)))
        element.set("time", "0")
    Xml.indent(root)
    document: bytes = Xml.tostring(root, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii") + "\n"


def sarif(verdict: Verdict, source: str, fail_on: Severity | None) -> str:
    """A SARIF log with one run: all rules, and a result for each time that one was seen."""
    results = [
        _result(finding, index, source, waived)
        for findings, waived in ((verdict.findings, False), (verdict.waived, True))
        for finding in findings
        for index in range(len(finding.sightings))
    ]
    driver = {
        "name": "fake-tgi report",
        "informationUri": "https://pypi.org/project/text-generation/",
        "rules": [_rule(rule) for rule in RULES],
    }
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "utf16CodeUnits"}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


WRITERS: Final = {"text": text, "junit": junit, "sarif": sarif}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.explains},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, index: int, source: str, waived: bool) -> dict[str, Any]:
    sighting = finding.sightings[index]
    calls = [line_of(event) for event in sighting.events]
    result: dict[str, Any] = {
        "ruleId": finding.name,
        "ruleIndex": RULES.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join((f"{finding.rule.title} {_sentence(sighting.says)}", *calls))},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": source}, "region": {"startLine": 1}},
                "logicalLocations": [
                    {"fullyQualifiedName": f"{event.call.method} {event.call.path} #{event.id}"}
                    for event in sighting.events[:10]
                ],
            }
        ],
        "partialFingerprints": {"finding/v1": f"{finding.name}/{sighting.events[0].call.path}/{index}"},
    }
    if waived:
        result["suppressions"] = [{"kind": "external", "justification": "waived by its name"}]
    return result


def _evidence(finding: Finding) -> str:
    lines = []
    for sighting in finding.sightings:
        lines += [_sentence(sighting.says), *(f"  {line_of(event)}" for event in sighting.events)]
    return "\n".join((*lines, f"Why: {finding.rule.explains}", f"Instead: {finding.rule.fix}"))


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
