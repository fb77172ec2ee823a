"""A head that is printed in one step says what the same head says that is put together from headers."""

from __future__ import annotations

import pickle

import pytest

from fake_tgi.frames import Body, Head, PrintedHead, Whole
from fake_tgi.headers import HeadPrinter, Timings, generation_headers, stream_headers

AROUND = ((b"vary", b"origin"), (b"x-odd", b"100 % sure: yes"))
COMPUTE_TYPE = b"gpu+50%d"


@pytest.mark.parametrize("total", [0.0, 0.000_000_5, 0.000_9, 0.001, 0.0123, 2.5])
def test_of_a_whole_answer(total: float) -> None:
    printer = HeadPrinter(COMPUTE_TYPE)
    for characters, tokens in (7, (3, 16)), (8, (4, 1)):  # what was printed before is not in the next one
        head = printer.whole(characters, total, total / 4, *tokens, AROUND, 88)
        spent = Timings(total, total / 4, 0.0, total - total / 4, *tokens)
        expected = generation_headers(COMPUTE_TYPE, characters, (spent,))
        assert (head.status, head.headers, head.length) == (200, expected + AROUND, 88)


def test_of_a_stream() -> None:
    printer = HeadPrinter(COMPUTE_TYPE)
    for characters in 7, 8:
        head = printer.stream(characters, AROUND)
        expected = stream_headers(COMPUTE_TYPE, characters) + AROUND
        assert (head.status, head.headers, head.length) == (200, expected, None)


def test_each_has_what_stands_around_it() -> None:
    printer = HeadPrinter(COMPUTE_TYPE)
    for around in AROUND, AROUND[:1], ():
        assert printer.stream(1, around).headers[5:] == around


def test_one_that_is_printed_is_a_head_and_goes_to_another_process() -> None:
    head = PrintedHead(200, b"a: b\r\nc: d: e", 5)
    assert isinstance(head, Head)
    assert head.headers == ((b"a", b"b"), (b"c", b"d: e"))
    again = pickle.loads(pickle.dumps(head))
    assert (again, again.lines) == (head, head.lines)


def test_an_answer_that_is_all_there_is_two_frames() -> None:
    head, body = Head(200), Body(b"x")
    assert list(Whole(head, body)) == [head, body]
