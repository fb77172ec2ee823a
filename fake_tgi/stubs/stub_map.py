"""The stubs of one fake: which of them answers a call, and how often each has.

Of those that match, the highest priority answers, then the newest; those of the stub file count as older than
all others. A stub that is used up, or whose scenario is in another state, does not match. A stub without a
route stands for generating calls only, so that nothing that looks after a server (health, metrics, documents)
uses one up; one with a route answers any method on a path that asks no model.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from ..call import Call
from ..frames import Frame
from ..matching.asked import GENERATING, Asked
from ..quick_values import dataclass
from ..scenarios import START, Scenarios
from .answer import AnswerFailed
from .placed import PlacedStub, Source, StubFailure, StubMatch, order

if TYPE_CHECKING:
    from ..serve import Endpoint
    from ..state import State
    from ..tokenizer import Tokenizer
    from .answer import Answer
    from .near_misses import NearMiss
    from .origin import Origin
    from .running import Runs
    from .speech import Speech
    from .stub import Step, Stub
    from .stub_file import StubFile

__all__ = ["StubMap"]

_KEPT_FAILURES: Final = 1000


class StubMap:
    """The stubs of one fake. Threads may share it: a test adds while the server answers.

    `tokenizer` is that of the model that says what stubs answer. `file` is read at once, unless
    another fake has, and again when it changes. As long as there is no stub, a call costs one look at `idle`.
    Raises StubFileError.
    """

    def __init__(self, tokenizer: Tokenizer, scenarios: Scenarios, file: StubFile | None = None) -> None:
        self.errors: deque[StubFailure] = deque(maxlen=_KEPT_FAILURES)
        """What users' own functions raised, oldest first; the last thousand."""
        self.file = file
        self.idle = True
        """True while there is nothing to match."""
        self.ordered = False
        """Whether which stub answers, or with what, follows from the calls before."""
        self._tokenizer = tokenizer
        self._scenarios = scenarios
        self._lock = RLock()
        self._runs: Runs | None = None
        self._placed: dict[int, PlacedStub] = {}
        self._next = 1
        self._live: dict[str, tuple[PlacedStub, ...]] = {}
        self._spent = 0
        self._version = 0
        if file is not None:
            if not file.version:
                file.read()
            self._take(file)

    @property
    def runs(self) -> Runs:
        """The users' functions that are running."""
        with self._lock:
            if self._runs is None:
                from .running import Runs  # only functions need it

                self._runs = Runs()
            return self._runs

    @cached_property
    def speech(self) -> Speech:
        """What answers of the model are said with."""
        from .speech import Speech  # only a server with stubs says anything

        return Speech(self._tokenizer)

    def __len__(self) -> int:
        return len(self._placed)

    def __iter__(self) -> Iterator[PlacedStub]:
        """In the order in which they are asked."""
        with self._lock:
            return iter(sorted(self._placed.values(), key=order))

    def add(self, stub: Stub, origin: Origin | None = None) -> PlacedStub:
        """Puts a stub before all others of its priority. What is returned counts its hits.

        `origin` is the line that reports name.
        """
        return self._place([stub], "api", origin=origin)[0]

    def add_in_order(self, *stubs: Stub, scenario: str | None = None) -> list[PlacedStub]:
        """Stubs that answer one call each, in this order and no other: steps of a scenario of their own.

        Raises ValueError for a stub that has a scenario already, or a number of times.
        """
        from .stub import Step  # whoever has a stub has it already

        for stub in stubs:
            if stub.step is not None or stub.times is not None:
                what = "expected stubs with neither scenario nor times, for each answers once in its turn"
                raise ValueError(f"{what}; got {stub.as_json()}")
        with self._lock:
            name = scenario or f"in order {self._next}"
            states = [START, *(f"{at} answered" for at in range(1, len(stubs) + 1))]
            return self._place(
                [stub.in_scenario(Step(name, states[at], states[at + 1])) for at, stub in enumerate(stubs)],
                "api",
            )

    def find(self, id: int) -> PlacedStub:
        """The stub with this number. Raises LookupError."""
        found = self._placed.get(id)
        if found is None:
            known = ", ".join(map(str, sorted(self._placed))) or "none"
            raise LookupError(f"there is no stub {id}; there are: {known}")
        return found

    def remove(self, placed: PlacedStub | int) -> None:
        """Takes a stub away. Raises LookupError if it is not there."""
        with self._lock:
            found = self.find(placed if isinstance(placed, int) else placed.id)
            del self._placed[found.id]
            self._changed()

    def add_all(self, stubs: Sequence[Stub], states: Mapping[str, str] | None = None) -> list[PlacedStub]:
        """These, the last one the newest. `states`: by name, in which one a scenario begins."""
        with self._lock:
            self._scenarios.begin_also(states or {})
            return self._place(stubs, "api")

    def replace(self, stubs: Sequence[Stub], states: Mapping[str, str] | None = None) -> list[PlacedStub]:
        """The same instead of all that was added; what the file says stays."""
        with self._lock:
            self._scenarios.begin_also(states or {}, instead=True)
            return self._place(stubs, "api", instead=True)

    def clear(self) -> None:
        """As at the start: nothing but the stubs of the file, none of them used, and no errors."""
        with self._lock:
            self.replace(())
            for placed in self._placed.values():
                placed.hits = 0
            self.errors.clear()

    def match(self, call: Call) -> StubMatch | None:
        """The stub that answers `call`, which is thereby counted and moves its scenario; None if none does.

        A predicate that raises is an error of its stub, which then answers with it.
        """
        if self.idle:
            return None
        for placed, error in self._fitting(call):
            if error is not None:
                return StubMatch(placed, _Broken(error), "its predicate raised", self.errors)
            match = self._claim(placed)
            if match is not None:
                return match
        return None

    def answers(self, call: Call) -> bool:
        """Whether `match` would find a stub. Nothing is counted, and no scenario moves."""
        return not self.idle and next(self._fitting(call), None) is not None

    def count(self, id: int, hits: int) -> None:
        """A stub was hit so often elsewhere; one that is gone does not matter."""
        with self._lock:
            if id in self._placed:
                self._placed[id].hits += hits

    def near_misses(self, call: Call, limit: int = 3) -> list[NearMiss]:
        """The stubs that come closest to answering a call that they do not answer, the closest first."""
        from .near_misses import near_misses  # only a miss pays for the comparison of texts

        self.look_at_file()
        return near_misses(self, Asked(call), self._scenarios, limit)

    def fail_late(self, answer: Answer, call: Call, error: BaseException) -> None:
        """A user's own function has raised, but nobody waits for its answer any more."""
        with self._lock:
            known = (placed for placed in self._placed.values() if answer in placed.stub.answers)
            placed = next(known, None)
        if placed is not None:
            self.errors.append(StubFailure(placed, call, error))

    def raise_errors(self) -> None:
        """Raises the first error of a user's own function, with its traceback, if there is one."""
        if self.errors:
            raise self.errors[0].error

    def look_at_file(self) -> None:
        """Takes the stubs of the file, if it has changed since somebody last looked (stub_file.py)."""
        if self.file is not None:
            self.file.changed()
            if self.file.version != self._version:
                self._take(self.file)

    def _fitting(self, call: Call) -> Iterator[tuple[PlacedStub, Exception | None]]:
        """The stubs that match, in their order, and those that cannot tell, with what they raise."""
        self.look_at_file()
        asked = Asked(call)
        for placed in self._candidates(asked):
            if placed.spent or not self._in_state(placed.stub.step):
                continue
            try:
                if placed.stub.when.matches(asked):
                    yield placed, None
            except Exception as error:
                yield placed, error

    def _candidates(self, asked: Asked) -> tuple[PlacedStub, ...]:
        """Those that may answer a call of this route, in their order."""
        route, everywhere = asked.route, asked.generating
        if route in GENERATING and not everywhere:
            return ()
        found = self._live.get(route)
        if found is None:
            with self._lock:
                found = tuple(
                    placed for placed in self if not placed.spent and _may(placed.stub, route, everywhere)
                )
                # Paths are what clients send: only those are kept that somebody has named.
                if route in GENERATING or any(placed.stub.when.routes for placed in found):
                    self._live[route] = found
        return found

    def _claim(self, placed: PlacedStub) -> StubMatch | None:
        """Counts a hit, unless somebody else was faster."""
        stub, step = placed.stub, placed.stub.step
        with self._lock:
            if placed.spent or not self._in_state(step):
                return None
            placed.hits += 1
            hit = placed.hits
            why = f"call {hit}" if stub.times is None else f"call {hit} of {stub.times}"
            if step is not None and step.next is not None:
                why += f"; {step.scenario}: {self._scenarios.state(step.scenario)} to {step.next}"
                self._scenarios.move(step.scenario, step.next)
            if placed.spent:
                self._spent += 1
                if 2 * self._spent > len(self._placed):
                    self._changed()
        return StubMatch(placed, stub.answers[min(hit, len(stub.answers)) - 1], why, self.errors)

    def _in_state(self, step: Step | None) -> bool:
        return step is None or step.state is None or self._scenarios.state(step.scenario) == step.state

    def _place(
        self, stubs: Sequence[Stub], source: Source, *, instead: bool = False, origin: Origin | None = None
    ) -> list[PlacedStub]:
        with self._lock:
            if instead:
                self._placed = {id: each for id, each in self._placed.items() if each.source != source}
            placed = [PlacedStub(id, stub, source, 0, origin) for id, stub in enumerate(stubs, self._next)]
            self._next += len(placed)
            self._placed.update((each.id, each) for each in placed)
            self._changed()
        return placed

    def _changed(self) -> None:
        self._live = {}
        self._spent = 0
        self.idle = not self._placed and self.file is None
        self.ordered = any(
            placed.stub.step is not None or placed.stub.times is not None or len(placed.stub.answers) > 1
            for placed in self._placed.values()
        )

    def _take(self, file: StubFile) -> None:
        self._version = file.version
        self._scenarios.begin(file.states)
        self._place(file.stubs, "file", instead=True)


def _may(stub: Stub, route: str, everywhere: bool) -> bool:
    return everywhere if stub.when.routes is None else route in stub.when.routes


@dataclass(frozen=True, slots=True)
class _Broken:
    """The answer of a stub whose predicate raised."""

    error: BaseException

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        raise AnswerFailed(self.error)

    def as_json(self) -> dict[str, Any]:
        return {}
