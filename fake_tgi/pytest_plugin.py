"""Fixtures, marks and options for test suites that talk to TGI: see docs/pytest.md.

Loaded by every pytest run of an environment that has this package, so it imports nothing but pytest, and
works where the server's own dependencies are missing: only a test that asks for the server needs them. What
stands behind it is `fake_tgi.testing`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from importlib.machinery import ModuleSpec, PathFinder
from typing import TYPE_CHECKING, Any

import pytest

from .testing.options import MARKERS, OPTIONS

if TYPE_CHECKING:
    from .library.fake import FakeTGI
    from .testing.serving import TestServer
    from .testing.use import Said, Use

__all__ = ["fake_tgi", "fake_tgi_server", "fake_tgi_settings"]

_USE = pytest.StashKey["Use"]()
_PASSED = pytest.StashKey[bool]()
_SAID = pytest.StashKey["Said"]()
_SECTION = "fake_tgi"
_RECORDINGS = "fake_tgi recordings"


class _AsInstalled:
    """Finds our modules as any import does.

    pytest rewrites the asserts of every module that comes with a plugin, and compiles all of them anew for
    it: where nothing is cached, as on a fresh machine, that costs the first test that uses the fake a second.
    """

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        ours = name.partition(".")[0] in ("fake_tgi", "text_generation", "tgi_contracts")
        return PathFinder.find_spec(name, path) if ours else None


def pytest_addoption(parser: pytest.Parser) -> None:
    if _AsInstalled not in sys.meta_path:
        sys.meta_path.insert(0, _AsInstalled)
    group = parser.getgroup("fake_tgi", "fake TGI server")
    for option in OPTIONS:
        if option.ini is not None:
            parser.addini(option.ini_name, option.help, type=option.ini, default=None)  # type: ignore[arg-type]
        if option.flag is None:
            continue
        how: dict[str, Any] = {"metavar": option.metavar} if option.metavar is not None else {}
        if option.takes == "yes or no":
            how = {"action": argparse.BooleanOptionalAction}
        elif option.takes == "several":
            how["action"] = "append"
        elif isinstance(option.takes, tuple):
            how["choices"] = option.takes
        group.addoption(option.flag, dest=option.ini_name, default=None, help=option.help, **how)


def pytest_unconfigure() -> None:
    if _AsInstalled in sys.meta_path:
        sys.meta_path.remove(_AsInstalled)


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_report_header(config: pytest.Config) -> str | None:
    from importlib.util import find_spec

    if find_spec("tokenizers") is None:  # without the extra [fake] there is nothing to tell of
        return None
    ours = (
        dist
        for plugin, dist in config.pluginmanager.list_plugin_distinfo()
        if getattr(plugin, "__name__", None) == __name__
    )
    version = next((str(dist.version) for dist in ours), None)
    seed, strict = (_either(config, f"fake_tgi_{name}") for name in ("seed", "strict"))
    told = ["fake_tgi:", *([version + ","] if version else []), f"seed {seed or 0}"]
    return " ".join(told) + (", strict" if strict else "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test with a recording uses the fake, whether it has the fixture or not: it must not go elsewhere."""
    for item in items:
        if item.get_closest_marker("fake_tgi_recording") is not None:
            names: list[str] | None = getattr(item, "fixturenames", None)
            if names is not None and "fake_tgi" not in names:
                names.insert(0, "fake_tgi")


@pytest.hookimpl(hookwrapper=True)  # which every version of pytest knows
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    report = (yield).get_result()
    use = item.stash.get(_USE, None)
    if use is not None:
        if report.failed and (told := _told(use, report.when == "teardown" and item.stash[_PASSED])):
            report.sections.append((_SECTION, told))
        if not report.passed:
            item.stash[_PASSED] = False
        if report.when == "teardown":
            if use.outcome.lines:
                report.sections.append((_RECORDINGS, "\n".join(use.outcome.lines)))
            del item.stash[_USE]  # items last as long as the run; a test's fake must not


def pytest_terminal_summary(terminalreporter: Any) -> None:
    told = [
        text
        for reports in terminalreporter.stats.values()
        for report in reports
        for title, text in getattr(report, "sections", ())
        if title == _RECORDINGS
    ]
    if told:
        terminalreporter.section(_RECORDINGS)
        for text in told:
            terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def fake_tgi_settings() -> Mapping[str, Any]:
    """What the fakes of tests are configured with, by the names of the mark `fake_tgi`. Override it."""
    return {}


@pytest.fixture(scope="session")
def fake_tgi_server() -> Iterator[TestServer]:
    """The server of the whole run: `base_url` stays, what answers there is made anew for each test."""
    made, said = None, None
    try:
        from .testing.serving import TestServer

        made = TestServer()
    except ImportError as error:
        from .extra import missing

        said = missing(error)
        if said is None:
            raise
    if made is None:
        pytest.fail(f"for the fixture fake_tgi, {said}", pytrace=False)
    with made as server:
        yield server


@pytest.fixture
def fake_tgi(
    request: pytest.FixtureRequest,
    fake_tgi_server: TestServer,
    fake_tgi_settings: Mapping[str, Any],
) -> Iterator[FakeTGI]:
    """A fake TGI server of this test's own; `fake_tgi.base_url` is for the client.

    It has no memory of other tests, and is checked when the test ends: stubs that were never used or
    given no answer, faults that no call came for, calls that nobody expected (if strict), and whatever was
    raised while it answered fail the test.
    """
    __tracebackhide__ = _hidden
    item = request.node
    use = _use(item, fake_tgi_server, fake_tgi_settings)
    item.stash[_USE], item.stash[_PASSED] = use, True
    with ExitStack() as lasting:
        fake = _lent(use, lasting, _monkeypatch(request, lasting))
        _give_to_instance(request, fake)
        yield fake
    _tell(use, passed=item.stash[_PASSED])


def _hidden(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether our lines are left out of a traceback: not where there are no others."""
    return not isinstance(excinfo.value, pytest.fail.Exception)


def _use(item: pytest.Item, server: TestServer, settings: Mapping[str, Any]) -> Use:
    from .testing.use import ConfigurationError, use_of

    markers = list(item.iter_markers("fake_tgi"))
    recording = item.get_closest_marker("fake_tgi_recording")
    try:
        for marker in markers:
            if marker.args:
                raise ConfigurationError(f"@pytest.mark.fake_tgi: expected names, got {marker.args!r}")
        asked = None if recording is None else _named(recording, ConfigurationError)
        path = item.path
        said = [marker.kwargs for marker in reversed(markers)]
        made = _said(item.config).configuration(settings, said, path.parent)
        return use_of(server, made, asked, (path, item.nodeid.partition("::")[2]))
    except ConfigurationError as error:
        wrong = str(error)
    pytest.fail(wrong, pytrace=False)


def _said(config: pytest.Config) -> Said:
    """What ini file and command line say, read when the first test asks."""
    known = config.stash.get(_SAID, None)
    if known is None:
        from .testing.use import Said

        known = config.stash[_SAID] = Said(
            ini=config.getini,
            ini_folder=config.inipath.parent if config.inipath is not None else config.rootpath,
            flag=config.getoption,
            shell_folder=config.invocation_params.dir,
        )
    return known


def _monkeypatch(request: pytest.FixtureRequest, lasting: ExitStack) -> pytest.MonkeyPatch:
    """What sets variables, and puts them back.

    What a test sets on top of ours is put back before ours if it is the test's own, or was not there before;
    one that the test does without costs more as a fixture than all that it does here.
    """
    if "monkeypatch" in request.fixturenames:
        found: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        return found
    return lasting.enter_context(pytest.MonkeyPatch.context())


def _lent(use: Use, lasting: ExitStack, monkeypatch: pytest.MonkeyPatch) -> FakeTGI:
    """The fake, for as long as `lasting`. What is wrong with a file of its own is told in one line."""
    from .mistakes import Mistake

    try:
        return lasting.enter_context(use.lent(monkeypatch.setenv))
    except Mistake as error:
        wrong = str(error)
    pytest.fail(wrong, pytrace=False)


def _named(marker: pytest.Mark, error: type[Exception]) -> dict[str, Any]:
    """The marker's arguments by name."""
    if len(marker.args) > 1:
        raise error(f"@pytest.mark.fake_tgi_recording: expected a file, got {marker.args!r}")
    return {**({"file": marker.args[0]} if marker.args else {}), **marker.kwargs}


def _give_to_instance(request: pytest.FixtureRequest, fake: FakeTGI) -> None:
    """A test of a unittest.TestCase takes no arguments: it finds the fake on itself."""
    from unittest import TestCase

    if isinstance(request.instance, TestCase):
        request.instance.fake_tgi = fake  # type: ignore[attr-defined]


def _told(use: Use, failed_for_it: bool) -> str:
    """What the fake shows of a failure; whatever it may be, it must not end the run."""
    try:
        return use.told(failed_for_it=failed_for_it)
    except Exception as error:
        return f"the fake cannot be told of: {error!r}"


def _tell(use: Use, *, passed: bool) -> None:
    """Fails the test for what was found; one that has failed already shows it, and does not fail again."""
    __tracebackhide__ = _hidden
    if not passed or not (use.found or use.outcome.warnings or use.outcome.errors):
        return
    from warnings import warn

    from .testing.report import findings_told, user_traceback
    from .testing.use import FakeTGIWarning

    for warning in use.outcome.warnings:
        warn(FakeTGIWarning(warning), stacklevel=2)
    for finding in use.found:
        if finding.error is not None:
            raise finding.error.with_traceback(user_traceback(finding.error))
    told = [findings_told(use.found)] if use.found else []
    told += use.outcome.errors
    if told:
        pytest.fail("\n".join(told), pytrace=False)


def _either(config: pytest.Config, name: str) -> Any:
    typed = config.getoption(name)
    return config.getini(name) if typed is None else typed
