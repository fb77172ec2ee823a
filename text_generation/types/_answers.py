"""What every answer of the server has besides its fields: `.meta`, and what `output=` asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import (
    BaseModel,
)

if TYPE_CHECKING:
    from ..meta import Meta

_T = TypeVar("_T")

__all__ = ["Answer", "AnswerList", "AnswerText"]


class Answer(BaseModel):
    """An answer of the server: `.meta` says how it came about, without being one of its fields."""

    __slots__ = ("_meta", "_parsed")

    @property
    def meta(self) -> Meta | None:
        """Status, headers and timings of the call; None for a model built by hand."""
        return getattr(self, "_meta", None)

    @property
    def parsed(self) -> Any:
        """The validated object, when the call asked for one with `output=`; else None."""
        return getattr(self, "_parsed", None)


class AnswerList(list[_T]):
    """A list of things the server told, with the call's `.meta`."""

    _meta: Meta | None = None

    @property
    def meta(self) -> Meta | None:
        """How the answer came about."""
        return self._meta


class AnswerText(str):
    """A text the server told, with the call's `.meta`."""

    _meta: Meta | None = None

    @property
    def meta(self) -> Meta | None:
        """How the answer came about."""
        return self._meta
