"""The fake that a test gets: a FakeTGI whose server is the whole run's."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NoReturn

from ..library.fake import FakeTGI
from ..library.local import LocalControl
from ..library.verbs import Verbs

if TYPE_CHECKING:
    from ..app import Application
    from ..library.books import Begun, Planned
    from ..stubs.placed import StubFailure
    from .serving import TestServer

__all__ = ["LentFake"]


class LentFake(FakeTGI):
    """A FakeTGI that is served already, and not by itself: it cannot be started or stopped."""

    def __init__(self, app: Application, server: TestServer) -> None:
        # Not FakeTGI's own: it would make an application and a server, which takes as long as all the rest.
        self._begin(app.state.settings, listens=False)
        self._app = app
        self._server = server.server
        self._base_url = server.base_url
        self._running = server.loop
        self._failures: list[StubFailure] = []
        Verbs.__init__(self, LocalControl(app.state, lambda: self._running))

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT`, the same in every test of a run."""
        return self._base_url

    @property
    def begun(self) -> list[Begun]:
        """The stubs that the test has begun and given no answer."""
        return self._books.begun

    @property
    def unmet(self) -> list[Planned]:
        """The faults for so many calls that none has come for, but for the optional ones."""
        if not self._books.planned:
            return []
        faults = self.state.faults
        asked = {
            id(rule): number for rule, number in zip(faults.plan.rules, faults.counts, strict=True)
        }  # those that somebody has taken away are not there
        return [
            each
            for each in self._books.planned
            if each.required and asked.get(id(each.rule), inf) < each.rule.when.first
        ]

    @property
    def failures(self) -> list[StubFailure]:
        """What users' own functions raised since the test began, whatever was reset in between."""
        return [*self._failures, *self.state.stubs.errors]

    def reset(self) -> None:
        """Everything as at the start of the test."""
        self._failures += self.state.stubs.errors
        super().reset()

    def start(self) -> NoReturn:
        """Raises RuntimeError: it runs."""
        raise RuntimeError(
            "the fixture's fake runs already; make one of your own with `with FakeTGI() as fake`"
        )

    def stop(self) -> NoReturn:
        """Raises RuntimeError: the server is that of all tests."""
        raise RuntimeError(
            "the fixture's fake stops by itself; make one of your own with `with FakeTGI() as fake`"
        )
