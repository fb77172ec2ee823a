"""Tokens come when they are due: streams, whole answers, headers and metrics tell one story."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, cast

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.arguments import read_arguments
from fake_tgi.clock import VirtualClock
from fake_tgi.delays import Delays
from fake_tgi.headers import Timings, generation_headers
from fake_tgi.settings import Settings
from fake_tgi.timing import LogNormal, Normal

from ..fake.asking import Reply, ask_async


def fake(**settings: Any) -> Application:
    return create_app(Settings(ignore_eos=True, clock="virtual", **settings))


def watched(app: Application, seen: Callable[[], object]) -> Application:
    """`app`, but `seen` is called just before each piece of a body is sent."""

    async def asked(scope: Any, receive: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            if message.get("body"):
                seen()
            await send(message)

        await app(scope, receive, watch)

    return cast(Application, asked)


async def timed(
    app: Application, path: str, body: dict[str, Any], *, after: float = 0.0
) -> tuple[Reply, list[float]]:
    """The answer, and when each of its chunks came on the app's clock."""
    clock = app.state.clock
    assert isinstance(clock, VirtualClock)
    if after:
        waiter = asyncio.get_running_loop().create_future()
        clock.call_later(asyncio.get_running_loop(), after, waiter.set_result, None)
        await waiter
    times: list[float] = []
    reply = await ask_async(watched(app, lambda: times.append(clock())), "POST", path, body)
    return reply, times


def generate(tokens: int = 5, inputs: str = "one two three", **parameters: Any) -> dict[str, Any]:
    return {"inputs": inputs, "parameters": {"max_new_tokens": tokens, **parameters}}


def test_a_minute_of_silence_takes_no_time_on_a_virtual_clock() -> None:
    app = fake(time_to_first_token="60s", inter_token_latency="1s")
    began = time.monotonic()
    reply, times = asyncio.run(timed(app, "/generate_stream", generate()))
    assert time.monotonic() - began < 1
    events = [at for at, chunk in zip(times, reply.chunks, strict=True) if chunk.startswith(b"data")]
    assert events == pytest.approx([60, 61, 62, 63, 64])
    # axum's comment comes after each 15 s of silence
    assert [at for at, chunk in zip(times, reply.chunks, strict=True) if chunk == b":\n\n"] == [15, 30, 45]


def test_the_prompt_costs_time_for_each_of_its_tokens() -> None:
    app = fake(time_to_first_token="1s", prefill_time_per_token="100ms")
    reply, times = asyncio.run(timed(app, "/generate_stream", generate(1, details=True)))
    prompt_tokens = len(app.state.tokenizer.encode("one two three"))
    assert reply.events[-1]["details"]["generated_tokens"] == 1
    assert times == pytest.approx([1 + prompt_tokens * 0.1])


def test_a_whole_answer_comes_when_its_last_token_is_due_and_its_headers_say_so() -> None:
    app = fake(time_to_first_token="2s", inter_token_latency="500ms")
    reply, times = asyncio.run(timed(app, "/generate", generate(5)))
    assert times == pytest.approx([4.0])
    assert reply.headers["x-total-time"] == reply.headers["x-inference-time"] == "4000"
    assert reply.headers["x-queue-time"] == "0"
    assert reply.headers["x-time-per-token"] == "800"
    assert float(reply.headers["x-compute-time"]) == pytest.approx(4.0)


def test_headers_tell_whole_milliseconds_however_seconds_are_rounded() -> None:
    """1.001 * 1000 is a little less than 1001; the router's clock counts nanoseconds."""
    spent = Timings(1.001, 0.0, 0.0, 1.001, 3, 1)
    told = dict(generation_headers(b"cpu", 5, (spent,)))
    assert (told[b"x-total-time"], told[b"x-inference-time"]) == (b"1001", b"1001")
    assert told[b"x-compute-time"] == b"1.001000000"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}),
        ("/v1/completions", {"prompt": "hi", "max_tokens": 3}),
        ("/", {"inputs": "hi", "parameters": {"max_new_tokens": 3}}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_every_generating_route_takes_its_time(path: str, body: dict[str, Any], stream: bool) -> None:
    app = fake(time_to_first_token="1s", inter_token_latency="1s")
    _, times = asyncio.run(timed(app, path, {**body, "stream": stream}))
    assert times[-1] == pytest.approx(3.0)
    assert len(times) >= (3 if stream else 1)


def test_several_prompts_and_several_answers_run_at_once() -> None:
    app = fake(time_to_first_token="1s", inter_token_latency="1s")

    async def main() -> list[float]:
        lasts = []
        for path, body in (
            ("/generate", generate(3, best_of=2, do_sample=True)),
            ("/v1/completions", {"prompt": ["a", "b", "c"], "max_tokens": 3}),
            ("/v1/completions", {"prompt": ["a", "b", "c"], "max_tokens": 3, "stream": True}),
        ):
            began = app.state.clock()
            _, times = await timed(app, path, body)
            lasts.append(times[-1] - began)
        return lasts

    assert asyncio.run(main()) == pytest.approx([3.0, 3.0, 3.0])


def metrics(app: Application) -> dict[str, float]:
    return values(asyncio.run(ask_async(app, "GET", "/metrics")))


def values(reply: Reply) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in reply.text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_the_metrics_tell_the_same_times() -> None:
    app = fake(time_to_first_token="2s", inter_token_latency="500ms")
    asyncio.run(timed(app, "/generate", generate(5)))
    asyncio.run(timed(app, "/generate_stream", generate(5, inputs="another")))
    read = metrics(app)
    assert read["tgi_request_duration_sum"] == pytest.approx(8.0)
    assert read["tgi_request_inference_duration_sum"] == pytest.approx(8.0)
    assert read['tgi_batch_inference_duration_sum{method="prefill"}'] == pytest.approx(4.0)
    assert read['tgi_batch_inference_duration_sum{method="decode"}'] == pytest.approx(4.0)
    assert read['tgi_batch_inference_duration_count{method="decode"}'] == 8
    assert read["tgi_batch_current_size"] == 0


def test_a_running_generation_counts_as_running_until_its_last_token() -> None:
    app = fake(time_to_first_token="10s")

    async def main() -> float:
        task = asyncio.ensure_future(timed(app, "/generate", generate(1)))
        await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        running = float(app.state.metrics.running)
        await task
        return running

    assert asyncio.run(main()) == 1
    assert app.state.metrics.running == 0


def stream_times(app: Application, *inputs: str) -> list[list[float]]:
    async def main() -> list[list[float]]:
        made = [timed(app, "/generate_stream", generate(6, inputs=one)) for one in inputs]
        return [times for _, times in await asyncio.gather(*made)]

    return asyncio.run(main())


def test_the_same_seed_draws_the_same_times_whatever_else_is_asked() -> None:
    def times(seed: int, *inputs: str) -> list[list[float]]:
        drawn = {"time_to_first_token": "lognormal(1s,0.5)", "inter_token_latency": "normal(1s,200ms)"}
        return stream_times(fake(seed=seed, **drawn), *inputs)

    [alone] = times(1, "a")
    crowd = times(1, "b", "c", "a", "d")
    assert crowd[2] == alone
    assert len({tuple(one) for one in crowd}) == 4
    assert times(2, "a") != [alone]


def test_asking_again_draws_other_times() -> None:
    app = fake(inter_token_latency="normal(1s,200ms)")

    async def main() -> list[list[float]]:
        gaps = []
        for _ in range(2):
            began = app.state.clock()
            _, times = await timed(app, "/generate_stream", generate(6))
            gaps.append([at - began for at in times])
        return gaps

    first, second = asyncio.run(main())
    assert first != pytest.approx(second)


def test_a_full_house_is_slower_by_the_load_factor() -> None:
    rules = {"inter_token_latency": "1s", "load_factor": 3.0, "max_concurrent_requests": 5}
    [alone] = stream_times(fake(**rules), "a")
    crowd = stream_times(fake(**rules), "a", "b", "c", "d", "e")
    assert alone[-1] == pytest.approx(5.0)
    # the first began alone, the last in a full house
    assert crowd[0][-1] == pytest.approx(13.0)
    assert crowd[-1][-1] == pytest.approx(15.0)


def test_in_a_simulated_batch_the_queue_shows_in_headers_and_metrics() -> None:
    app = fake(
        time_to_first_token="1s",
        inter_token_latency="1s",
        simulate_batching=True,
        max_total_tokens=100,
        max_batch_prefill_tokens=100,
        max_batch_total_tokens=100,
    )

    async def main() -> list[Reply]:
        body = generate(60, inputs="first")
        late = timed(app, "/generate", generate(60, inputs="second"), after=0.5)
        return [reply for reply, _ in await asyncio.gather(timed(app, "/generate", body), late)]

    first, second = asyncio.run(main())
    assert (first.headers["x-queue-time"], first.headers["x-inference-time"]) == ("0", "60000")
    assert int(second.headers["x-queue-time"]) == pytest.approx(59_500, abs=2)
    assert int(second.headers["x-inference-time"]) == pytest.approx(60_000, abs=2)
    read = metrics(app)
    assert read["tgi_request_queue_duration_sum"] == pytest.approx(59.5)
    assert read["tgi_request_inference_duration_sum"] == pytest.approx(120.0)


def test_a_command_line_says_how_long_others_wait_for_a_batch_without_chunking() -> None:
    words = ["--clock=virtual", "--ignore-eos", "--inter-token-latency=1s", "--simulate-batching"]
    words += ["--waiting-served-ratio=5", "--max-waiting-tokens"]

    def queued(*more: str) -> float:
        app = create_app(read_arguments([*words, *more], {}).settings)

        async def main() -> Reply:
            first = timed(app, "/generate", generate(60, inputs="first"))
            late = timed(app, "/generate", generate(5, inputs="second"), after=0.5)
            (_, _), (reply, _) = await asyncio.gather(first, late)
            return reply

        return int(asyncio.run(main()).headers["x-queue-time"]) / 1000

    assert queued("10") == queued("30") == pytest.approx(0.5, abs=0.01)
    # the prefill, which takes no time here, counts as a token waited
    assert queued("10", "--support-chunking=false") == pytest.approx(8.5, abs=0.01)
    assert queued("30", "--support-chunking=false") == pytest.approx(28.5, abs=0.01)


def test_in_a_simulated_batch_the_metrics_tell_who_waits_and_who_runs() -> None:
    """While two run and a third waits; and at the end: each step is one call, whoever shares it."""
    app = fake(
        time_to_first_token="1s",
        inter_token_latency="1s",
        simulate_batching=True,
        max_total_tokens=100,
        max_batch_prefill_tokens=100,
        max_batch_total_tokens=100,
    )

    async def looked() -> dict[str, float]:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        app.state.clock.call_later(loop, 5.5, waiter.set_result, None)
        await waiter
        return values(await ask_async(app, "GET", "/metrics"))

    async def main() -> tuple[dict[str, float], list[Reply]]:
        asked = [
            timed(app, "/generate", generate(40, inputs=name), after=after)
            for name, after in (("first", 0.0), ("second", 0.5), ("third", 0.7))
        ]
        during, *answers = await asyncio.gather(looked(), *asked)
        return during, [reply for reply, _ in answers]

    during, (first, second, third) = asyncio.run(main())
    assert (during["tgi_queue_size"], during["tgi_batch_current_size"]) == (1, 2)
    tokens = sum(int(reply.headers["x-prompt-tokens"]) + 40 for reply in (first, second))
    assert during["tgi_batch_current_max_tokens"] == tokens

    read = metrics(app)
    assert (read["tgi_queue_size"], read["tgi_batch_current_size"]) == (0, 0)
    inference = [int(reply.headers["x-inference-time"]) for reply in (first, second, third)]
    queued = [int(reply.headers["x-queue-time"]) for reply in (first, second, third)]
    assert read["tgi_request_queue_duration_sum"] == pytest.approx(sum(queued) / 1000, abs=0.01)
    assert read["tgi_request_inference_duration_sum"] == pytest.approx(sum(inference) / 1000, abs=0.01)
    assert read['tgi_batch_inference_count{method="prefill"}'] == 3
    assert read['tgi_batch_inference_count{method="decode"}'] < 3 * 39
    spent = read['tgi_batch_inference_duration_sum{method="prefill"}']
    spent += read['tgi_batch_inference_duration_sum{method="decode"}']
    # the model worked from the first call to the last answer, without a pause
    assert spent == pytest.approx((queued[2] + inference[2]) / 1000 + 0.7, abs=0.01)
    assert (read["tgi_batch_next_size_count"], read["tgi_batch_next_size_sum"]) == (3, 3)
    assert read['tgi_batch_concat{reason="chunking"}'] == 2


def test_best_of_shares_the_simulated_batch() -> None:
    app = fake(time_to_first_token="1s", inter_token_latency="1s", simulate_batching=True)
    _, [at] = asyncio.run(timed(app, "/generate", generate(3, best_of=2, do_sample=True)))
    # two prefills, the second of which gives the first answer a token as well
    assert 3.0 <= at <= 5.0


def test_a_client_that_leaves_frees_its_place_and_books_what_was_made() -> None:
    app = fake(time_to_first_token="1s", inter_token_latency="1s", simulate_batching=True)

    async def main() -> None:
        events, three_came = 0, asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal events
            if events == 0:
                events = 1
                return {"type": "http.request", "body": b'{"inputs":"x","parameters":{"max_new_tokens":9}}'}
            await three_came.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal events
            events += bool(message.get("body"))
            if events == 4:
                three_came.set()

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/generate_stream", "headers": headers}
        await app({**scope, "query_string": b""}, receive, send)

    asyncio.run(main())
    assert app.state.infer.delays is not None
    assert app.state.infer.delays.scheduler is not None
    assert app.state.infer.delays.scheduler.running == 0
    assert app.state.permits.free == app.state.permits.total
    assert app.state.metrics.failures == {"dropped": 1}
    assert app.state.metrics.running == 0
    assert 3 <= app.state.metrics.skipped_tokens < 9


def test_gaps_are_kept_on_average_however_late_each_token_is() -> None:
    """A clock that runs on while tokens are written: deadlines do not move with it."""
    delays = Delays(inter_token_latency=1.0)
    app = create_app(Settings(ignore_eos=True), clock=(clock := VirtualClock()))
    app.state.infer.delays = delays
    late = iter(range(1, 100))

    async def main() -> list[float]:
        times: list[float] = []

        def slow() -> None:
            times.append(clock())
            clock._now += 0.3 if next(late) % 2 else 0.0

        await ask_async(watched(app, slow), "POST", "/generate_stream", generate(9))
        return times

    assert asyncio.run(main()) == pytest.approx(list(range(9)), abs=1e-9)


def test_what_takes_no_time_waits_for_nothing() -> None:
    assert create_app(Settings(load_factor=2.0)).state.infer.delays is None
    assert create_app(Settings()).state.infer.delays is None


def test_long_answers_pay_for_each_prefill_as_the_router_schedules_them() -> None:
    app = fake(time_to_first_token="100s", inter_token_latency="1s")
    _, times = asyncio.run(timed(app, "/generate_stream", generate(1500)))
    tokens = [at for at in times if at >= 100 and at != 0]
    gaps = [after - before for before, after in pairwise(tokens)]
    assert max(gaps) >= 15
    assert times[-1] > 100 + 1023 + 100


def test_delays_take_numbers_and_distributions() -> None:
    delays = Delays(LogNormal(0.5, 0.1), 0.02, prefill_time_per_token=Normal(0.001, 0.0001))
    assert delays.latencies.inter_token_latency.fixed == 0.02
