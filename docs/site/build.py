"""Builds the site: gathers the pages, adds those that are made of the code, and runs Sphinx, strictly.

    python docs/site/build.py FOLDER

The gathered tree has the checkout's own paths, so that the links that people follow in the checkout lead
somewhere on the site, too: a link that leads out of docs/ takes the file it leads to along. A link that
leads nowhere, like any other warning, ends the build with exit status 1.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parent
sys.path.insert(0, str(HOME))

from site_pages import menu, pages  # noqa: E402  it lies beside this program

ROOT = HOME.parents[1]
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)\s]*)?\)")
_FRONT = """\
<!doctype html>
<meta charset="utf-8">
<title>text-generation</title>
<meta http-equiv="refresh" content="0; url=docs/index.html">
<a href="docs/index.html">text-generation</a>
"""


def gather(folder: Path) -> None:
    """Puts everything that the site is made of into `folder`."""
    generated = {f"docs/{path}": text for path, text in pages().items()}
    written = {path: path.read_text(encoding="utf-8") for path in _written()}
    for page in written:
        _put(folder, page)
    for path, text in generated.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    waiting = [*written.items(), *((ROOT / path, text) for path, text in generated.items())]
    waiting += [
        (path, path.read_text(encoding="utf-8")) for path in (ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md")
    ]
    while waiting:
        page, text = waiting.pop()
        if page.is_file():
            _put(folder, page)
        for linked in _linked(page, text):
            if not (folder / linked.relative_to(ROOT)).exists():
                _put(folder, linked)
                if linked.suffix == ".md":
                    waiting.append((linked, linked.read_text(encoding="utf-8")))
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*.md")]
    front = folder / "docs" / "index.md"
    front.write_text(front.read_text(encoding="utf-8") + menu.menu(found), encoding="utf-8")


def _written() -> Iterator[Path]:
    for path in sorted((ROOT / "docs").rglob("*.md")):
        if HOME not in path.parents:
            yield path


def _linked(page: Path, text: str) -> Iterator[Path]:
    for match in _LINK.finditer(text):
        target = (page.parent / match[1]).resolve()
        if target.is_file() and target.is_relative_to(ROOT):
            yield target


def _put(folder: Path, path: Path) -> None:
    target = folder / path.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def main(arguments: list[str]) -> int:
    """Builds into the folder that is named; the exit status."""
    (out,) = map(Path, arguments)
    with tempfile.TemporaryDirectory() as folder:
        gather(Path(folder))
        command = [
            sys.executable,
            "-m",
            "sphinx",
            "--fail-on-warning",
            "--keep-going",
            "--quiet",
            "--fresh-env",
        ]
        done = subprocess.run(  # noqa: S603  our own words
            [*command, "--conf-dir", str(HOME), folder, str(out)], check=False
        )
    if done.returncode == 0:
        (out / "index.html").write_text(_FRONT, encoding="utf-8")
        shutil.rmtree(out / ".doctrees")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
