"""Builds the site: gathers the pages, adds those that are made of the code, and runs Sphinx, strictly.

    python docs/site/build.py FOLDER

The gathered tree has the checkout's own paths, so that the links that people follow in the checkout lead
somewhere on the site, too: a link that leads out of docs/ takes the file it leads to along, or a page that
shows the files of the folder it leads to. A link that leads nowhere, like any other warning, ends the build
with exit status 1.
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
_LISTING = "folder.md"
_LANGUAGES = {".py": "python", ".toml": "toml", ".txt": "text", ".yaml": "yaml", ".json": "json"}
_FRONT = """\
<!doctype html>
<meta charset="utf-8">
<title>text-generation</title>
<meta http-equiv="refresh" content="0; url=docs/index.html">
<a href="docs/index.html">text-generation</a>
"""


def gather(folder: Path) -> None:
    """Puts everything that the site is made of into `folder`."""
    texts = {ROOT / "docs" / path: text for path, text in pages().items()}
    waiting = [*_written(), ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *texts]
    done: set[Path] = set()
    while waiting:
        page = waiting.pop()
        if page in done:
            continue
        done.add(page)
        if page.suffix != ".md":
            _write(folder, page, page.read_bytes())
            continue
        text = texts.get(page) or (
            _listing(page.parent) if page.name == _LISTING else page.read_text("utf-8")
        )
        text = _LINK.sub(lambda match, page=page: _to_listing(match, page), text)  # type: ignore[misc]
        _write(folder, page, text.encode())
        linked = ((page.parent / match[1]).resolve() for match in _LINK.finditer(text))
        waiting += [
            path for path in linked if path.is_relative_to(ROOT) and (path.is_file() or path.name == _LISTING)
        ]
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*.md")]
    front = folder / "docs" / "index.md"
    front.write_text(front.read_text(encoding="utf-8") + menu.menu(found), encoding="utf-8")


def _written() -> Iterator[Path]:
    for path in sorted((ROOT / "docs").rglob("*.md")):
        if HOME not in path.parents:
            yield path


def _to_listing(match: re.Match[str], page: Path) -> str:
    """A link to a folder of the checkout leads to the page that shows it."""
    target = (page.parent / match[1]).resolve()
    if not target.is_dir() or not target.is_relative_to(ROOT):
        return match[0]
    return f"]({match[1].rstrip('/')}/{_LISTING})"


def _listing(folder: Path) -> str:
    """The page of a folder: its name, and each file in it."""
    parts = [f"# {folder.name}"]
    for path in sorted(folder.iterdir()):
        if path.suffix in _LANGUAGES:
            fence = f"```{_LANGUAGES[path.suffix]}"
            parts += [f"## `{path.name}`", f"{fence}\n{path.read_text(encoding='utf-8').rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _write(folder: Path, path: Path, content: bytes) -> None:
    target = folder / path.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def main(arguments: list[str]) -> int:
    """Builds into the folder that is named; the exit status."""
    (out,) = map(Path, arguments)
    with tempfile.TemporaryDirectory() as folder:
        gather(Path(folder))
        flags = ["--fail-on-warning", "--keep-going", "--quiet", "--fresh-env", "--jobs", "auto"]
        done = subprocess.run(  # noqa: S603  our own words
            [sys.executable, "-m", "sphinx", *flags, "--conf-dir", str(HOME), folder, str(out)], check=False
        )
    if done.returncode == 0:
        (out / "index.html").write_text(_FRONT, encoding="utf-8")
        shutil.rmtree(out / ".doctrees")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
