"""Whatever TGI sends and however a network cuts it, the parser says the same."""

import pytest
from hypothesis import given
from token_stream import StreamError, TokenStream

from fake_tgi.strategies import errors, segmentations, streams


def read(pieces):
    reader = TokenStream()
    tokens = [token for piece in pieces for token in reader.feed(piece)]
    return tokens, reader.text


@given(stream=streams("/generate_stream"), cuts=segmentations())
def test_every_stream_however_it_is_cut(stream, cuts):
    _, text = read(stream.to_bytes(cuts))
    assert text == stream.generated_text


@given(stream=streams("/generate_stream", adversarial=True), cuts=segmentations(adversarial=True))
def test_the_nastiest_ones_too(stream, cuts):
    tokens, text = read(stream.to_bytes(cuts))
    assert (tokens, text) == read([b"".join(stream.to_bytes(cuts))])
    assert text == stream.generated_text


@given(failure=errors("/generate_stream", stream=True, cause="model_failure"), cuts=segmentations())
def test_a_failure_in_the_middle_is_told(failure, cuts):
    with pytest.raises(StreamError, match="Request failed during generation"):
        read(cuts.cut(failure.body))


def test_a_stream_from_a_server(fake_tgi):
    from urllib.request import Request, urlopen

    fake_tgi.on_generate().stream(["Hel", "lo", " 🌍"])
    fake_tgi.resegment(3)
    body = b'{"inputs": "Say hello"}'
    with urlopen(
        Request(f"{fake_tgi.base_url}/generate_stream", body, {"Content-Type": "application/json"})
    ) as it:
        assert read(iter(lambda: it.read(7), b"")) == (["Hel", "lo", " 🌍"], "Hello 🌍")
