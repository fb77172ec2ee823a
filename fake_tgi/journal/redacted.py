"""What a record shows of a call and its answer: everything but the secrets.

Whatever the recorder would not write to a file nobody reads in the journal either. It is looked for when a
record is first read, because to look for secrets costs more than to answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..call import Call
from ..frames import RawHeaders

if TYPE_CHECKING:
    from ..recordings.redaction import Redactor

__all__ = ["chunks_without_secrets", "headers_without_secrets", "text_without_secrets", "without_secrets"]

# A shorter value of a secret header may be a word that a prompt has as well ("testing").
_TELLING: Final = 12


def without_secrets(call: Call) -> Call:
    """The call with no secret in its headers, its query or its body."""
    redactor = _redactor(call)
    path, _, query = redactor.target(f"{call.path}?{call.query}").partition("?")
    return replace(
        call,
        path=path,
        query=query,
        headers=headers_without_secrets(call, call.headers),
        body=redactor.text(call.body),
    )


def headers_without_secrets(call: Call, headers: RawHeaders) -> RawHeaders:
    """Headers of the call, or of its answer."""
    pairs = _redactor(call).headers((n.decode("latin-1"), v.decode("latin-1")) for n, v in headers)
    return tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in pairs)


def chunks_without_secrets(call: Call, chunks: Sequence[bytes]) -> Sequence[bytes]:
    """The pieces of the answer's body, as many as there were."""
    return _redactor(call).chunks(chunks)


def text_without_secrets(call: Call, text: str) -> str:
    """Words about the call, such as what an exception says."""
    return _redactor(call).text(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _redactor(call: Call) -> Redactor:
    """One that knows the secrets that the call's headers give away."""
    from ..recordings.redaction import Redactor  # its patterns cost start-up time that only a reader need pay

    redactor = Redactor()
    redactor.learn(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in call.headers
        if len(value.rpartition(b" ")[2].strip()) >= _TELLING
    )
    return redactor
