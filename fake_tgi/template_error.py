"""What is wrong with a chat template; apart from the engine, which only chats pay for."""

from __future__ import annotations

__all__ = ["TemplateError"]


class TemplateError(Exception):
    """The template is none, or it failed. The message is minijinja's."""
