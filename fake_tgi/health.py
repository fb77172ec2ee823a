"""Whether the model is well, and whether the router believes it.

Two different things: the router's flag starts true and any model error turns it false; `/health` asks the
shard while the flag is true, runs a one-token generation while it is false, and the result becomes the
flag (router/src/infer/mod.rs `health`, backends/v3/src/backend.rs:105-113).
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Health"]


class Health:
    """The router's flag over a shard that can be asked two ways.

    `ask` is the shard's own health answer; `probe` tries to generate one token. Both return success.
    """

    def __init__(self, ask: Callable[[], bool], probe: Callable[[], bool]) -> None:
        self._ask = ask
        self._probe = probe
        self.flag = True

    def failed(self) -> None:
        """A generation failed in the model."""
        self.flag = False

    def check(self) -> bool:
        """What `/health` reports; it also becomes the flag."""
        self.flag = self._ask() if self.flag else self._probe()
        return self.flag
