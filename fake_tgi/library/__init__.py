"""A fake TGI in a program or a test: `FakeTGI`, what is said to it, and what it says it saw.

Some of the names are also those of `fake_tgi` itself. Each part is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:
    from .arguments import SettingsArguments
    from .cases import Case, fake_tgi_cases
    from .clocks import FakeClock
    from .control import Control, NeedsInProcess, StubGone
    from .elsewhere import RemoteFake
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
    "RemoteFake",
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

__getattr__, __dir__ = lazily(
    __name__,
    globals(),
    {
        "Case": ".cases",
        "Control": ".control",
        "FakeClock": ".clocks",
        "FakeTGI": ".fake",
        "LiveStub": ".live",
        "LocalControl": ".local",
        "NeedsInProcess": ".control",
        "RemoteFake": ".elsewhere",
        "SeenRequest": ".seen",
        "Sentence": ".troubles",
        "SettingsArguments": ".arguments",
        "StubBuilder": ".live",
        "StubGone": ".control",
        "Then": ".troubles",
        "Verbs": ".verbs",
        "absent": ".matchers",
        "anything": ".matchers",
        "contains": ".matchers",
        "equals": ".matchers",
        "fake_tgi_cases": ".cases",
        "json_schema": ".matchers",
        "json_subset": ".matchers",
        "matches": ".matchers",
    },
)
