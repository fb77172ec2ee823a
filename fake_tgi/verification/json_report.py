"""The report for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from .curl import curl_of
from .outcome import Outcome
from .report import Report

__all__ = ["json_report"]


def json_report(report: Report) -> str:
    """One JSON object: `url`, `server`, `exit_status`, `seconds`, `tokens`, and lists of `routes`,
    `questions`, `differences` and `drift` (null if it was not compared with a recording)."""
    value: dict[str, Any] = {
        "url": report.target.url,
        "server": report.server,
        "exit_status": report.exit_status,
        "seconds": round(report.seconds, 3),
        "tokens": report.tokens,
        "routes": [asdict(count) for count in report.routes()],
        "questions": [_question(outcome) for outcome in report.outcomes],
        "differences": [
            {
                **asdict(difference.violation),
                "routes": list(difference.routes),
                "questions": list(difference.questions),
                "example": _example(report, difference.example),
            }
            for difference in report.differences()
        ],
        "drift": None if report.drift is None else [asdict(drift) for drift in report.drift],
    }
    return json.dumps(value, indent=2) + "\n"


def _question(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.question.name,
        "route": outcome.question.route,
        "says": outcome.question.says,
        "result": outcome.verdict.kind,
        "reason": outcome.verdict.reason or None,
        "violations": [asdict(violation) for violation in outcome.verdict.violations],
        "seconds": round(outcome.seen.seconds, 4) if outcome.seen is not None else None,
    }


def _example(report: Report, outcome: Outcome) -> dict[str, Any] | None:
    if outcome.seen is None:
        return None
    exchange = outcome.seen.exchange
    return {
        "question": outcome.question.name,
        "request": exchange["request"],
        "response": exchange["response"],
        "curl": curl_of(outcome.seen, report.target),
    }
