# ruff: noqa: E501 - a template is as long as it is
"""What minijinja 2.8.0 itself gave for these templates, with the features and functions that TGI turns on.

Obtained from the crate; each row is a template and its text, or its error as TGI shows it.
"""

from __future__ import annotations

PRINTED = (
    ("{{ none }} {{ true }} {{ false }} [{{ nope }}]", "none true false []"),
    ("{{ 1.0 }} {{ 3 / 2 }} {{ 7 // 2 }} {{ 2 ** 3 }} {{ -7 % 3 }} {{ -7 // 2 }}", "1.0 1.5 3 8 2 -4"),
    (
        "{{ 1e20 }} {{ 1e-7 }} {{ 0.1 + 0.2 }} {{ 1 / 0 }} {{ 0 / 0 }}",
        "100000000000000000000.0 0.0000001 0.30000000000000004 inf NaN",
    ),
    ("{{ [1, 'a\"b', none, nope, 1.5, 1e16, true] }}", '[1, "a\\"b", none, undefined, 1.5, 1e16, true]'),
    ("{{ {'b': 1, 'a': 'x', 'c': {'e': [], 'd': {}}} }}", '{"a": "x", "b": 1, "c": {"d": {}, "e": []}}'),
    ("{{ {2: 'i', 1: 'j', 'k': 0, true: 1} }}", '{true: 1, 1: "j", 2: "i", "k": 0}'),
    (
        "{{ range(3) }} {{ range(3)[1:] }} {{ 'ab' | split('b') }} {{ [2, 1] | reverse }}",
        "[0, 1, 2] [1, 2] <iterator> [1, 2]",
    ),
    ("{{ 'é\n' }} {{ ['é\n\\u200b'] }}", 'é\n ["é\\n\\u{200b}"]'),
    (
        "{{ namespace(b=1, a=2) }} {{ range }} {{ dict(a=1) }}",
        '{"a": 2, "b": 1} minijinja::functions::builtins::range {"a": 1}',
    ),
    ("{{ 9223372036854775807 + 1 }} {{ 2 ** 100 }}", "9223372036854775808 1267650600228229401496703205376"),
)

JSON = (
    ("{{ {'b': [1, 2.0, none, true], 'a': {}} | tojson }}", '{"a":{},"b":[1,2.0,null,true]}'),
    ("{{ '<b>&\\'\"' | tojson }}", '"\\u003cb\\u003e\\u0026\\u0027\\""'),
    ("{{ {'b': [1, {}], 'a': []} | tojson(indent=2) }}", '{\n  "a": [],\n  "b": [\n    1,\n    {}\n  ]\n}'),
    ("{{ [1] | tojson(true) }} {{ nope | tojson }} {{ {1: 2} | tojson }}", '[\n  1\n] null {"1":2}'),
    ("{{ 1e16 | tojson }} {{ 1e15 | tojson }} {{ 0.00001 | tojson }}", "1e16 1000000000000000.0 0.00001"),
)

OPERATORS = (
    (
        "{{ 1 < 2 < 3 }} {{ 3 > 2 > 1 }} {{ 'b' > 'a' }} {{ none < 1 }} {{ [1] < 'a' }}",
        "true false true true false",
    ),
    (
        "{{ true == 1 }} {{ '1' == 1 }} {{ 1 == 1.0 }} {{ (1, 2) == [1, 2] }} {{ range(2) == [0, 1] }}",
        "true false true true true",
    ),
    (
        "{{ 1 ~ 2 }} {{ 'a' ~ none ~ 1.0 }} {{ 'ab' * 2 }} {{ [1] + [2] }} {{ 'a' + 'b' }}",
        "12 anone1.0 abab [1, 2] ab",
    ),
    (
        "{{ 'a' in 'abc' }} {{ 1 in [1.0] }} {{ 'k' in {'k': 1} }} {{ 1 in '1' }} {{ 'a' in nope }}",
        "true true true true false",
    ),
    (
        "{{ '' or 'b' }} {{ '' and 'b' }} {{ (nope or '') and 'b' }} {{ not 0 }} {{ 'x' if nope }}",
        "b false  true ",
    ),
    (
        "{{ 'hello'[1:3] }} {{ 'hello'[-2:] }} {{ 'hello'[-9:] }}|{{ 'hello'[:-9] }} {{ 'hello'[::2] }} {{ [1, 2, 3][:-1] }}",
        "el lo |hello hlo [1, 2]",
    ),
    ("{{ 'hello'[-1] }} {{ [1, 2][5] }}|{{ {'a': 1}.b }}|{{ 'a'['b'] }}", "o ||"),
    ("{{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 'a' 'b' }} {{ 1_000 }} {{ 0x1f }}", "64 4 ab 1000 31"),
)

SCOPES = (
    ("{% for i in [1, 2] %}{{ seen }}{% set seen = i %}{% endfor %}[{{ seen }}]", "1[]"),
    ("{% if true %}{% set x = 1 %}{% endif %}{{ x }}", "1"),
    (
        "{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
        "3",
    ),
    ("{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "13"),
    ("{% for i in [1, 2, 3] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% else %}none{% endfor %}", "1"),
    ("{% for i in [1] %}{% break %}{% else %}counts as none{% endfor %}", "counts as none"),
    (
        "{% for i in [1, 2, 3] if i is odd %}{{ loop.index }}/{{ loop.length }}:{{ i }}{{ loop.last }} {% endfor %}",
        "1/2:1false 2/2:3true ",
    ),
    ("{% for c in 'ab' %}{{ c }}{{ loop.length }}{{ loop.last }}{% endfor %}", "afalsebfalse"),
    ("{% for k, v in {'b': 1, 'a': 2}.items() %}{{ k }}{{ v }}{% endfor %}", "a2b1"),
    (
        "{% for x in [[1, [2]]] recursive %}{{ loop.depth }}{% if x is iterable %}({{ loop(x) }}){% endif %}{% endfor %}",
        "1(22(3))",
    ),
    (
        "{% macro f(a, b='B') %}<{{ a }}{{ b }}{{ q }}>{% endmacro %}{% set q = 1 %}{{ f(1) }}{{ f(b=2) }}",
        "<1B1><21>",
    ),
    ("{% set q = 1 %}{% macro f() %}{{ q }}{% endmacro %}{% set q = 2 %}{{ f() }}", "2"),
    ("{% macro f() %}[{{ caller('x') }}]{% endmacro %}{% call(y) f() %}{{ y }}{% endcall %}", "[x]"),
    ("{% set x %}a{{ 1 }}{% endset %}{{ x | upper }}{% filter upper %}b{% endfilter %}", "A1B"),
    ("{% with a = 1, b = a %}{{ b }}{% endwith %}[{{ a }}]", "1[]"),
    ("{% block title %}t{% endblock %}{{ self.title() }}", "tt"),
)

FILTERS = (
    (
        "{{ nope | default('d') }} {{ none | default('d') }} {{ nope | default(none) }}|{{ 0 | default('d') }}",
        "d none |0",
    ),
    (
        "{{ 'a-b c' | title }} {{ 'ABC' | capitalize }} {{ ' a ' | trim }}| {{ 'xax' | trim('x') }}",
        "A-B C Abc a| a",
    ),
    (
        "{{ [3, 1, 2] | sort }} {{ ['b', 'A'] | sort }} {{ [3, 1] | sort(reverse=true) }} {{ [1, 1.0, 'a', 'A'] | unique }}",
        '[1, 2, 3] ["A", "b"] [3, 1] [1, "a"]',
    ),
    (
        "{{ [{'r': 'u'}, {'r': 'a'}] | map(attribute='r') | join(',') }} {{ ['a'] | map('upper') | list }}",
        'u,a ["A"]',
    ),
    (
        "{{ [{'r': 'u', 'n': 1}, {'r': 'a', 'n': 2}] | selectattr('r', 'equalto', 'a') | list }}",
        '[{"n": 2, "r": "a"}]',
    ),
    (
        "{{ [1, 2, 3] | select('odd') | list }} {{ [0, 1] | reject | list }} {{ [1, 2, 3] | sum }}",
        "[1, 3] [0] 6",
    ),
    (
        "{{ 2.5 | round }} {{ -2.5 | round }} {{ 2.345 | round(2) }} {{ '5' | int }} {{ '5.9' | int }} {{ '1e3' | float }}",
        "3.0 -3.0 2.35 5 5 1000.0",
    ),
    (
        "{{ 'a b  c ' | split | list }} {{ 'a,b,c' | split(',', 1) | list }} {{ 'a\nb' | lines }} {{ 'a\nb' | indent(2) }}",
        '["a", "b", "c"] ["a", "b,c"] ["a", "b"] a\n  b',
    ),
    (
        "{{ [1, 2, 3] | batch(2) }} {{ [1, 2, 3] | slice(2, 0) }} {{ {'b': 1, 'a': 2} | dictsort }} {{ {'b': 1} | items | list }}",
        '[[1, 2], [3]] [[1, 2], [3, 0]] [["a", 2], ["b", 1]] [["b", 1]]',
    ),
    (
        "{{ [1, 2] | first }} {{ [1, 2] | last }} {{ [1, 2] | min }} {{ {'b': 1, 'a': 2} | list }} {{ 'abc' | reverse }} {{ 'abc' | length }}",
        '1 2 1 ["a", "b"] cba 3',
    ),
)

METHODS = (
    (
        "{{ ' a '.strip() }}|{{ 'xax'.strip('x') }} {{ 'a b'.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'A'.lower() }}",
        'a|a ["a", "b"] ["a", "b,c"] a',
    ),
    (
        "{{ 'hello'.startswith('he') }} {{ 'hello'.endswith(('x', 'lo')) }} {{ 'hello'.find('l') }} {{ 'éa'.find('a') }} {{ 'a'.find('b') }}",
        "true true 2 2 -1",
    ),
    (
        "{{ 'aXa'.replace('a', 'b', 1) }} {{ 'hello'.count('l') }} {{ 'ab'.title() }} {{ ','.join(['a', 1]) }} {{ 'a\nb'.splitlines() }}",
        'bXa 2 Ab a,1 ["a", "b"]',
    ),
    (
        "{{ {'a': 1}.get('a') }} {{ {'a': 1}.get('b') }} {{ {'b': 1, 'a': 2}.keys() }} {{ {'b': 1, 'a': 2}.values() | list }} {{ [1, 1].count(1) }}",
        '1 none ["a", "b"] [2, 1] 2',
    ),
)

TESTS = (
    (
        "{{ nope is defined }} {{ none is none }} {{ none is defined }} {{ 'a' is string }} {{ [1] is sequence }} {{ range(1) is sequence }}",
        "false true true true true false",
    ),
    (
        "{{ {} is mapping }} {{ 'a' is iterable }} {{ none is iterable }} {{ 1 is number }} {{ true is number }} {{ 1 is integer }} {{ 1.0 is float }}",
        "true true true true false true true",
    ),
    (
        "{{ 4 is divisibleby 2 }} {{ 1 is in [1] }} {{ 1 is eq 1 and 2 is not gt(3) }} {{ 'upper' is filter }} {{ 'odd' is test }} {{ true is true }}",
        "true true true true true true",
    ),
)

WHITESPACE = (
    ("a  {{- 1 -}}  b", "a1b"),
    ("a {%- if true -%} b {%- endif -%} c", "abc"),
    ("a {#- x -#} b {# y #} c", "ab  c"),
    ("{% raw %}{{ a }}{% endraw %} {%- raw -%} {{ b }} {%- endraw %}", "{{ a }}{{ b }}"),
)

ERRORS = (
    ("{{ raise_exception('No system role') }}", "syntax error: No system role (in <string>:1)"),
    ("x\n\n{% if true %}\n{{ raise_exception('a ' + 'b') }}{% endif %}", "syntax error: a b (in <string>:4)"),
    ("{{ nope.x }}", "undefined value (in <string>:1)"),
    ("{{ nope[0] }}", "undefined value (in <string>:1)"),
    ("{{ nope() }}", "unknown function: nope is unknown (in <string>:1)"),
    ("{{ 'a'.format() }}", "unknown method (in <string>:1)"),
    ("{{ [].append(1) }}", "unknown method (in <string>:1)"),
    ("{{ {'a': 1}.get('a', 2) }}", "too many arguments (in <string>:1)"),
    (
        "{{ 'a' + 1 }}",
        "invalid operation: tried to use + operator on unsupported types string and number (in <string>:1)",
    ),
    (
        "{{ 'a' - 'b' }}",
        "invalid operation: tried to use - operator on unsupported types string and string (in <string>:1)",
    ),
    ("{{ 1 // 0 }}", "invalid operation: unable to calculate 1 // 0 (in <string>:1)"),
    ("{{ 2 ** 127 }}", "invalid operation: unable to calculate 2 ** 127 (in <string>:1)"),
    ("{{ -'a' }}", "invalid operation (in <string>:1)"),
    ("{{ 1 in 1 }}", "invalid operation: cannot perform a containment check on this value (in <string>:1)"),
    ("{{ 1 | nope }}", "unknown filter: filter nope is unknown (in <string>:1)"),
    ("{{ 1 is nope }}", "unknown test: test nope is unknown (in <string>:1)"),
    ("{{ 'a' | upper(1) }}", "too many arguments (in <string>:1)"),
    ("{{ 'a' | replace('a') }}", "missing argument (in <string>:1)"),
    ("{{ none | default('a', true) }}", "too many arguments (in <string>:1)"),
    (
        "{{ none | length }}",
        "invalid operation: cannot calculate length of value of type none (in <string>:1)",
    ),
    ("{{ 'x' | int }}", "invalid operation: invalid float literal (in <string>:1)"),
    ("{% for i in 1 %}{% endfor %}", "invalid operation: number is not iterable (in <string>:1)"),
    ("{% for a, b in [1] %}{% endfor %}", "cannot unpack: value is not iterable (in <string>:1)"),
    (
        "{% for a, b in [[1]] %}{% endfor %}",
        "cannot unpack: sequence of wrong length (expected 2, got 1) (in <string>:1)",
    ),
    (
        "{% set x = {} %}{% set x.y = 1 %}",
        "invalid operation: can only assign to namespaces, not map (in <string>:1)",
    ),
    (
        "{{ namespace(1) }}",
        "invalid operation: expected object or keyword arguments, got number (in <string>:1)",
    ),
    ("{{ 'a'[::-1] }}", "invalid operation: cannot convert number to u64 (in <string>:1)"),
    ("{{ 5[1:] }}", "invalid operation: value of type number cannot be sliced (in <string>:1)"),
    ("{{ range(100001) }}", "invalid operation: range has too many elements (in <string>:1)"),
    (
        "{% include 'header' %}",
        'template not found: tried to include non-existing template "header" (in <string>:1)',
    ),
    ("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "too many arguments (in <string>:1)"),
    (
        "{% macro f(a) %}{% endmacro %}{{ f(b=1) }}",
        "too many arguments: unknown keyword argument `b` (in <string>:1)",
    ),
    (
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "invalid operation: recursion limit exceeded (in <string>:1)",
    ),
    ("{{ {none: 1} | tojson }}", "invalid operation: cannot serialize to JSON (in <string>:1)"),
    ("{{ [1] | map('nope') }}", "unknown filter (in <string>:1)"),
    ("{{ (1)() }}", "invalid operation: value of type number is not callable (in <string>:1)"),
)

SYNTAX = (
    ("{% if true %}", "syntax error: unexpected end of input, expected end of block (in <string>:1)"),
    ("{{ a b }}", "syntax error: unexpected identifier, expected end of variable block (in <string>:1)"),
    ("{{ }}", "syntax error: unexpected end of variable block (in <string>:1)"),
    ("{% nope %}", "syntax error: unknown statement nope (in <string>:1)"),
    ("\n{{ (1 }}", "syntax error: unexpected `}`, expected `)` (in <string>:2)"),
    ("{{ 'a }}", "syntax error: unexpected end of string (in <string>:1)"),
    ("{{ a | }}", "syntax error: unexpected end of variable block, expected identifier (in <string>:1)"),
    ('{{ "\\x41" }}', "bad string escape (in <string>:1)"),
    ("{% break %}", "syntax error: 'break' must be placed inside a loop (in <string>:1)"),
    ("{% set loop = 1 %}", "syntax error: cannot assign to reserved variable name loop (in <string>:1)"),
    ("{{ [1 2] }}", "syntax error: unexpected integer, expected `,` (in <string>:1)"),
    ("{# a", "syntax error: unexpected end of comment (in <string>:1)"),
    ("{% raw %}", "syntax error: unexpected end of raw block (in <string>:1)"),
    ("{{ f(a=1, 2) }}", "syntax error: non-keyword arg after keyword arg (in <string>:1)"),
    ("{{ 1 é }}", "syntax error: unexpected character (in <string>:1)"),
)
