"""`segmentations`: how a network cuts bytes; nothing is lost, added or moved."""

from __future__ import annotations

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from fake_tgi.segmentation import Segmentation
from fake_tgi.strategies import segmentations

from .judging import SOME

WORLDS = pytest.mark.parametrize("adversarial", [False, True], ids=["plain", "adversarial"])
EVENT = 'data: {"text":"\u65e5\U0001f600"}\r\n\r\n'.encode()


@WORLDS
@SOME
@given(st.data(), st.binary(max_size=200))
def test_the_pieces_together_are_the_whole(adversarial: bool, data: st.DataObject, sent: bytes) -> None:
    anywhere = data.draw(segmentations(adversarial=adversarial))
    here = data.draw(segmentations(sent, adversarial=adversarial))
    for rule in (anywhere, here):
        pieces = rule.cut(sent)
        assert b"".join(pieces) == sent
        assert pieces


@SOME
@given(segmentations(), st.binary(min_size=1, max_size=200))
def test_plain_pieces_are_never_empty(rule: Segmentation, sent: bytes) -> None:
    assert all(rule.cut(sent))


@pytest.mark.parametrize(
    ("rule", "pieces"),
    [
        (Segmentation(), [b"abcdef"]),
        (Segmentation((1,), again=True), [b"a", b"b", b"c", b"d", b"e", b"f"]),
        (Segmentation((2, 0, 1)), [b"ab", b"", b"c", b"def"]),
        (Segmentation((2, 1), again=True), [b"ab", b"c", b"de", b"f"]),
        (Segmentation.at([4, 2, 2, 0, 99]), [b"ab", b"cd", b"ef"]),
    ],
)
def test_a_rule_cuts_as_it_says(rule: Segmentation, pieces: list[bytes]) -> None:
    assert rule.cut(b"abcdef") == pieces


def test_nothing_is_one_empty_piece() -> None:
    assert Segmentation((3,), again=True).cut(b"") == [b""]


@pytest.mark.parametrize("rule", [((-1,), False), ((0, 0), True), ((), True)])
def test_a_rule_that_would_never_end_is_refused(rule: tuple[tuple[int, ...], bool]) -> None:
    with pytest.raises(ValueError, match="expected sizes"):
        Segmentation(*rule)


PLACES = {
    "inside of a character": EVENT.index("\u65e5".encode()) + 1,
    "between carriage return and line feed": EVENT.index(b"\r") + 1,
    "inside of `data:`": 1,
    "between the two line ends": EVENT.index(b"\r") + 2,
}


@pytest.mark.parametrize("place", PLACES)
def test_adversarial_cuts_fall_where_readers_stumble(place: str) -> None:
    offset = PLACES[place]
    rule = find(segmentations(EVENT, adversarial=True), lambda rule: rule.cut(EVENT)[0] == EVENT[:offset])
    assert rule == Segmentation.at([offset])


def test_segmentations_shrink_to_no_cut_at_all() -> None:
    assert find(segmentations(adversarial=True), lambda rule: True) == Segmentation()
    assert find(segmentations(EVENT), lambda rule: True) == Segmentation()
