"""Deliberate damage to answers: each copy differs from the recorded one in exactly one way, and is wrong.

A damage is only made where no correct answer could look so. What is left out, and why:
a member that may be null or absent whatever the request was (the commit and labels of /info; in an answer
that a client wrote down, what it put null for), and events in another order that read the same.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Damage", "exchange_damages", "value_damages"]

Path = tuple[str | int, ...]

#: Members of /info that may be null, whatever the request was.
FREELY_NULL = {"sha", "model_sha", "model_pipeline_tag", "docker_label"}
#: Values that a member of that name cannot have, besides those wrong for its type.
OUT_OF_RANGE: dict[str, list[Any]] = {
    "finish_reason": ["eos", "STOP"],
    "error_type": ["other"],
    "object": ["chat"],
    "role": ["user"],
    "type": ["tool"],
    "id": ["x y"],
    "router": ["router"],
    "version": ["latest"],
    "system_fingerprint": ["fp"],
    "logprob": [0.5, -1e39],
    "http_status_code": [429],
}


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done, where, and the damaged copy; of a member also the object that it was in, undamaged."""

    kind: str
    where: str
    result: Any
    holder: Mapping[str, Any] = field(default_factory=dict)

    @property
    def was(self) -> Any:
        """The member's value before."""
        return self.holder.get(self.where.rpartition(".")[2])

    def __str__(self) -> str:
        return f"{self.kind} at {self.where}"


def value_damages(value: Any) -> Iterator[Damage]:
    """Every damage of one JSON value: dropped, renamed, retyped, null, out of range, extra member."""
    for path, holder in _objects(value):
        yield _changed(value, path, "extra", "unexpected", lambda o: o | {"unexpected": 1})
        for key in holder:
            yield _changed(
                value, path, "dropped", key, lambda o, k=key: {a: b for a, b in o.items() if a != k}
            )
            yield _changed(
                value,
                path,
                "renamed",
                key,
                lambda o, k=key: {(a + "_" if a == k else a): b for a, b in o.items()},
            )
            for kind, bad in _bad(key, holder[key], freely_null=not path and key in FREELY_NULL):
                yield _changed(value, path, kind, key, lambda o, k=key, b=bad: o | {k: b})


def _bad(key: str, value: Any, *, freely_null: bool) -> Iterator[tuple[str, Any]]:
    if value is None:
        yield "retyped", True
        return
    if not freely_null:
        yield "nulled", None
    if isinstance(value, bool):
        yield "retyped", str(value)
        yield "retyped", int(value)
    elif isinstance(value, int):
        yield "retyped", str(value)
        yield "retyped", value + 0.5
        yield "out of range", -1
        yield "out of range", 2**64
    elif isinstance(value, float):
        yield "retyped", str(value)
    elif isinstance(value, str):
        yield "retyped", 7
    elif isinstance(value, list):
        yield "retyped", {}
    else:
        yield "retyped", []
    for bad in OUT_OF_RANGE.get(key, []):
        if isinstance(bad, str) == isinstance(value, str):
            yield "out of range", bad


def _objects(value: Any, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, member in value.items():
            yield from _objects(member, (*path, key))
    elif isinstance(value, list):
        # The first two, for the first is often special, and the last.
        for i in dict.fromkeys((0, 1, len(value) - 1)):
            if 0 <= i < len(value):
                yield from _objects(value[i], (*path, i))


def _changed(value: Any, path: Path, kind: str, key: str, change: Callable[[Any], Any]) -> Damage:
    where = "$" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in (*path, key))
    if not path:
        return Damage(kind, where, change(value), value)
    result = _along(value, path)
    around = result
    for step in path[:-1]:
        around = around[step]
    holder = around[path[-1]]
    around[path[-1]] = change(holder)
    return Damage(kind, where, result, holder)


def _along(value: Any, path: Path) -> Any:
    """A copy of what lies on the path; the rest is shared."""
    result = copy.copy(value)
    if path:
        result[path[0]] = _along(result[path[0]], path[1:])
    return result


def exchange_damages(exchange: dict[str, Any]) -> Iterator[Damage]:
    """Every damage of a recorded exchange's answer: status, headers, body, events and their order."""
    response = exchange["response"]
    head = exchange["request"]["method"] == "HEAD"
    body = "".join(response["chunks"])
    kind = dict(map(tuple, response["headers"])).get("content-type", "")
    for status in (200, 204, 400, 404, 418, 422, 424, 429, 500, 503):
        if status != response["status"]:
            yield Damage("status", str(status), _with(exchange, status=status))
    yield from _header_damages(exchange)
    if head:
        return
    if kind == "text/event-stream":
        yield from _stream_damages(exchange, body)
    elif kind == "application/json":
        for damage in value_damages(json.loads(body)):
            yield Damage(damage.kind, damage.where, _with_body(exchange, json.dumps(damage.result)))
        yield Damage("cut", "body", _with_body(exchange, body[:-1]))
    elif kind.startswith("text/plain"):
        yield from _text_damages(exchange, body)
    else:
        yield Damage("extra", "body", _with_body(exchange, body + "x"))


def _with(exchange: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return exchange | {"response": exchange["response"] | changes}


def _with_body(exchange: dict[str, Any], *chunks: str) -> dict[str, Any]:
    headers = [
        [name, str(len("".join(chunks).encode())) if name == "content-length" else value]
        for name, value in exchange["response"]["headers"]
    ]
    return _with(exchange, chunks=list(chunks), headers=headers)


def _header_damages(exchange: dict[str, Any]) -> Iterator[Damage]:
    headers = exchange["response"]["headers"]
    yield Damage("extra", "headers.x-request-id", _with(exchange, headers=[*headers, ["x-request-id", "1"]]))
    for i, (name, value) in enumerate(headers):
        if name in ("date", "connection", "transfer-encoding"):  # these the connection decides
            continue
        rest = headers[:i] + headers[i + 1 :]
        # The length may be told otherwise, and some origins are not told that they may read the answer.
        if name not in ("content-length", "access-control-allow-origin"):
            yield Damage("dropped", f"headers.{name}", _with(exchange, headers=rest))
        # Any hardware has a type, and an origin is whatever the request said.
        if name not in ("x-compute-type", "access-control-allow-origin"):
            yield Damage(
                "out of range", f"headers.{name}", _with(exchange, headers=[*rest, [name, value + "?"]])
            )
        if name == "allow":
            other = "GET,HEAD" if value != "GET,HEAD" else "POST"
            yield Damage(
                "out of range", "headers.allow (another's)", _with(exchange, headers=[*rest, [name, other]])
            )
        yield Damage("emptied", f"headers.{name}", _with(exchange, headers=[*rest, [name, ""]]))


def _stream_damages(exchange: dict[str, Any], body: str) -> Iterator[Damage]:
    events = [block + "\n\n" for block in body.split("\n\n")[:-1]]
    for i in dict.fromkeys((0, 1, len(events) - 2, len(events) - 1)):
        if not 0 <= i < len(events):
            continue
        if events[i] != "data: [DONE]\n\n":
            for damage in value_damages(json.loads(events[i][6:])):
                changed = f"data: {json.dumps(damage.result)}\n\n"
                where = f"events[{i}]{damage.where[1:]}"
                yield Damage(damage.kind, where, _with_body(exchange, *events[:i], changed, *events[i + 1 :]))
        yield Damage(
            "garbled", f"events[{i}]", _with_body(exchange, *events[:i], events[i][3:], *events[i + 1 :])
        )
        named = f"event: token\n{events[i]}"
        yield Damage(
            "garbled", f"events[{i}] (named)", _with_body(exchange, *events[:i], named, *events[i + 1 :])
        )
    may_be_empty = len(events) == 2 and '"tools": [' in json.dumps(exchange["request"])
    for i in range(len(events)):
        if i or not may_be_empty:
            yield Damage("event dropped", f"events[{i}]", _with_body(exchange, *events[:i], *events[i + 1 :]))
        yield Damage("event doubled", f"events[{i}]", _with_body(exchange, *events[: i + 1], *events[i:]))
        yield Damage("stream cut", f"events[{i}]", _with_body(exchange, *events[:i]))
        yield Damage("stream cut", f"events[{i}] (inside)", _with_body(exchange, *events[:i], events[i][:-3]))
        if i and events[i] != events[i - 1] and not _alike(events[i - 1], events[i]):
            swapped = [*events[: i - 1], events[i], events[i - 1], *events[i + 1 :]]
            yield Damage("reordered", f"events[{i}]", _with_body(exchange, *swapped))
    yield Damage("extra", "events", _with_body(exchange, *events, events[0]))


def _alike(left: str, right: str) -> bool:
    """Whether two events differ in the time of their creation alone."""
    if "[DONE]" in (left[6:-2], right[6:-2]):
        return False
    a, b = json.loads(left[6:]), json.loads(right[6:])
    return {k: v for k, v in a.items() if k != "created"} == {k: v for k, v in b.items() if k != "created"}


def _text_damages(exchange: dict[str, Any], body: str) -> Iterator[Damage]:
    if not exchange["request"]["path"].startswith("/metrics"):
        yield Damage("cut", "body", _with_body(exchange, body[: len(body) // 2]))
        yield Damage("renamed", "body", _with_body(exchange, "Could not" + body[body.find(" ") :]))
        yield Damage("dropped", "body", _with_body(exchange, ""))
        return
    lines = body.split("\n")
    for i, line in enumerate(lines):
        # Which of the labelled counters are there depends on what was counted; a bucket is no counter.
        if line and ("{" not in line or "_bucket{" in line):
            yield Damage("dropped", f"line {i}", _with_body(exchange, "\n".join(lines[:i] + lines[i + 1 :])))
        if line:
            for kind, changed in (
                ("renamed", "x" + line),
                ("out of range", line.rpartition(" ")[0] + " much"),
            ):
                result = "\n".join([*lines[:i], changed, *lines[i + 1 :]])
                yield Damage(kind, f"line {i}", _with_body(exchange, result))
