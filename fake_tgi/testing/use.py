"""One test's use of a fake, from what it was configured with to what is found when it is over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .checks import findings
from .configuration import Configuration, ConfigurationError, recording_mode
from .environment import environment_of
from .handle import LentFake
from .layers import COMMAND_LINE, Said
from .outcome import Outcome
from .recording_places import place_of
from .serving import TestServer

if TYPE_CHECKING:
    from .finding import Finding
    from .recording import TestRecording

__all__ = ["ConfigurationError", "FakeTGIWarning", "Said", "TestServer", "Use", "recording_of", "use_of"]

_LAST_WORDS: Final = 5.0
"""Seconds that a function may still work on an answer when the test is over, to tell what it raises."""

_CI: Final = ("CI", "CONTINUOUS_INTEGRATION", "BUILD_NUMBER")


class FakeTGIWarning(UserWarning):
    """What a recording shows of a server that has changed, and breaks nobody yet."""


@dataclass(slots=True)
class Use:
    """A fake while a test uses it. `findings` and `outcome` are there when `lent` is over."""

    server: TestServer
    configuration: Configuration
    recording: TestRecording | None = None
    fake: LentFake | None = None
    found: list[Finding] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    over: bool = False

    @contextmanager
    def lent(self, set_variable: Callable[[str, str], None]) -> Iterator[LentFake]:
        """The fake, served. `set_variable` sets what leads to it, and whoever gives it puts that back."""
        settings, recording = self.configuration.settings, self.recording
        app = self.server.fresh(settings if recording is None else recording.settings(settings))
        self.fake = fake = LentFake(app, self.server)
        served = app if recording is None else recording.around(app)
        with self.server.lent_to(served):
            for name, value in self._variables().items():
                set_variable(name, value)
            yield fake
            fake.state.stubs.runs.wait(_LAST_WORDS)
        raised = list(self.server.errors)
        if recording is not None:
            self.outcome = recording.finish()
        self.found = findings(fake, self.configuration, raised)
        self.over = True

    def told(self, *, failed_for_it: bool) -> str:
        """What is to be seen of the fake by whoever looks into a failure, at any time.

        `failed_for_it`: what was found is what the test has failed for, and is shown already.
        """
        fake = self.fake
        if fake is None:
            return ""
        from .report import calls_told, errors_told, findings_told  # only what is told pays for telling

        found = self.found if self.over else findings(fake, self.configuration, self.server.errors)
        parts: list[str] = []
        if found and not (failed_for_it and found[0].error is None):
            parts.append(findings_told(found))
        if not failed_for_it:
            parts.append(errors_told(found))
        journal = fake.state.journal
        settings = self.configuration.settings
        how = f"seed {settings.seed}" + (", strict" if settings.strict else "")
        parts.append(f"{fake.base_url} ({how}): {calls_told(list(journal), fake.base_url, journal.dropped)}")
        return "\n".join(part.rstrip("\n") for part in parts if part)

    def _variables(self) -> Mapping[str, str]:
        given = self.configuration
        if given.environment is None:
            return {}
        return environment_of(
            self.server.base_url,
            given.environment,
            os.environ,
            openai=given.openai,
            api_key=given.settings.api_key,
            real_keys=self.recording is not None and self.recording.reaches_out,
        )


def use_of(
    server: TestServer,
    configuration: Configuration,
    recording: Mapping[str, Any] | None,
    test: tuple[Path, str],
) -> Use:
    """What a test asks for. `recording` is its marker's, None if it has none.

    `test` is its file, and its id behind that. Raises ConfigurationError.
    """
    if recording is None:
        return Use(server, configuration)
    return Use(server, configuration, recording_of(recording, configuration, *test))


def recording_of(
    marker: Mapping[str, Any], configuration: Configuration, file: Path, name: str
) -> TestRecording:
    """The recording that a marker asks for; the command line counts more. Raises ConfigurationError."""
    from .recording import TestRecording  # asks real servers, with a library that only this costs

    known = {"file", "record", "upstream", "speed", "redact"}
    for unknown in sorted(marker.keys() - known):
        raise ConfigurationError(f"fake_tgi_recording has no {unknown}; it has: {', '.join(sorted(known))}")
    mode, where, upstream = configuration.record, configuration.record_where, configuration.upstream
    if where != COMMAND_LINE and marker.get("record") is not None:
        mode, where = marker["record"], "fake_tgi_recording"
    if marker.get("upstream") is not None and configuration.upstream_where != COMMAND_LINE:
        upstream = marker["upstream"]
    redact = marker.get("redact", ())
    return TestRecording(
        recording_mode(mode, where, ci=any(os.environ.get(variable) for variable in _CI)),
        place_of(file, name, folder=configuration.recordings, named=marker.get("file")),
        upstream,
        marker.get("speed"),
        (redact,) if isinstance(redact, str) else tuple(redact),
    )
