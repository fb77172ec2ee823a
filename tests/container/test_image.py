"""The Dockerfile's own steps, carried out: what comes of them is started, asked, looked at and stopped.

Each test runs in a place that is as much of a container as this machine allows, and in a clean folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .building import Image, build, made_paths
from .context import Ignored
from .dockerfile import read_dockerfile
from .places import Folder, Namespaces, Place, namespaces_allowed

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "docs" / "container"
DOCKERFILE = read_dockerfile((HOME / "Dockerfile").read_text(encoding="utf-8"))
FINAL = DOCKERFILE.stages[-1]
OTHER_PORT = "18480"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module", params=["folder", "namespaces"])
def image(request: pytest.FixtureRequest) -> Iterator[Image]:
    if request.param == "namespaces" and not namespaces_allowed():
        pytest.skip("this system lets no test make namespaces: the build runs in a clean folder alone")
    ignored = Ignored((HOME / "Dockerfile.dockerignore").read_text(encoding="utf-8"))
    # Not pytest's folder, which nobody else may look into: the server runs as another user.
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        Path(folder).chmod(0o755)

        def new_place(name: str) -> Place:
            root = Path(folder, name)
            root.mkdir()
            return Namespaces(root) if request.param == "namespaces" else Folder(root, made_paths(DOCKERFILE))

        began = time.perf_counter()
        try:
            built = build(DOCKERFILE, ROOT, ignored, new_place)
        except subprocess.CalledProcessError as error:
            pytest.fail(f"{error}\n{error.stdout}\n{error.stderr}")
        sys.stderr.write(f"\nbuilt in {time.perf_counter() - began:.0f} s; {size(built)}\n")
        yield built
        for path in Path(folder).rglob("*"):  # what was made read-only must go, too
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def size(image: Image) -> str:
    """How much the Dockerfile adds to its base image."""
    environment = Path(f"{image.place.root}/opt/fake-tgi")
    total = sum(path.lstat().st_size for path in environment.rglob("*") if path.is_file())
    return f"/opt/fake-tgi has {total / 2**20:.0f} MiB"


def in_a_folder(image: Image) -> bool:
    return isinstance(image.place, Folder)


class Container:
    """A running one: the image's entry point with these words behind it, as in `docker run IMAGE words`."""

    def __init__(self, image: Image, *words: str, port: str = OTHER_PORT, **variables: str) -> None:
        self.image = image
        self.variables = variables
        self.port = "80"
        if in_a_folder(image):  # where a system's own users may not open port 80
            self.port = port
            words = (*words, "--port", port, "--hostname", "127.0.0.1")
        process = image.process(*FINAL.last("ENTRYPOINT").argv, *words, **variables)
        self.running = image.place.start(process)
        self.told: list[str] = []
        assert self.running.first.stderr is not None
        for line in self.running.first.stderr:
            self.told.append(line.rstrip("\n"))
            if "http://" in line:
                return
        self.running.first.wait(10)
        self.running.first.stderr.close()
        raise AssertionError(f"the server did not start: {self.told}")

    def python(self, program: str) -> str:
        """What a program prints that runs inside, with the image's own Python."""
        done = self.running.enter(self.image.process("python", "-c", program, **self.variables))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def check(self) -> subprocess.CompletedProcess[str]:
        """The Dockerfile's own health check."""
        words = FINAL.last("HEALTHCHECK").argv
        return self.running.enter(self.image.process(*words, **self.variables))


@pytest.fixture(scope="module")
def container(image: Image) -> Iterator[Container]:
    """`docker run --read-only -e HOSTNAME=… IMAGE --model-id …`, as one starts TGI."""
    words = ["--model-id", "bigscience/bloomz", "--num-shard", "2", "--quantize", "awq"]
    started = Container(image, *words, HOSTNAME="4f66ad9a0b2e")
    yield started
    assert started.running.stop() == 0, "SIGTERM must end it in order"


def test_it_listens_where_tgis_image_does_and_says_what_it_leaves_out(container: Container) -> None:
    assert container.told == [
        "fake-tgi: no effect on a fake: --num-shard, --quantize",
        "fake-tgi: bigscience/bloomz is not a folder here: "
        "using the embedded tokenizer (nothing is downloaded)",
        f"fake-tgi: bigscience/bloomz as TGI 3.3.6-dev0 would at http://127.0.0.1:{container.port}",
    ]


def test_it_can_be_reached_from_outside_whatever_its_hostname_is(container: Container) -> None:
    if in_a_folder(container.image):
        assert container.port == OTHER_PORT  # told to listen on this machine alone, to be no nuisance
        return
    lines = container.python("print(open('/proc/net/tcp').read())").splitlines()
    listening = [line.split()[1] for line in lines if line.split()[3:4] == ["0A"]]
    assert listening == [f"00000000:{80:04X}"]


def test_its_health_check_finds_it_well(container: Container) -> None:
    done = container.check()
    assert (done.returncode, done.stderr) == (0, "")


def test_it_answers_the_client(container: Container) -> None:
    program = (
        "from text_generation import Client\n"
        f"client = Client('http://127.0.0.1:{container.port}')\n"
        "print([response.token.text for response in client.generate_stream('Hi', max_new_tokens=3)])\n"
        "print(client.generate('Why is the sky blue?').generated_text)\n"
    )
    tokens, text = container.python(program).splitlines()
    assert (tokens.count(","), text) == (2, " Rayleigh scattering")


def test_it_is_not_root_and_can_write_nowhere(container: Container) -> None:
    program = (
        "import json, os, tempfile\n"
        "def written(path):\n"
        "    try:\n"
        "        open(os.path.join(path, 'x'), 'w')\n"
        "    except OSError as error:\n"
        "        return type(error).__name__\n"
        "print(json.dumps([os.getuid(), written('/opt/fake-tgi'), written('/data'), written('/')]))\n"
    )
    user, *answers = json.loads(container.python(program))
    assert all(answer in ("OSError", "PermissionError") for answer in answers)
    assert user == 1000 or in_a_folder(container.image)


def test_it_has_no_pip_and_nothing_of_the_checkout_but_the_packages(container: Container) -> None:
    program = (
        "import importlib.util as found, json\n"
        "print(json.dumps([name for name in ('pip', 'pytest', 'mypy', 'tests') if found.find_spec(name)]))\n"
    )
    assert json.loads(container.python(program)) == []


def test_an_unhealthy_server_is_found_out(image: Image) -> None:
    loading = Container(image, "--fault", "loading(60s)", port="18481")
    try:
        done = loading.check()
    finally:
        loading.running.stop()
    assert (done.returncode, done.stdout.split()[-1]) == (1, "503")
