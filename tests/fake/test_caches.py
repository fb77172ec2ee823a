"""A cache that forgets what was not asked for lately, and never grows past its bound."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.caches import BoundedCache, Known


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), max_size=80))
def test_it_never_holds_more_than_its_bound(steps: list[tuple[int, int]]) -> None:
    cache: BoundedCache[int, int] = BoundedCache(entries=8, size=40)
    sizes: dict[int, int] = {}
    for key, size in steps:
        cache.put(key, -key, size)
        sizes[key] = size
        held = [key for key in sizes if cache.get(key) is not None]
        assert all(cache.get(key) in (None, -key) for key in held)
        assert len(cache) <= 8


def test_what_is_too_large_is_not_kept() -> None:
    cache: BoundedCache[str, int] = BoundedCache(entries=10, size=10)
    cache.put("large", 1, 6)
    cache.put("fits", 2, 5)
    assert (cache.get("large"), cache.get("fits")) == (None, 2)


def test_what_is_asked_for_stays() -> None:
    cache: BoundedCache[int, str] = BoundedCache(entries=10, size=1000)
    cache.put(0, "kept")
    for key in range(1, 200):
        cache.put(key, "other")
        assert cache.get(0) == "kept"
    assert cache.get(1) is None
    cache.clear()
    assert cache.get(0) is None
    assert len(cache) == 0


def test_threads_share_it_without_a_lock() -> None:
    cache: BoundedCache[int, int] = BoundedCache(entries=50, size=1000)

    def use(start: int) -> bool:
        for i in range(2000):
            key = (start * 7 + i) % 97
            found = cache.get(key)
            if found not in (None, key):
                return False
            cache.put(key, key)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(8)))
    assert len(cache) <= 50


def test_what_is_known_of_words_is_worked_out_once_and_bounded() -> None:
    asked: list[str] = []

    def work_out(word: str) -> int:
        asked.append(word)
        return len(word)

    known = Known(work_out)
    assert [known["a"], known["a"], known["x" * 64], known["x" * 64]] == [1, 1, 64, 64]
    assert asked == ["a", "x" * 64]
    assert [known["x" * 65], known["x" * 65]] == [65, 65]
    assert len(asked) == 4
    for number in range(20_000):
        assert known[str(number)] == len(str(number))
        assert len(known) <= 20_000
    assert "a" not in known
    assert known["a"] == 1
