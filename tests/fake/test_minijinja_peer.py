"""Our engine and the real one, side by side: Python's binding of minijinja, of the version that TGI has.

The binding keeps maps in the order in which they were written and has no Python methods, so the templates
have their keys in order and call none. Every row of `minijinja_answers` that needs neither is asked again,
and so are templates put together from parts.
"""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timezone

import minijinja

from fake_tgi.minijinja import Failure, Template, named

from . import minijinja_answers as answers

VALUES = (
    "1", "-2", "0", "2.5", "1e20", "'a'", "'Hello World'", "''", "none", "true", "false", "nope",
    "[3, 1, 2]", "['b', 'A']", "[]", "{'a': 1, 'b': [1, 'x']}", "{}", "(1, 'a')", "range(3)", "n", "s",
)  # fmt: skip
OPERATORS = (
    "+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or",
)  # fmt: skip
FILTERS = (
    "upper", "title", "capitalize", "trim", "length", "first", "last", "list", "reverse", "sort", "unique",
    "join('-')", "default('d')", "tojson", "tojson(indent=2)", "string", "int", "float", "round", "abs",
    "min", "max", "sum", "bool", "batch(2)", "slice(2)", "items", "dictsort", "select", "reject('odd')",
    "map('upper')", "map(attribute='a', default=0)", "indent(2)", "lines", "split", "replace('l', 'L')",
    "pprint", "escape", "nosuch", "upper(1)", "join(1, 2)",
)  # fmt: skip
TESTS = (
    "defined", "none", "string", "number", "integer", "float", "sequence", "mapping", "iterable", "odd",
    "divisibleby 2", "eq 1", "in [1, 'a']", "lower", "startingwith 'H'", "sameas none", "true", "nosuch",
)  # fmt: skip
PIECES = (
    "{% for x in [1, 2, 3] %}{{ loop.index }}{{ x }}{% endfor %}",
    "{% for x in 'ab' -%} {{ x }} {%- else %}none{% endfor %}",
    "{% if n > 1 %}\nmore\n{% elif s %}\ntext\n{% endif %}",
    "{% set x = n ~ s %}{{ x }}\n",
    "{%- set y %}a{{ n }}{% endset %}[{{ y | upper }}]",
    "{% macro f(a, b=2) %}<{{ a }}{{ b }}>{% endmacro %}{{ f(1) }}{{ f(b=1, a=n) }}",
    "{% with x = 1 %}{{ x }}{% endwith %}{{ x }}",
    "{% filter upper %}q{{ s }}{% endfilter %}",
    "{# a comment #}\r\n",
    "{{ nope.x }}",
    "{{ 1 +\n'a' }}",
    "{% for a, b in [[1, 2], [3]] %}{{ a }}{{ b }}{% endfor %}",
    "  {{- s -}}  ",
    "{% raw %}{{ x }}{% endraw %}",
)


def combined() -> list[str]:
    """The same templates every time."""
    templates = [
        f"{{{{ {left} {operator} {right} }}}}"
        for left, operator, right in itertools.product(VALUES, OPERATORS, VALUES)
    ]
    templates += [f"{{{{ {value} | {name} }}}}" for value, name in itertools.product(VALUES, FILTERS)]
    templates += [f"{{{{ {value} is {name} }}}}" for value, name in itertools.product(VALUES, TESTS)]
    templates += [
        f"{{{{ ({value})[{key}] }}}}" for value, key in itertools.product(VALUES, ("0", "-1", "1:", "'a'"))
    ]
    draw = random.Random(1)
    templates += ["".join(draw.choices(PIECES, k=draw.randint(2, 4))) for _ in range(400)]
    return templates


def recorded() -> list[str]:
    tables = (
        answers.PRINTED, answers.JSON, answers.OPERATORS, answers.SCOPES, answers.FILTERS, answers.TESTS,
        answers.WHITESPACE, answers.ERRORS,
    )  # fmt: skip
    unordered = ("'b': ", "{2: ", "b=1", "r': ", "raise_exception", ".items()", ".format", ".get(", ".append")
    return [
        source for table in tables for source, _ in table if not any(part in source for part in unordered)
    ]


def ours(source: str) -> str:
    try:
        return Template(source, lambda: datetime.now(timezone.utc)).render(named({"n": 2, "s": "some Text"}))
    except Failure as failure:
        return f"failed: {failure}"


def theirs(source: str) -> str:
    try:
        return str(minijinja.Environment().render_str(source, n=2, s="some Text"))
    except minijinja.TemplateError as failure:
        return "failed: " + str(failure).partition("\n")[0]


def test_our_engine_and_minijinja_say_the_same() -> None:
    sources = recorded() + combined()
    different = [
        (source, mine, real) for source in sources if (mine := ours(source)) != (real := theirs(source))
    ]
    assert len(sources) > 7000
    assert different == []
