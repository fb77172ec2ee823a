"""The report for people: routes, then each difference with its smallest example, then what was not asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .curl import curl_of
from .drift import Drift
from .report import Difference, Report
from .telling import shown

__all__ = ["summary", "text_report"]

_SHOWN = 300  # characters of an answer, around what differs


def text_report(report: Report) -> str:
    """Everything, in lines."""
    return "\n".join(_lines(report)) + "\n"


def summary(report: Report) -> str:
    """One line: how many questions, and what came of them."""
    parts = [f"{len(report.of_kind('holds'))} hold"]
    parts.append(f"{len(report.of_kind('differs'))} differ")
    unasked = len(report.of_kind("unasked"))
    if unasked:
        parts.append(f"{unasked} could not be asked")
    if report.drift is not None:
        parts.append(f"{len(report.drift)} changes since the recording")
    return (
        f"{len(report.outcomes)} questions: {', '.join(parts)}; "
        f"{report.tokens} tokens generated, {report.seconds:.1f} s"
    )


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.target.url}" + (f" ({report.server})" if report.server else "")
    yield ""
    if not any(outcome.seen for outcome in report.outcomes):
        yield from _nothing(report)
        return
    width = max((len(count.route) for count in report.routes()), default=0)
    for count in report.routes():
        numbers = ((count.holds, "hold"), (count.differs, "differ"), (count.unasked, "not asked"))
        parts = [f"{number:>4} {word}" for number, word in numbers if number]
        yield f"  {count.route:<{width}} {', '.join(parts)}"
    for number, difference in enumerate(report.differences(), 1):
        yield ""
        yield from _difference(report, difference, number)
    if report.drift:
        yield ""
        yield "changed since the recording, the worst for a client first"
        for drift in report.drift:
            yield from _drift(drift)
    yield from _unasked(report)
    yield ""
    yield summary(report)


def _difference(report: Report, difference: Difference, number: int) -> Iterator[str]:
    violation, example = difference.violation, difference.example
    yield f"{number}. {example.question.route}: {violation.where} ({violation.rule})"
    yield f"   expected  {violation.expected}"
    yield f"   got       {violation.got}"
    yield f"   asked     {example.question.name}: {example.question.says}"
    if example.seen is not None:
        yield f"   answered  {_answer(example.seen.status, example.seen.text)}"
        yield f"   again     {curl_of(example.seen, report.target)}"
    others = [name for name in difference.questions if name != example.question.name]
    if others:
        more = f", and {len(others) - 6} more" if len(others) > 6 else ""
        yield f"   also seen by {', '.join(others[:6])}{more}"


def _answer(status: int, text: str) -> str:
    if not status:
        return "nothing"
    return f"{status} {shown(text, _SHOWN)}" if text else f"{status} and no body"


def _drift(drift: Drift) -> Iterator[str]:
    yield f"  {drift.kind:<15} {drift.route} {drift.where}: {drift.before} -> {drift.after}"
    names = ", ".join(drift.questions[:4])
    more = f", and {len(drift.questions) - 4} more" if len(drift.questions) > 4 else ""
    yield f"  {'':<15} seen by {names}{more}"


def _nothing(report: Report) -> Iterator[str]:
    """Of a server that has answered nothing, there is no more to say than why."""
    reasons = Counter(outcome.verdict.reason for outcome in report.of_kind("unasked"))
    yield "nothing could be asked"
    for reason, questions in reasons.items():
        yield f"  {reason} ({questions} question{'s' * (questions != 1)})"
    yield ""
    yield summary(report)


def _unasked(report: Report) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for outcome in report.of_kind("unasked"):
        reasons.setdefault(f"{outcome.question.route}: {outcome.verdict.reason}", []).append(
            outcome.question.name
        )
    if reasons:
        yield ""
        yield "could not be asked"
    for reason, names in reasons.items():
        more = f", and {len(names) - 3} more" if len(names) > 3 else ""
        yield f"  {reason} ({', '.join(names[:3])}{more})"
