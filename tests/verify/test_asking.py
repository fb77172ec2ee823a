"""The asker hears every chunk as it came, is never kept waiting, and tells what was wrong with an answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from fake_tgi.verification.asking import LARGEST, Asker, Heard, NotReached, TooSlow
from fake_tgi.verification.target import Target

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Peer:
    """A server that answers each request with the bytes it was given; None closes the connection instead."""

    def __init__(self, *replies: bytes | None, pause: float = 0.0, close: bool = False) -> None:
        self.replies = list(replies)
        self.pause = pause
        self.close = close
        self.requests: list[bytes] = []
        self.connections = 0
        self.client_left = threading.Event()


@contextmanager
def serving(peer: Peer) -> Iterator[Target]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    stopped = threading.Event()

    def serve(sock: socket.socket) -> None:
        with sock:
            sock.settimeout(5)
            while peer.replies and not stopped.is_set():
                request = read_request(sock)
                if not request:
                    peer.client_left.set()
                    return
                peer.requests.append(request)
                reply = peer.replies.pop(0)
                if reply is None:
                    return
                for part in reply.split(b"|||"):
                    try:
                        sock.sendall(part)
                    except OSError:
                        peer.client_left.set()
                        return
                    time.sleep(peer.pause)
                if peer.close:
                    return
            try:
                peer.client_left.set() if sock.recv(1) == b"" else None
            except OSError:
                peer.client_left.set()

    def accept() -> None:
        while not stopped.is_set():
            try:
                sock, _ = listener.accept()
            except TimeoutError:
                continue
            peer.connections += 1
            serve(sock)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield Target("http", "127.0.0.1", listener.getsockname()[1])
    finally:
        stopped.set()
        thread.join(6)
        listener.close()


def ask(
    target: Target, *, body: bytes | None = None, seconds: float = 5, leave_after: int | None = None
) -> Heard:
    """One question on a connection of its own."""
    with closing(Asker(target)) as asker:
        method = "GET" if body is None else "POST"
        return asker.ask(method, "/info", {}, body, seconds=seconds, leave_after=leave_after)


def read_request(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


def test_each_http_chunk_is_heard_as_it_was_sent_and_when() -> None:
    """However the bytes of a chunk are cut on their way."""
    parts = [b"data: 1\n\n", b"data: \xf0\x9f|||\x8c\x8d\n\n", b"data: 3\n\n"]
    whole = [part.replace(b"|||", b"") for part in parts]
    sent = b"|||".join(b"%x\r\n%b\r\n" % (len(each), part) for each, part in zip(whole, parts, strict=True))
    with serving(Peer(CHUNKED + b"|||" + sent + b"|||0\r\n\r\n", pause=0.03)) as target:
        heard = ask(target)
    assert list(heard.chunks) == whole
    assert heard.chunked
    assert heard.fault is None
    assert heard.times[0] < heard.times[1] < heard.times[2]
    assert heard.times[2] - heard.times[0] > 0.05


def test_a_connection_is_kept_from_question_to_question() -> None:
    peer = Peer(JSON, JSON, JSON)
    with serving(peer) as target:
        asker = Asker(target)
        for _ in range(3):
            assert asker.ask("GET", "/", {}, None, seconds=5).chunks == (b"{}",)
        asker.close()
    assert peer.connections == 1


def test_a_kept_connection_that_was_closed_is_replaced() -> None:
    peer = Peer(JSON, None, JSON)
    with serving(peer) as target:
        asker = Asker(target)
        asker.ask("GET", "/", {}, None, seconds=5)
        assert asker.ask("GET", "/", {}, None, seconds=5).status == 200
        asker.close()
    assert peer.connections == 2


def test_a_connection_closed_without_an_answer_is_a_fault() -> None:
    with serving(Peer(None, None)) as target:
        heard = ask(target)
    assert heard.status == 0
    assert heard.fault is not None
    assert "without an answer" in heard.fault


@pytest.mark.parametrize(
    "reply",
    [
        CHUNKED + chunk(b"data: 1\n\n"),
        CHUNKED + b"ff\r\ndata: 1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}",
    ],
    ids=["no last chunk", "half a chunk", "too short"],
)
def test_an_answer_that_is_cut_short_is_a_fault_and_what_came_is_kept(reply: bytes) -> None:
    with serving(Peer(reply, close=True)) as target:
        heard = ask(target)
    assert heard.status == 200
    assert heard.fault is not None
    assert "cut short" in heard.fault
    assert b"".join(heard.chunks)


def test_an_answer_that_is_no_http_is_a_fault() -> None:
    with serving(Peer(b"SSH-2.0-OpenSSH_9.6\r\n", close=True)) as target:
        heard = ask(target)
    assert heard.fault is not None
    assert "no HTTP" in heard.fault


def test_nothing_is_waited_for_longer_than_allowed() -> None:
    with serving(Peer(b"|||", pause=0.8)) as target:
        began = time.monotonic()
        with pytest.raises(TooSlow, match=r"0\.2 s"):
            ask(target, seconds=0.2)
        assert time.monotonic() - began < 0.6


def test_a_stream_that_drips_on_is_left_at_the_deadline() -> None:
    """The time is that of the whole answer, not of each read."""
    drip = b"|||".join([CHUNKED, *[chunk(b":\n\n")] * 40])
    with serving(Peer(drip, pause=0.05)) as target:
        began = time.monotonic()
        heard = ask(target, seconds=0.3)
        assert 0.25 < time.monotonic() - began < 0.8
    assert heard.fault is not None
    assert "not complete after 0.3 s" in heard.fault
    assert heard.chunks


def test_a_stream_is_left_after_the_events_asked_for() -> None:
    peer = Peer(b"|||".join([CHUNKED, *[chunk(b"data: 1\n\n")] * 30]), pause=0.02)
    with serving(peer) as target:
        heard = ask(target, leave_after=2)
        assert peer.client_left.wait(3)
    assert heard.left
    assert heard.fault is None
    assert len(heard.chunks) == 2


def test_a_refused_connection_says_where() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    with pytest.raises(NotReached, match=f"connection to 127.0.0.1:{port} refused"):
        ask(Target("http", "127.0.0.1", port))


def test_a_server_without_tls_says_so() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(1000)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    with pytest.raises(NotReached, match="TLS failed"):
        ask(Target("https", "127.0.0.1", listener.getsockname()[1]))
    thread.join()
    listener.close()


def test_a_large_body_refused_before_its_end_is_still_answered() -> None:
    """The server answers and closes without reading it all."""
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        sock, _ = listener.accept()
        sock.recv(1000)
        sock.sendall(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
        sock.close()

    thread = threading.Thread(target=refuse, daemon=True)
    thread.start()
    target = Target("http", "127.0.0.1", listener.getsockname()[1])
    heard = ask(target, body=b"x" * 20_000_000)
    thread.join()
    listener.close()
    assert heard.status == 413


def test_a_proxy_is_asked_for_a_tunnel_to_a_server_with_tls() -> None:
    peer = Peer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    with serving(peer) as proxy, pytest.raises(NotReached, match="403 Forbidden"):
        ask(Target("https", "tgi.example", 443, proxy=(proxy.host, proxy.port)))
    assert peer.requests[0].startswith(b"CONNECT tgi.example:443 HTTP/1.")


def test_no_more_than_so_much_of_an_answer_is_read() -> None:
    size = LARGEST + 1_000_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    with serving(Peer(head + b"x" * size)) as target:
        heard = ask(target)
    assert heard.fault == f"the answer is larger than {LARGEST} bytes"
    assert sum(map(len, heard.chunks)) <= LARGEST


def test_a_proxy_is_asked_for_the_whole_url() -> None:
    peer = Peer(JSON)
    with serving(peer) as proxy:
        target = Target("http", "tgi.example", 80, "/base", proxy=(proxy.host, proxy.port))
        assert ask(target).status == 200
    assert peer.requests[0].startswith(b"GET http://tgi.example/base/info HTTP/1.1\r\n")
    assert b"\r\nHost: tgi.example\r\n" in peer.requests[0]
