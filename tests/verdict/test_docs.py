"""Every finding has its heading, with its severity, what it says, and how it is waived."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fake_tgi.verdict import RULES, Rule

PAGE = (Path(__file__).parent.parent.parent / "docs" / "verdict.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_the_findings_are_told_in_the_order_of_the_verdict() -> None:
    assert list(SECTIONS) == [rule.name for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_finding_is_told_as_the_verdict_tells_it(rule: Rule) -> None:
    section = SECTIONS[rule.name]
    assert section.lstrip().startswith(f"*{rule.severity}.* {rule.title}")
    assert f"{rule.severity}: {rule.name}: {rule.title}\n    " in section
    assert rule.fix in section
    assert f'waive=["{rule.name}"]' in section
