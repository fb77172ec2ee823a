"""What a server itself draws with Hypothesis: values for schemas, texts for patterns, answers of a model.

Nothing here knows of routes or HTTP, so that whatever answers requests may import it, when it is used and
not before. For tests there is `fake_tgi.strategies`, which stands above the server.
"""

from __future__ import annotations

from .examples import DrawError, draw
from .generations import generations
from .numbered import draw_numbered
from .schema_values import json_values, matching
from .vocabulary import odd_texts, texts

__all__ = [
    "DrawError",
    "draw",
    "draw_numbered",
    "generations",
    "json_values",
    "matching",
    "odd_texts",
    "texts",
]
