"""How an answer came about: status, headers, the server's own timings, and what the client measured.

All times are in seconds, whatever unit a header uses (TGI's `x-*-time` are whole milliseconds, its
`x-compute-time` is decimal seconds). What was not reported or did not happen is None.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

__all__ = ["Meta"]


class Meta:
    """Facts about one call. Nothing here is computed before it is asked for."""

    __slots__ = ("_counts", "_headers", "_started", "_times", "attempts", "elapsed", "status", "usage")

    def __init__(self) -> None:
        self._headers: Any = {}
        self._started = 0.0
        # When pieces of a stream arrived, in seconds on the monotonic clock, and how many items it had then.
        # Arrays, because a long stream has thousands.
        self._times = array("d")
        self._counts = array("L")
        self.status: int | None = None
        """HTTP status of the answer."""
        self.attempts = 0
        """How often the request was sent: 1 without retries."""
        self.elapsed: float | None = None
        """Seconds from the call to its end, waiting between attempts included; None while it runs."""
        self.usage: Mapping[str, Any] | None = None
        """Token counts of the body, where the route reports them there."""

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer, names in lower case."""
        if type(self._headers) is not dict:
            self._headers = {name.lower(): value for name, value in self._headers.items()}
        headers: dict[str, str] = self._headers
        return headers

    def _number(self, name: str, unit: float = 1.0) -> float | None:
        try:
            return float(self.headers[name]) * unit
        except (KeyError, ValueError):
            return None

    def _count(self, header: str, usage: str) -> int | None:
        number = self._number(header)
        if number is None and self.usage is not None:
            number = self.usage.get(usage)
        return None if number is None else int(number)

    @property
    def request_id(self) -> str | None:
        """`x-request-id`, which proxies add; TGI itself sends none."""
        return self.headers.get("x-request-id")

    @property
    def prompt_tokens(self) -> int | None:
        """Tokens of the prompt."""
        return self._count("x-prompt-tokens", "prompt_tokens")

    @property
    def generated_tokens(self) -> int | None:
        """Tokens the model produced."""
        return self._count("x-generated-tokens", "completion_tokens")

    @property
    def total_time(self) -> float | None:
        """Seconds the server spent in all."""
        return self._number("x-total-time", 0.001)

    @property
    def validation_time(self) -> float | None:
        """Seconds in validation."""
        return self._number("x-validation-time", 0.001)

    @property
    def queue_time(self) -> float | None:
        """Seconds waiting for a batch."""
        return self._number("x-queue-time", 0.001)

    @property
    def inference_time(self) -> float | None:
        """Seconds in the model."""
        return self._number("x-inference-time", 0.001)

    @property
    def time_per_token(self) -> float | None:
        """Seconds in the model for each token."""
        return self._number("x-time-per-token", 0.001)

    @property
    def compute_time(self) -> float | None:
        """Seconds the server spent in all, in full precision."""
        return self._number("x-compute-time")

    @property
    def compute_type(self) -> str | None:
        """The server's hardware label."""
        return self.headers.get("x-compute-type")

    @property
    def compute_characters(self) -> int | None:
        """Code points of the prompt that the model got: for chat, after the template."""
        number = self._number("x-compute-characters")
        return None if number is None else int(number)

    @property
    def network_time(self) -> float | None:
        """What the client waited beyond the server's own time."""
        server = self.compute_time if self.compute_time is not None else self.total_time
        return None if server is None or self.elapsed is None else max(0.0, self.elapsed - server)

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds from the call to the first item of its stream."""
        return self._times[0] - self._started if self._times else None

    @property
    def gaps(self) -> list[float]:
        """Seconds between the arrivals of one item and the next; 0.0 for items that arrived together."""
        gaps: list[float] = []
        last, seen = 0.0, 0
        for when, count in zip(self._times, self._counts, strict=True):
            if seen:
                gaps.append(when - last)
            gaps += [0.0] * (count - seen - 1)
            last, seen = when, count
        return gaps

    def as_dict(self) -> dict[str, Any]:
        """Everything that is known, for logs and files."""
        names = (
            "status", "attempts", "elapsed", "request_id", "prompt_tokens", "generated_tokens", "total_time",
            "validation_time", "queue_time", "inference_time", "time_per_token", "compute_time",
            "compute_type", "compute_characters", "network_time", "time_to_first_token",
        )  # fmt: skip
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}

    def __repr__(self) -> str:
        return f"Meta({', '.join(f'{name}={value!r}' for name, value in self.as_dict().items())})"
