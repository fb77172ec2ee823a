"""A question as a value: what is sent, and what must hold of the answer.

A question never acts. What it needs from earlier answers it names: a `Fact` stands in its body for a value
that the server itself told, a rule says whose answers it compares with. So the order of asking follows from
the questions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from tgi_contracts import ErrorRow, Violation

    from .seen import Seen

__all__ = ["NOTHING", "Fact", "Question", "Rule", "Suite", "facts_in", "tokens_at_most"]

Suite = Literal["tgi", "openai", "hosted"]
"""What a server is held to: TGI's router; what OpenAI's clients rely on; the hosted Inference API's shape."""

Key = Literal["ours", "none", "wrong", "upper"]


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()
"""For a request without a body."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Stands in a body for what the server told: a name in the table of facts."""

    name: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold besides the contract.

    `check` is given the answer, and the earlier answers by question; it is only called once the answer keeps
    its contract and has the expected status. `needs` names the questions whose answers it looks at: if one
    of them was not answered as expected, the rule says nothing.
    """

    says: str
    check: Callable[[Seen, Mapping[str, Seen]], Iterable[Violation]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One request and what must hold of its answer.

    `route` is the one that the report lists it under: method and path as in endpoints.json. `json` is the
    body's value, with Facts in it; `raw` its bytes, in its place. `status` is the one expected; in a stream,
    `error` tells that an error event is. `row` is the row of errors.json that the answer must be.

    `may_refuse`: not every server has it, so that a refusal as the contract has it is no difference.
    `random`: two answers to it differ, so that only their form can be compared; `compared`: whether it says
    anything about a later day at all. `key`: what is sent as API key. `leave_after`: the connection is closed
    after so many events. `hidden_tokens`: what it may make the model generate, where the body is in a form
    that does not show it.
    """

    name: str
    route: str
    says: str
    method: str
    path: str
    json: Any = NOTHING
    raw: bytes | None = None
    headers: Mapping[str, str] | None = None
    status: int = 200
    error: bool = False
    rules: tuple[Rule, ...] = ()
    row: ErrorRow | None = None
    suite: Suite = "tgi"
    may_refuse: bool = False
    random: bool = False
    compared: bool = True
    key: Key = "ours"
    leave_after: int | None = None
    after: tuple[str, ...] = ()
    hidden_tokens: int = 0

    @property
    def tokens(self) -> int:
        """How many tokens the model may be made to generate for it, at most."""
        return 0 if self.error or self.status != 200 else self.hidden_tokens or tokens_at_most(self.json)

    @property
    def path_facts(self) -> tuple[Fact, ...]:
        """The facts that the path is made of."""
        return tuple(Fact(name) for name in re.findall(r"\{(\w+)\}", self.path))

    @property
    def needs(self) -> tuple[str, ...]:
        """The questions to be asked before, those that its facts come from left aside."""
        return tuple(dict.fromkeys([*self.after, *(name for rule in self.rules for name in rule.needs)]))


def tokens_at_most(body: Any) -> int:
    """The most tokens that a request body asks for; 0 for one that generates nothing."""
    if not isinstance(body, Mapping):
        return sum(map(tokens_at_most, body)) if isinstance(body, list) else 0
    if "instances" in body:
        return tokens_at_most(body["instances"])
    parameters = body.get("parameters")
    if isinstance(parameters, Mapping):
        best_of = parameters.get("best_of") or 1
        return int(parameters.get("max_new_tokens", 0)) * (2 if isinstance(best_of, Fact) else int(best_of))
    prompt = body.get("prompt")
    limit = int(body.get("max_tokens", body.get("max_completion_tokens", 0)))
    return limit * (len(prompt) if isinstance(prompt, list) else 1)


def facts_in(value: Any) -> tuple[str, ...]:
    """The names of the facts that a body is made of."""
    if isinstance(value, Fact):
        return (value.name,)
    if isinstance(value, Mapping):
        return tuple(name for each in value.values() for name in facts_in(each))
    if isinstance(value, (list, tuple)):
        return tuple(name for each in value for name in facts_in(each))
    return ()
