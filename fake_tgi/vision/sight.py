"""Sees what is in a prompt before its tokens are counted, and away from the event loop."""

from __future__ import annotations

from collections.abc import Generator

from ..frames import Frame, Work
from ..refusals import Breakdown, Refusal, validation
from .models import VisionModel
from .prompts import ImageRefused, Looked, looked_at, shows_images

__all__ = ["Sight"]


class Sight:
    """The eyes of a model. `most` is the size of the largest image that is fetched, in bytes."""

    def __init__(self, model: VisionModel, most: int) -> None:
        self._model = model
        self._most = most

    def look(self, inputs: str) -> Generator[Frame, None, Looked | None]:
        """`inputs` with its images loaded; None where it shows none. Raises `Refusal`, `Breakdown`."""
        if not shows_images(inputs):
            return None
        work = Work(lambda: self._try(inputs))
        yield work
        if isinstance(work.result, Exception):
            raise work.result
        looked: Looked = work.result
        return looked

    def _try(self, inputs: str) -> Looked | Refusal | Breakdown:
        try:
            return looked_at(inputs, self._model, self._most)
        except ImageRefused as refused:
            return validation(str(refused))
        except Breakdown as breakdown:
            return breakdown
