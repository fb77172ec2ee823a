"""A fake TGI in a program or a test: `FakeTGI`, what is said to it, and what it says it saw.

The names here are also those of `fake_tgi` itself, where each is imported when it is first asked for.
"""

from __future__ import annotations

from .arguments import SettingsArguments
from .cases import Case, fake_tgi_cases
from .clocks import FakeClock
from .control import Control, NeedsInProcess, StubGone
from .fake import FakeTGI
from .live import LiveStub, StubBuilder
from .local import LocalControl
from .matchers import absent, anything, contains, equals, json_schema, json_subset, matches
from .seen import SeenRequest
from .troubles import Sentence, Then
from .verbs import Verbs

__all__ = [
    "Case",
    "Control",
    "FakeClock",
    "FakeTGI",
    "LiveStub",
    "LocalControl",
    "NeedsInProcess",
    "SeenRequest",
    "Sentence",
    "SettingsArguments",
    "StubBuilder",
    "StubGone",
    "Then",
    "Verbs",
    "absent",
    "anything",
    "contains",
    "equals",
    "fake_tgi_cases",
    "json_schema",
    "json_subset",
    "matches",
]
