"""Where the recording of a test is: beside it, under a name that a person finds again.

`tests/test_app.py::TestChat::test_hello[en]` has `tests/recordings/test_app/TestChat.test_hello-en`. What a
file name cannot hold everywhere is left out, and then a digest of the whole name keeps tests apart.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from ..recordings.files import SUFFIX

__all__ = ["place_of"]

_LONGEST: Final = 120
_ODD: Final = re.compile(r"[^\w.-]+", re.ASCII)


def place_of(test_file: Path, test_name: str, *, folder: str, named: str | None = None) -> Path:
    """The file of a test's recording.

    `test_name` is what stands behind the file in the test's id, such as `TestChat::test_hello[en]`. `folder`
    is a name or a path, from the test's own folder. `named` is the file that the test itself names, also from
    there.
    """
    beside = test_file.parent
    if named is not None:
        return beside / named
    plain = test_name.replace("::", ".")
    bracket = plain.partition("[")
    readable = f"{bracket[0]}-{bracket[2].removesuffix(']')}" if bracket[1] else plain
    slug = _ODD.sub("-", readable).strip("-.")[:_LONGEST]
    if slug != readable:
        slug = f"{slug}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"
    return beside / folder / test_file.stem / f"{slug}{SUFFIX}"
