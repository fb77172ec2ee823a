"""What was made of a body is found for those that are like it, with the string in which they differ."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from fake_tgi.alike import MARK, Alike

TEXTS = st.text(max_size=30) | st.sampled_from(
    ["plain enough", "another text", 'es\\caped \\ "text"', "naïve text"]
)
BODIES = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def read(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return "broken"


def put(value: object, text: str) -> object:
    """`value` with `text` for the mark."""
    if isinstance(value, str):
        return text if value == MARK else value
    if isinstance(value, list):
        return [put(each, text) for each in value]
    if isinstance(value, dict):
        return {key: put(each, text) for key, each in value.items()}
    return value


@settings(max_examples=200, deadline=None)
@given(BODIES, st.booleans())
def test_with_the_string_put_back_it_is_what_the_body_says(value: object, ascii_alone: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_alone).encode("utf-8", "surrogatepass")
    alike = Alike(read)
    for _ in range(3):
        found = alike.find(body)
        if found is not None and found[0] != "broken":
            assert put(*found) == value


def test_the_third_of_a_kind_is_not_read() -> None:
    reads: list[bytes] = []
    alike = Alike(reads.append)
    found = [alike.find(b'{"max": 5, "inputs": "number %d of many"}' % number) for number in range(4)]
    assert [pair and pair[1] for pair in found] == [
        None,
        *(f"number {number} of many" for number in (1, 2, 3)),
    ]
    assert reads == [b'{"max": 5, "inputs": "%b"}' % MARK.encode()]


def test_where_the_string_stands_makes_a_difference() -> None:
    alike = Alike(lambda body: body)
    one, other = b'["first text", "", "0"]', b'["", "first text", "0"]'
    made = {alike.find(body) for body in (one, one, other, other)}
    assert len(made) == 3  # None, and one for each


def test_a_key_is_not_what_differs() -> None:
    alike = Alike(lambda body: body)
    assert alike.find(b'{"a rather long key": 1}') is alike.find(b'{"a rather long key" : 1}') is None


def test_a_long_number_between_two_strings_is_not_taken_for_one() -> None:
    alike = Alike(lambda body: body)
    body = b'{"inputs":"number %d of many","parameters":{"seed":1234567890,"stop":["x"]}}'
    found = [alike.find(body % number) for number in range(3)]
    assert [pair and pair[1] for pair in found] == [None, "number 1 of many", "number 2 of many"]


def test_a_long_body_is_not_looked_at() -> None:
    alike = Alike(lambda body: body)
    body = b'["%b"]' % (b"long " * 2000)
    assert [alike.find(body) for _ in range(3)] == [None] * 3


def test_of_the_kind_that_came_last_any_plain_string_is_found_and_no_other() -> None:
    """Also where it is shorter than one that is looked for, and not where it ends before the quote."""
    reads: list[bytes] = []
    alike = Alike(lambda body: reads.append(body) or read(body))
    begun, ended = b'{"max": 5, "inputs": "', b'", "stop": ["x"]}'
    for text in b"the first of them", b"the second one":
        found = alike.find(begun + text + ended)
    assert found is not None
    for text in b"", b"short", "n\u00e4her".encode(), b"/{}[]:,", b"long " * 3000:
        assert alike.find(begun + text + ended) == (found[0], text.decode())
    for odd in b'a", "b": "c', b"a\\\\", b"a\nb", b"\xff", b"\x7f is seldom":
        again = alike.find(begun + odd + ended)
        assert again is None or put(*again) == read(begun + odd + ended)
    assert alike.find(begun + ended[1:]) is None  # what is before and behind would overlap
    assert reads == [begun + MARK.encode() + ended]
