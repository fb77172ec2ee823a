"""Images in prompts, for the models that see them."""

from __future__ import annotations
