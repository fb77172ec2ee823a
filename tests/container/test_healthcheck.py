"""The image's health check finds the server wherever its own command line and variables have put it."""

from __future__ import annotations

import importlib.util
import shlex
import socket
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.arguments import read_arguments

PROGRAM = Path(__file__).resolve().parents[2] / "docs" / "container" / "healthcheck.py"


@pytest.fixture(scope="module")
def healthcheck() -> Any:
    spec = importlib.util.spec_from_file_location("healthcheck", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        ("", {}),
        ("", {"PORT": "80"}),
        ("--port 81", {"PORT": "80"}),
        ("--port=81", {}),
        ("-p 81", {}),
        ("-p81", {}),
        ("-p=81", {}),
        ("serve --port 81 --json-output", {}),
        ("--model-id fake-tgi --port 81", {}),
        ("--hostname 127.0.0.2", {}),
        ("--hostname localhost", {"HOSTNAME": "127.0.0.3"}),
        ("--hostname tgi.internal", {}),
        ("", {"HOSTNAME": "4f66ad9a0b2e"}),
        ("", {"HOSTNAME": "127.0.0.2", "PORT": "9"}),
        ("--hostname ::", {}),
        ("--hostname 0.0.0.0", {}),
    ],
)
@pytest.mark.parametrize(
    "first", ["fake-tgi", "/opt/x/bin/python /opt/x/bin/fake-tgi", "/sbin/docker-init -- fake-tgi"]
)
def test_it_asks_where_the_server_listens(
    words: str, environment: dict[str, str], first: str, healthcheck: Any
) -> None:
    line = "\0".join([*first.split(), *shlex.split(words), ""]).encode()
    settings = read_arguments([word for word in shlex.split(words) if word != "serve"], environment).settings
    inside = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.hostname, settings.hostname)
    found = healthcheck.address(healthcheck.words_after_the_program(line), environment)
    assert found == (inside, settings.port)


def test_a_server_that_is_well_is_found_well(
    fake_tgi: Any, healthcheck: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = fake_tgi.base_url.rpartition(":")[2]
    (tmp_path / "cmdline").write_bytes(f"fake-tgi\0--port\0{port}\0".encode())
    assert healthcheck.main([str(tmp_path / "cmdline")]) == 0
    assert capsys.readouterr().out.endswith("/health: 200\n")


def test_a_server_that_is_not_there_is_told_with_its_address(
    healthcheck: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (tmp_path / "cmdline").write_bytes(f"fake-tgi\0--port\0{port}\0".encode())
    assert healthcheck.main([str(tmp_path / "cmdline")]) == 1
    assert capsys.readouterr().err.startswith(f"http://127.0.0.1:{port}/health: [Errno")
