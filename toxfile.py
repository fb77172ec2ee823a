"""Lets tox find the interpreters that pyenv has installed, not only the one it has activated."""

from __future__ import annotations

import os
from pathlib import Path

_VERSIONS = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
os.environ["PATH"] = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), *map(str, sorted(_VERSIONS.glob("3.*/bin")))]
)
