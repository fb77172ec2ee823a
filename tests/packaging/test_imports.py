"""An import costs what it must: nothing is loaded before it is used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# What `[fake]` adds to a bare install.
SERVER_LIBRARIES = (
    "starlette", "uvicorn", "uvloop", "httptools", "hypothesis", "hypothesis_jsonschema",
    "tokenizers", "jinja2", "jsonschema", "prometheus_client", "yaml",
)  # fmt: skip


# What the plugin loads of ours in every run of pytest: itself, and the table of its options.
OF_THE_PLUGIN = ("fake_tgi", "fake_tgi.pytest_plugin", "fake_tgi.testing", "fake_tgi.testing.options")


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after a statement, and not before."""
    program = f"import sys; before = set(sys.modules)\n{statement}\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_importing_the_client_loads_no_http_library_and_nothing_of_the_server() -> None:
    loaded = loaded_by("import text_generation")
    assert "text_generation" in loaded
    assert (
        loaded & {"requests", "aiohttp", "urllib3", "fake_tgi", "tgi_contracts", *SERVER_LIBRARIES} == set()
    )


def test_importing_the_contracts_loads_nothing_else_of_ours() -> None:
    loaded = {name.partition(".")[0] for name in loaded_by("import tgi_contracts")}
    assert loaded & {"text_generation", "fake_tgi", "requests", "aiohttp", "pydantic", "starlette"} == set()


def test_importing_the_fake_loads_next_to_nothing() -> None:
    assert loaded_by("import fake_tgi") <= {"fake_tgi", "__future__"}


def test_a_start_loads_nothing_that_only_some_servers_need() -> None:
    loaded = loaded_by(
        "from fake_tgi.arguments import read_arguments\n"
        "from fake_tgi.assembling import assembled\n"
        "import fake_tgi.server\n"
        "assembled(read_arguments(['--port', '0', '--ignore-eos'], {}).settings, tell=print)"
    )
    needed = {"uvloop", "tokenizers"}
    assert "fake_tgi.serve" in loaded
    assert (
        loaded
        & {*SERVER_LIBRARIES, "argparse", "gettext", "email", "hmac", "importlib.resources", "fake_tgi.usage"}
        <= needed
    )


def test_a_start_has_no_dataclass_written_and_compiled() -> None:
    """The library takes half a millisecond for each; a start needs eighty (fake_tgi/quick_values.py)."""
    program = (
        "import dataclasses\n"
        "made = []\n"
        "make = dataclasses._process_class\n"
        "dataclasses._process_class = lambda cls, *options: made.append(cls) or make(cls, *options)\n"
        "from fake_tgi.arguments import read_arguments\n"
        "from fake_tgi.assembling import assembled\n"
        "import fake_tgi.server\n"
        "assembled(read_arguments(['--port', '0', '--ignore-eos'], {}).settings, tell=print)\n"
        "print([cls for cls in made if cls.__module__.startswith('fake_tgi')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr


def test_the_client_never_needs_huggingface_hub() -> None:
    blocked = "import sys; sys.modules['huggingface_hub'] = None\nimport text_generation\n"
    assert "text_generation" in loaded_by(blocked)


def run_pytest(folder: Path, test: str, *, without_server: bool) -> subprocess.CompletedProcess[str]:
    """pytest on one file in a folder of its own; without the server's libraries, if asked."""
    folder.joinpath("test_it.py").write_text(test)
    environment = dict(os.environ)
    if without_server:
        blocker = "import sys\nfor name in " + repr(SERVER_LIBRARIES) + ":\n    sys.modules[name] = None\n"
        folder.joinpath("sitecustomize.py").write_text(blocker)
        environment["PYTHONPATH"] = str(folder)
    # Other plugins of this environment may need what is missing; ours is loaded by name.
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "fake_tgi.pytest_plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "test_it.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_plugin_works_without_the_server_installed(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "def test_other():\n    assert 1 + 1 == 2\n", without_server=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_test_that_wants_the_server_without_it_installed_is_told_what_to_install(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "def test_it(fake_tgi):\n    pass\n", without_server=True)
    assert done.returncode == 1
    wanted = "for the fixture fake_tgi, tokenizers is not installed: pip install 'text-generation[fake]'\n"
    assert wanted in done.stdout
    assert ".py:" not in done.stdout.partition(wanted)[0], "a traceback of what is not the user's"
    assert "exception" not in done.stdout


@pytest.mark.parametrize(
    ("statement", "library"),
    [
        ("from fake_tgi import FakeTGI; FakeTGI()", "tokenizers"),
        ("from fake_tgi.strategies import requests", "hypothesis"),
    ],
)
def test_a_program_that_wants_the_server_without_it_installed_is_told_what_to_install(
    statement: str, library: str
) -> None:
    program = f"import sys\nsys.modules.update(dict.fromkeys({SERVER_LIBRARIES!r}))\n{statement}\n"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    told = f"ModuleNotFoundError: {library} is not installed: pip install 'text-generation[fake]'\n"
    assert done.stderr.endswith(told)
    assert done.stderr.count("Traceback") == 1, "what is missing, and not the error behind it"


def test_an_unused_plugin_loads_nothing(tmp_path: Path) -> None:
    test = (
        "import sys\n"
        "def test_it():\n"
        "    ours = {name for name in sys.modules if name.startswith(('fake_tgi', 'tgi_contracts'))}\n"
        f"    assert ours == {set(OF_THE_PLUGIN)!r}\n"
        f"    assert not set({SERVER_LIBRARIES!r}) & set(sys.modules)\n"
    )
    done = run_pytest(tmp_path, test, without_server=False)
    assert done.returncode == 0, done.stdout


def test_the_plugin_is_found_by_pytest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--fixtures", "-q"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "fake_tgi --" in done.stdout or "fake_tgi\n" in done.stdout


@pytest.mark.skipif("TOX_ENV_NAME" not in os.environ, reason="only tox installs the wheel")
def test_tox_tests_the_installed_wheel_and_not_the_checkout() -> None:
    import fake_tgi
    import text_generation
    import tgi_contracts

    for package in (fake_tgi, text_generation, tgi_contracts):
        assert "site-packages" in Path(str(package.__file__)).parts
