"""What the seeded shard can say: patterns of sentences, and the phrases that fill their places.

Every phrase of a place fits every pattern that has it, so any choice gives an English sentence. A phrase
carries the space in front of it and the punctuation behind it. `{topic}` stands for a word of the prompt,
and is the only thing that is not fixed text.
"""

from __future__ import annotations

__all__ = ["COMMON_WORDS", "FIRST", "PATTERNS", "SLOTS", "TOPIC", "UNTITLED"]

TOPIC = "topic"
"""The place for a word of the prompt."""

UNTITLED = ("the subject", "this question", "the topic", "the matter", "such a thing")
"""What stands in that place when the prompt has no word to offer."""

FIRST: tuple[tuple[str, ...], ...] = (
    ("about", TOPIC, "comma", "subject", "verb", "object", "end"),
    ("opening_about", TOPIC, "comma", "subject", "verb", "object", "end"),
    ("people", "say", TOPIC, "linking", "object", "end"),
    ("Subject", "verb", "object", "of", TOPIC, "end"),
)
"""Patterns of the first sentence: each of them names the topic."""

PATTERNS: tuple[tuple[str, ...], ...] = (
    ("Subject", "verb", "object", "end"),
    ("Subject", "verb", "object", "because", "subject", "verb", "object", "end"),
    ("opening", "subject", "verb", "object", "end"),
    ("when", "subject", "verb", "object", "comma", "subject", "verb", "object", "end"),
    ("Subject", "verb", "object", "but", "subject", "verb", "object", "end"),
    ("people", "say", TOPIC, "linking", "object", "end"),
    ("opening", "subject", "verb", "object", "of", TOPIC, "end"),
    ("advice", "object", "before", "subject", "verb", "object", "end"),
)
"""Patterns of every later sentence."""

_SUBJECTS = (
    "a careful reader",
    "a good example",
    "a long experiment",
    "a new idea",
    "a short answer",
    "a simple model",
    "a small change",
    "a useful tool",
    "almost everybody",
    "an honest measurement",
    "every layer",
    "every new version",
    "experience",
    "nobody",
    "one of the oldest methods",
    "the answer",
    "the best explanation",
    "the first step",
    "the history behind it",
    "the idea",
    "the light of the evening",
    "the machine",
    "the method",
    "the network",
    "the next chapter",
    "the old map",
    "the quiet part of the work",
    "the river",
    "the same principle",
    "the second attempt",
    "the usual approach",
    "the whole system",
    "this kind of thinking",
)

_OBJECTS = (
    "a clear picture",
    "a deep understanding",
    "a different point of view",
    "a few simple rules",
    "a good memory",
    "a great deal of time",
    "a language that everybody shares",
    "a long chain of examples",
    "a patient teacher",
    "a pattern in the data",
    "a question that nobody asked",
    "a reason to continue",
    "a small amount of energy",
    "a surprising result",
    "an open door",
    "another way to look at it",
    "careful observation",
    "enough water and light",
    "knowledge from many books",
    "more than one solution",
    "much less than expected",
    "one step after another",
    "several layers of meaning",
    "something that can be measured",
    "the details",
    "the difference between theory and practice",
    "the distance between two points",
    "the first impression",
    "the mathematics behind it",
    "the other side of the mountain",
    "the shape of the problem",
    "the sound of the sea",
    "the story as a whole",
    "the weather of the last year",
    "the work of other people",
    "very little",
    "what was known before",
)


def _spaced(phrases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(" " + phrase for phrase in phrases)


SLOTS: dict[str, tuple[str, ...]] = {
    "about": (
        " When it comes to",
        " In the case of",
        " To understand",
        " Thanks to",
        " As far as we know about",
        " In the world of",
        " With regard to",
        " In order to explain",
    ),
    "opening_about": (
        " In short, because of",
        " Put simply, with",
        " There is a common view that with",
        " It is often said that without",
        " Many books explain that in the field of",
        " Here is a short summary: in",
    ),
    "opening": (
        " As a result,",
        " At the same time,",
        " For example,",
        " For this reason,",
        " However,",
        " In addition,",
        " In other words,",
        " In practice,",
        " In the end,",
        " In the beginning,",
        " Most of the time,",
        " On the other hand,",
        " Over the years,",
        " Perhaps",
        " Sometimes",
        " Step by step,",
        " Today",
        " Usually",
    ),
    "Subject": _spaced(tuple(phrase[0].upper() + phrase[1:] for phrase in _SUBJECTS)),
    "subject": _spaced(_SUBJECTS),
    "verb": _spaced(
        (
            "adds",
            "begins with",
            "brings",
            "changes",
            "comes from",
            "contains",
            "creates",
            "depends on",
            "describes",
            "explains",
            "finds",
            "follows",
            "gives us",
            "improves",
            "is based on",
            "is built from",
            "leads to",
            "learns from",
            "looks for",
            "needs",
            "often hides",
            "predicts",
            "remembers",
            "requires",
            "shows",
            "starts with",
            "turns into",
            "uses",
            "works with",
        )
    ),
    "object": _spaced(_OBJECTS),
    "of": (
        " in the light of",
        " with the help of",
        " in the context of",
        " on the way to",
        " at the heart of",
    ),
    "people": (
        " Many people",
        " Most researchers",
        " Some teachers",
        " The people who built it",
        " Children",
        " Engineers",
        " Philosophers",
        " Writers of every century",
        " Two friends of mine",
    ),
    "say": (
        " say that",
        " believe that",
        " know that",
        " have shown that",
        " will tell you that",
        " are convinced that",
        " remember how",
        " agree that",
    ),
    "linking": (
        " can lead to",
        " cannot be explained without",
        " might depend on",
        " must begin with",
        " never existed without",
        " will always bring",
        " would be nothing without",
        " could become",
    ),
    "advice": (
        " Try to find",
        " It is a good idea to look for",
        " You should always expect",
        " Do not forget",
        " It helps to write down",
        " Take your time and consider",
    ),
    "before": (" before", " until", " as soon as", " whenever", " as long as"),
    "when": (" When", " If", " Whenever", " Once", " As long as", " Even though", " Although"),
    "because": (" because", ", because", " since", ", while", ", so that", " if", " whenever"),
    "but": (", but", ", and", ", yet", "; however,", ", and sometimes"),
    "comma": (",",),
    "end": (
        ".",
        ".",
        ".",
        " in most cases.",
        " in the long run.",
        " over time.",
        " after a while.",
        " again.",
    ),
}
"""The phrases for each place of a pattern."""

COMMON_WORDS = """
about also assistant been before below briefly could does each ever explain from give given have here into
just know like make many mean more most much must need only other please question said same say short should
some such system tell than that their them then there these they this those user very want were what when
where which while will with word words would write your
"""
"""Words of a prompt that are no topic."""
