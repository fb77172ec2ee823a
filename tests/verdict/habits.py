"""What clients do, written by hand: calls with waits, streams that are left, many at once."""

from __future__ import annotations

from typing import Any

from fake_tgi.journal import ServeEvent

from .events import call, stream, token

__all__ = [
    "CUT",
    "HELLO",
    "TALK",
    "attempts",
    "chunk",
    "commented",
    "herd",
    "left",
    "of_session",
    "refused",
    "refused_in_a_row",
    "sawtooth",
    "split",
    "talk",
]


def attempts(*gaps: float, status: int = 429, last: int = 200, **more: Any) -> list[ServeEvent]:
    """Attempts of one call, with these waits between them; all but the last fail with `status`."""
    found, at = [], 0.0
    for number in range(len(gaps) + 1):
        found.append(call(number + 1, at, status=status if number < len(gaps) else last, **more))
        at += 0.01 + (gaps[number] if number < len(gaps) else 0.0)
    return found


def talk(*messages: tuple[str, str]) -> dict[str, Any]:
    """What makes a call a conversation."""
    written = [{"role": role, "content": content} for role, content in messages]
    return {"path": "/v1/chat/completions", "body": {"messages": written}}


def chunk(text: str) -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"%b"}}]}\n\n' % text.encode()


HELLO = (token(1, "Hel"), token(2, "lo", "Hello"))
CUT = {"ended": "cut by a fault", "faults": ("cut(tokens=1)",)}
TALK = ("user", "hi")


def split(id: int = 1) -> ServeEvent:
    """A stream of which a piece ends inside a character."""
    whole = token(1, "kůň", "kůň")
    at = whole.index("ů".encode()) + 1
    return stream(id, 0.0, whole[:at], whole[at:], faults=("resegment(segmentation=1)",))


def commented(id: int = 1) -> ServeEvent:
    """A stream that a comment has kept alive."""
    return stream(id, 0.0, token(1, "Hel"), b":\n\n", token(2, "lo", "Hello"), every=15.0)


def left(id: int, at: float, *, after: float, tokens: int, **more: Any) -> ServeEvent:
    """A stream that flows at a token every tenth of a second, and is left."""
    data = [token(index, " a") for index in range(1, tokens + 1)]
    return stream(id, at, *data, every=0.1, ended="client left", closed=after, seconds=after, **more)


def sawtooth(id: int, at: float, *, after: float, every: float) -> ServeEvent:
    """The same with another speed, left just behind a token."""
    tokens = int(after / every)
    data = [token(index, " a") for index in range(1, tokens + 1)]
    body = {"inputs": f"number {id}"}
    return stream(id, at, *data, every=every, ended="client left", closed=after, seconds=after, body=body)


def refused(number: int, *, at: float = 0.0, connections: int = 40) -> list[ServeEvent]:
    """Many different calls that are refused, one every few milliseconds."""
    return [
        call(
            index + 1,
            at + index * 0.003,
            seconds=0.001,
            status=429,
            body={"inputs": f"number {index}"},
            connection=index % connections,
        )
        for index in range(number)
    ]


def herd(number: int, *, spread: float = 0.0) -> list[ServeEvent]:
    """Different calls that are refused together, and come back."""
    bodies = [{"inputs": f"number {index}"} for index in range(number)]
    first = [
        call(index + 1, index * 0.001, status=429, body=body, connection=index)
        for index, body in enumerate(bodies)
    ]
    again = [
        call(number + index + 1, 0.5 + index * (0.001 + spread), body=body, connection=index)
        for index, body in enumerate(bodies)
    ]
    return first + again


def of_session(number: int, *, at: float = 0.0, earlier: int = 0, status: int = 200) -> ServeEvent:
    """A call over a connection that has its own number."""
    id, body = 10 * number + earlier + 1, {"inputs": number}
    return call(id, 2.0 * number + at, body=body, connection=number, earlier=earlier, status=status)


def refused_in_a_row(*waits: float) -> list[ServeEvent]:
    """Different calls that are refused one every 3 ms, and come back after these waits."""
    number = len(waits)
    return [
        call(at + index + 1, came, status=status, seconds=0.0, body={"inputs": index}, connection=index)
        for index, wait in enumerate(waits)
        for at, came, status in ((0, 0.003 * index, 429), (number, 0.003 * index + wait, 200))
    ]
