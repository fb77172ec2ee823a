"""docs/ecosystem.md: every client by every feature, and what each says of TGI's refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .clients import client
from .features import FEATURES
from .measuring import FACES, Cells
from .refusals import REFUSALS
from .tables import read_tables, table

__all__ = ["ecosystem_page", "read_refusals"]

_REFUSED: Final = "The error of "


def ecosystem_page(
    features: Cells, refusals: Cells, titles: Sequence[str], versions: Mapping[str, str], day: str
) -> str:
    """The page, from what `measuring.features` and `measuring.refusals` measured."""
    reasons: dict[str, int] = {}
    rows = []
    for title in titles:
        row = [title]
        for feature in FEATURES:
            reason = features[title, feature.name, ""]
            if reason:
                number = reasons.setdefault(reason, len(reasons) + 1)
                fails = feature.name in client(title).fails
                row.append(f"{'no' if fails else '–'} ({number})")
            else:
                row.append("yes")
        rows.append(row)
    lines = [
        "# Real clients",
        "",
        "What people use with Text Generation Inference, at the fake: over a socket, unchanged, as they come "
        "from their registries. What one of them cannot do with a real TGI it cannot do here either.",
        "",
        f"Written on {day} by `python -m tests.ecosystem.matrix --write`. `tox -e ecosystem` runs all of it "
        "again and fails where it is no longer true, or where a client cannot be installed. What they make "
        "of a server that misbehaves is in [faults.md](faults.md).",
        "",
        *table(["package", "version"], [[name, number] for name, number in versions.items()]),
        "llama-index-llms-text-generation-inference is not among them: it wants releases of openai, "
        "huggingface_hub and llama-index-core that the others no longer work with.",
        "",
        "## Features",
        "",
        "`yes`: asked, and the answer was the right one. `no`: asked, and it fails for the reason with that "
        "number. `–`: the client has nothing to ask it with.",
        "",
        *table(["client", *(feature.title for feature in FEATURES)], rows),
        *(f"{number}. {reason[0].upper()}{reason[1:]}." for reason, number in reasons.items()),
        "",
        *table(["feature", "what is asked"], [[feature.title, feature.what] for feature in FEATURES]),
        "## Errors",
        "",
        "The class of what each client raises, and what it says: of a whole answer, and of a stream. "
        "*asked n times*: the server saw so many tries.",
        "",
    ]
    for refused in REFUSALS:
        lines += [f"### {_REFUSED}{refused.name}", "", refused.what, ""]
        lines += table(
            ["client", *FACES],
            [[title, *(refusals[title, refused.name, face] for face in FACES)] for title in titles],
        )
    return "\n".join(lines)


def read_refusals(page: str) -> Cells:
    """What the page says, as `measuring.refusals` measures it."""
    return {
        (title, one.headings[-1].removeprefix(_REFUSED), face): said
        for one in read_tables(page)
        if one.headings[-1].startswith(_REFUSED)
        for title, row in one.rows.items()
        for face, said in row.items()
    }
