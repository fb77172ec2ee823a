"""Chat templates: where they are found, and that they render, fail and are refused as minijinja does it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.minijinja import Failure, Template, named
from fake_tgi.requests import FunctionDefinition, Tool
from fake_tgi.templates import ChatTemplate, TemplateError, load_chat_template

from . import minijinja_answers as answers
from .model_templates import MESSAGES, MODELS

NOW = datetime(2026, 3, 5, 14, 7, 9, 120_000, tzinfo=timezone(timedelta(hours=5, minutes=30)))

RENDERED = (
    *answers.PRINTED,
    *answers.JSON,
    *answers.OPERATORS,
    *answers.SCOPES,
    *answers.FILTERS,
    *answers.METHODS,
    *answers.TESTS,
    *answers.WHITESPACE,
)


def render(source: str, **context: Any) -> str:
    return Template(source, lambda: NOW).render(named(context))


@pytest.mark.parametrize(("source", "text"), RENDERED)
def test_a_template_renders_as_minijinja_renders_it(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(("source", "message"), answers.ERRORS)
def test_a_template_fails_in_minijinjas_words_and_on_its_line(source: str, message: str) -> None:
    with pytest.raises(Failure) as failed:
        render(source)
    assert str(failed.value) == message


@pytest.mark.parametrize(("source", "message"), answers.SYNTAX)
def test_what_is_no_template_is_refused_before_it_is_rendered(source: str, message: str) -> None:
    with pytest.raises(Failure) as failed:
        Template(source, lambda: NOW)
    assert str(failed.value) == message


@pytest.mark.parametrize("model", MODELS)
def test_templates_in_the_manner_of_well_known_models_give_the_prompts_that_tgi_sends(model: str) -> None:
    source, prompt = MODELS[model]
    assert ChatTemplate(source, "<s>", "</s>").render(MESSAGES, None) == prompt


def test_line_ends_are_kept_as_they_are_and_one_at_the_very_end_is_not_printed() -> None:
    assert render("a\r\n{% if true %}\r\nb{% endif %}\r\n") == "a\r\n\r\nb"
    assert render("a\n\n") == "a\n"


def test_whatever_nests_too_deep_fails_instead_of_crashing() -> None:
    with pytest.raises(Failure, match="template exceeds maximum recursion limits"):
        Template("{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}", lambda: NOW)
    with pytest.raises(Failure, match=r"invalid operation: recursion limit exceeded \(in <string>:1\)"):
        render("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%d %b %Y", "05 Mar 2026"),
        ("%B %-d, %Y", "March 5, 2026"),
        ("%A %a %j %q", "Thursday Thu 064 1"),
        ("%H:%M:%S %I%p %P %l", "14:07:09 02PM pm  2"),
        ("%F %T %R %D", "2026-03-05 14:07:09 14:07 03/05/26"),
        ("%z %:z %Z", "+0530 +05:30 +05:30"),
        ("%+", "2026-03-05T14:07:09.120+05:30"),
        ("%c", "Thu Mar  5 14:07:09 2026"),
        ("%e|%_d|%-m|%0e", " 5| 5|3|05"),
        ("%U %W %V %G %u %w", "09 09 10 2026 4 4"),
        ("%.f %.3f %6f %f %%", ".120 .120 120000 120000000 %"),
    ],
)
def test_strftime_now_speaks_chrono(pattern: str, text: str) -> None:
    assert render("{{ strftime_now('" + pattern + "') }}") == text


def test_a_time_format_that_chrono_does_not_know_is_a_failure() -> None:
    with pytest.raises(Failure, match="expected a format of chrono's, got '%Q'"):
        render("{{ strftime_now('%Q') }}")


@pytest.mark.parametrize(
    ("source", "uses_tools"),
    [
        ("{% for t in tools %}{% endfor %}", True),
        ("{{ tools | length }}", True),
        ("{% if tools is defined and tools %}{% endif %}", True),
        ("{{ messages }}", False),
        ("{{ 'tools' }}{{ x.tools }}", False),
        # minijinja's oddities: attributes and slices of it do not count, nor does what was set meanwhile
        ("{{ tools.name }}", False),
        ("{{ tools[1:] }}", False),
        ("{% set tools = tools %}{{ tools }}", False),
        ("{% for tools in tools %}{% endfor %}", True),
    ],
)
def test_a_template_uses_tools_where_minijinja_says_so(source: str, uses_tools: bool) -> None:
    assert ChatTemplate(source).uses_tools is uses_tools


def test_a_chat_template_sees_roles_and_texts_tokens_and_tools_with_keys_in_order() -> None:
    source = (
        "{{ messages }}|{{ bos_token }}|{{ eos_token }}|{{ add_generation_prompt }}|{{ tools }}|{{ none }}"
    )
    template = ChatTemplate(source, "<s>", None)
    assert template.render([("user", "hi")], None) == (
        '[{"content": "hi", "role": "user"}]|<s>|none|true|none|none'
    )
    tool = Tool("function", FunctionDefinition("f", {"unused": 1}))
    assert '[{"function": {"arguments": "{}", "description": none, "name": "f"}, "type": "function"}]' in (
        template.render([], [(tool, "{}")])
    )


def test_a_failing_chat_template_says_what_and_where() -> None:
    with pytest.raises(TemplateError, match=r"^syntax error: no system (.)in <string>:2(.)$"):
        ChatTemplate("\n{{ raise_exception('no system') }}").render([], None)
    with pytest.raises(TemplateError, match=r"unexpected end of variable block"):
        ChatTemplate("{{ }}")


def write(folder: Path, **files: object) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        folder.joinpath(f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def prompt(folder: Path, **more: Any) -> str | None:
    template = load_chat_template(folder, **more)
    return None if template is None else template.render([], None)


def test_the_template_is_taken_from_the_first_file_that_has_one(tmp_path: Path) -> None:
    assert prompt(tmp_path) is None
    write(tmp_path, processor_config={"chat_template": "processor", "image_seq_len": 64})
    assert prompt(tmp_path) == "processor"
    write(tmp_path, tokenizer_config={"chat_template": "tokenizer {{ bos_token }}", "bos_token": "<s>"})
    assert prompt(tmp_path) == "tokenizer <s>"
    write(tmp_path, chat_template={"chat_template": "own {{ bos_token }}"})
    assert prompt(tmp_path) == "own <s>"


def test_a_processor_config_without_an_image_length_does_not_count(tmp_path: Path) -> None:
    assert prompt(write(tmp_path, processor_config={"chat_template": "x"})) is None


def test_of_a_list_of_templates_the_default_one_counts_and_nothing_is_sought_beyond_the_list(
    tmp_path: Path,
) -> None:
    several = [{"name": "rag", "template": "rag"}, {"name": "default", "template": "first"}]
    write(tmp_path, processor_config={"chat_template": "x", "image_seq_len": 1})
    assert prompt(write(tmp_path, tokenizer_config={"chat_template": several})) == "first"
    assert prompt(write(tmp_path, tokenizer_config={"chat_template": several[:1]})) is None


def test_tokens_may_be_objects_with_their_content(tmp_path: Path) -> None:
    config = {"chat_template": "{{ eos_token }}", "eos_token": {"content": "</s>", "lstrip": False}}
    assert prompt(write(tmp_path, tokenizer_config=config)) == "</s>"


@pytest.mark.parametrize(
    "broken",
    [
        '{"chat_template": "x"',
        '{"chat_template": "x"} y',
        '{"chat_template": "x", "chat_template": "y"}',
        {"chat_template": 5},
        {"chat_template": "x", "bos_token": 1},
        {"chat_template": "x", "add_bos_token": "true"},
        {"chat_template": [{"name": "default"}]},
    ],
)
def test_a_file_that_serde_would_not_read_counts_as_absent(tmp_path: Path, broken: object) -> None:
    assert prompt(write(tmp_path, tokenizer_config=broken)) is None


def test_another_tokenizer_config_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, tokenizer_config={"chat_template": "own"}, other={"chat_template": "other"})
    assert prompt(tmp_path, tokenizer_config=tmp_path / "other.json") == "other"


def test_a_folder_with_a_broken_template_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(TemplateError):
        load_chat_template(write(tmp_path, tokenizer_config={"chat_template": "{% if %}"}))


@pytest.mark.needs_shared
def test_every_recorded_template_gives_the_recorded_texts(shared: Path, tmp_path: Path) -> None:
    profiles = json.loads((shared / "oracle" / "profiles.json").read_bytes())
    compared = 0
    for name, profile in profiles.items():
        if "tokenizer_config" not in profile:
            continue
        template = load_chat_template(write(tmp_path, tokenizer_config=profile["tokenizer_config"]))
        assert template is not None
        for line in (shared / "oracle" / "exchanges" / f"{name}.jsonl").read_bytes().splitlines():
            exchange = json.loads(line)
            request, text = exchange["request"], "".join(exchange["response"]["chunks"])
            messages = request["json"]["messages"]
            plain = all(isinstance(message.get("content"), str) for message in messages)
            if (
                not plain
                or "tools" in request["json"]
                or (messages[-1:] and messages[-1]["role"] == "assistant")
            ):
                continue  # what comes before and after the template is in test_prompt
            pairs = [(message["role"], message["content"]) for message in messages]
            if exchange["response"]["status"] == 422:
                with pytest.raises(TemplateError) as failed:
                    template.render(pairs, None)
                assert json.loads(text)["error"] == f"Template error: {failed.value}", exchange["name"]
            elif request["path"] == "/chat_tokenize":
                assert template.render(pairs, None) == json.loads(text)["templated_text"], exchange["name"]
            else:
                assert template.render(pairs, None) == exchange["generations"][0]["inputs"], exchange["name"]
            compared += 1
    assert compared > 40
