"""A request as a `curl` command that can be pasted into a bug report: no secret is in it. No I/O."""

from __future__ import annotations

import shlex

from . import _redact
from ._wire import WireRequest

__all__ = ["as_curl"]


def as_curl(request: WireRequest) -> str:
    """The `curl` command of a request, secrets replaced by `***`."""
    parts = ["curl", "-N", "-X", request.method, shlex.quote(_redact.url(request.url))]
    for name, value in _redact.headers(request.headers).items():
        parts += ["-H", shlex.quote(f"{name}: {value}")]
    if request.body is not None:
        parts += ["--data-raw", shlex.quote(request.body.decode("utf-8", "replace"))]
    return " ".join(parts)
