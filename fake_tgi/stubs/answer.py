"""What every kind of answer has, and how one fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from ..call import Call
from ..frames import Frame

if TYPE_CHECKING:
    from ..serve import Endpoint
    from ..state import State

__all__ = ["Answer", "AnswerFailed"]


class Answer(Protocol):
    """What a stub answers with."""

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        """The answer to `call`, which `endpoint` would answer otherwise.

        Raises `Refusal` and `ExtractionRefusal` as endpoints do, `AnswerFailed` where there is no answer.
        """
        ...

    def as_json(self) -> dict[str, Any]:
        """As a stub file writes it; what no file can hold shows as a name."""
        ...


class AnswerFailed(Exception):
    """Somebody's own code failed to answer. `error` is what it raised, with its traceback."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.error = error
