"""Where the steps of a Dockerfile run when there is no container engine: two ways to stand in for one.

`Namespaces` gives each step a root folder of its own with nothing in it but the system's programs and a
Python at /usr/local, as the official images have it: the paths, the first process, the network and the
read-only file system are those of a container. It takes a Linux that lets the tests do so. `Folder` takes
nothing: it runs the steps on this system, with the paths that the Dockerfile makes moved below a clean
folder. What neither can show is the base image.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["BASE_PATH", "Folder", "Namespaces", "Place", "Process", "Running", "namespaces_allowed"]

SYSTEM = ("usr", "bin", "sbin", "lib", "lib64", "etc")
PYTHON = "/usr/local"
BASE_PATH = f"{PYTHON}/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Process:
    """A container's process, as a step sees it: words, variables, folder, user (`uid:gid`)."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    user: str = "0:0"


class Place(Protocol):
    """One stage's file system: files below `root`, and processes that see it as theirs."""

    root: Path

    def prepare(self) -> None:
        """Put in what a base image has."""

    def received(self, path: str, origin: Path) -> None:
        """Told after files were copied to `path` from a stage whose root is `origin`."""

    def run(self, process: Process) -> None:
        """A build's step. Raises CalledProcessError, with what it wrote, when it fails."""

    def start(self, process: Process) -> Running:
        """Starts a container: this first process, on a read-only file system."""


class Running(Protocol):
    """A container that runs."""

    @property
    def first(self) -> subprocess.Popen[str]:
        """Its first process, or what waits for that one, with stderr in a pipe."""

    def enter(self, process: Process) -> subprocess.CompletedProcess[str]:
        """Another process beside the first one, as `docker exec` and the health check are."""

    def stop(self) -> int:
        """SIGTERM to the first process, and its exit status; SIGKILL, and an error, after ten seconds."""


def namespaces_allowed() -> bool:
    """Whether this process may make namespaces: it is root, and nothing forbids it."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "setpriv", "chroot"))):
        return False
    # Mounting is what engines around this process forbid most often.
    tried = ["unshare", "--mount", "--pid", "--net", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


class Namespaces:
    """A root folder with the system's programs bound into it, in namespaces of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        for name in SYSTEM:
            host = Path("/", name)
            if host.is_symlink():
                (self.root / name).symlink_to(host.readlink())
            elif host.is_dir():
                (self.root / name).mkdir()
        for name in ("proc", "dev", "root", "opt"):
            (self.root / name).mkdir()
        (self.root / "tmp").mkdir()
        (self.root / "tmp").chmod(0o1777)

    def received(self, path: str, origin: Path) -> None:
        pass  # paths are the same in every stage

    def run(self, process: Process) -> None:
        command = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "/bin/sh",
            "-c",
            self._script(process),
        ]
        _checked(command)

    def start(self, process: Process) -> Running:
        script = self._script(process, contained=True)
        return _InNamespaces(
            subprocess.Popen(
                ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "/bin/sh", "-c", script],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )

    def _script(self, process: Process, *, contained: bool = False) -> str:
        """What makes the namespaces a container, and then becomes its first process."""
        root = shlex.quote(str(self.root))
        lines = ["set -e", f"mount --bind {root} {root}"]
        for name in SYSTEM:
            if (self.root / name).is_dir() and not (self.root / name).is_symlink():
                lines += _read_only(f"/{name}", f"{root}/{name}")
        lines += _read_only(shlex.quote(sys.base_prefix), root + PYTHON)
        lines += [f"mount --rbind /dev {root}/dev", f"mount -t proc proc {root}/proc"]
        if contained:
            # As Docker does it: the loopback is up, every port is open to every user, nothing can be written.
            lines += [
                f"{shlex.quote(sys.executable)} -c {shlex.quote(_LOOPBACK_UP)}",
                f"echo 0 > {root}/proc/sys/net/ipv4/ip_unprivileged_port_start",
                f"mount -o remount,bind,ro {root}",
            ]
        else:
            for path in _local_packages():
                inside = root + shlex.quote(path)
                lines += [f"mkdir -p {inside}", *_read_only(shlex.quote(path), inside)]
        return "\n".join([*lines, f"exec chroot {root} /bin/sh -c {shlex.quote(_become(process))}"])


@dataclass(frozen=True, slots=True)
class _InNamespaces:
    first: subprocess.Popen[str]

    def enter(self, process: Process) -> subprocess.CompletedProcess[str]:
        words = ["nsenter", "--target", str(self._pid()), "--mount", "--pid", "--net", "--root", "--wd"]
        return subprocess.run(
            [*words, "/bin/sh", "-c", _become(process)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def stop(self) -> int:
        os.kill(self._pid(), signal.SIGTERM)
        return _ended(self.first)

    def _pid(self) -> int:
        """The number, outside, of the container's first process: the one child of `unshare`."""
        children = Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text()
        return int(children.split()[0])


def _read_only(source: str, target: str) -> list[str]:
    return [f"mount --rbind {source} {target}", f"mount -o remount,bind,ro {target}"]


def _become(process: Process) -> str:
    """The shell's last line: this user, these variables and no others, no privileges, then the program."""
    uid, gid = process.user.split(":")
    who = f"setpriv --reuid {uid} --regid {gid} --clear-groups --no-new-privs"
    if uid != "0":
        who += " --bounding-set=-all --inh-caps=-all"
    # The first for a Python that is built as a shared library: the official image has run ldconfig instead.
    env = {"LD_LIBRARY_PATH": f"{PYTHON}/lib"} | dict(process.env)
    variables = " ".join(shlex.quote(f"{name}={value}") for name, value in env.items())
    return f"cd {shlex.quote(process.cwd)} && exec {who} env -i {variables} {shlex.join(process.argv)}"


_LOOPBACK_UP = """\
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1))
"""


def _local_packages() -> list[str]:
    """Folders that pip is told to look into, beside the index."""
    words = os.environ.get("PIP_FIND_LINKS", "").split()
    return [word for word in words if Path(word).is_dir()]


class Folder:
    """The same paths below a clean folder, for this system's own processes.

    `made` are the paths that the Dockerfile makes; they are moved wherever a word of a process names them.
    """

    def __init__(self, root: Path, made: Sequence[str]) -> None:
        self.root = root
        paths = "|".join(
            re.escape(path) for path in sorted({*made, PYTHON, "/proc/1"}, key=len, reverse=True)
        )
        self._made = re.compile(rf"(?<![\w./])(?:{paths})(?![\w.-])")

    def prepare(self) -> None:
        _checked([sys.executable, "-m", "venv", "--symlinks", str(self.root) + PYTHON])

    def received(self, path: str, origin: Path) -> None:
        """Programs of Python's name their interpreter by its path, which is another one here."""
        for program in Path(f"{self.root}{path}").glob("bin/*"):
            if program.is_file() and not program.is_symlink():
                old = program.read_bytes()
                program.write_bytes(old.replace(bytes(origin), bytes(self.root)))

    def run(self, process: Process) -> None:
        moved = self.moved(process, building=True)
        _checked(moved.argv, env=moved.env, cwd=moved.cwd)

    def start(self, process: Process) -> Running:
        self._close()
        moved = self.moved(process)
        (self.root / "proc/1").mkdir(parents=True, exist_ok=True)
        line = "\0".join([*moved.argv, ""])
        (self.root / "proc/1/cmdline").write_text(line, encoding="utf-8")
        first = subprocess.Popen(
            moved.argv,
            env=dict(moved.env),
            cwd=moved.cwd,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        return _InFolder(first, self)

    def moved(self, process: Process, *, building: bool = False) -> Process:
        """The process with its paths moved, as the user that it names unless it is a step of the build."""

        def move(text: str) -> str:
            return self._made.sub(lambda found: str(self.root) + found[0], text)

        env = {name: move(value) for name, value in process.env.items()}
        argv = [move(word) for word in process.argv]
        argv[0] = shutil.which(argv[0], path=env["PATH"]) or argv[0]
        user = [] if building else _as_user(process.user)
        return Process([*user, *argv], env, f"{self.root}{process.cwd}", process.user)

    def _close(self) -> None:
        """Nobody but root may write to what the build has left."""
        for path in (self.root, *self.root.rglob("*")):
            if not path.is_symlink() and "proc" not in path.relative_to(self.root).parts[:1]:
                path.chmod(path.stat().st_mode & 0o555)
        self.root.chmod(0o755)


@dataclass(frozen=True, slots=True)
class _InFolder:
    first: subprocess.Popen[str]
    place: Folder

    def enter(self, process: Process) -> subprocess.CompletedProcess[str]:
        moved = self.place.moved(process)
        return subprocess.run(
            moved.argv,
            env=dict(moved.env),
            cwd=moved.cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def stop(self) -> int:
        self.first.terminate()
        return _ended(self.first)


def _as_user(user: str) -> list[str]:
    """Gives up being root, unless Python itself lies where only root may go."""
    uid, gid = user.split(":")
    words = ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs"]
    python = str(Path(sys.base_prefix, "bin", "python3"))
    if (
        os.geteuid() != 0
        or subprocess.run([*words, python, "-c", ""], capture_output=True, check=False).returncode
    ):
        return []
    return words


def _checked(argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None) -> None:
    done = subprocess.run(
        argv, env=None if env is None else dict(env), cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, argv[-1], done.stdout, done.stderr)


def _ended(process: subprocess.Popen[str]) -> int:
    assert process.stderr is not None
    try:
        return process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    finally:
        process.stderr.close()
