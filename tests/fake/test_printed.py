"""Of some templates it can be told that a message's text stands in the prompt as it is, whatever it is."""

from __future__ import annotations

from datetime import datetime

import pytest

from fake_tgi.minijinja import Failure, Template, named

LOOP = "{%% for message in messages %%}%s{%% endfor %%}"
PRINTS = [
    LOOP % "{{ message.content }}",
    LOOP % "<|{{ message['role'] }}|>{{ message['content'] }}</s>"
    + "{% if add_generation_prompt %}!{% endif %}",
    LOOP
    % "{% if loop.first and message.role == 'a' %}S{% elif loop.last %}L{% endif %}{{ message.content }}",
    LOOP % "{% set name = message.role | upper %}{{ name }} {{- message['content'] -}} ",
    LOOP
    % "{% if message.role == 'user' %}{{ message.content }}{% else %}{{ raise_exception('no') }}{% endif %}",
    LOOP % "{{ message.content }}{{ message.content }}",
    "{% for m in messages %}{{ m.role }}{% else %}none{% endfor %}",
    "nothing of them",
]
DOES_MORE = [
    LOOP % "{{ message.content | trim }}",
    LOOP % "{{ message.content + '!' }}",
    LOOP % "{{ message }}",
    LOOP % "{{ message['con' ~ 'tent'] }}",
    LOOP % "{% if message.content %}x{% endif %}",
    LOOP % "{% if 'x' in message.content %}x{% endif %}",
    LOOP % "{% set text = message.content %}{{ text }}",
    LOOP % "{% set all = messages %}{{ message.content }}",
    LOOP % "{{ loop.previtem }}",
    LOOP % "{{ loop.changed(message.content) }}",
    LOOP % "{{ message.content.strip() }}",
    LOOP % "{% set message = {} %}{{ message.content }}",
    LOOP % "{% filter upper %}{{ message.content }}{% endfilter %}",
    LOOP % "{% autoescape true %}{{ message.content }}{% endautoescape %}",
    LOOP % "{{ strftime_now('%d') }}{{ message.content }}",
    LOOP % "{{ debug() }}",
    "{% for message in messages if message.content %}{{ message.content }}{% endfor %}",
    "{% for message in messages | reverse %}{{ message.content }}{% endfor %}",
    "{% for message in messages %}{% for message in messages %}{{ message.content }}{% endfor %}{% endfor %}",
    "{{ messages[0].content }}",
    "{{ messages | length }}",
    "{% macro m(x) %}{{ x.content }}{% endmacro %}" + LOOP % "{{ m(message) }}",
    "{% set text %}" + LOOP % "{{ message.content }}" + "{% endset %}{{ text | upper }}",
]
TEXTS = ["", " a ", "<b>&", "{{ x }}", "</s>", "été", "x" * 50, "None", "\n"]


def template(source: str) -> Template:
    return Template(source, lambda: datetime(2026, 1, 2))


def prompt(source: str, text: str) -> str:
    messages = [named({"role": "system", "content": "Be kind."}), named({"role": "user", "content": text})]
    return template(source).render(named({"messages": messages, "add_generation_prompt": True}))


@pytest.mark.parametrize("source", PRINTS)
def test_a_template_that_only_prints_is_found_out_and_does_so(source: str) -> None:
    assert template(source).only_prints("messages", "content", frozenset({"role"}))
    mark = "\ufdd0mark\ufdd1"
    try:
        around = prompt(source, mark).split(mark)
    except Failure:
        return
    for text in TEXTS:
        assert prompt(source, text) == text.join(around)


@pytest.mark.parametrize("source", DOES_MORE)
def test_a_template_that_may_do_more_is_found_out(source: str) -> None:
    assert not template(source).only_prints("messages", "content", frozenset({"role"}))
