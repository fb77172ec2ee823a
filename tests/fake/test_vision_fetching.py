"""Images come from the network as the router fetches them, and what goes wrong is told in its words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fake_tgi.vision.fetching import FetchError, fetch
from fake_tgi.vision.urls import AddressError, parse

OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "/ok": OK + b"Content-Length: 4\r\n\r\ndata",
    "/chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\ndata\r\n0\r\n\r\n",
    "/close": OK + b"\r\ndata",
    "/404": b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ndata",
    "/relative": b"HTTP/1.1 308 P\r\nLocation: ok\r\nContent-Length: 0\r\n\r\n",
    "/absolute": b"HTTP/1.1 302 P\r\nLocation: /chunked\r\nContent-Length: 0\r\n\r\n",
    "/nowhere": b"HTTP/1.1 302 P\r\nContent-Length: 4\r\n\r\ndata",
    "/loop": b"HTTP/1.1 302 P\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n",
    "/ftp": b"HTTP/1.1 302 P\r\nLocation: ftp://a/b\r\nContent-Length: 0\r\n\r\n",
    "/large": OK + b"Content-Length: 11\r\n\r\n" + b"x" * 11,
    "/larger": OK + b"Transfer-Encoding: chunked\r\n\r\n14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n",
    "/short": OK + b"Content-Length: 9\r\n\r\ndata",
    "/odd": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "/silent": b"",
    "/rude": b"hello\r\n\r\n",
}


@contextmanager
def answering() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers from the table: its address, and the requests that it got."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(65536))
                    connection.sendall(ANSWERS[seen[-1].split()[1].decode()])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", seen
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("path", ["/ok", "/chunked", "/close", "/404", "/relative", "/absolute", "/nowhere"])
def test_whatever_comes_at_last_is_the_image(path: str) -> None:
    with answering() as (base, seen):
        assert fetch(base + path, 10) == b"data"
    assert seen[0].lower().count(b"\r\n") == 4  # the request line, accept, host, and the end
    assert b"\r\naccept: */*\r\n" in seen[0].lower()


FAILURES: dict[str, Callable[[str], str]] = {
    "/loop": lambda url: (
        f"Could not fetch image: error following redirect for url ({url}): too many redirects"
    ),
    "/ftp": lambda url: f"Could not fetch image: builder error for url ({url}): URL scheme is not allowed",
    "/large": lambda url: "Image size 11 bytes exceeds maximum allowed size of 10 bytes",
    "/larger": lambda url: "Image size 11 bytes exceeds maximum allowed size of 10 bytes",
    "/short": lambda url: (
        "Failed to read image data: request or response body error: error reading a body from connection: "
        "end of file before message length reached"
    ),
    "/odd": lambda url: (
        "Failed to read image data: request or response body error: error reading a body from connection: "
        "Invalid chunk size line: missing size digit"
    ),
    "/silent": lambda url: (
        f"Could not fetch image: error sending request for url ({url}): "
        "connection closed before message completed"
    ),
    "/rude": lambda url: (
        f"Could not fetch image: error sending request for url ({url}): invalid HTTP version parsed"
    ),
}


@pytest.mark.parametrize("path", FAILURES)
def test_what_goes_wrong_is_told(path: str) -> None:
    with answering() as (base, _), pytest.raises(FetchError) as error:
        fetch(base + path, 10)
    assert str(error.value) == FAILURES[path](base + path)


def test_a_port_where_nobody_listens_is_told_with_the_systems_word() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(FetchError) as error:
        fetch(f"http://user:secret@127.0.0.1:{port}", 10)
    assert str(error.value) == (
        f"Could not fetch image: error sending request for url (http://127.0.0.1:{port}/): "
        "error trying to connect: tcp connect error: Connection refused (os error 111)"
    )


def test_credentials_in_an_address_are_sent_and_not_shown() -> None:
    with answering() as (base, seen):
        fetch(base.replace("//", "//user:pw@") + "/ok", 10)
    assert b"\r\nauthorization: Basic dXNlcjpwdw==\r\n" in seen[0]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://HOST", "http://host/"),
        ("http:///host/", "http://host/"),
        ("http://host\\a\\b", "http://host/a/b"),
        ("http://host:/a", "http://host/a"),
        ("http://host:080/a", "http://host/a"),
        ("https://host:443/", "https://host/"),
        ("http://host:00081/", "http://host:81/"),
        ("http://host?a=b c", "http://host/?a=b%20c"),
        ("http://host/a/./b/../c/..", "http://host/a/"),
        ("http://host/a\tb", "http://host/ab"),
        ('http://host/é "x"?ü#f', "http://host/%C3%A9%20%22x%22?%C3%BC#f"),
        ("http://host/%zz ", "http://host/%zz"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://[0:0::1]:1/", "http://[::1]:1/"),
        ("http://é.invalid/", "http://xn--9ca.invalid/"),
        ("http://user:pw@host/", "http://host/"),
    ],
)
def test_an_address_is_shown_as_the_url_standard_has_it(address: str, shown: str) -> None:
    assert parse(address).text == shown


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://", "empty host"),
        ("http://@/", "empty host"),
        ("http://:1/", "empty host"),
        ("http://[", "invalid IPv6 address"),
        ("http://[zz]/", "invalid IPv6 address"),
        ("http://host:99999/", "invalid port number"),
        ("http://host:port/", "invalid port number"),
        ("http://1.2.3.4.5/", "invalid IPv4 address"),
        ("http://256.1.1.1/", "invalid IPv4 address"),
        ("http://a b/", "invalid international domain name"),
        ("http://a%zz/", "invalid international domain name"),
        ("http://xn--/", "invalid international domain name"),
    ],
)
def test_what_is_no_address_is_told_so(address: str, message: str) -> None:
    with pytest.raises(AddressError) as error:
        parse(address)
    assert str(error.value) == message
    with pytest.raises(FetchError, match=r"^Could not fetch image: builder error: "):
        fetch(address, 10)
