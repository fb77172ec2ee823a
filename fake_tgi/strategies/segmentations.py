"""Ways to cut bytes, drawn before the bytes are known or for certain bytes."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from ..segmentation import Segmentation

__all__ = ["segmentations"]


@cache
def _rules(adversarial: bool) -> st.SearchStrategy[Segmentation]:
    whole = st.just(Segmentation())
    every = st.sampled_from((4096, 1460, 64, 16, 7, 3, 2, 1)).map(
        lambda size: Segmentation((size,), again=True)
    )
    if not adversarial:
        return whole | every
    sizes = st.lists(st.integers(0, 40), min_size=1, max_size=8).filter(any)
    return st.one_of(whole, every, sizes.map(lambda found: Segmentation(tuple(found), again=True)))


def segmentations(data: bytes | None = None, *, adversarial: bool = False) -> st.SearchStrategy[Segmentation]:
    """Rules that cut bytes; they shrink to one piece.

    Without `data` the pieces have one size; with `adversarial` sizes that vary, empty pieces among them
    (which a socket never hands over, but a file, a test double or a buffer does). With `data` the cuts are
    at offsets into it; with `adversarial` next to where readers stumble: inside of characters, of line ends
    and of `data:`.
    """
    if data is None:
        return _rules(adversarial)
    places = st.integers(0, len(data))
    if adversarial and (critical := _critical(data)):
        places = st.sampled_from(critical) | places
    return st.lists(places, max_size=12).map(Segmentation.at)


def _critical(data: bytes) -> list[int]:
    """Offsets inside of characters and beside line ends, the first of them, at most 400."""
    found: list[int] = []
    for at, byte in enumerate(data):
        if byte & 0xC0 == 0x80 or byte in b"\r\n:" or data[at - 1 : at] in (b"\n", b"\r", b":", b"d"):
            found.append(at)
            if len(found) >= 400:
                break
    return found
