"""Which server, with which key, through which proxy; and the key stays where it is."""

from __future__ import annotations

import pytest

from fake_tgi.verification.errors import TargetError
from fake_tgi.verification.target import read_target

KEY = "hf_abcdefghijklmnopqrst"


@pytest.mark.parametrize(
    ("written", "url", "info"),
    [
        ("http://localhost:8080", "http://localhost:8080", "/info"),
        ("http://localhost:8080/", "http://localhost:8080", "/info"),
        ("localhost:8080", "http://localhost:8080", "/info"),
        ("tgi.example", "http://tgi.example", "/info"),
        ("https://tgi.example", "https://tgi.example", "/info"),
        ("https://tgi.example:443/a/b/", "https://tgi.example/a/b", "/a/b/info"),
        ("http://[::1]:8080", "http://[::1]:8080", "/info"),
    ],
)
def test_a_url_is_read_as_people_write_it(written: str, url: str, info: str) -> None:
    target = read_target(written, {})
    assert (target.url, target.path("/info")) == (url, info)


def test_behind_a_prefix_the_root_is_the_prefix_itself() -> None:
    """As the published client posts to the URL it was given."""
    assert read_target("https://tgi.example/models/a/b", {}).path("/") == "/models/a/b"
    assert read_target("https://tgi.example", {}).path("/") == "/"


@pytest.mark.parametrize(
    "written",
    ["", "ftp://x", "http://", "http://a b", "http://x:99999", "http://u:p@x", "http://x?a=b", "http://x#a"],
)
def test_what_is_no_url_of_a_server_is_told(written: str) -> None:
    with pytest.raises(TargetError, match=r"expected|may have"):
        read_target(written, {})


@pytest.mark.parametrize(
    ("url", "environment", "key"),
    [
        ("https://tgi.example", {"HF_TOKEN": KEY}, KEY),
        ("http://127.0.0.1:80", {"HF_TOKEN": KEY}, KEY),
        ("http://localhost:80", {"HF_TOKEN": KEY}, KEY),
        ("http://tgi.example", {"HF_TOKEN": KEY}, None),
        ("http://tgi.example", {"TGI_TOKEN": "own"}, "own"),
        ("https://tgi.example", {"TGI_TOKEN": "own", "HF_TOKEN": KEY}, "own"),
        ("https://tgi.example", {"TGI_TOKEN": " \n", "HF_TOKEN": f"{KEY}\n"}, KEY),
        ("https://tgi.example", {}, None),
    ],
)
def test_a_key_for_something_else_does_not_leave_the_machine_unencrypted(
    url: str, environment: dict[str, str], key: str | None
) -> None:
    target = read_target(url, environment)
    assert target.key == key
    assert bool(target.notices) == (key is None and "HF_TOKEN" in environment)
    assert KEY not in repr(target)
    assert KEY not in "".join(target.notices)


def test_a_key_that_no_header_can_have_is_refused_without_showing_it() -> None:
    with pytest.raises(TargetError, match="TGI_TOKEN: expected printable ASCII") as caught:
        read_target("http://x", {"TGI_TOKEN": "schlüssel"})
    assert "schlüssel" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("http://tgi.example", {"http_proxy": "http://proxy:3128"}, ("proxy", 3128)),
        ("https://tgi.example", {"HTTPS_PROXY": "proxy:3128"}, ("proxy", 3128)),
        ("https://tgi.example", {"http_proxy": "http://proxy:3128"}, None),
        ("http://tgi.example", {"http_proxy": "http://proxy", "no_proxy": "a.b,.example"}, None),
        ("http://tgi.example", {"http_proxy": "http://proxy", "NO_PROXY": "*"}, None),
        ("http://tgi.example", {"http_proxy": "http://proxy", "no_proxy": "xample"}, ("proxy", 80)),
        ("http://127.0.0.1", {"http_proxy": "http://proxy"}, None),
        ("http://localhost", {"http_proxy": "http://proxy"}, None),
    ],
)
def test_a_proxy_is_used_as_the_environment_says_but_never_to_this_machine(
    url: str, environment: dict[str, str], proxy: tuple[str, int] | None
) -> None:
    assert read_target(url, environment).proxy == proxy
