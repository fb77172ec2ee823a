"""The text of /metrics against metrics.json: known families, their labels, and sums that add up.

A family may be missing, since it appears when it is first touched. What a family shows must be whole: its
HELP and TYPE lines before its samples, buckets that never fall and end in `+Inf`, and a count that is the
last bucket's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from ._files import table
from ._violation import Violation, shown

__all__ = ["metrics_violations"]

_SAMPLE = re.compile(r"(tgi_[a-z_]+?)(_bucket|_sum|_count)?(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'([a-z]+)="([^"]*)"')


def metrics_violations(text: str) -> Iterator[Violation]:
    """Each way in which the text of /metrics, which satisfies the schema Metrics, is no router's."""
    families: Mapping[str, Any] = table("metrics")["families"]
    seen: set[str] = set()
    for name, lines in _blocks(text):
        if name not in families:
            yield Violation(f"$.{name}", "family", "a family of metrics.json", shown(lines[0]))
        elif name in seen:
            yield Violation(f"$.{name}", "family", "one block of a family", "another")
        else:
            yield from _family(name, families[name], lines)
        seen.add(name)


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each family's name and lines: a block begins where a HELP or TYPE line names another family.

    Empty lines mean nothing in this format; the router puts one between families, other writers do not.
    """
    name, lines = "", list[str]()
    for line in text.split("\n"):
        words = line.split(" ", 3)
        if words[0] == "#" and len(words) > 2 and words[2] != name:
            if lines:
                yield name, lines
            name, lines = words[2], []
        if line:
            lines.append(line)
    if lines:
        yield name, lines


def _family(name: str, family: Mapping[str, Any], lines: list[str]) -> Iterator[Violation]:
    head = [f"# HELP {name} {family['help']}"] if family["help"] else []
    head.append(f"# TYPE {name} {family['type']}")
    if lines[: len(head)] != head:
        yield Violation(f"$.{name}", "head", shown(head), shown(lines[: len(head)]))
        return
    series: dict[tuple[tuple[str, str], ...], list[tuple[str, str, str]]] = {}
    for line in lines[len(head) :]:
        sample = _sample(name, family, line)
        if isinstance(sample, Violation):
            yield sample
        else:
            labels, part, bound, value = sample
            series.setdefault(labels, []).append((part, bound, value))
    if not series:
        yield Violation(f"$.{name}", "samples", "at least one", "none")
    for labels, samples in series.items():
        where = f"$.{name}" + "".join(f"[{key}={value}]" for key, value in labels)
        yield from _series(where, family, samples)


def _sample(
    name: str, family: Mapping[str, Any], line: str
) -> tuple[tuple[tuple[str, str], ...], str, str, str] | Violation:
    match = _SAMPLE.fullmatch(line)
    composite = family["type"] in ("histogram", "summary")
    if match is None or match[1] + ("" if composite else match[2] or "") != name:
        return Violation(f"$.{name}", "samples", f"a sample of {name}", shown(line))
    part = (match[2] or "") if composite else ""
    labels = dict(_LABEL.findall(match[3] or ""))
    bound = labels.pop("le", "") + labels.pop("quantile", "")
    allowed = family["labels"]
    if labels.keys() != allowed.keys() or any(value not in allowed[key] for key, value in labels.items()):
        return Violation(f"$.{name}", "labels", shown(allowed), shown(line))
    try:
        float(match[4])
    except ValueError:
        return Violation(f"$.{name}", "value", "a number", shown(line))
    return tuple(sorted(labels.items())), part, bound, match[4]


def _series(
    where: str, family: Mapping[str, Any], samples: list[tuple[str, str, str]]
) -> Iterator[Violation]:
    kind = family["type"]
    if kind in ("counter", "gauge"):
        if len(samples) != 1 or (float(samples[0][2]) < 0 and kind == "counter"):
            yield Violation(where, "value", "one sample, not below 0", shown([s[2] for s in samples]))
        return
    parts = [part for part, _, _ in samples]
    steps = parts[:-2]
    step = "_bucket" if kind == "histogram" else ""
    if parts[-2:] != ["_sum", "_count"] or not steps or set(steps) != {step}:
        yield Violation(where, "samples", f"{kind} samples, then its sum, then its count", shown(parts[-4:]))
        return
    bounds = [bound for _, bound, _ in samples[:-2]]
    values = [float(value) for _, _, value in samples[:-2]]
    count = samples[-1][2]
    if kind == "summary":
        if bounds != family["quantiles"]:
            yield Violation(where, "quantiles", shown(family["quantiles"]), shown(bounds))
        return
    limits = [float(bound) for bound in bounds]
    if bounds[-1] != "+Inf" or any(a >= b for a, b in pairwise(limits)):
        yield Violation(where, "buckets", "rising bounds up to +Inf", shown(bounds))
    if len(bounds) != _BUCKETS[family["buckets"]] + 1:
        yield Violation(where, "buckets", f"{_BUCKETS[family['buckets']]} bounds and +Inf", str(len(bounds)))
    if any(a > b for a, b in pairwise(values)):
        yield Violation(where, "buckets", "counts that never fall", shown(values))
    if values[-1] != float(count):
        yield Violation(where, "count", f"{values[-1]:g}, as the last bucket", count)


_BUCKETS: Mapping[str, int] = {
    "duration": 35,
    "max_input_tokens": 100,
    "max_total_tokens": 100,
    "batch_size": 1024,
}
