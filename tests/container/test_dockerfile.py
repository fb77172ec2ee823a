"""The Dockerfile, what it lets in, and the files that use it keep their promises before anything is built."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from fake_tgi.access import HEADER
from fake_tgi.arguments import read_arguments

from .building import build
from .context import Ignored, files_of
from .dockerfile import DockerfileError, assignments, expand, read_dockerfile

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "docs" / "container"
DOCKERFILE = read_dockerfile((HOME / "Dockerfile").read_text(encoding="utf-8"))
BUILD, FINAL = DOCKERFILE.stages
IGNORED = Ignored((HOME / "Dockerfile.dockerignore").read_text(encoding="utf-8"))
COMPOSE: dict[str, Any] = yaml.safe_load((HOME / "compose.yaml").read_text(encoding="utf-8"))
WORKFLOW: dict[str, Any] = yaml.safe_load((HOME / "github-actions.yml").read_text(encoding="utf-8"))


def test_both_stages_start_from_a_slim_python_that_the_package_supports() -> None:
    version = DOCKERFILE.arguments["PYTHON_VERSION"]
    assert {stage.base for stage in DOCKERFILE.stages} == {f"python:{version}-slim"}
    assert f"Programming Language :: Python :: {version}" in (ROOT / "pyproject.toml").read_text()


def test_it_has_the_port_and_the_folder_of_tgis_image() -> None:
    environment: dict[str, str] = {"PATH": ""}
    for instruction in FINAL.all("ENV"):
        environment |= assignments(instruction, environment)
    assert (environment["PORT"], environment["HF_HOME"]) == ("80", "/data")
    assert FINAL.last("EXPOSE").text == environment["PORT"]
    assert FINAL.last("ENTRYPOINT").argv == ["fake-tgi"]


def test_it_runs_as_a_number_that_is_not_root_and_is_not_root_again_later() -> None:
    uid, gid = FINAL.last("USER").text.split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert [word.word for word in FINAL.instructions[-2:]] == ["HEALTHCHECK", "ENTRYPOINT"]


def test_every_file_that_copy_takes_is_let_in_and_nothing_else() -> None:
    copied = set()
    for stage in DOCKERFILE.stages:
        for instruction in stage.all("COPY"):
            if "from" not in instruction.flags:
                *sources, _ = shlex.split(instruction.text)
                copied |= {path for path, _ in files_of(ROOT, IGNORED, sources)}
    tops = {path.split("/")[0] for path in copied}
    assert tops == {
        "pyproject.toml", "setup.py", "README.md", "LICENSE", "text_generation", "fake_tgi", "contracts",
        "docs",
    }  # fmt: skip
    assert {path for path in copied if path.startswith("docs/")} == {"docs/container/healthcheck.py"}
    assert not [path for path in copied if path.endswith(".pyc")]
    left_out = (
        "tests/conftest.py",
        ".git/HEAD",
        "docs/stubs.md",
        "tox.ini",
        ".tox/py311/x",
        "docs/container/x",
    )
    assert [path for path in left_out if path not in IGNORED] == []


def test_every_package_of_the_distribution_goes_in() -> None:
    built = {
        words[-1].rstrip("/") for words in (i.text.split() for i in BUILD.all("COPY")) if len(words) == 2
    }
    packages = set(re.findall(r'^(\w+) = \["py\.typed"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    assert built == {package.replace("tgi_contracts", "contracts") for package in packages}


def test_the_ignore_file_is_read_as_docker_reads_it() -> None:
    ignored = Ignored("# all\n*\n!kept\n**/*.pyc\n!a/deep/one.py\n")
    paths = {"kept": False, "kept/x.py": False, "kept/a/b.pyc": True, "other/x": True, "a/deep/one.py": False}
    assert {path: path in ignored for path in paths} == paths


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("FROM a\nADD x y", "line 2: ADD is not an instruction that the tests exercise"),
        ("FROM a\nRUN --mount=type=cache,target=/x pip", "line 2: --mount of RUN is not exercised"),
        ("RUN x\nFROM a", "line 1: RUN before the first FROM"),
        ("FROM ${BASE}", r"\$BASE is not set"),
        ("FROM a\nRUN x \\", "line 2: ends in a backslash"),
    ],
)
def test_what_the_tests_would_not_exercise_is_refused(written: str, message: str) -> None:
    with pytest.raises(DockerfileError, match=message):
        read_dockerfile(written)


def test_an_instruction_that_cannot_be_carried_out_is_refused(tmp_path: Path) -> None:
    class Nowhere:
        root = tmp_path

        def prepare(self) -> None:
            pass

    with pytest.raises(DockerfileError, match="line 2: ARG is not carried out"):
        build(read_dockerfile("FROM a\nARG B=1"), tmp_path, IGNORED, lambda name: Nowhere())  # type: ignore[arg-type,return-value]


def test_variables_are_filled_in_in_either_form() -> None:
    assert expand("$A/${B}:$A", {"A": "1", "B": "2"}) == "1/2:1"


def service_settings(service: dict[str, Any]) -> Any:
    """What the fake makes of a service's command and variables, as Docker passes them."""
    environment = {
        name: str(value) for name, value in service.get("environment", service.get("env", {})).items()
    }
    return read_arguments(shlex.split(service.get("command", "")), {"PORT": "80"} | environment).settings


def test_the_compose_file_starts_the_fake_and_then_the_application() -> None:
    tgi, app = COMPOSE["services"]["tgi"], COMPOSE["services"]["app"]
    context = (HOME / tgi["build"]["context"]).resolve()
    assert context == ROOT
    assert context / tgi["build"]["dockerfile"] == HOME / "Dockerfile"
    settings = service_settings(tgi)
    assert (settings.port, settings.max_total_tokens, settings.seed) == (80, 2048, 7)
    assert {port.split(":")[1] for port in tgi["ports"]} == {str(settings.port)}
    assert app["depends_on"] == {"tgi": {"condition": "service_healthy"}}
    assert (tgi["read_only"], tgi["cap_drop"]) == (True, ["ALL"])


def test_the_application_of_the_compose_file_gets_an_answer(
    fake_tgi: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    python, flag, program = COMPOSE["services"]["app"]["command"]
    assert (python, flag) == ("python", "-c")
    monkeypatch.setenv("TGI_BASE_URL", fake_tgi.base_url)
    exec(compile(program, "compose.yaml", "exec"), {})
    assert capsys.readouterr().out == " Rayleigh scattering\n"


def test_the_workflow_starts_the_fake_by_variables_alone() -> None:
    service = WORKFLOW["jobs"]["test"]["services"]["tgi"]
    assert "command" not in service
    settings = service_settings(service)
    assert (settings.model_id, settings.max_total_tokens, settings.strict) == (
        "bigscience/bloomz",
        2048,
        True,
    )
    assert service["ports"] == [f"8080:{settings.port}"]
    build_step = next(step for step in WORKFLOW["jobs"]["image"]["steps"] if "file" in step.get("with", {}))
    assert ROOT / build_step["with"]["file"] == HOME / "Dockerfile"
    assert build_step["with"]["tags"] == service["image"]
    assert WORKFLOW["jobs"]["test"]["needs"] == "image"


def test_the_page_names_the_files_the_port_and_the_header() -> None:
    page = (HOME / "README.md").read_text(encoding="utf-8")
    links = set(re.findall(r"\]\(([^)]+)\)", page))
    files = {path.name for path in HOME.iterdir() if path.is_file()} - {"README.md", "healthcheck.py"}
    assert links == files
    assert f"`{HEADER.decode()}`" in page
    assert "-p 8080:80" in page
