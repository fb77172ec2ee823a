"""Templates as minijinja 2.8.0 renders them, with its filters, tests and functions and Python's methods.

TGI renders chat templates with minijinja, which is not Jinja2: it has another grammar for numbers, strings
and operators, other scopes, prints other texts for the same values, and says other things when it fails, all
of which reaches a model's prompt or a client's error. Nothing here knows of chats.
"""

from __future__ import annotations

from .errors import Failure, Panic
from .maps import named
from .template import Template

__all__ = ["Failure", "Panic", "Template", "named"]
