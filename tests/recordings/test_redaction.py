"""No secret is written, and what is none stays byte for byte."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.recordings.redaction import PLACEHOLDER, Redactor
from fake_tgi.secret_names import is_secret_header
from tgi_contracts import recordings

SECRETS = [
    "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
    "hf_abc123",
    "sk-proj-A1b2C3d4E5f6G7h8",
    "sk-secretsecretsecret",
    "ghp_0123456789abcdefghijABCDEFGHIJ",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "text",
    [
        "{}", '{{"inputs": "my token is {}."}}', "/generate?token={}&x=1", "Authorization: Bearer {}",
        '{{"api_key": "{}"}}', '{{"arguments": "{{\\"password\\": \\"{}\\"}}"}}', "https://user:{}@host/",
    ],
)  # fmt: skip
def test_a_secret_is_known_by_its_form_wherever_it_stands(secret: str, text: str) -> None:
    redacted = Redactor().text(text.format(secret).encode()).decode()
    assert secret not in redacted
    assert PLACEHOLDER in redacted


@pytest.mark.parametrize(
    "text",
    [
        '{"api_key": "x"}', '{"password":"hunter2 is it"}', "/generate?token=x", "http://me:p@host/",
        '{"a": "{\\"access_token\\": \\"q\\"}"}', "Bearer short0ne", '{"x-api-key": "x"}', '{"jwt": "x"}',
        '{"cookie": "a"}', '{"HF_TOKEN": "x"}', "/generate?x-api-key=a", "/?jwt=a", "/?cookie=a",
        "password=a", "token=a&x=1", "the api_key=a", '{"inputs": "api_key=a"}',
        '{"inputs": "a\\npassword=a"}', "db.password=a",
    ],
)  # fmt: skip
def test_a_secret_is_known_by_its_name(text: str) -> None:
    redacted = Redactor().text(text.encode())
    assert b"REDACTED" in redacted
    assert Redactor().text(redacted) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "from huggingface_hub import hf_hub_download", "a task-oriented risk-averse sk-learn pipeline",
        '{"token": " the", "logprob": -0.5, "top_logprobs": [{"token": " a"}]}', "the bearer of bad news",
        '{"token":{"id":4,"text":" key","logprob":-1,"special":false}}', "mail me@example.org",
        '{"max_new_tokens": 20, "stop": ["password"]}', "/generate?stream=true",
        "?max_tokens=5&prompt_tokens=2",
        '{"usage":{"prompt_tokens":5,"total_tokens":7},"tokens":[{"id":1}],"eos_token":"</s>"}',
        '{"secret": null, "password": "", "auth": true, "cookie": []}', "sorted(names, key=len, token=None)",
        '{"properties":{"password":{"type":"string","minLength":8},"api_key":{"$ref":"#/$defs/key"}}}',
        '{"grammar": "{\\"properties\\":{\\"password\\":{\\"type\\":\\"string\\"}}}"}',
    ],
)  # fmt: skip
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert Redactor().text(text.encode()) == text.encode()


def _quoted(value: object, times: int) -> str:
    """As JSON, `times` in strings of JSON."""
    text = json.dumps(value)
    for _ in range(times):
        text = json.dumps({"deeper": text, "next": 1})
    return text


def _unquoted(text: str, times: int) -> object:
    for _ in range(times):
        told = json.loads(text)
        assert told["next"] == 1
        text = told["deeper"]
    return json.loads(text)


_ANY_TEXT = st.text(st.sampled_from('\\"\n{}[]:,aé '), min_size=1, max_size=12)
_ANY_VALUE = st.one_of(
    _ANY_TEXT, st.integers(), st.floats(0.1, 9), st.lists(_ANY_TEXT, min_size=1, max_size=3),
    st.dictionaries(_ANY_TEXT, _ANY_TEXT, min_size=1, max_size=3),
)  # fmt: skip


@given(_ANY_VALUE, st.integers(0, 3), st.sampled_from(["password", "x-api-key", "HF_TOKEN", "jwt"]))
def test_a_secret_member_is_replaced_whole_whatever_it_is_and_however_deep_it_is_quoted(
    value: object, times: int, name: str
) -> None:
    asked = {"inputs": 'say "hi\\"', name: value, "stop": ["a"]}
    redacted = Redactor().text(_quoted(asked, times).encode()).decode()
    assert _unquoted(redacted, times) == {**asked, name: PLACEHOLDER}
    assert Redactor().text(redacted.encode()).decode() == redacted


def test_secrets_among_others_in_lists_and_forms_are_all_replaced() -> None:
    asked = {
        "a": [{"password": ["p1", 2]}, {"api_key": {"value": "k1", "of": "me"}}],
        "secret": 12.5e3,
        "z": 1,
    }
    assert json.loads(Redactor().text(json.dumps(asked).encode())) == {
        "a": [{"password": PLACEHOLDER}, {"api_key": PLACEHOLDER}], "secret": PLACEHOLDER, "z": 1,
    }  # fmt: skip
    form = b"password=one=1&inputs=hi&api_key=two&key=three&x=4"
    assert Redactor().text(form) == b"password=REDACTED&inputs=hi&api_key=REDACTED&key=REDACTED&x=4"


@pytest.mark.parametrize(
    "cut", ['{"password": "abc\\"leak', '{"a": "{\\"password\\": \\"abcleak', '{"jwt": ["leak']
)
def test_a_secret_that_is_cut_off_is_a_secret_all_the_same(cut: str) -> None:
    for rest in ("", "\\", '", "b'):
        assert b"leak" not in Redactor().text((cut + rest).encode())


def test_a_private_key_without_an_end_leaves_the_json_around_it() -> None:
    asked = {"inputs": "-----BEGIN PRIVATE KEY-----\nabc", "x": 1}
    redacted = json.loads(Redactor().text(json.dumps(asked).encode()))
    assert redacted == {"inputs": "-----BEGIN PRIVATE KEY-----REDACTED", "x": 1}


def test_nothing_that_the_real_router_said_or_was_asked_is_taken_for_a_secret_but_its_keys() -> None:
    for exchange in recordings():
        for text in [json.dumps(exchange["request"].get("json")), *exchange["response"]["chunks"]]:
            assert Redactor().text(text.encode()) == text.encode(), exchange["name"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Authorization", "Bearer abc", "Bearer REDACTED"),
        ("authorization", "abc", "REDACTED"),
        ("Proxy-Authorization", "Basic dTpw", "Basic REDACTED"),
        ("Cookie", "a=1; session=2", "a=REDACTED; session=REDACTED"),
        ("Set-Cookie", "id=7; Path=/; HttpOnly", "id=REDACTED; Path=/; HttpOnly"),
        ("X-Api-Key", "k", "REDACTED"),
        ("x-amz-security-token", "k", "REDACTED"),
        ("x-prompt-tokens", "20", "20"),
        ("x-time-per-token", "3", "3"),
        ("x-auth", "k", "REDACTED"),
        ("authentication", "Bearer k", "Bearer REDACTED"),
        ("x_api_key", "k", "REDACTED"),
        ("content-type", "application/json", "application/json"),
        ("referer", "http://a/?token=1", "http://a/?token=REDACTED"),
    ],
)
def test_headers_keep_their_scheme_and_cookies_their_names(name: str, value: str, expected: str) -> None:
    assert Redactor().headers([(name, value)]) == [(name, expected)]
    assert Redactor().headers([(name, expected)]) == [(name, expected)]


def test_the_value_of_a_secret_header_is_a_secret_in_bodies_as_well() -> None:
    redactor = Redactor()
    redactor.learn([("authorization", "Bearer my own words"), ("cookie", "sid=open sesame")])
    redactor.learn([("x-api-key", "plain/words")])
    text = b"say words; open sesame; plain/words; plain%2Fwords"
    assert redactor.text(text) == b"say words; REDACTED; REDACTED; REDACTED"


def test_more_patterns_can_be_given_and_a_group_narrows_what_is_replaced() -> None:
    redactor = Redactor([r"customer-\d+", r"pin: (\d+)"])
    assert redactor.text(b"customer-42 has pin: 1234") == b"REDACTED has pin: REDACTED"
    with pytest.raises(ValueError, match=r"expected a regular expression, got '\('"):
        Redactor(["("])


def test_secret_headers_are_told_by_their_names() -> None:
    assert is_secret_header("X-HF-Token")
    assert not is_secret_header("x-generated-tokens")


@given(
    st.lists(st.sampled_from([b"a", b" ", *(s.encode() for s in SECRETS)]), max_size=6),
    st.lists(st.integers(0, 120), max_size=8),
)
def test_a_secret_that_is_cut_by_chunks_is_replaced_and_the_rest_stays_in_its_chunk(
    words: list[bytes], cuts: list[int]
) -> None:
    whole = b" ".join(words)
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    chunks = [whole[a:b] for a, b in pairwise(places)]
    redacted = Redactor().chunks(chunks)
    assert len(redacted) == len(chunks)
    assert b"".join(redacted) == Redactor().text(whole)
    assert not any(secret.encode() in b"".join(redacted) for secret in SECRETS)
    assert Redactor().chunks(redacted) == redacted


def test_what_is_hard_to_read_takes_no_longer_than_what_is_easy() -> None:
    begin = time.process_time()
    for hard in (b"\\", b"=", b"password=", b'"secret":[', b'"secret":{"a":"', b'{"password":"\\"', b"_-"):
        Redactor().text(hard * (30_000 // len(hard)))
    assert time.process_time() - begin < 2


@given(st.binary(max_size=200))
def test_any_bytes_can_be_redacted_and_redacting_again_changes_nothing(data: bytes) -> None:
    once = Redactor().text(data)
    assert Redactor().text(once) == once
