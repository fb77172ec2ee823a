"""Asks the questions one by one, within the time there is, and keeps what came of each.

Questions that others need are asked with them, but not reported unless they were asked for. A busy server
is given time; a comparison that fails is given one second chance. Whether a route is missing, or refuses
our key, shows only when all its answers are in: one 404 among other answers is a difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Final

from tgi_contracts import RecordedRequest, body_of, endpoints

from .asking import Asker, NotReached, TooSlow
from .facts import Missing, fact, resolved
from .judging import Verdict, is_busy, judge
from .outcome import Outcome
from .question import NOTHING, Question
from .questions import in_order, needed_by
from .report import Report
from .seen import Seen, exchange_from
from .target import Target

__all__ = ["Limits", "Progress", "verify"]

_GIVEN_UP: Final = 3
"""So many questions in a row without a connection, or without our key being taken, and no more are asked;
so many at a server that stayed busy, and no more time is given to it."""

_MISSING: Final = (404, 405, 501)
_UNAUTHORISED: Final = (401, 403)
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between tries at a busy server

Progress = Callable[[int, int, Question], None]
"""Told before each question: how many were asked, how many there are, and which comes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one question, and for all of them."""

    question: float = 30.0
    total: float = 600.0


def verify(
    target: Target,
    questions: Sequence[Question],
    *,
    available: Iterable[Question] = (),
    limits: Limits = Limits(),
    given: dict[str, Any] | None = None,
    progress: Progress = lambda done, all_of_them, question: None,
) -> Report:
    """Asks `questions` of a server and reports on them.

    `available`: further questions, of which those are asked that the first ones need. `given`: facts that
    need not be asked for, such as `openai_model`. Raises nothing for what the server does.
    """
    run = _Run(target, limits, given or {})
    order = in_order(_with_needed(questions, available))
    try:
        for done, question in enumerate(order):
            progress(done, len(order), question)
            run.ask(question)
    finally:
        run.close()
    wanted = {question.name for question in questions}
    outcomes = [run.outcomes[question.name] for question in order if question.name in wanted]
    return Report(target, tuple(_classified(outcomes)), run.seconds, dict(run.known))


def _with_needed(questions: Iterable[Question], available: Iterable[Question]) -> list[Question]:
    by_name = {question.name: question for question in (*available, *questions)}
    wanted: dict[str, Question] = {}
    waiting = list(questions)
    while waiting:
        question = waiting.pop()
        if question.name not in wanted:
            wanted[question.name] = question
            waiting += [by_name[name] for name in needed_by(question) if name in by_name]
    return [question for name, question in by_name.items() if name in wanted]


class _Run:
    """One pass over the questions: `known` are the answers that were as expected, `outcomes` all there is."""

    def __init__(self, target: Target, limits: Limits, given: dict[str, Any]) -> None:
        self.known: dict[str, Seen] = {}
        self.outcomes: dict[str, Outcome] = {}
        self._target = target
        self._limits = limits
        self._given = given
        self._asker = Asker(target)
        self._redactor = target.redactor()
        self._began = time.monotonic()
        self._unreached = 0
        self._refused = 0
        self._busy = 0

    @property
    def seconds(self) -> float:
        """Since the first question."""
        return time.monotonic() - self._began

    def close(self) -> None:
        """Closes the connection."""
        self._asker.close()

    def ask(self, question: Question) -> None:
        """Asks one question, unless it makes no sense any more, and keeps the outcome."""
        outcome = self._unasked(question) or self._tried(question)
        self.outcomes[question.name] = outcome
        if outcome.verdict.kind == "holds" and outcome.seen is not None:
            self.known[question.name] = outcome.seen

    def _unasked(self, question: Question) -> Outcome | None:
        by_choice, reason = False, ""
        if self.seconds >= self._limits.total:
            by_choice, reason = True, f"out of time: {self._limits.total:g} s for all questions"
        elif question.key != "ours" and self._target.key is None:
            by_choice, reason = True, "no key is set in TGI_TOKEN or HF_TOKEN"
        elif self._unreached >= _GIVEN_UP:
            reason = "the server cannot be reached"
        elif self._refused >= _GIVEN_UP and _wants_key(question):
            reason = "unauthorised, as the questions before"
        return Outcome(question, Verdict("unasked", reason=reason, by_choice=by_choice)) if reason else None

    def _tried(self, question: Question) -> Outcome:
        try:
            request = self._request(question)
        except Missing as missing:
            return Outcome(question, Verdict("unasked", reason=str(missing)))
        outcome = self._heard(question, request)
        if outcome.verdict.shaky:
            again = self._heard(question, request)
            outcome = again if again.verdict.kind == "holds" else outcome
        return outcome

    def _heard(self, question: Question, request: RecordedRequest) -> Outcome:
        try:
            seen = self._patiently(question, request)
        except (NotReached, TooSlow) as error:
            self._unreached += isinstance(error, NotReached)
            return Outcome(question, Verdict("unasked", reason=str(error)))
        self._unreached = 0
        if question.key == "ours" and _wants_key(question):
            self._refused = self._refused + 1 if seen.status in _UNAUTHORISED else 0
        return Outcome(question, judge(seen, self.known), seen)

    def _patiently(self, question: Question, request: RecordedRequest) -> Seen:
        deadline = time.monotonic() + min(self._limits.question, self._limits.total - self.seconds)
        pauses = _PAUSES if self._busy < _GIVEN_UP else ()
        for pause in (*pauses, None):
            seen = self._once(question, request)
            if not is_busy(seen) or pause is None or time.monotonic() + pause > deadline:
                break
            time.sleep(pause)
        # What needs no permit is answered all the same, and says nothing about those that do.
        if is_busy(seen):
            self._busy += 1
        elif question.tokens:
            self._busy = 0
        return seen

    def _once(self, question: Question, request: RecordedRequest) -> Seen:
        headers = dict(request["headers"])
        if question.key == "ours" and self._target.key is not None:
            headers["Authorization"] = f"Bearer {self._target.key}"
        elif question.key == "upper" and self._target.key is not None:
            headers["Authorization"] = f"BEARER {self._target.key.upper()}"
        elif question.key == "wrong":
            headers["Authorization"] = "Bearer wrong"
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        remaining = self._limits.total - self.seconds
        heard = self._asker.ask(
            request["method"],
            request["path"],
            headers,
            body_of(request),
            seconds=max(min(self._limits.question, remaining), 0.1),
            leave_after=question.leave_after,
        )
        exchange = exchange_from(question, {**request, "headers": headers}, heard, self._redactor, now)
        return Seen(question, exchange, heard.seconds, heard.fault)

    def _request(self, question: Question) -> RecordedRequest:
        """The question with everything filled in. Raises Missing."""
        facts = {each.name: fact(each.name, self.known, self._given) for each in question.path_facts}
        request: RecordedRequest = {
            "method": question.method,
            "path": question.path.format_map(facts) if facts else question.path,
            "headers": dict(question.headers or {}),
        }
        if question.raw is not None:
            request["raw"] = question.raw.decode()
        elif question.json is not NOTHING:
            request["json"] = resolved(question.json, self.known, self._given)
        if question.headers is None and ("raw" in request or "json" in request):
            request["headers"]["Content-Type"] = "application/json"
        return request


def _wants_key(question: Question) -> bool:
    """Whether a server with a key asks for it here. OpenAI's asks everywhere."""
    routes = {f"{each.method} {each.path}" for each in endpoints() if each.api_key}
    return question.suite == "openai" or question.route in routes


def _classified(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes; those of a route that is missing, or that our key does not open, as not asked."""
    reasons: dict[str, str] = {}
    for route in {outcome.question.route for outcome in outcomes}:
        seen = [o.seen for o in outcomes if o.question.route == route and o.seen is not None]
        ours = [each for each in seen if each.question.key == "ours"]
        if ours and all(each.status in _MISSING for each in ours):
            if any(each.question.status not in _MISSING for each in ours):
                reasons[route] = f"route missing: {_answer(ours)}"
        elif ours and all(each.status in _UNAUTHORISED for each in ours):
            reasons[route] = f"unauthorised: {_answer(ours)}"
    return [
        replace(outcome, verdict=Verdict("unasked", reason=reasons[outcome.question.route]))
        if outcome.question.route in reasons and outcome.verdict.kind == "differs"
        else outcome
        for outcome in outcomes
    ]


def _answer(seen: list[Seen]) -> str:
    """The status that came, and what was said with it, if anything; of a good question if there was one."""
    one = next((each for each in seen if each.question.status == 200), seen[0])
    said = one.text.strip()
    return f"{one.status} {said[:120]}" if said and "<" not in said[:1] else str(one.status)
