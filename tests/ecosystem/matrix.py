"""Writes docs/ecosystem.md and docs/faults.md, by running every client, if told `--write`.

Else it says what has changed since they were written, and exits with 1 if anything has.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path
from typing import Final

from . import measuring
from .clients import CLIENTS
from .ecosystem_page import ecosystem_page, read_refusals
from .faults_page import faults_page, read_faults_page
from .measuring import Cells
from .places import Fakes
from .versions import versions

__all__ = ["ECOSYSTEM", "FAULTS_PAGE", "changes", "main"]

_DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
ECOSYSTEM: Final = _DOCS / "ecosystem.md"
FAULTS_PAGE: Final = _DOCS / "faults.md"


def changes(written: Cells, measured: Cells) -> list[str]:
    """Where a page and what is so now differ, a line each."""
    return [
        f"{' | '.join(where)}: the page says {written.get(where, 'nothing')!r}, now it is {said!r}"
        for where, said in measured.items()
        if written.get(where) != said
    ]


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8") if page.exists() else ""


def main() -> int:
    """Runs all clients; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the pages")
    given = parser.parse_args()
    titles = tuple(CLIENTS)
    found = versions(titles)
    said, made = read_refusals(_text(ECOSYSTEM)), read_faults_page(_text(FAULTS_PAGE))
    with Fakes() as fakes:
        features = measuring.features(fakes, titles)
        refusals = measuring.refusals(fakes, titles, said)
        faults = measuring.faults(fakes, titles, written=made)
    if given.write:
        day = datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat()
        ECOSYSTEM.write_text(ecosystem_page(features, refusals, titles, found, day), encoding="utf-8")
        FAULTS_PAGE.write_text(faults_page(faults, titles, found, day), encoding="utf-8")
        return 0
    changed = changes(said, refusals) + changes(made, faults)
    sys.stdout.writelines(f"{line}\n" for line in changed)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
