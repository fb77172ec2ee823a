"""What goes wrong between the fake of a machine and its clients, and what they make of it.

Faults that leave an answer as it is must change nothing of what was foretold, for as long as they last. Of
others each has the error that it leads to; it passes, and the fake stays as it was.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fake_tgi.fault_plans import (
    Close,
    Cut,
    Drip,
    EndEarly,
    ErrorStatus,
    Fault,
    FaultPlan,
    FaultRule,
    Gzip,
    Loading,
    Overload,
    ProxyPage,
    Resegment,
    When,
)
from fake_tgi.strategies import fault_plans, segmentations
from text_generation import Retries
from text_generation import errors as e
from text_generation.errors import TextGenerationError

from .driven import Driven
from .foretelling import LIMIT, PROMPTS, Known

__all__ = ["Troubling"]


@dataclass(frozen=True)
class Trouble:
    """A fault of one call, and the error that it leads to.

    `is_retried`: by a client that tries again. `may_pass`: a kept connection that turns out to be gone
    is replaced once, unseen.
    """

    fault: Fault
    raised: type[TextGenerationError]
    is_retried: bool = True
    may_pass: bool = False


INSTEAD: Final = (
    Trouble(Overload(), e.OverloadedError),
    Trouble(Overload(0), e.OverloadedError),
    Trouble(ErrorStatus(), e.IncompleteGenerationError),
    Trouble(ErrorStatus(424, "Request failed", "generation"), e.GenerationError, is_retried=False),
    Trouble(ErrorStatus(422, "Input validation error", "validation"), e.ValidationError, is_retried=False),
    Trouble(ErrorStatus(401, "no", "no"), e.AuthenticationError, is_retried=False),
    Trouble(ProxyPage(502), e.ServiceUnavailableError),
    Trouble(ProxyPage(503), e.ServiceUnavailableError),
    Trouble(ProxyPage(504), e.ShardTimeoutError),
    Trouble(Loading(), e.ServiceUnavailableError),
    Trouble(Cut("before_headers"), e.ConnectionFailedError, may_pass=True),
)
"""Faults that come before the model is asked."""


class Troubling(Driven):
    """Rules of trouble."""

    def __init__(self) -> None:
        super().__init__()
        patient = Retries(limit=1, first_delay=0.0)
        self.patient = [face.client(self.server.base_url, retries=patient) for face in self.faces]

    @rule(
        fault=st.one_of(
            st.builds(Resegment, segmentations()),
            st.builds(Drip, st.integers(1, 50), st.just(0.0)),
            st.just(Gzip()),
            st.just(Close()),
        ),
    )
    def change_only_how_answers_come(self, fault: Fault) -> None:
        self.app.state.faults.plan = FaultPlan((FaultRule(fault),))

    @rule()
    def end_all_trouble(self) -> None:
        self.app.state.faults.plan = FaultPlan()

    @precondition(lambda self: self.known == Known())
    @rule(trouble=st.sampled_from(INSTEAD), streamed=st.booleans(), is_patient=st.booleans())
    def fail_one_call(self, trouble: Trouble, streamed: bool, is_patient: bool) -> None:
        """Whoever tries again gets an answer, if time can heal it; whoever does not gets the error."""
        method = "generate_stream" if streamed else "generate"
        for face, client in zip(self.faces, self.patient if is_patient else self.clients, strict=True):
            self.app.state.faults.plan = FaultPlan((FaultRule(trouble.fault, When(times=1)),))
            error = self.error_of(face, client, method)
            if is_patient and trouble.is_retried:
                assert error is None, repr(error)
            elif not (error is None and trouble.may_pass):
                assert isinstance(error, trouble.raised), repr(error)
            assert self.error_of(face, client, method) is None
        self.app.state.faults.plan = FaultPlan()

    @precondition(lambda self: self.known == Known())
    @rule(tokens=st.integers(0, 3), how=st.sampled_from(["close", "reset", "end"]), broken=st.booleans())
    def break_a_stream(self, tokens: int, how: Any, broken: bool) -> None:
        """What had come before is there, and the error says that the rest is not."""
        fault = (
            EndEarly(tokens) if how == "end" else Cut("in_event" if broken else "after_tokens", tokens, how)
        )
        for face, client in self.pairs:
            self.app.state.faults.plan = FaultPlan((FaultRule(fault, When(times=1)),))
            items, error = face.collect(face.stream(client, "generate_stream", "Why?", max_new_tokens=LIMIT))
            assert len(items) <= tokens
            assert isinstance(error, e.IncompleteGenerationError)
            assert isinstance(error, e.InterruptedGenerationError) == (how != "end")
            # A reset throws away what the client has not read yet.
            assert how == "reset" or len(items) == tokens
            assert [item.index for item in items] == list(range(1, len(items) + 1))
        self.app.state.faults.plan = FaultPlan()

    @precondition(lambda self: not self.known.full)
    @rule(plan=fault_plans(), prompt=st.sampled_from(PROMPTS))
    def get_into_trouble(self, plan: FaultPlan, prompt: str) -> None:
        """Whatever goes wrong on the way, a caller sees an answer or one of our errors, and it passes."""
        self.app.state.faults.plan = plan
        for face, client in self.pairs:
            for _ in range(2):
                _, error = face.collect(face.stream(client, "generate_stream", prompt, max_new_tokens=LIMIT))
                assert error is None or isinstance(error, TextGenerationError)
                for method, arguments in ("generate", (prompt,)), ("tokenize", (prompt,)), ("info", ()):
                    with contextlib.suppress(TextGenerationError):
                        face.call(client, method, *arguments)
        self.app.state.faults.plan = FaultPlan()
        self.control("reset", {})
        self.known = Known()
        for face, client in self.pairs:
            assert face.call(client, "info").model_id == "test/model"

    def error_of(self, face: Any, client: Any, method: str) -> BaseException | None:
        if method == "generate_stream":
            _, error = face.collect(face.stream(client, method, "Why?", max_new_tokens=LIMIT))
            assert error is None or isinstance(error, TextGenerationError)
            return error
        try:
            face.call(client, method, "Why?", max_new_tokens=LIMIT)
        except TextGenerationError as error:
            return error
        return None
