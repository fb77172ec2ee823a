"""JSON values as serde_json prints them."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.render.values import boolean, f32, string, value


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (-0.1, b"-0.1"),
        (0.3, b"0.3"),
        (1.0, b"1.0"),
        (-20.0, b"-20.0"),
        (-335630.0, b"-335630.0"),
        (-0.36523962020874023, b"-0.36523962"),
        (-0.0010700569255277514, b"-0.0010700569"),
        (-1e-5, b"-0.00001"),
        (1e-6, b"0.000001"),
        (-1e-7, b"-1e-7"),
        (-7.347399787249742e-06, b"-0.0000073474"),
        (-123456789.0, b"-123456790.0"),
        (1e12, b"1000000000000.0"),
        (1e13, b"1e13"),
        (-1.5e20, b"-1.5e20"),
        (0.0, b"0.0"),
        (-0.0, b"-0.0"),
        (3.4028234663852886e38, b"3.4028235e38"),
        (1e-45, b"1e-45"),
        # Powers of two, where the nearest decimal is not always the one with the fewest digits
        (2.0**-44, b"5.684342e-14"),
        (2.0**-96, b"1.2621775e-29"),
        (2.0**33, b"8589935000.0"),
        (2.0**63, b"9.223372e18"),
        (2.0**90, b"1.2379401e27"),
    ],
)
def test_a_32_bit_float_is_printed_with_ryus_digits_and_layout(number: float, text: bytes) -> None:
    assert f32(number) == text


@pytest.mark.parametrize("number", [None, math.nan, math.inf, -math.inf, 1e39, 3.4028236e38])
def test_what_is_no_finite_32_bit_float_is_null(number: float | None) -> None:
    assert f32(number) == b"null"


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_printed_float_reads_back_as_itself_and_no_shorter_text_does(number: float) -> None:
    packed = struct.pack("<f", number)
    text = f32(number).decode()
    assert struct.pack("<f", float(text)) == packed
    digits = len(text.lstrip("-").partition("e")[0].replace(".", "").strip("0"))
    if digits > 1:
        assert struct.pack("<f", float(f"{number:.{digits - 2}e}")) != packed


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('a"\\/', rb'"a\"\\/"'),
        ("\b\f\n\r\t", rb'"\b\f\n\r\t"'),
        ("\x00\x1f\x7f", b'"\\u0000\\u001f\x7f"'),
        ("é\u2028😀", '"é\u2028😀"'.encode()),
        ("\ud83d\ude00", '"😀"'.encode()),
        ("\ud800", '"\ufffd"'.encode()),
        ("n" * 100 + "\n", b'"' + b"n" * 100 + b'\\n"'),
    ],
)
def test_a_string_is_escaped_only_where_serde_json_escapes(text: str, printed: bytes) -> None:
    assert string(text) == printed


def test_free_json_is_compact_keeps_its_key_order_and_its_kinds_of_numbers() -> None:
    free = {
        "b": [1, 2.0, 1e16, -0.0, 0.00001],
        "a": {"é": None, "t": True},
        "big": 2**64 - 1,
        "e": [],
        "o": {},
    }
    printed = (
        '{"b":[1,2.0,1e16,-0.0,0.00001],"a":{"é":null,"t":true},"big":18446744073709551615,"e":[],"o":{}}'
    )
    assert value(free) == printed.encode()
    assert value(2**64) == b"1.8446744073709552e19"
    assert value(math.inf) == b"null"
    assert boolean(True) + boolean(False) == b"truefalse"


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match=r"expected JSON \(.*\), got set"):
        value([set()])


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)


@given(st.recursive(SCALARS, lambda children: st.lists(children) | st.dictionaries(st.text(), children)))
def test_free_json_reads_back_as_itself(free: object) -> None:
    assert json.loads(value(free)) == json.loads(json.dumps(free))
