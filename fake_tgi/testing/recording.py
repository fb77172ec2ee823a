"""The recording of one test: played, made, made anew, or compared with what the server says today.

`none` plays what there is and never reaches another server. `once` makes what is not there yet and plays what
is; `all` makes it anew. `verify` plays it, and asks the server the same when the test is over. A recording is
written when its test is over, without secrets, whole or not at all; an answer that says the same as before
keeps its times, so that a second run changes nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..recordings.files import Recordings, read_recordings, write_file
from ..recordings.recording import Recording
from ..recordings.redaction import Redactor
from ..recordings.upstream import Upstream
from .asking_again import Noting, ask_again
from .configuration import ConfigurationError
from .drift import Drift
from .outcome import Outcome
from .taping import Tape, Taping

if TYPE_CHECKING:
    from ..app import Application
    from ..settings import Settings
    from .serving import App

__all__ = ["TestRecording"]

_CREATED: Final = re.compile(rb'("created": ?)[0-9]+')
_HOW: Final = "make it with --fake-tgi-record=once --fake-tgi-upstream=URL"


@dataclass(slots=True)
class TestRecording:
    """What is to be done for one test, and then is. Raises ConfigurationError for what cannot be done.

    `mode` is one of none, once, all, verify; `speed` is how much faster than recorded an answer comes, None
    at once; `patterns` are regular expressions of more secrets.
    """

    __test__ = False

    mode: str
    file: Path
    upstream: str | None = None
    speed: float | None = None
    patterns: tuple[str, ...] = ()
    _before: Recordings | None = field(default=None, init=False)
    _redactor: Redactor = field(init=False)
    _server: Upstream | None = field(default=None, init=False)
    _tape: Tape | None = field(default=None, init=False)
    _app: Taping | Noting | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        try:
            self._redactor = Redactor(self.patterns)
        except ValueError as error:
            raise ConfigurationError(f"fake_tgi_recording(redact=...): {error}") from None
        exists = self.file.exists()
        if exists:
            self._before = read_recordings(self.file)
            if self._before.refused and not self.makes:
                raise ConfigurationError(
                    f"the recording of this test cannot be read: {self._before.refused[0]}"
                )
        if self.mode in ("none", "verify") and not exists:
            raise ConfigurationError(f"this test has no recording yet: {self.shown}; {_HOW}")
        if self.makes or self.mode == "verify":
            if self.upstream is None:
                raise ConfigurationError(
                    f"to {'verify' if self.mode == 'verify' else 'record'}, say what server to ask: "
                    f"--fake-tgi-upstream=URL"
                )
            try:
                self._server = Upstream(self.upstream)
            except ValueError as error:
                raise ConfigurationError(f"--fake-tgi-upstream: {error}") from None

    @property
    def shown(self) -> Path:
        """The file, as somebody in the current folder calls it."""
        here = Path.cwd()
        return self.file.relative_to(here) if self.file.is_relative_to(here) else self.file

    @property
    def makes(self) -> bool:
        """Whether the test is recorded, and not played."""
        return self.mode == "all" or (self.mode == "once" and not self.file.exists())

    @property
    def reaches_out(self) -> bool:
        """Whether another server is asked."""
        return self._server is not None

    def settings(self, settings: Settings) -> Settings:
        """Those that the test's fake runs with."""
        if self.makes:
            return settings
        return replace(settings, replay=str(self.file), on_miss="fail", replay_speed=self.speed or math.inf)

    def around(self, app: Application) -> App:
        """What is to be served for the test's fake."""
        if self._server is None:
            return app
        if self.makes:
            self._tape = Tape()
            self._app = Taping(app, self._server, self._tape)
        else:
            self._app = Noting(app)
        return self._app

    def finish(self) -> Outcome:
        """The test is over: writes what was recorded, or compares."""
        if isinstance(self._app, Taping):
            self._app.close()
            return self._write()
        if isinstance(self._app, Noting):
            return self._compare()
        return Outcome()

    def _write(self) -> Outcome:
        assert self._tape is not None
        assert self._server is not None
        told: list[str] = []
        made = self._tape.recordings(self._redactor, told.append)
        if not made:
            told.append(f"{self.shown}: not written, for nothing was asked")
            return Outcome(lines=tuple(told), warnings=tuple(told))
        before = {recording.name: recording for recording in self._before.exchanges} if self._before else {}
        kept = [_steady(recording, before.get(recording.name)) for recording in made]
        write_file(self.file, kept, {"upstream": self._redactor.target(self._server.url)})
        exchanges = f"{len(kept)} exchange{'s' * (len(kept) != 1)}"
        return Outcome((*told, f"{self.shown}: {exchanges} recorded from {self._server.url}"), tuple(told))

    def _compare(self) -> Outcome:
        assert isinstance(self._app, Noting)
        assert self._before is not None
        assert self._server is not None
        asked, found = ask_again(self._app.requests, self._before.exchanges, self._server, self._redactor)
        answers = f"{asked} answer{'s' * (asked != 1)}"
        head = f"{self.shown}: {answers} compared with {self._server.url}: {_counted(found)}"
        return Outcome(
            lines=(head, *(f"  {each}" for each in found)),
            warnings=tuple(f"{self.shown}: {each}" for each in found if each.tier == "warning"),
            errors=tuple(str(each) for each in found if each.tier == "error"),
        )


def _steady(recording: Recording, before: Recording | None) -> Recording:
    """As before, where nothing but times is new: a second run leaves no trace in a diff."""
    return before if before is not None and _timeless(before) == _timeless(recording) else recording


def _timeless(recording: Recording) -> Recording:
    """Without what says when, or how long."""
    return replace(
        recording,
        at=None,
        times=(),
        headers=tuple(pair for pair in recording.headers if pair[0] != "date" and "time" not in pair[0]),
        chunks=tuple(_CREATED.sub(rb"\1", chunk) for chunk in recording.chunks),
    )


def _counted(found: Iterable[Drift]) -> str:
    tiers = [each.tier for each in found]
    told = [f"{tiers.count(tier)} {tier}" for tier in ("error", "warning", "info") if tier in tiers]
    return ", ".join(told) or "nothing has changed"
