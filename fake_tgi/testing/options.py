"""The plugin's options on the command line and in the ini file, as a table.

Read at the start of every pytest run of an environment that has this package, so nothing is imported here.
"""

from __future__ import annotations

__all__ = ["MARKERS", "MODES", "OPTIONS", "Option"]

MODES = ("none", "once", "all", "verify")
"""What `--fake-tgi-record` takes."""

RECORDINGS = "recordings"
"""The folder beside a test that holds its recordings, unless the ini file names another."""


class Option:
    """One setting: its name in markers and the fixture, what the ini file and the command line may say.

    `ini` is pytest's type of the ini setting, `flag` the option on the command line; None: there is none.
    `takes` says what the option does with its value: "yes or no", "one", "several", or a tuple of words.
    """

    __slots__ = ("flag", "help", "ini", "metavar", "name", "takes")

    def __init__(
        self,
        name: str,
        help: str,
        *,
        ini: str | None = "string",
        flag: str | None = None,
        takes: str | tuple[str, ...] = "one",
        metavar: str | None = None,
    ) -> None:
        self.name = name
        self.help = help
        self.ini = ini
        self.flag = flag
        self.takes = takes
        self.metavar = metavar

    @property
    def ini_name(self) -> str:
        """As the ini file writes it."""
        return f"fake_tgi_{self.name}"


OPTIONS = (
    Option(
        "seed",
        "seed of the answers that no test scripted (default: 0)",
        flag="--fake-tgi-seed",
        metavar="N",
    ),
    Option(
        "strict",
        "a call for the model that no stub answers gets 501 and fails its test",
        ini="bool",
        flag="--fake-tgi-strict",
        takes="yes or no",
    ),
    Option(
        "clock",
        "how time passes: real; virtual, which jumps over waits; stepped, which stands until it is moved",
        flag="--fake-tgi-clock",
        takes=("real", "virtual", "stepped"),
    ),
    Option(
        "settings",
        "any other setting of the server, as for fake-tgi serve: NAME=VALUE; repeat it",
        ini="linelist",
        flag="--fake-tgi-set",
        takes="several",
        metavar="NAME=VALUE",
    ),
    Option(
        "record",
        "tests marked fake_tgi_recording: none plays what is recorded, once records what is not, all records "
        "anew, verify asks the server again and compares (default: none)",
        flag="--fake-tgi-record",
        takes=MODES,
    ),
    Option(
        "upstream",
        "the real server to record from",
        flag="--fake-tgi-upstream",
        metavar="URL",
    ),
    Option("recordings", f"folder beside a test for its recordings (default: {RECORDINGS})"),
    Option(
        "environment",
        "more variables while a test uses the fake: NAME={base_url}/v1, one a line",
        ini="linelist",
    ),
    Option(
        "openai",
        "point OPENAI_BASE_URL and OPENAI_API_KEY at the fake as well",
        ini="bool",
    ),
)

MARKERS = (
    "fake_tgi(*, seed=0, strict=False, clock='real', ttft=None, itl=None, openai=False, environment={}, "
    "allow_unused_stubs=False, allow_unexpected_calls=False, allow_answer_errors=False, **settings): "
    "configure the fake TGI server of this test; settings are those of fake_tgi.settings.Settings.",
    "fake_tgi_recording(file=None, *, record=None, upstream=None, speed=None, redact=()): answer this test "
    "from a recording beside it, which --fake-tgi-record=once --fake-tgi-upstream=URL makes.",
)
