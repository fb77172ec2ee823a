"""What a model could have answered to a request, by the rules of TGI's shard.

Whatever the tokens are, the answer ends where `stopping` says that it ends, carries prefill, alternatives
and a seed exactly when they were asked for, and its text is that of its tokens which are not special. A
grammar is obeyed. The plain world takes its tokens and numbers from a tokenizer; the adversarial one takes
any that the wire can carry.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from ..generation import Generation, PrefillToken, Token
from ..likelihood import Likelihood
from ..shard import Grammar, Sampling, ShardRequest
from ..stopping import said, stop_tokens
from ..tokenizer import Tokenizer
from .examples import DrawError
from .schema_values import json_values, matching
from .vocabulary import Word, logprobs, odd_texts, odd_tokens, texts, words

__all__ = ["LONGEST", "generations", "shard_requests"]

T = TypeVar("T")


LONGEST: Final = 24
"""Tokens of the longest answer that ends because its limit is reached."""

_WORDS: Final = 8
_BYTES: Final = st.integers(0, 255)
_JSON_STYLES: Final[tuple[dict[str, Any], ...]] = ({"separators": (", ", ": ")}, {"separators": (",", ":")})
_ODD_JSON_STYLES: Final = (
    *_JSON_STYLES,
    {"indent": 1},
    {"separators": (" ,\t", "\n:\r\n"), "ensure_ascii": True},
)


@lru_cache(maxsize=1)
def _embedded() -> Tokenizer:
    return Tokenizer.load()


@lru_cache(maxsize=8)
def _sentences(tokenizer: Tokenizer) -> st.SearchStrategy[list[Word]]:
    return st.lists(st.sampled_from(words(tokenizer)), max_size=_WORDS)


@lru_cache(maxsize=8)
def _likelihood(tokenizer: Tokenizer) -> Likelihood:
    return Likelihood(tokenizer)


@cache
def shard_requests(*, adversarial: bool = False) -> st.SearchStrategy[ShardRequest]:
    """Requests as the router hands them to a shard: no grammar, at most a few stop sequences."""
    stops = odd_texts() if adversarial else st.sampled_from((".", "\n", " the", "blue"))
    return st.builds(
        ShardRequest,
        inputs=odd_texts(min_size=1) if adversarial else texts().map(lambda text: text or "Why"),
        input_length=st.integers(1, 2**32 - 1 if adversarial else 40),
        max_new_tokens=st.integers(1, 1024 if adversarial else LONGEST),
        truncate=st.just(2**32 - 1),
        sampling=st.builds(Sampling, do_sample=st.booleans(), seed=st.integers(0, 2**64 - 1)),
        stop_sequences=st.lists(stops, max_size=2).map(tuple),
        top_n_tokens=st.integers(0, 3),
        prefill=st.booleans(),
    )


def generations(
    request: ShardRequest | None = None, *, adversarial: bool = False, tokenizer: Tokenizer | None = None
) -> st.SearchStrategy[Generation]:
    """Complete answers of a model, never failing ones.

    `request` is what the model was asked: limit, stop sequences, sampling, grammar and what is to be
    reported are obeyed. None: any. With a plain answer ids, texts and numbers agree with `tokenizer` (None:
    the embedded one). With `adversarial` tokens may be anything: empty or huge texts, special ones in the
    middle, unknown numbers; what remains is that the answer stops by TGI's rules and that its text is that
    of its tokens. An answer reaches a limit of more than `LONGEST` tokens only if it must.

    Examples shrink to the end token alone. Raises DrawError, when drawn from, for a grammar that has
    no values or none that can be found.
    """
    if request is None:
        return _to_any_request(adversarial, tokenizer)
    return (
        _odd(request, tokenizer or _embedded()) if adversarial else _plain(request, tokenizer or _embedded())
    )


@st.composite
def _to_any_request(draw: st.DrawFn, adversarial: bool, tokenizer: Tokenizer | None) -> Generation:
    request = draw(shard_requests(adversarial=adversarial))
    generation: Generation = draw(generations(request, adversarial=adversarial, tokenizer=tokenizer))
    return generation


@st.composite
def _plain(draw: st.DrawFn, request: ShardRequest, tokenizer: Tokenizer) -> Generation:
    likelihood, grammar = _likelihood(tokenizer), request.grammar
    if grammar is not None:
        text = draw(_obedient(grammar, _JSON_STYLES))
        pairs = list(tokenizer.continuation(text)) or [(0, "")]
        ending = "end"
    else:
        pairs = [pair for word in draw(_sentences(tokenizer)) for pair in word]
        ending = draw(_ways_to_end(request))
    if ending == "stop":
        pairs += tokenizer.continuation(draw(st.sampled_from(request.stop_sequences)))
    elif ending == "limit" or (tokenizer.eos_id is None and grammar is None):
        pairs = _repeated(pairs or list(words(tokenizer)[0]), request.max_new_tokens)
    if tokenizer.eos_id is not None:
        pairs.append((tokenizer.eos_id, tokenizer.text_of(tokenizer.eos_id)))
    if not tokenizer.context_free:
        ids = [id for id, _ in pairs]
        pairs = list(zip(ids, tokenizer.texts(ids, tokenizer.anchor), strict=True))
    candidates = likelihood.tokens(pairs, draw(_BYTES))
    tokens, reason = stop_tokens(candidates, request, tokenizer.eos_ids)
    n, sampling = request.top_n_tokens, request.sampling
    return Generation(
        tokens,
        said(tokens, tokenizer),
        reason or "eos_token",
        request.input_length,
        sampling.seed if sampling.samples else None,
        likelihood.prefill(request) if request.prefill else (),
        likelihood.top_tokens(tokens, n, not sampling.samples) if n else (),
    )


@st.composite
def _odd(draw: st.DrawFn, request: ShardRequest, tokenizer: Tokenizer) -> Generation:
    grammar = request.grammar
    if grammar is not None:
        candidates = _pieces(draw, draw(_obedient(grammar, _ODD_JSON_STYLES)), tokenizer)
        ending = "end"
    else:
        ending = draw(_ways_to_end(request))
        candidates = list(draw(_ODD_LISTS if ending != "limit" else _ODD_CYCLES))
    if ending == "stop":
        candidates += _pieces(draw, draw(st.sampled_from(request.stop_sequences)), tokenizer)
    elif ending == "limit":
        candidates = _repeated(candidates, request.max_new_tokens)
    eos = min(tokenizer.eos_ids, default=0)
    text, logprob = draw(_ODD_ENDS)
    candidates.append(Token(eos, text, logprob, True))
    tokens, reason = stop_tokens(candidates, request, tokenizer.eos_ids)
    sampling = request.sampling
    return Generation(
        tokens,
        "".join(token.text for token in tokens if not token.special),
        reason or "eos_token",
        request.input_length,
        sampling.seed if sampling.samples else None,
        _odd_prefill(draw) if request.prefill else (),
        _odd_alternatives(draw, len(tokens)) if request.top_n_tokens else (),
    )


def _ways_to_end(request: ShardRequest) -> st.SearchStrategy[str]:
    if request.ignore_eos:
        return st.just("limit")
    return _endings(request.max_new_tokens <= LONGEST, bool(request.stop_sequences))


@cache
def _endings(at_limit: bool, at_stop: bool) -> st.SearchStrategy[str]:
    """How an answer may end, the simplest way first."""
    return st.sampled_from(["end", *(["limit"] if at_limit else ()), *(["stop"] if at_stop else ())])


def _repeated(items: Sequence[T], number: int) -> list[T]:
    return [items[i % len(items)] for i in range(number)]


def _pieces(draw: st.DrawFn, text: str, tokenizer: Tokenizer) -> list[Token]:
    """Tokens that say exactly `text`, cut anywhere, none of them special or an end."""
    size, gap, (first, step, logprob) = draw(_SIZES), draw(_BYTES), draw(_NUMBERING)
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    if gap:
        parts.insert(gap % (len(parts) + 1), "")
    ids = [(first + step * i) % 2**32 for i in range(len(parts))]
    last = 2**32 - 1
    return [
        Token(id if id not in tokenizer.eos_ids else last, part, logprob)
        for id, part in zip(ids, parts, strict=True)
    ]


_SIZES: Final = st.sampled_from((1, 2, 3, 7, 10_000))
_NUMBERING: Final = st.tuples(st.integers(0, 2**32 - 1), st.sampled_from((1, 0, 7919)), logprobs())
_ODD_ENDS: Final = st.tuples(st.sampled_from(("</s>", "", "}", "\n\n")), logprobs())
_ODD_LISTS: Final = st.lists(odd_tokens(), max_size=_WORDS)
_ODD_CYCLES: Final = st.lists(odd_tokens(), min_size=1, max_size=_WORDS)
_ODD_PREFILL: Final = st.lists(odd_tokens(), max_size=3)
_ODD_ALTERNATIVES: Final = st.lists(st.lists(odd_tokens(), min_size=1, max_size=3), min_size=1, max_size=3)


def _odd_prefill(draw: st.DrawFn) -> tuple[PrefillToken, ...]:
    prefill = [PrefillToken(token.id, token.text, token.logprob) for token in draw(_ODD_PREFILL)]
    return (replace(prefill[0], logprob=None), *prefill[1:]) if prefill else ()


def _odd_alternatives(draw: st.DrawFn, number: int) -> tuple[tuple[Token, ...], ...]:
    return tuple(map(tuple, _repeated(draw(_ODD_ALTERNATIVES), number)))


def _obedient(grammar: Grammar, styles: tuple[dict[str, Any], ...]) -> st.SearchStrategy[str]:
    """Texts that satisfy a grammar; for JSON written in one of `styles` (arguments of `json.dumps`)."""
    if grammar.regex is not None:
        return _texts_for(grammar.regex)
    values = _values_for(json.dumps(grammar.schema))
    return st.builds(
        lambda value, style: json.dumps(value, **{"ensure_ascii": False, **style}),
        values,
        st.sampled_from(styles),
    )


@lru_cache(maxsize=64)
def _texts_for(pattern: str) -> st.SearchStrategy[str]:
    return matching(pattern, printable=pattern.isascii())


@lru_cache(maxsize=64)
def _values_for(schema: str) -> st.SearchStrategy[Any]:
    parsed = json.loads(schema)
    functions = parsed.get("$functions") if isinstance(parsed, dict) else None
    if not isinstance(functions, dict):
        return json_values(parsed)
    # The grammar of tool calls (router specification 7.3) would also allow no function; no answer would.
    calls = [json_values(function) for function in functions.values()]
    if not calls:
        raise DrawError("there is no function to call")
    return st.one_of(calls).map(lambda call: {"function": call})
