"""What a type checker makes of programs that judge a client by a journal. Checked by mypy, never run."""

from __future__ import annotations

from typing_extensions import assert_type

from fake_tgi.app import create_app
from fake_tgi.journal import Ending, Journal, ServeEvent
from fake_tgi.journal.json_form import as_json, from_json
from fake_tgi.verdict import (
    RULES,
    Finding,
    Received,
    Rule,
    Severity,
    Sighting,
    Verdict,
    WaiverError,
    judge,
)


async def journal() -> None:
    kept = create_app().state.journal
    assert_type(kept, Journal)
    assert_type(kept.wait_until_idle(5), bool)
    assert_type(await kept.idle(timeout=None), bool)
    assert_type([kept.in_flight, kept.dropped, len(kept)], list[int])
    for event in kept:
        assert_type(event, ServeEvent)
        assert_type(event.ended, Ending)
        assert_type(event.sent, list[tuple[float, bytes]])
        assert_type(event.waits, list[tuple[float, float]])
        assert_type([event.tokens_sent, event.tokens_wasted, event.generated, event.earlier], list[int])
        assert_type([event.closed, event.last_sent], list[float | None])
        assert_type(event.exception, BaseException | None)
        assert_type(from_json(as_json(event)), ServeEvent)


def verdict() -> None:
    found = judge(
        create_app().state.journal,
        waive=["new-connection-per-call"],
        received=["text", ValueError("raised"), Received("text", stopped=True), Received(error="timed out")],
    )
    assert_type(found, Verdict)
    assert_type(found.ok, bool)
    assert_type(found.unused, tuple[str, ...])
    for finding in (*found.findings, *found.waived, *found.failing("error")):
        assert_type(finding, Finding)
        assert_type(finding.severity, Severity)
        assert_type(finding.requests, tuple[int, ...])
        assert_type(finding.sightings, tuple[Sighting, ...])
    assert_type(RULES, tuple[Rule, ...])
    try:
        judge([], waive="retry-without-backoff")
    except WaiverError as error:
        assert_type(str(error), str)
