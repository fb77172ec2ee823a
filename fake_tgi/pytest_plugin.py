"""Fixtures for test suites that talk to TGI.

Loaded by every pytest run of an environment that has this package, so it imports nothing but pytest, and
works where the server's own dependencies are missing: only a test that asks for the server needs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .server import Server
    from .tokenizer import Tokenizer

__all__ = ["fake_tgi"]


@pytest.fixture(scope="session")
def _fake_tgi_tokenizer() -> Tokenizer:
    """Read once: the one part of a server that is costly to make, and nothing can change it."""
    from .tokenizer import Tokenizer

    return Tokenizer.load()


@pytest.fixture
def fake_tgi(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A fake TGI server of this test's own, on a free port; `fake_tgi.base_url` is for the client.

    It starts with no memory of other tests, and is gone when the test ends.
    """
    try:
        from .app import create_app
        from .server import Server

        tokenizer: Tokenizer = request.getfixturevalue("_fake_tgi_tokenizer")
    except ModuleNotFoundError as error:
        raise pytest.UsageError(
            f"the fixture fake_tgi needs {error.name}: pip install 'text-generation[fake]'"
        ) from error
    with Server(create_app(tokenizer=tokenizer)) as server:
        yield server
