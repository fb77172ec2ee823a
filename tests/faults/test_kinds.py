"""Every kind of fault, as a client on a socket sees it."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings

from .answers import CHAT, STREAM, WHOLE, Wire, ask

pytestmark = pytest.mark.damages_answers(reason="that is what faults do")


@pytest.fixture(scope="module")
def app() -> Application:
    return create_app(Settings(allow_fault_header=True, ignore_eos=True, api_key=None))


@pytest.fixture(scope="module")
def port(app: Application) -> Iterator[int]:
    with Server(app) as server:
        yield server.port


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A fault is no failure of the server: its log stays empty."""
    with caplog.at_level(logging.DEBUG):
        yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def right(port: int, route: tuple[str, Any]) -> Wire:
    wire = ask(port, *route, linger=0.01)
    assert (wire.status, wire.complete, wire.end) == (200, True, "open")
    return wire


@pytest.mark.parametrize("route", [STREAM, WHOLE, CHAT])
@pytest.mark.parametrize(("how", "end"), [("close", "closed"), ("reset", "reset")])
def test_cut_before_headers_gives_no_answer_at_all(port: int, route: Any, how: str, end: str) -> None:
    wire = ask(port, *route, fault=f"cut(before_headers, how={how})")
    assert (wire.status, wire.end) == (None, end)


@pytest.mark.parametrize("route", [STREAM, WHOLE, CHAT])
@pytest.mark.parametrize(("how", "end"), [("close", "closed"), ("reset", "reset")])
def test_cut_after_headers_gives_a_status_and_no_body(port: int, route: Any, how: str, end: str) -> None:
    wire = ask(port, *route, fault=f"cut(after_headers, how={how})")
    assert (wire.status, wire.chunks in ([], [b""]), wire.complete, wire.end) == (200, True, False, end)


@pytest.mark.parametrize("route", [STREAM, CHAT])
@pytest.mark.parametrize(("how", "end"), [("close", "closed"), ("reset", "reset")])
def test_cut_after_tokens_gives_just_these(port: int, route: Any, how: str, end: str) -> None:
    wire = ask(port, *route, fault=f"cut(tokens=3, how={how})")
    assert (len(wire.events), wire.complete, wire.end) == (3, False, end)
    assert b'"generated_text":"' not in wire.body


def test_cut_in_an_event_leaves_a_part_of_it(port: int) -> None:
    whole = right(port, STREAM).chunks
    wire = ask(port, *STREAM, fault="cut(in_event, tokens=2)")
    assert wire.chunks == [*whole[:2], whole[2][: len(whole[2]) // 2]]
    assert (wire.complete, wire.end) == (False, "closed")


def test_cut_in_a_whole_answer_breaks_the_promise_of_its_length(port: int) -> None:
    whole = right(port, WHOLE).body
    wire = ask(port, *WHOLE, fault="cut(in_event, tokens=0)")
    assert wire.body == whole[: len(whole) // 2]
    assert wire.headers["content-length"] == str(len(whole))
    assert (wire.complete, wire.end) == (False, "closed")


def test_cut_in_a_character_leaves_bytes_that_are_no_text(port: int) -> None:
    repeated = {"inputs": "grün", "parameters": {"max_new_tokens": 2, "return_full_text": True}}
    wire = ask(port, "/generate_stream", repeated, fault="cut(in_character, tokens=0)")
    assert wire.end == "closed"
    with pytest.raises(UnicodeDecodeError, match="unexpected end of data"):
        wire.body.decode()


@pytest.mark.parametrize("route", [STREAM, CHAT])
def test_a_stream_ends_cleanly_without_its_final_event(port: int, route: Any) -> None:
    whole, wire = right(port, route), ask(port, *route, fault="end_early")
    assert (wire.complete, wire.end) == (True, "open")
    assert len(wire.chunks) == 5
    assert route is CHAT or wire.chunks == whole.chunks[:5]


def test_a_stream_ends_cleanly_after_some_tokens(port: int) -> None:
    assert ask(port, *STREAM, fault="end_early(2)").chunks == right(port, STREAM).chunks[:2]


@pytest.mark.parametrize(("fault", "least"), [("stall(200ms)", 0.2), ("stall(200ms, tokens=2)", 0.2)])
@pytest.mark.parametrize("route", [STREAM, CHAT])
def test_a_stall_changes_nothing_but_the_time(port: int, route: Any, fault: str, least: float) -> None:
    whole, wire = right(port, route), ask(port, *route, fault=fault)
    assert len(wire.chunks) == len(whole.chunks)
    assert least <= wire.seconds < least + 1


@pytest.mark.parametrize("route", [STREAM, WHOLE])
def test_a_drip_sends_the_same_bytes_slowly(port: int, route: Any) -> None:
    whole, wire = right(port, route), ask(port, *route, fault="drip(20, 2ms)")
    assert wire.body == whole.body
    assert wire.seconds >= (len(whole.body) // 20 - 1) * 0.002


@pytest.mark.parametrize("size", [1, 7, 100, 100_000])
def test_resegmented_streams_have_the_same_bytes_in_other_chunks(port: int, size: int) -> None:
    whole, wire = right(port, STREAM), ask(port, *STREAM, fault=f"resegment({size})")
    assert wire.body == whole.body
    assert {len(chunk) for chunk in wire.chunks[:-1]} <= {size}


def test_resegmented_whole_answers_are_what_they_were(port: int) -> None:
    assert ask(port, *WHOLE, fault="resegment(3|1)").body == right(port, WHOLE).body


def test_damaged_json_is_no_json(port: int) -> None:
    for route in (STREAM, WHOLE):
        for how in ("no_json", "short"):
            wire = ask(port, *route, fault=f"damage({how})")
            assert (wire.complete, wire.end) == (True, "open")
            data = wire.body.split(b"\n\n")[0].removeprefix(b"data: ")
            with pytest.raises(json.JSONDecodeError):
                json.loads(data)


def test_a_damaged_event_leaves_the_others_alone(port: int) -> None:
    whole, wire = right(port, STREAM).chunks, ask(port, *STREAM, fault="damage(short, event=3)").chunks
    assert wire[:2] + wire[3:] == whole[:2] + whole[3:]
    assert wire[2] != whole[2]


def test_bytes_that_are_no_utf8(port: int) -> None:
    for route in (STREAM, WHOLE):
        with pytest.raises(UnicodeDecodeError):
            ask(port, *route, fault="damage(no_utf8)").body.decode()


def test_an_event_twice_and_an_event_late(port: int) -> None:
    one, two, *rest = right(port, STREAM).chunks
    assert ask(port, *STREAM, fault="damage(twice)").chunks == [one, one, two, *rest]
    assert ask(port, *STREAM, fault="damage(late)").chunks == [two, one, *rest]


def test_an_oversized_event_says_the_same_at_length(port: int) -> None:
    whole, wire = right(port, STREAM), ask(port, *STREAM, fault="damage(oversized, size=300000)")
    assert wire.events == whole.events
    assert len(wire.chunks[0]) == 300_000
    large = ask(port, *WHOLE, fault="damage(oversized, size=300000)")
    assert json.loads(large.body) == json.loads(right(port, WHOLE).body)
    assert len(large.body) == 300_000


def test_a_wrong_content_type(port: int) -> None:
    for route in (STREAM, WHOLE):
        wire = ask(port, *route, fault="content_type(text/html)")
        assert wire.headers["content-type"] == "text/html"
        assert wire.body == right(port, route).body


@pytest.mark.parametrize("route", [STREAM, WHOLE, CHAT])
def test_gzip_that_nobody_asked_for(port: int, route: Any) -> None:
    whole, wire = right(port, route), ask(port, *route, fault="gzip")
    assert wire.headers["content-encoding"] == "gzip"
    assert len(wire.events) == len(whole.events)
    if route is not CHAT:
        assert wire.body == whole.body
    if route is not WHOLE:
        decompressor = zlib.decompressobj(wbits=31)
        first = decompressor.decompress(wire.chunks[0])
        assert first.endswith(b"\n\n"), "each event can be read when it comes"


@pytest.mark.parametrize("route", [STREAM, WHOLE])
def test_a_connection_closed_after_an_answer_that_promised_to_keep_it(port: int, route: Any) -> None:
    wire = ask(port, *route, fault="close")
    assert (wire.complete, wire.end) == (True, "closed")
    assert "connection" not in wire.headers


def test_an_error_has_its_status_and_its_words(port: int) -> None:
    wire = ask(port, *STREAM, fault='error(503, "out, for lunch", lunch)')
    assert wire.status == 503
    assert json.loads(wire.body) == {"error": "out, for lunch", "error_type": "lunch"}


def test_overload_is_said_as_the_router_says_it_on_each_route(port: int, app: Application) -> None:
    whole, stream = ask(port, *WHOLE, fault="overload"), ask(port, *STREAM, fault="overload")
    said = {"error": "Model is overloaded", "error_type": "overloaded"}
    assert (whole.status, json.loads(whole.body)) == (429, said)
    assert (stream.status, stream.events) == (200, [said])
    assert "retry-after" not in whole.headers
    assert [event.faults for event in list(app.state.journal)[-2:]] == [("overload",)] * 2
    assert app.state.permits.free == app.state.permits.total
    assert right(port, WHOLE).status == 200


def test_overload_with_retry_after_is_a_gateways(port: int) -> None:
    for route in (WHOLE, STREAM, CHAT):
        wire = ask(port, *route, fault="overload(retry_after=2s)")
        assert (wire.status, wire.headers["retry-after"]) == (429, "2")


def test_a_proxy_answers_with_a_page(port: int) -> None:
    wire = ask(port, *WHOLE, fault="proxy_page(502)")
    assert (wire.status, wire.headers["content-type"]) == (502, "text/html")
    assert b"<h1>502 Bad Gateway</h1>" in wire.body


def test_a_server_that_loads_says_so(port: int) -> None:
    wire = ask(port, *WHOLE, fault="loading(20s)")
    assert wire.status == 503
    assert json.loads(wire.body)["error"].endswith("is currently loading")
    assert 0 < json.loads(wire.body)["estimated_time"] <= 20


def test_faults_compose_in_their_order(port: int) -> None:
    wire = ask(port, *STREAM, fault="damage(twice); stall(100ms, tokens=1); cut(tokens=3)")
    one, two, *_ = right(port, STREAM).chunks
    assert wire.chunks == [one, one, two]
    assert (wire.end, wire.seconds >= 0.1) == ("closed", True)


def test_a_cut_error_is_cut(port: int) -> None:
    wire = ask(port, *WHOLE, fault="error(500); cut(in_event, tokens=0)")
    assert (wire.status, wire.complete, wire.end) == (500, False, "closed")


def test_the_journal_names_the_faults_and_the_end(port: int, app: Application) -> None:
    ask(port, *STREAM, fault="stall(1ms); cut(tokens=2)")
    event = list(app.state.journal)[-1]
    assert event.faults == ("stall(seconds=1ms)", "cut(tokens=2)")
    assert event.ended == "cut by a fault"
    assert len(event.events) == 2


def test_a_fault_that_finds_nothing_to_do_is_not_told(port: int, app: Application) -> None:
    ask(port, *STREAM, fault="cut(tokens=1000); damage(event=1000)")
    event = list(app.state.journal)[-1]
    assert (event.faults, event.ended) == ((), "complete")


def test_what_a_cut_stream_held_is_given_back(port: int, app: Application) -> None:
    for fault in ("cut(tokens=2)", "end_early(2)", "error(500)", "cut(before_headers)"):
        ask(port, *STREAM, fault=fault)
    assert app.state.permits.free == app.state.permits.total
    assert app.state.journal.in_flight == 0


def test_a_fault_that_cannot_be_read_is_refused_with_what_was_expected(port: int) -> None:
    wire = ask(port, *WHOLE, fault="cutt(tokens=1)")
    assert wire.status == 400
    assert "did you mean cut?" in json.loads(wire.body)["error"]
