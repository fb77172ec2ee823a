"""What endpoints do before and after they do something of their own: read a body, make a plain answer."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, TypeVar, overload

from ..call import Call
from ..extraction import extract
from ..frames import Body, Frame, Head, RawHeaders
from ..requests import Request, SagemakerRequest
from ..state import State

__all__ = ["plain", "read"]

T = TypeVar("T", bound=Request)


@overload
def read(state: State, call: Call, request_type: type[T]) -> T: ...


@overload
def read(state: State, call: Call, request_type: UnionType) -> SagemakerRequest: ...


def read(state: State, call: Call, request_type: Any) -> Any:
    """The typed request in the body of `call`. Raises `ExtractionRefusal`."""
    content_type, limit = call.header(b"content-type"), state.settings.payload_limit
    return extract(request_type, content_type, call.body, limit, broken=call.broken)


def plain(status: int, headers: RawHeaders = (), body: bytes = b"") -> Iterator[Frame]:
    """A complete answer with a known length."""
    yield Head(status, headers, len(body))
    if body:
        yield Body(body)
