"""A question as a command line for curl, to be asked again by hand. The key is named, never written."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from tgi_contracts import body_of

from .seen import Seen
from .target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["curl_of"]


def curl_of(seen: Seen, target: Target) -> str:
    """One line for a POSIX shell that sends the same request."""
    request = seen.exchange["request"]
    body = body_of(request)
    words = ["curl", "-sS", "-i"]
    if seen.is_stream:
        words.append("-N")
    if request["method"] == "HEAD":
        words.append("--head")
    elif request["method"] != ("GET" if body is None else "POST"):
        words += ["-X", request["method"]]
    origin = target.url.removesuffix(target.prefix) if target.prefix else target.url
    words.append(shlex.quote(origin + target.path(request["path"])))
    words += _headers(seen, target, has_body=body is not None)
    if body is None:
        return " ".join(words)
    text = body.decode("utf-8", "replace")
    padding = re.search(r" {100,}\Z", text)
    if padding is not None:  # no shell takes so long a word
        first = shlex.quote(text[: padding.start()])
        return " ".join(["printf", f"'%-{len(text)}s'", first, "|", *words, "--data-binary", "@-"])
    return " ".join([*words, "--data-binary", shlex.quote(text)])


def _headers(seen: Seen, target: Target, *, has_body: bool) -> Iterator[str]:
    headers = seen.exchange["request"]["headers"]
    for name, value in headers.items():
        if name.lower() == "authorization":
            key = "wrong" if seen.question.key == "wrong" else f"${target.key_name}"
            yield from ("-H", f'"Authorization: Bearer {key}"')
        else:
            yield from ("-H", shlex.quote(f"{name}: {value}"))
    if has_body and "content-type" not in map(str.lower, headers):
        yield from ("-H", "'Content-Type:'")  # curl would send one of its own
