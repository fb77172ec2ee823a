"""Recordings out of other tools' files: HAR (browsers, proxies) and vcrpy's cassettes.

What such a file does not know stays unknown: neither has the boundaries of chunks, so an event stream gets
one chunk for each event, as the router sends them, and no times. Secrets are redacted as when recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..keeping import Keeper
from ..recording import Recording
from .foreign import Foreign, ImportFailure
from .har import read_har
from .vcr import read_cassette

__all__ = ["ImportFailure", "Imported", "import_file"]


@dataclass(frozen=True, slots=True)
class Imported:
    """The recordings written, in the file's order, and in words what was left out and why."""

    written: tuple[Recording, ...]
    skipped: tuple[str, ...]


def import_file(file: Path, folder: Path, *, patterns: tuple[str, ...] = ()) -> Imported:
    """Writes every exchange of `file` as a recording into `folder`.

    Raises ImportFailure for a file that is neither HAR nor a cassette, OSError when it cannot be read or
    the recordings cannot be written, ValueError for a pattern that is no regular expression.
    """
    found, skipped = (read_har if file.suffix.lower() == ".har" else read_cassette)(file)
    written: list[Recording] = []
    keeper = Keeper(
        folder, upstream=_origin(found), patterns=patterns, kept=written.append, told=skipped.append
    )
    for foreign in found:
        keeper.keep(foreign.taken)
    left = keeper.close()
    if left.lost or left.elsewhere:
        raise OSError(f"{left.lost + len(left.elsewhere)} recordings cannot be written to {folder}")
    return Imported(tuple(written), tuple(skipped))


def _origin(found: list[Foreign]) -> str:
    if not found:
        return "nothing"
    parts = urlsplit(found[0].url)
    return f"{parts.scheme}://{parts.netloc}"
