"""Every client test runs over both clients and owns a raw server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .faces import Async, Sync
from .raw_server import RawServer


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One of the two clients."""
    made = request.param()
    yield made
    made.finish()


@pytest.fixture
def server() -> Iterator[RawServer]:
    """A server that answers what the test puts into `server.scripts`."""
    with RawServer() as made:
        yield made


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """No proxy, netrc or token of this machine takes part in a test."""
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_INFERENCE_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
