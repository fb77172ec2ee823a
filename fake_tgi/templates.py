"""A model folder's chat template, found where TGI looks for it and rendered as TGI renders it.

`chat_template.json` counts before `tokenizer_config.json`, and that before `processor_config.json`; of a list
of templates only the one called "default" is used. A file that is missing or not as serde wants it counts as
absent. Router specification 7.2 (router/src/server.rs:1662-1740, infer/mod.rs:71-81, infer/chat_template.rs).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from .minijinja import Failure, Panic, Template, named
from .refusals import Breakdown
from .requests import Tool
from .serde.enums import Untagged
from .serde.reader import DecodeError, JsonReader
from .serde.shapes import Boolean, Converted, Integer, ListOf, Optional, Shape, Text
from .serde.structs import Field, Struct
from .serde.text import JsonSource
from .template_error import TemplateError

__all__ = ["ChatTemplate", "TemplateError", "load_chat_template"]

# What TGI replaces in every template: two things that its engine cannot do, and two tags it does not know.
_REPLACEMENTS: Final = (
    ("messages[0]['content'][0]['text']", "messages[0]['content']"),
    ("[::-1]", "|reverse"),
    ("{% generation %}", ""),
    ("{% endgeneration %}", ""),
)


class ChatTemplate:
    """A template with the tokens it prints.

    Raises `TemplateError` for a `source` that is no template, where TGI's router would not start. `now` gives
    the local time, with its offset from UTC, to templates that ask for it.
    """

    def __init__(
        self,
        source: str,
        bos_token: str | None = None,
        eos_token: str | None = None,
        *,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        for old, new in _REPLACEMENTS:
            source = source.replace(old, new)
        try:
            self._template = Template(source, now or _local_time)
        except Failure as failure:
            raise TemplateError(str(failure)) from None
        self._tokens = {"bos_token": bos_token, "eos_token": eos_token}
        self.uses_tools = "tools" in self._template.undeclared
        """Whether it mentions the variable `tools`; if not, TGI puts them into the last message."""

    @cached_property
    def prints_contents(self) -> bool:
        """Whether the texts of messages stand in a prompt as they are, and nothing else depends on them."""
        return self._template.only_prints("messages", "content", frozenset({"role"}))

    def render(self, messages: Sequence[tuple[str, str]], tools: Sequence[tuple[Tool, str]] | None) -> str:
        """The prompt for `messages`, each a role and a text. Raises `TemplateError`, `Breakdown`.

        `tools` are those on offer, each with its arguments' JSON Schema as text; None: there are none.
        """
        context = named(
            {
                "messages": [named({"role": role, "content": content}) for role, content in messages],
                "add_generation_prompt": True,
                "tools": None if tools is None else [_tool(tool, schema) for tool, schema in tools],
                **self._tokens,
            }
        )
        try:
            return self._template.render(context)
        except Panic as panic:
            raise Breakdown(str(panic)) from None
        except Failure as failure:
            raise TemplateError(str(failure)) from None


def _tool(tool: Tool, schema: str) -> object:
    function = tool.function
    return named(
        {
            "type": tool.type,
            "function": named(
                {"name": function.name, "description": function.description, "arguments": schema}
            ),
        }
    )


def _local_time() -> datetime:
    return datetime.now().astimezone()


def load_chat_template(
    folder: Path,
    tokenizer_config: Path | None = None,
    *,
    now: Callable[[], datetime] | None = None,
) -> ChatTemplate | None:
    """The chat template of the model in `folder`; None if it has none.

    `tokenizer_config` is read in place of the folder's own `tokenizer_config.json`. Raises `TemplateError`
    for a template that is none.
    """
    config = _read(tokenizer_config or folder / "tokenizer_config.json", _TOKENIZER_CONFIG) or _Config()
    templates = _read(folder / "chat_template.json", _STANDALONE)
    if templates is None:
        templates = config.chat_template
    if templates is None:
        templates = _read(folder / "processor_config.json", _PROCESSOR_CONFIG)
    if templates is None or "default" not in templates:
        return None
    return ChatTemplate(templates["default"], config.bos_token, config.eos_token, now=now)


_Templates = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Config:
    chat_template: _Templates | None = None
    bos_token: str | None = None
    eos_token: str | None = None


def _config(
    chat_template: _Templates | None = None,
    bos_token: str | None = None,
    eos_token: str | None = None,
    **_unused: object,
) -> _Config:
    return _Config(chat_template, bos_token, eos_token)


def _several(templates: tuple[tuple[str, str], ...]) -> _Templates:
    return dict(reversed(templates))  # of two with one name the first one counts


def _named_template(name: str, template: str) -> tuple[str, str]:
    return name, template


def _content(content: str) -> str:
    return content


def _chat_template(chat_template: _Templates | None = None, **_unused: object) -> _Templates | None:
    return chat_template


_TEMPLATES: Final[Shape[_Templates]] = Untagged(
    "ChatTemplateVersions",
    (
        Converted(Text(), lambda source: {"default": source}),
        Converted(
            ListOf(
                Struct(
                    "struct ChatTemplate", _named_template, (Field("name", Text()), Field("template", Text()))
                )
            ),
            _several,
        ),
    ),
)
_TOKEN: Final[Shape[str]] = Untagged(
    "TokenizerConfigToken",
    (
        Text(),
        Struct("struct variant TokenizerConfigToken::Object", _content, (Field("content", Text()),)),
    ),
)
_TOKENIZER_CONFIG: Final[Shape[_Config]] = Struct(
    "struct HubTokenizerConfig",
    _config,
    (
        Field("chat_template", Optional(_TEMPLATES)),
        Field("completion_template", Optional(Text())),
        Field("bos_token", Optional(_TOKEN)),
        Field("eos_token", Optional(_TOKEN)),
        Field("tokenizer_class", Optional(Text())),
        Field("add_bos_token", Optional(Boolean())),
        Field("add_eos_token", Optional(Boolean())),
    ),
)
_STANDALONE: Final[Shape[_Templates | None]] = Struct(
    "struct ChatTemplateStandalone", _chat_template, (Field("chat_template", _TEMPLATES),)
)
_PROCESSOR_CONFIG: Final[Shape[_Templates | None]] = Struct(
    "struct HubProcessorConfig",
    _chat_template,
    (
        Field("chat_template", Optional(_TEMPLATES)),
        Field("image_seq_len", Integer("usize", 0, 2**64 - 1)),
        Field("processor_class", Optional(Text())),
    ),
)


def _read(path: Path, shape: Shape[Any]) -> Any:
    """What is in the file at `path`, or None if it is not there or not of this shape to its very end."""
    try:
        data = path.read_bytes()
        data.decode()
        reader = JsonReader(data)
        value = shape.decode(JsonSource(reader))
    except (OSError, UnicodeDecodeError, DecodeError):
        return None
    return value if reader.peek() < 0 else None
