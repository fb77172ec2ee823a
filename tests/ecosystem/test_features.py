"""Real clients, unchanged, at the fake on a socket: each does what it does with a real TGI."""

from __future__ import annotations

import pytest

from .clients import CLIENTS, client
from .features import FEATURES, Feature, ask
from .matrix import ECOSYSTEM
from .places import Fakes
from .tables import read_tables

# A stream that its client leaves is not a whole one, and shows nothing of the contracts.
_ASKED = [
    pytest.param(
        feature, id=feature.name, marks=[pytest.mark.damages_answers] if feature.take is not None else []
    )
    for feature in FEATURES
]


@pytest.mark.parametrize("feature", _ASKED)
@pytest.mark.parametrize("title", CLIENTS)
def test_a_client_gets_the_right_answer_or_there_is_a_reason(
    fakes: Fakes, title: str, feature: Feature
) -> None:
    kind = client(title)
    if feature.name in kind.cannot:
        assert not hasattr(kind, feature.name), "it has a method for it, and a reason why it cannot"
        return
    outcome = ask(kind, feature, fakes)
    assert not outcome.hung
    wrong = f"{outcome.kind}: {outcome.message}" if outcome.kind else feature.wrong(outcome)
    if feature.name in kind.fails:
        words, reason = kind.fails[feature.name]
        assert wrong is not None, f"it works now, although {reason}"
        assert words in wrong
    else:
        assert wrong is None


def test_the_page_shows_every_client_and_feature() -> None:
    tables = [one for one in read_tables(ECOSYSTEM.read_text(encoding="utf-8")) if "Features" in one.headings]
    rows = tables[0].rows
    assert list(rows) == list(CLIENTS)
    for title, row in rows.items():
        kind = client(title)
        for feature in FEATURES:
            said = "no" if feature.name in kind.fails else "–" if feature.name in kind.cannot else "yes"
            assert row[feature.title].startswith(said)
