"""Recorded exchanges, played again: byte for byte, chunk for chunk, at recorded speed, another, or at once.

A call finds the exchange with its own method, path and body: to the byte if there is one, else by value,
else by value but for what was redacted (request_key.py). Answers to the same request come in the order in
which they were recorded, then the last one again; those to a request with the same key, or none, first. An
answer that was cut when it was recorded is cut again. What surrounds a router's answer (CORS, API key) was
recorded with it and is not added.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast
from weakref import WeakSet

from ..call import Call
from ..frames import Body, Chunks, Frame, Hangup, Head, Wait
from ..hop_headers import HOP_HEADERS
from ..matching import Asked
from ..settings import Settings, SettingsError
from .files import Refused, read_recordings
from .generations import NotRecorded, RecordedGenerations
from .misses import MISS, miss
from .recording import Recording
from .request_key import RequestKey, request_key

if TYPE_CHECKING:
    from ..state import State
    from ..tokenizer import Tokenizer
    from .beyond import Beyond

__all__ = ["MISS", "OnMiss", "Replay", "replay_of"]

OnMiss = Literal["seeded", "fail", "proxy", "record"]
_PASSED_ON: Final = ("proxy", "record")

# The server sends its own; the length is that of the body.
_NOT_REPLAYED: Final = HOP_HEADERS | {"date", "content-length"}

# What a server answers without a model, and what whoever waits for it asks.
_ALWAYS_ANSWERED: Final = ("/", "/health", "/ping", "/metrics", "/docs", "/api-doc/openapi.json")


@dataclass(slots=True)
class _Track:
    recording: Recording
    key: RequestKey
    lent: bool = False
    played: bool = False


@dataclass(slots=True)
class _Index:
    exact: dict[tuple[str, str, bytes], list[_Track]] = field(default_factory=dict)
    value: dict[tuple[str, str, bytes], list[_Track]] = field(default_factory=dict)
    tracks: list[_Track] = field(default_factory=list)


class Replay:
    """Recordings that are played.

    `speed` is how much faster than recorded, above 0; infinity is at once. `on_miss` says what a call gets
    that nobody recorded: "seeded", the router's answer; "fail", 501 with the nearest recordings and why
    they are not it, and the header `x-fake-tgi-miss`; "proxy", what the real server behind the fake answers;
    "record", that, and it is recorded. `refused` are the files that could not be read.
    """

    def __init__(
        self,
        recordings: list[Recording],
        generations: RecordedGenerations,
        *,
        speed: float = 1.0,
        on_miss: OnMiss = "seeded",
        refused: tuple[Refused, ...] = (),
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed: expected a number above 0, got {speed!r}")
        self.speed = speed
        self.on_miss = on_miss
        self.refused = refused
        self.generations = generations
        self._first: tuple[float, OnMiss] = (speed, on_miss)
        self._index = _Index()
        self._others: WeakSet[Replay] = WeakSet()
        for recording in recordings:
            self.add(recording)
            for generation in recording.generations:
                generations.add(generation)

    @classmethod
    def read(
        cls, place: Path, tokenizer: Tokenizer, *, speed: float = 1.0, on_miss: OnMiss = "seeded"
    ) -> Replay:
        """Everything that a folder or a file holds. Raises FileNotFoundError."""
        found = read_recordings(place)
        generations = RecordedGenerations(tokenizer, found.generations)
        return cls(found.exchanges, generations, speed=speed, on_miss=on_miss, refused=tuple(found.refused))

    def __len__(self) -> int:
        return len(self._index.tracks)

    def __iter__(self) -> Iterator[Recording]:
        return (track.recording for track in tuple(self._index.tracks))

    def add(self, recording: Recording, *, lent: bool = False) -> None:
        """One more exchange, here and in what was made by `again`; one that is `lent` here, until `clear`."""
        if not lent:
            for other in self._others:
                other.add(recording)
        media = _header(recording.request_headers, "content-type")
        key = request_key(recording.method, recording.target, media, recording.body)
        self._keep(_Track(recording, key, lent))

    def _keep(self, track: _Track) -> None:
        key = track.key
        self._index.tracks.append(track)
        self._index.exact.setdefault((key.method, key.target, key.exact), []).append(track)
        self._index.value.setdefault((key.method, key.target, key.value), []).append(track)

    def clear(self) -> None:
        """As at the start: nothing has been played yet, and what was lent is gone."""
        self.speed, self.on_miss = self._first
        if any(track.lent for track in self._index.tracks):
            kept = [track for track in self._index.tracks if not track.lent]
            self._index = _Index()
            for track in kept:
                self._keep(track)
        for track in self._index.tracks:
            track.played = False
        self.generations.clear()

    def again(self) -> Replay:
        """The same recordings, none of which has been played; nothing is read again."""
        speed, on_miss = self._first
        other = Replay([], self.generations.again(), speed=speed, on_miss=on_miss, refused=self.refused)
        for track in self._index.tracks:
            if not track.lent:
                other._keep(_Track(track.recording, track.key))
        self._others.add(other)
        return other

    def frames(
        self, state: State, call: Call, otherwise: Callable[[], Iterator[Frame]], note: Callable[[str], None]
    ) -> Iterator[Frame]:
        """The recorded answer to `call`, or what `otherwise` gives: a stub's or the router's.

        `note` is told why, in words, when a recording answers, or the server behind the fake.
        """
        stubbed = state.stubs.answers(call)
        track = None if stubbed else self._find(call)
        if track is not None:
            track.played = True
            note(f"recording {track.recording.name}")
            return self._played(track.recording, call.received)
        if self.on_miss == "seeded" or stubbed:
            return otherwise()
        if state.beyond is not None and self.on_miss in _PASSED_ON:
            if call.unread or call.broken or len(call.body) > state.settings.payload_limit:
                return otherwise()
            return self._missed(state, call, otherwise, partial(self._pass_on, state.beyond, call, note))
        return self._missed(state, call, otherwise, partial(miss, call, self))

    def _find(self, call: Call) -> _Track | None:
        target = f"{call.path}?{call.query}" if call.query else call.path
        key = request_key(call.method, target, call.header(b"content-type"), call.body)
        index = self._index
        for found in (
            index.exact.get((key.method, key.target, key.exact)),
            index.value.get((key.method, key.target, key.value)),
        ):
            track = _best([track for track in found or () if _same_media(track.key, key)], call)
            if track is not None:
                return track
        alike = (track for track in index.tracks if track.key.alike_but_for_secrets(key))
        return _best([track for track in alike if _same_media(track.key, key)], call)

    def _played(self, recording: Recording, began: float) -> Iterator[Frame]:
        headers = tuple(
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in recording.headers
            if name not in _NOT_REPLAYED
        )
        chunks, timed = recording.chunks, recording.times and self.speed != float("inf")
        cut = recording.ended != "complete"
        if not recording.chunked:
            if timed:
                yield Wait(began + recording.times[-1] / self.speed)
            yield Head(recording.status, headers, _length(recording))
            if any(chunks):
                yield Body(b"".join(chunks))
        else:
            yield Head(recording.status, headers)
            if timed:
                for chunk, seconds in zip(chunks, recording.times, strict=True):
                    yield Wait(began + seconds / self.speed, silent=True)
                    if chunk:
                        yield Body(chunk)
            elif any(chunks):
                yield Chunks(tuple(filter(None, chunks)))
        if cut:
            yield Hangup()

    def _pass_on(self, beyond: Beyond, call: Call, note: Callable[[str], None]) -> Iterator[Frame]:
        note(f"passed on to {beyond.url}")
        return beyond.answer(call, keep=self.on_miss == "record")

    def _missed(
        self,
        state: State,
        call: Call,
        otherwise: Callable[[], Iterator[Frame]],
        unrecorded: Callable[[], Iterator[Frame]],
    ) -> Iterator[Frame]:
        """The router's answer, as long as it needs no model, or what the model said is recorded, or there is
        no room for the call; else the one for what is `unrecorded`."""
        needs_model = Asked(call).generating
        if needs_model:
            may_answer = len(self.generations) or len(state.queue) or not state.permits.free
        else:
            may_answer = not len(self) or (call.method in ("GET", "HEAD") and call.path in _ALWAYS_ANSWERED)
        if not may_answer:
            yield from unrecorded()
            return
        frames = otherwise()
        head: Head | None = None
        begun = False
        try:
            for frame in frames:
                if type(frame) is Head:
                    head = frame  # a stream's comes before anybody knows whether it can be answered
                    continue
                if head is not None and isinstance(frame, (Body, Chunks)):
                    yield head
                    head, begun = None, True
                yield frame
            if head is not None:
                yield head
        except NotRecorded:
            yield from (Hangup("reset"),) if begun else unrecorded()
        finally:
            close = getattr(frames, "close", None)
            if close is not None:
                close()


def replay_of(settings: Settings, tokenizer: Tokenizer) -> Replay:
    """What the settings say is to be replayed. Raises SettingsError."""
    if settings.replay is None:
        raise SettingsError("`on_miss` and `upstream` need a `replay`: a folder of recordings")
    if (settings.upstream is not None) != (settings.on_miss in ("proxy", "record")):
        raise SettingsError("`upstream` and `on_miss` proxy or record need one another")
    place = Path(settings.replay)
    if settings.on_miss == "record":
        if place.is_file():
            raise SettingsError(f"`replay` must be a folder to record into, got the file {place}")
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = f"`replay` must be a folder to record into, but {place}: {error.strerror}"
            raise SettingsError(said) from None
        if not os.access(place, os.W_OK | os.X_OK):
            raise SettingsError(f"`replay` must be a folder to record into, but {place} cannot be written to")
    on_miss = cast("OnMiss", settings.on_miss)
    try:
        return Replay.read(place, tokenizer, speed=float(settings.replay_speed), on_miss=on_miss)
    except FileNotFoundError as error:
        raise SettingsError(f"`replay`: {error}") from None


def _best(tracks: list[_Track], call: Call) -> _Track | None:
    """Of several, those of the same key or of none; of these, the first not played yet, or the last."""
    if not tracks:
        return None
    given = call.header(b"authorization")
    ranks = [_key_rank(_header(track.recording.request_headers, "authorization"), given) for track in tracks]
    best = min(ranks)
    fitting = [track for track, rank in zip(tracks, ranks, strict=True) if rank == best]
    return next((track for track in fitting if not track.played), fitting[-1])


def _key_rank(recorded: str | None, given: str | None) -> int:
    if recorded == given:
        return 0
    return 1 if (recorded is None) == (given is None) else 2


def _same_media(recorded: RequestKey, asked: RequestKey) -> bool:
    return not recorded.media or recorded.media == asked.media


def _length(recording: Recording) -> int:
    """What the answer says is its length: not that of its body, if it was cut or is an answer to HEAD."""
    said = _header(recording.headers, "content-length")
    has_none = recording.method == "HEAD" or recording.status in (204, 304)
    if said is not None and said.isdigit() and (has_none or recording.ended != "complete"):
        return int(said)
    return sum(map(len, recording.chunks))


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name), None)
