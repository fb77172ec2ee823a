"""The stream object: read, accumulated, closed, cancelled."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from text_generation import AsyncClient, AsyncStream, Client, Stream, errors
from text_generation._folding import GENERATION
from text_generation._streams import StreamReader

from .faces import Sync
from .raw_server import END, RawServer, chunk, response, stream_head
from .wire import answer, chat_event, completion_event, event, events, sse, stream, token

USER = [{"role": "user", "content": "hi"}]


def _blocked(*before: bytes) -> list[Any]:
    return [stream_head() + b"".join(chunk(piece) for piece in before), threading.Event()]


def test_the_result_of_a_generation_is_the_whole_answer(face: Any, server: RawServer) -> None:
    """Text, details, tokens and top tokens, as without streaming."""
    first, last = events("ab")
    first["top_tokens"], last["top_tokens"] = [token("a"), token("b")], [token("b")]
    server.scripts += [[stream(first, last)]]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    assert isinstance(made, Stream if face.name == "sync" else AsyncStream)
    found = face.result(made)
    assert found.generated_text == "ab"
    assert [t.text for t in found.details.tokens] == ["a", "b"]
    assert [[t.text for t in top] for top in found.details.top_tokens] == [["a", "b"], ["b"]]
    assert found.details.finish_reason == "length"
    assert found.meta is made.meta
    assert (found.meta.prompt_tokens, found.meta.generated_tokens) == (3, 2)


def test_the_result_of_a_chat_is_the_whole_answer(face: Any, server: RawServer) -> None:
    """Content, tool calls in pieces, usage, logprobs."""

    def call(name: str | None, arguments: str) -> dict[str, Any]:
        function = {"name": name, "arguments": arguments}
        return {"tool_calls": [{"index": 0, "id": "0", "type": "function", "function": function}]}

    usage = {
        **chat_event(),
        "choices": [],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }
    pieces = [chat_event(**call("f", "{")), chat_event(**call(None, '"a":1')), chat_event(**call(None, "}"))]
    spoken = [chat_event("He"), chat_event("llo", "stop")]
    spoken[0]["choices"][0]["logprobs"] = {"content": [{"token": "He", "logprob": -0.1, "top_logprobs": []}]}
    server.scripts += [[stream(*pieces, usage, b"[DONE]")], [stream(*spoken, b"[DONE]")]]
    client = face.client(server.url)
    found = face.result(face.stream(client, "chat", USER, stream=True))
    assert found.choices[0].message.content is None
    assert found.choices[0].message.tool_calls[0].function.parsed == {"a": 1}
    assert (found.usage["total_tokens"], found.meta.generated_tokens) == (3, 2)
    made = face.stream(client, "chat", USER, stream=True)
    found = face.result(made)
    assert found.choices[0].message.content == made.text == "Hello"
    assert found.choices[0].finish_reason == "stop"
    assert found.choices[0].logprobs["content"][0]["token"] == "He"


def test_several_prompts_have_their_own_choices(face: Any, server: RawServer) -> None:
    """Round-robin pieces are sorted out, and all of them must be finished."""
    pieces = [completion_event("a0"), completion_event("b0", index=1), completion_event("a1", "length")]
    last = completion_event("b1", "stop_sequence", index=1)
    server.scripts += [[stream(*pieces, last)], [stream(*pieces)]]
    client = face.client(server.url)
    found = face.result(face.stream(client, "completion", ["a", "b"], stream=True))
    assert [(c.index, c.text, c.finish_reason) for c in found.choices] == [
        (0, "a0a1", "length"),
        (1, "b0b1", "stop_sequence"),
    ]
    assert found.usage["total_tokens"] == 10
    with pytest.raises(errors.IncompleteGenerationError):
        face.result(face.stream(client, "completion", ["a", "b"], stream=True))


def test_a_tool_stream_without_a_finish_reason_is_whole(face: Any, server: RawServer) -> None:
    """TGI normally sends none in that case; `[DONE]` says that nothing is missing."""
    server.scripts += [[stream(chat_event("x"), b"[DONE]")], [stream(b"[DONE]")], [stream(chat_event("x"))]]
    client = face.client(server.url)
    assert face.collect(face.stream(client, "chat", USER, stream=True))[1] is None
    assert face.collect(face.stream(client, "chat", USER, stream=True)) == ([], None)
    _, error = face.collect(face.stream(client, "chat", USER, stream=True))
    assert isinstance(error, errors.IncompleteGenerationError)


def test_nothing_after_the_end_counts(face: Any, server: RawServer) -> None:
    """Neither events after the final one nor a broken end of the coding."""
    body = b"".join(sse(value) for value in [*events("ab"), event("c"), b"nonsense"])
    server.scripts += [[stream_head() + chunk(body), 0.02, b"zz\r\n"]]
    items, error = face.collect(face.stream(face.client(server.url), "generate_stream", "hi"))
    assert ([item.token.text for item in items], error) == (["a", "b"], None)


def test_tokens_before_an_error_are_delivered_first(face: Any, server: RawServer) -> None:
    """Even when they come in the same network chunk."""
    failed = {"error": "Request failed during generation: x", "error_type": "generation"}
    server.scripts += [[stream_head() + chunk(sse(event("a")) + sse(event("b")) + sse(failed)) + END]]
    items, error = face.collect(face.stream(face.client(server.url), "generate_stream", "hi"))
    assert [item.token.text for item in items] == ["a", "b"]
    assert type(error) is errors.GenerationError
    assert (error.status, error.error_type, error.partial.text) == (200, "generation", "ab")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("indices", "good"),
    [
        ([1, 2, 2, 3], 2),
        ([1, 1, 2, 3], 2),
        ([1, 3, 2, 4], 1),
        ([2, 1, 3, 4], 1),
        ([1, 2, 4, 5], 2),
        ([2, 3, 4, 5], 1),
        ([0, 1, 1, 2], 2),
        ([1, 2, 0, 3], 2),
        ([7, 7, 8, 9], 2),
    ],
)
def test_what_comes_twice_late_or_never_is_no_answer(
    face: Any, server: RawServer, indices: list[int], good: int
) -> None:
    """A stream that counts has all of its events, in order: else its text is another than the server's."""
    values = [value | {"index": index} for value, index in zip(events("abcd"), indices, strict=True)]
    server.scripts += [[stream(*values)]]
    made = face.stream(face.client(server.url, retries=1), "generate_stream", "hi")
    items, error = face.collect(made)
    assert [item.token.text for item in items] == list("abcd"[:good])
    assert type(error) is errors.InvalidResponseError
    assert isinstance(error, errors.UnknownError)
    assert f"event {good + 1} has the index {indices[good]}, after {indices[good - 1]}" in str(error)
    assert (error.partial.text, error.status) == ("abcd"[:good], 200)  # type: ignore[union-attr]  # a stream has one
    assert len(server.seen) == 1
    with pytest.raises(errors.InvalidResponseError):
        face.result(made)


@pytest.mark.parametrize(
    "indices",
    [[1, 2, 3, 4], [0, 1, 2, 3], [None] * 4, [0] * 4, [1] * 4, [9] * 4, [1, None, 3, None], [None, 1, 1, 5]],
    ids=str,
)
def test_a_server_that_does_not_count_is_believed(face: Any, server: RawServer, indices: list[Any]) -> None:
    """None, or always the same index; and counting from 0 is counting, too."""
    values = [value | {"index": index} for value, index in zip(events("abcd"), indices, strict=True)]
    server.scripts += [[stream(*values)]]
    items, error = face.collect(face.stream(face.client(server.url), "generate_stream", "hi"))
    assert ("".join(item.token.text for item in items), error) == ("abcd", None)


def test_what_came_together_arrived_together(face: Any, server: RawServer) -> None:
    """Also when it is read and handed out a few items at a time."""
    letters = "abcdefghijklmnopqrstuvwxyz" * 4
    server.scripts += [[stream(*events(letters))]]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    assert len(face.take(made, 3)) == 3
    server.scripts += [[stream_head(), 0.05, b"".join(chunk(sse(value)) for value in events(letters)) + END]]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    assert len(face.collect(made)[0]) == len(letters)
    gaps = made.meta.gaps
    assert len(gaps) == len(letters) - 1
    assert sum(gap > 0 for gap in gaps) < 5  # as many pieces as the socket made of it
    assert made.text == letters


def test_few_of_the_events_that_have_arrived_are_objects() -> None:
    """An open stream keeps the others as bytes, which take a seventh of the memory."""
    reader = StreamReader(GENERATION)
    reader.feed(b"".join(sse(value) for value in events("abcdefghij" * 20)))
    sizes = []
    while items := reader.take():
        sizes.append(len(items))
    assert sum(sizes) == 200
    assert max(sizes) < 20


def test_a_fully_read_stream_gives_its_connection_back(face: Any, server: RawServer) -> None:
    """Also when the end of the body comes a little later than the final event."""
    body = b"".join(sse(value) for value in events("ab"))
    server.scripts += [[stream_head() + chunk(body), 0.01, END], [answer()]]
    client = face.client(server.url)
    assert face.collect(face.stream(client, "generate_stream", "hi"))[1] is None
    face.call(client, "generate", "hi")
    assert server.connections == 1


def test_a_loop_left_at_the_final_event_has_missed_nothing(face: Any, server: RawServer) -> None:
    """`if response.details: break` is a complete stream."""
    server.scripts += [[stream(*events("ab"))]]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    assert len(face.take(made, 2)) == 2
    assert face.result(made).generated_text == "ab"


def test_the_result_of_a_closed_stream_is_an_error(face: Any, server: RawServer) -> None:
    """With what had arrived; reading on ends at once, as with a closed generator."""
    server.scripts += [_blocked(sse(event("a")))]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    face.take(made, 1)
    face.close(made)
    assert made.closed
    assert face.collect(made) == ([], None)
    with pytest.raises(errors.CancelledGenerationError) as caught:
        face.result(made)
    assert caught.value.partial is not None
    assert caught.value.partial.text == "a"


def test_the_result_of_a_failed_stream_is_its_error(face: Any, server: RawServer) -> None:
    """As often as it is asked for."""
    server.scripts += [[stream(event("a"))]]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    _, error = face.collect(made)
    for _ in range(2):
        with pytest.raises(errors.IncompleteGenerationError) as caught:
            face.result(made)
        assert caught.value is error


def test_a_stream_that_was_never_read_sends_nothing(face: Any, server: RawServer) -> None:
    """Made, closed, forgotten."""
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    face.close(made)
    assert face.collect(made) == ([], None)
    assert server.seen == []
    assert made.text == ""
    assert made.items == []


def test_a_context_manager_closes_at_once(server: RawServer) -> None:
    """Sync and async."""
    server.scripts += [_blocked(sse(event("a"))), _blocked(sse(event("a")))]
    with Client(server.url).generate_stream("hi") as made:
        next(made)
    assert server.seen[0].client_left.wait(1)

    async def main() -> None:
        async with AsyncClient(server.url) as client, client.generate_stream("hi") as stream:
            await stream.__anext__()

    asyncio.run(main())
    assert server.seen[1].client_left.wait(1)


@pytest.mark.parametrize("head", [True, False], ids=["between tokens", "before the head"])
def test_another_thread_can_close_a_stream(server: RawServer, head: bool) -> None:
    """Whoever waits for the next item gets a CancelledGenerationError, and the server sees the end."""
    server.scripts += [_blocked(sse(event("a"))) if head else [threading.Event()]]
    made = Client(server.url, timeout=20).generate_stream("hi")
    threading.Timer(0.2, made.close).start()
    started = time.monotonic()
    items, error = Sync().collect(made)
    assert isinstance(error, errors.CancelledGenerationError)
    assert time.monotonic() - started < 5
    assert len(items) == int(head)
    assert error.partial is not None
    assert error.partial.items == tuple(items)
    assert server.seen[0].client_left.wait(1)


@pytest.mark.parametrize("thread", [True, False], ids=["thread", "task"])
@pytest.mark.parametrize("head", [True, False], ids=["between tokens", "before the head"])
def test_another_task_or_thread_can_cancel_an_async_stream(
    server: RawServer, thread: bool, head: bool
) -> None:
    """The same for the async stream, from its own loop and from outside."""
    server.scripts += [_blocked(sse(event("a"))) if head else [threading.Event()]]

    async def main() -> None:
        async with AsyncClient(server.url, timeout=20) as client:
            made = client.generate_stream("hi")
            if thread:
                threading.Timer(0.2, made.cancel).start()
            else:
                asyncio.get_running_loop().call_later(0.2, made.cancel)
            with pytest.raises(errors.CancelledGenerationError):
                await made.result()
            assert len(made.items) == int(head)
            await asyncio.sleep(0)  # the task itself was not cancelled

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 5
    assert server.seen[0].client_left.wait(1)


def test_two_streams_of_one_client_do_not_meet(face: Any, server: RawServer) -> None:
    """Read in turns, each over a connection of its own."""
    server.scripts += [[stream(*events("abc"))], [stream(*events("xyz"))]]
    client = face.client(server.url)
    one, two = face.stream(client, "generate_stream", "hi"), face.stream(client, "generate_stream", "hi")
    texts = []
    for _ in range(3):
        for made in (one, two):
            item = next(made) if face.name == "sync" else face.run(made.__anext__())
            texts.append(item.token.text)
    assert texts == ["a", "x", "b", "y", "c", "z"]


def test_the_meta_of_a_stream_has_its_times(face: Any, server: RawServer) -> None:
    """Time to the first token, and the gaps between tokens."""
    script: list[Any] = [stream_head(headers={"x-compute-type": "cpu"}), 0.1]
    for value in events("abc"):
        script += [chunk(sse(value)), 0.05]
    server.scripts += [[*script, END]]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    assert made.meta.time_to_first_token is None
    face.collect(made)
    meta = made.meta
    assert 0.09 < meta.time_to_first_token < 2
    assert len(meta.gaps) == 2
    assert all(0.03 < gap < 1 for gap in meta.gaps)
    assert (meta.status, meta.attempts, meta.compute_type) == (200, 1, "cpu")
    assert meta.elapsed >= 0.2
    assert "time_to_first_token" in meta.as_dict()


def test_a_stream_may_be_answered_with_no_content_type(face: Any, server: RawServer) -> None:
    """Or with another one that can hold events; a whole JSON answer is not a stream."""
    body = chunk(b"".join(sse(value) for value in events("ab"))) + END
    server.scripts += [[stream_head(None) + body], [stream_head("text/plain") + body]]
    server.scripts += [[response(200, b'{"generated_text":"x"}')]]
    client = face.client(server.url)
    assert face.collect(face.stream(client, "generate_stream", "hi"))[1] is None
    assert face.collect(face.stream(client, "generate_stream", "hi"))[1] is None
    _, error = face.collect(face.stream(client, "generate_stream", "hi"))
    assert type(error) is errors.InvalidResponseError
    assert "application/json" in str(error)


def test_compressed_answers_are_read(face: Any, server: RawServer) -> None:
    """A proxy may compress what nobody asked it to."""
    import gzip

    plain = b"".join(sse(value) for value in events("ab"))
    squeezed = gzip.compress(plain)
    pieces = b"".join(chunk(squeezed[i : i + 9]) for i in range(0, len(squeezed), 9))
    whole = answer().partition(b"\r\n\r\n")[2]
    server.scripts += [
        [stream_head(headers={"content-encoding": "gzip"}) + pieces + END],
        [response(200, gzip.compress(whole), headers={"content-encoding": "gzip"})],
    ]
    client = face.client(server.url)
    assert len(face.collect(face.stream(client, "generate_stream", "hi"))[0]) == 2
    assert face.call(client, "generate", "hi").generated_text == " Rayleigh scattering"


@pytest.mark.parametrize("kind", [Client, AsyncClient], ids=["sync", "async"])
def test_a_stream_that_is_dropped_is_closed_without_the_garbage_collector(
    server: RawServer, kind: Any
) -> None:
    """Also when it was read item by item and not in a loop."""
    import gc

    server.scripts += [_blocked(sse(event("a")))]

    async def main() -> None:
        client = kind(server.url)
        made = client.generate_stream("hi")
        await made.__anext__() if kind is AsyncClient else next(made)
        gc.disable()
        try:
            del made
            await asyncio.sleep(0.05)
            assert server.seen[0].client_left.wait(1)
        finally:
            gc.enable()
        await client.close() if kind is AsyncClient else client.close()

    asyncio.run(main())
