"""What is asked of the fake of a machine, by both clients, and held to what was foretold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fake_tgi.shard import Sampling, ShardRequest
from fake_tgi.strategies import ModelCall
from text_generation.errors import (
    GenerationError,
    OverloadedError,
    TextGenerationError,
    ValidationError,
)

from .driven import Driven, plain, same_tokens
from .foretelling import LIMIT, PROMPTS, Foretold, Known, spoken

__all__ = ["Asking"]


def held(got: list[Any], foretold: Foretold) -> None:
    """Tokens that a client was given are those foretold, as far as anybody said what they are."""
    if foretold.tokens is not None:
        same_tokens(got, foretold.tokens)
    if foretold.texts is not None:
        assert [token.text for token in got] == foretold.texts
    assert foretold.count in (None, len(got))


class Asking(Driven):
    """Rules that ask."""

    @rule(prompt=st.sampled_from(PROMPTS), top_n_tokens=st.sampled_from([None, 2]))
    def generate(self, prompt: str, top_n_tokens: int | None) -> None:
        seen: list[Any] = []
        for face, client in self.pairs:
            foretold = self.foretell(prompt)
            try:
                answer = face.call(
                    client, "generate", prompt, max_new_tokens=LIMIT, top_n_tokens=top_n_tokens
                )
            except TextGenerationError as error:
                self.failed(error, foretold, seen, stream=False)
                continue
            assert foretold.error is None
            details = answer.details
            assert details.generated_tokens == len(details.tokens)
            assert (details.top_tokens is not None) == (top_n_tokens is not None)
            held(details.tokens, foretold)
            assert foretold.text in (None, answer.generated_text)
            assert foretold.finish_reason in (None, details.finish_reason)
            if top_n_tokens and foretold.tokens is not None:
                for got, wanted in zip(details.top_tokens, foretold.top_tokens or [], strict=True):
                    same_tokens(got, wanted)
            seen.append((foretold, plain(answer)))
        self.agree(seen)

    @rule(prompt=st.sampled_from(PROMPTS))
    def stream(self, prompt: str) -> None:
        seen: list[Any] = []
        for face, client in self.pairs:
            foretold = self.foretell(prompt)
            items, error = face.collect(face.stream(client, "generate_stream", prompt, max_new_tokens=LIMIT))
            held([item.token for item in items], foretold)  # also those before an error
            if error is not None:
                self.failed(error, foretold, seen, stream=True)
                continue
            assert foretold.error is None
            assert [item.generated_text is None for item in items] == [True] * (len(items) - 1) + [False]
            assert foretold.text in (None, items[-1].generated_text)
            assert foretold.finish_reason in (None, items[-1].details.finish_reason)
            seen.append((foretold, [item.model_dump() for item in items]))
        self.agree(seen)

    @rule(prompt=st.sampled_from(PROMPTS), count=st.integers(1, 2))
    def leave_a_stream_early(self, prompt: str, count: int) -> None:
        for face, client in self.pairs:
            foretold = self.foretell(prompt)
            stream = face.stream(client, "generate_stream", prompt, max_new_tokens=LIMIT)
            try:
                items = face.take(stream, count)
            except TextGenerationError as error:
                self.failed(error, foretold, [], stream=True)
                continue
            finally:
                face.close(stream)
            if foretold.tokens is not None:
                same_tokens([item.token for item in items], foretold.tokens[:count])
            if foretold.texts is not None:
                assert [item.token.text for item in items] == foretold.texts[:count]

    @rule(prompt=st.sampled_from(PROMPTS), streamed=st.booleans())
    def chat(self, prompt: str, streamed: bool) -> None:
        messages = [{"role": "user", "content": prompt}]
        seen: list[Any] = []
        for face, client in self.pairs:
            foretold = self.foretell(prompt, chat=True)
            answer, error = self.chatted(face, client, messages, streamed=streamed)
            if error is not None:
                self.failed(error, foretold, seen, stream=streamed, openai=True)
                continue
            assert foretold.error is None
            [choice] = answer.choices
            assert foretold.text in (None, choice.message.content)
            count = len(foretold.tokens) if foretold.tokens is not None else foretold.count
            assert count in (None, answer.usage["completion_tokens"])
            spelled = "stop" if foretold.finish_reason == "eos_token" else foretold.finish_reason
            assert spelled in (None, choice.finish_reason)
            seen.append((foretold, plain(answer)))
        self.agree(seen)

    def chatted(self, face: Any, client: Any, messages: Any, *, streamed: bool) -> tuple[Any, Any]:
        """A chat's whole answer, or its error."""
        options = {"max_tokens": LIMIT, "temperature": 0.0}
        try:
            if not streamed:
                return face.call(client, "chat", messages, **options), None
            usage = {"include_usage": True}
            stream = face.stream(client, "chat", messages, stream=True, stream_options=usage, **options)
            return face.result(stream), None
        except TextGenerationError as error:
            return None, error

    @precondition(lambda self: not self.known.stubs)
    @rule(prompts=st.lists(st.sampled_from(PROMPTS), min_size=1, max_size=3))
    def complete(self, prompts: list[str]) -> None:
        for face, client in self.pairs:
            before = self.app.state.health.flag
            foretold = [self.foretell(prompt) for prompt in prompts] if not self.known.full else []
            try:
                answer = face.call(client, "completion", prompts, max_tokens=LIMIT, temperature=0.0)
            except OverloadedError:
                assert self.known.full
                assert self.app.state.health.flag == before
            except GenerationError as error:
                # The first failure ends it; prompts behind it may or may not have been asked.
                cause = next((each for each in foretold if each.error is not None), Foretold())
                self.failed(error, cause, [], stream=False)
                self.control("reset", {})
                self.known = Known(full=self.known.full)
            else:
                assert not self.known.full
                for choice in answer.choices:
                    wanted = foretold[choice.index]
                    assert wanted.error is None
                    assert wanted.text is None or choice.text == wanted.text

    @precondition(lambda self: self.known == Known(self.known.queue, sick=self.known.sick))
    @rule(prompt=st.sampled_from(PROMPTS), adversarial=st.booleans(), data=st.data())
    def ask_for_the_best(self, prompt: str, adversarial: bool, data: st.DataObject) -> None:
        sampled = ShardRequest(prompt, 3, LIMIT, truncate=4000, sampling=Sampling(do_sample=True, seed=7))
        two = [data.draw(spoken(sampled, adversarial=adversarial)) for _ in range(2)]
        calls = [ModelCall(sampled, made).recorded() for made in two]
        self.control("generations", {"generations": calls * 2, "replace": True})
        self.known.queue.clear()
        answers = [
            face.call(client, "generate", prompt, do_sample=True, best_of=2, max_new_tokens=LIMIT)
            for face, client in self.pairs
        ]
        assert plain(answers[0]) == plain(answers[1])
        (other,) = answers[0].details.best_of_sequences
        texts = [answers[0].generated_text, other.generated_text]
        assert sorted(texts) == sorted(made.generated_text for made in two)

    @precondition(lambda self: not self.known.stubs)  # each of these has a say before the rules
    @rule(
        wrong=st.sampled_from(
            [{"stop_sequences": ["a"] * 5}, {"top_n_tokens": 6}, {"max_new_tokens": 0}, {"truncate": 4096}]
        )
    )
    def ask_for_what_is_refused(self, wrong: dict[str, Any]) -> None:
        for face, client in self.pairs:
            for method in ("generate", "generate_stream"):
                try:
                    if method == "generate":
                        face.call(client, method, "a", **wrong)
                    else:
                        _, error = face.collect(face.stream(client, method, "a", **wrong))
                        if error is not None:
                            raise error
                except OverloadedError:
                    assert self.known.full  # which is looked at first
                except ValidationError:
                    pass
                else:
                    raise AssertionError(f"{wrong} was accepted")

    @rule()
    def check_health(self) -> None:
        for face, client in self.pairs:
            assert face.call(client, "health") == self.known.check_health()

    @rule(text=st.sampled_from(["", *PROMPTS]))
    def look_around(self, text: str) -> None:
        first, second = (face.call(client, "tokenize", text) for face, client in self.pairs)
        assert first == second
        assert [text.encode()[token.start : token.stop].decode() for token in first] == [
            token.text for token in first
        ]
        one, other = (face.call(client, "info") for face, client in self.pairs)
        assert plain(one) == plain(other)
        assert one.model_id == "test/model"
