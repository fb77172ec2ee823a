"""What the clients are, as installed here."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from collections.abc import Iterable
from importlib.metadata import version

from .clients import client

__all__ = ["versions"]


def versions(titles: Iterable[str]) -> dict[str, str]:
    """Package to version, of each client and what it stands on. Raises PackageNotFoundError."""
    found = {"Python": platform.python_version()}
    for title in titles:
        kind = client(title)
        for package in kind.packages:
            if kind.language == "Python":
                found[package] = version(package)
            elif kind.language == "JavaScript":
                found["node"] = _said("node", "--version").lstrip("v")
                found[f"{package} (npm)"] = _npm(package)
            else:
                found[package] = re.findall(r"[0-9][0-9.]*", _said(package, "--version"))[0]
    return found


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.strip()


def _npm(package: str) -> str:
    from .clients.node import node_modules

    described = json.loads((node_modules() / package / "package.json").read_text())
    return str(described["version"])
